"""Keywords that a Python call does not take: what to write in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel

from graphlang.catalog.finder import family_member
from graphlang.diagnostics import closest
from graphlang.diagnostics.inputs import UnknownInput
from graphlang.spec.models import GradcheckSpec, Spec, TrainSpec
from graphlang.spec.network import Network

OF_LOAD = ("set", "dtype", "seed", "threads", "layers", "limits", "backend")
OF_FIT = ("epochs", "iterations", "batch", "optimizer", "schedule", "validation", "on_epoch", "on_step")
OPTIONS = {
    "load_weights": ("partial", "rename"),
    "load": OF_LOAD,
    "loads": ("name", "folder", *OF_LOAD),
    "Graph": ("dtype", "seed", "threads", "folder", "backend", "limits"),
    "from_spec": ("dtype", "seed", "layers", "backend", "limits"),
    "compile": ("train", "wrt", "of", "training", "batch", "threads", "iterations"),
}
LONGEST = 40
"""A longer value is not written out."""

HABITS = {
    "lr": "it belongs to the optimizer: write `optimizer=gl.optimizers.SGD(lr=0.1)`",
    "optimizer": "write `optimizer=gl.optimizers.Adam(lr=0.001)`",
    "schedule": "write `schedule=gl.schedules.cosine(warmup=100)`",
    "loss": 'the file says what to minimize: `gl.load(file, set={"train.minimize": "loss"})`',
    "metrics": "they stand in the `train` section: `metrics = [accuracy(y, t)]`",
    "seed": "every random number comes of that of the graph: `gl.load(file, seed=0)`",
    "batch_size": "write `batch=100`",
    "validation_data": 'write `validation={"x": x_test, "t": t_test}`',
    "verbose": "it prints nothing by itself: `on_epoch=print` writes each epoch's record",
    "callbacks": "write `on_epoch=function` or `on_step=function`; one that returns False stops the training",
    "max_iter": "write `iterations=1000`",
    "n_epochs": "write `epochs=10`",
    "sample_weight": "weigh the rows in the loss of the file, as in `sum(w * losses) / sum(w)`",
    "set": 'settings are given on loading: `gl.load(file, set={"train.batch": 50})`',
    "momentum": "it belongs to the optimizer: write `optimizer=gl.optimizers.Momentum(lr=0.1, momentum=0.9)`",
    "weight_decay": "it belongs to the optimizer: write `optimizer=gl.optimizers.AdamW(weight_decay=0.01)`",
    "patience": "`stop = early(patience=5)` in the `train` section ends a training that gets no better",
    "on_epoch": "write `on_epoch=function`; one that returns False stops the training",
    "on_step": "write `on_step=function`; one that returns False stops the training",
}
"""Options of `fit` in other libraries, and what to write here."""
OTHER_OPTIMIZERS = {
    "momentum": "Momentum",
    "beta1": "Adam",
    "beta2": "Adam",
    "eps": "Adam",
    "amsgrad": "Adam",
}
"""An optimizer that has the attribute."""
ROWS_AT_ONCE = "all rows are computed at once: leave it out, or hand in a part of the rows at a time"
ELSEWHERE = {
    "predict": {
        "batch_size": ROWS_AT_ONCE,
        "batch": ROWS_AT_ONCE,
        "verbose": "it prints nothing: leave it out",
        "training": "`forward(..., training=True)` computes as a training step does",
        "return_dict": "several outputs come as a dict, a single one as its value",
    },
    "evaluate": {
        "batch_size": "rows are taken in blocks by themselves: leave it out",
        "batch": "rows are taken in blocks by themselves: leave it out",
        "verbose": "it prints nothing: leave it out",
        "metrics": HABITS["metrics"],
        "sample_weight": HABITS["sample_weight"],
        "return_dict": "metrics come as a dict: leave it out",
    },
}
"""Options of these methods in other libraries, and what to write here."""
ALIKE = {
    "learning_rate": "lr", "learning_rate_init": "lr", "eta": "lr", "alpha": "lr", "lr_rate": "lr",
    "solver": "optimizer", "opt": "optimizer", "criterion": "loss", "loss_fn": "loss", "minimize": "loss",
    "random_state": "seed", "rng": "seed", "bs": "batch_size", "batchsize": "batch_size",
    "lr_scheduler": "schedule", "scheduler": "schedule", "lr_schedule": "schedule",
    "validation_split": "validation_data", "eval_set": "validation_data", "val_data": "validation_data",
    "valid": "validation_data", "test": "validation_data", "disp": "verbose", "progress": "verbose",
    "callback": "callbacks", "steps": "max_iter", "n_iter": "max_iter", "iters": "max_iter",
    "steps_per_epoch": "max_iter", "num_epochs": "n_epochs", "nb_epoch": "n_epochs", "epoch": "n_epochs",
    "class_weight": "sample_weight", "weights": "sample_weight", "settings": "set",
    "early_stopping": "patience", "stop": "patience", "l2": "weight_decay", "decay": "weight_decay",
    "beta": "momentum", "on_epoch_end": "on_epoch", "on_batch_end": "on_step", "on_step_end": "on_step",
    "validate": "validation_data",
}  # fmt: skip
"""Other names for the keys of HABITS."""


def key_in_set(spec: Spec, name: str) -> str | None:
    """What `set` calls a `hyper` of the file or a setting of one section alone; None for any other name."""
    if name in spec.hypers:
        return name
    sections: dict[str, type[BaseModel]] = {"train": TrainSpec, "gradcheck": GradcheckSpec}
    keys = [f"{section}.{name}" for section, model in sections.items() if name in model.model_fields]
    return keys[0] if len(keys) == 1 else None


def unknown_input(network: Network, name: str, file: str | None) -> UnknownInput:
    """The diagnostic of a value for an input that the graph does not have."""
    return UnknownInput(name, list(network.inputs), file, key_in_set(network.spec, name))


def check_options(function: str, unknown: Mapping[str, Any], spec: Spec | None = None) -> None:
    """Raises TypeError where there is a keyword that is no option: a value of the file goes into `set`.

    Without a `spec`, any name may be one of the file.
    """
    for name, value in unknown.items():
        match = closest(name, OPTIONS[function])
        key = name if spec is None else key_in_set(spec, name)
        if key is None or (match and spec is None):
            instead = (
                f"did you mean `{match}`?" if match else f"its options are {', '.join(OPTIONS[function])}"
            )
            raise TypeError(f"{function} has no option `{name}`; {instead}")
        raise TypeError(f"{function} has no option `{name}`: {_given_on_loading(key, value, function)}")


def _given_on_loading(key: str, value: Any, function: str = "load") -> str:
    shown = repr(value) if isinstance(value, bool | int | float | str | list | tuple) else "..."
    loading = "loads(text" if function == "loads" else "load(file"
    setting = f'{{"{key}": {shown if len(shown) <= LONGEST else "..."}}}'
    return f"a value of the file is given on loading, `gl.{loading}, set={setting})`"


def check_compile_options(network: Network, unknown: Mapping[str, Any]) -> None:
    """Raises TypeError for a keyword of `compile` that is no option; what it returns takes the inputs."""
    for name in unknown:
        if name in network.inputs:
            returned = f"`compile(...)({name}=...)`"
            raise TypeError(f"compile has no option `{name}`; what it returns takes the inputs: {returned}")
    check_options("compile", unknown, network.spec)


def refuse_option(method: str, network: Network, named: Mapping[str, Any]) -> None:
    """Raises TypeError for a keyword of `predict` or `evaluate` that is an option in other libraries."""
    for name in named:
        habit = None if name in network.inputs else ELSEWHERE[method].get(ALIKE.get(name, name))
        if habit is not None:
            raise TypeError(f"{method} has no option `{name}`: {habit}")


def _is_number(value: Any) -> bool:
    try:
        return np.ndim(value) == 0
    except ValueError:  # a list whose rows differ in length
        return False


def _of_own_optimizer(spec: Spec, name: str, value: Any) -> str | None:
    """What to write for an attribute of an optimizer: that of the file with it, where it has it."""
    if spec.train is None or spec.train.objectives:
        return None
    used = spec.train.optimizer
    model = family_member("optimizers", used.name)
    if model is None:
        return None
    shown = repr(value) if isinstance(value, int | float) else "..."
    if name in model.model_fields:
        attributes = {**{n: repr(v) for n, v in used.attributes.items()}, name: shown}
        written = ", ".join(f"{attribute}={of}" for attribute, of in attributes.items())
        return f"it belongs to the optimizer: write `optimizer=gl.optimizers.{used.name}({written})`"
    other = OTHER_OPTIMIZERS.get(name)
    if other is None:
        return None
    rate = used.attributes.get("lr", "...")
    written = f"gl.optimizers.{other}(lr={rate}, {name}={shown})"
    return f"`{used.name}`, which the file has, knows none; for another optimizer write `optimizer={written}`"


def refuse_fit_option(spec: Spec, name: str, value: Any) -> None:
    """Raises TypeError for a keyword of `fit` that is meant as an option, and not as an array."""
    key = key_in_set(spec, name)
    meant = ALIKE.get(name, name)
    habit = None if name in spec.hypers else _of_own_optimizer(spec, meant, value) or HABITS.get(meant)
    if habit is not None:
        raise TypeError(f"fit has no option `{name}`: {habit}")
    if key is not None and not key.startswith("gradcheck."):
        raise TypeError(f"fit has no option `{name}`: {_given_on_loading(key, value)}")
    if value is None or isinstance(value, str) or callable(value) or _is_number(value):
        match = closest(name, OF_FIT)
        meant = f"did you mean `{match}`?" if match else f"its options are {', '.join(OF_FIT)}"
        raise TypeError(f"fit has no option `{name}`, and the graph no input of that name; {meant}")
