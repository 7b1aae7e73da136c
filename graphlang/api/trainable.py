"""What trains a graph and measures it, and keeps its parameters in files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

from graphlang.diagnostics.python_arguments import by_name, one_of, text_of
from graphlang.inputs.call import check_callable, check_path, data_or_arrays, validation_arrays
from graphlang.inputs.files_for_rows import refuse_named_rows
from graphlang.inputs.frames import columns_of, is_frame
from graphlang.inputs.options import check_options, refuse_option

if TYPE_CHECKING:
    from graphlang.contracts.optimizer import Optimizer
    from graphlang.contracts.schedule import Schedule
    from graphlang.datasets.dataset import Dataset
    from graphlang.engine.model import Model
    from graphlang.training.partial_weights import TakenWeights
    from graphlang.training.record import Epoch, History, Progress


LAYOUTS = ("torch",)
"""The layouts of other frameworks that weights may have."""


class Trainable:
    """The part of `Graph` that trains, measures, saves and reads weights."""

    _model: Model
    #: what the last training recorded, also where it was interrupted
    history: History | None

    def fit(
        self,
        data: Dataset | Mapping[str, Any] | Any = None,
        /,
        *more: Any,
        validation: Mapping[str, Any] | Any = None,
        epochs: int | None = None,
        iterations: int | None = None,
        batch: int | None = None,
        optimizer: Optimizer | None = None,
        schedule: Schedule | None = None,
        on_epoch: Callable[[Epoch], Any] | None = None,
        on_step: Callable[[Progress], Any] | None = None,
        **arrays: Any,
    ) -> History:
        """Trains by the `train` section on arrays by input name, and returns the history.

        The arrays are keywords, or one mapping where an input has the name of an option, or a data frame of
        raw rows; without any, the data is that of the file. `epochs`, `iterations`, `batch`, `optimizer`, as
        `gl.optimizers.Adam(lr=0.001)`, and `schedule` override the section. `on_epoch` is called with each
        epoch's record, `on_step` after each step; where one returns False, training stops. The graph's
        `history` grows with every step, and remains where training is interrupted.

        The parameters of this graph are changed. Every call is a training of its own: the optimizer's
        memory, the schedule, the order of rows and the random numbers start anew, so two calls of three
        epochs are not one of six.
        """
        from graphlang.training.loop import fit

        check_callable("on_epoch", on_epoch)
        check_callable("on_step", on_step)
        dataset: Dataset | None
        handed: dict[str, Any]
        refuse_named_rows("fit", self._model.network, arrays)
        if is_frame(data) and not more and not arrays:
            dataset, handed, validation = self._of_frames(data, validation), {}, None
        else:
            dataset, handed = data_or_arrays("fit", self._model.network, data, more, arrays)
            dataset = self._with_prepared(dataset, learn=True)
        return fit(
            self._model,
            dataset,
            arrays=handed,
            validation=validation_arrays(validation, handed),
            epochs=epochs,
            iterations=iterations,
            batch=batch,
            optimizer=optimizer,
            schedule=schedule,
            on_epoch=on_epoch,
            on_step=on_step,
            on_start=self._record_in,
        )

    def _with_prepared(self, dataset: Dataset | None, *, learn: bool) -> Dataset | None:
        """A data set of the caller with what the `data` section computes of its fields."""
        if dataset is None or self._model.spec.data is None:
            return dataset
        from graphlang.training.raw_rows import prepared_like_source

        return prepared_like_source(self._model, dataset, learn=learn)

    def _of_frames(self, frame: Any, validation: Any) -> Dataset:
        """The data set of a table of raw rows, and of one to validate by."""
        from graphlang.training.evaluation import measured
        from graphlang.training.raw_rows import dataset_of
        from graphlang.training.sections import section_of

        if validation is not None and not is_frame(validation):
            raise TypeError("validation is a data frame or rows where the data is: write validation=rows")
        splits = {"train": columns_of(frame)}
        if validation is not None:
            splits["validation"] = columns_of(validation)
        section = section_of(self._model, "fit")
        return dataset_of(self._model, splits, [*section.losses, *measured(section).values()])

    def _record_in(self, history: History) -> None:
        self.history = history

    def evaluate(
        self,
        data: Dataset | Mapping[str, Any] | Any = None,
        /,
        *more: Any,
        split: str = "test",
        **arrays: Any,
    ) -> dict[str, Any]:
        """The loss and the metrics of the `train` section in evaluation mode, as `graphlang evaluate` gives
        them: over arrays by input name, a split of a data set, or without either the file's own data. A data
        set of one split is evaluated over that one. The arrays may be columns of raw rows, or a data frame,
        as those of `predict`.
        """
        from graphlang.training.evaluation import evaluate_on, measured
        from graphlang.training.raw_rows import from_columns, from_raw
        from graphlang.training.sections import section_of

        section = section_of(self._model, "evaluate")
        refuse_named_rows("evaluate", self._model.network, arrays)
        refuse_option("evaluate", self._model.network, arrays)
        of = measured(section).values()
        given = {**data, **arrays} if isinstance(data, Mapping) else arrays
        if is_frame(data) and not more:
            data, arrays = None, {**from_columns(self._model, columns_of(data), of), **arrays}
        elif given and not more:
            data, arrays = None, from_raw(self._model, given, of)
        dataset, handed = data_or_arrays("evaluate", self._model.network, data, more, arrays)
        dataset = self._with_prepared(dataset, learn=False)
        return evaluate_on(self._model, dataset, handed, text_of("split", split))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the parameters as npz, or as safetensors where the name ends so; without pickle."""
        from graphlang.training.run_folder import save_weights

        check_path("save takes the name of a file", path)
        save_weights(self._model, path)

    def torch_state(self) -> dict[str, Any]:
        """The parameters as the state of the PyTorch module that stands for the graph, as NumPy arrays.

        Layers are attributes, with underscores for the dots in their names; `load_state_dict` takes the
        arrays as tensors.
        """
        from graphlang.layouts.torch_layout import module_state

        return module_state(self._model.network, self._model.params)

    def load_weights(
        self,
        path: str | os.PathLike[str],
        *,
        partial: bool = False,
        rename: Mapping[str, str] | None = None,
        layout: str | None = None,
        **unknown: Never,
    ) -> TakenWeights:
        """Reads parameters that `save` wrote, or those of a run folder; returns what was taken and what not.

        With `partial` it takes what fits by name and shape. `rename` maps globs over the file's names to
        those of the graph, `{"enc.*": "encoder.*"}`; `{1}`, `{2+1}` name what a `*` stands for by number.
        With `layout="torch"` the file is the state of a PyTorch module: names within layers, axes, and gates
        are turned into those here. Raises GraphError where they do not belong to the graph.
        """
        from graphlang.training.run_folder import load_run

        if "strict" in unknown:
            raise TypeError("load_weights has no option `strict`: write `partial=True` to take what fits")
        check_options("load_weights", unknown)
        check_path("load_weights takes the name of a file or a folder", path)
        by_name("rename", rename)
        one_of("layout", layout, LAYOUTS)
        return load_run(self._model, Path(path), partial=partial, rename=rename, layout=layout)
