"""One program serves batches of fewer rows: rows are added that do not count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.engine.executable import Executable, built
from graphlang.engine.recording import Recording
from graphlang.engine.row_padding import COUNTED, PaddedProgram, padded
from graphlang.engine.updates import RATE, STEP
from graphlang.training.batches import BatchSource
from graphlang.training.column_binding import bind_columns
from graphlang.training.sections import open_data
from graphlang.training.state import TrainingState

SPECS = Path(__file__).parents[2] / "specs"
HEAD = "input x: float[N, 4]\ninput t: int[N]\n"
TRAIN = "output loss\ntrain { minimize = loss; optimizer = Adam; batch = 8; epochs = 1 }"
ROWS, FEWER = 8, 5


class Steps:
    """One training step on `fewer` rows, by a program of its own and by the padded program for `rows`."""

    def __init__(self, graph: gl.Graph, data: BatchSource, rows: int, fewer: int) -> None:
        section = graph.spec.train
        assert section is not None
        self.state = TrainingState(graph.model, section, 10)
        self.data, self.rows, self.fewer = data, rows, fewer
        self.few = self.state.record(data.storage(fewer), data.sizes(fewer))
        self.many = self.state.record(data.storage(rows), data.sizes(rows))
        columns = [data.names[n] for n in data.columns]
        self.padded: PaddedProgram | None = padded(self.many.program, self.few.program, columns, rows, fewer)

    def _executable(self, recording: Recording) -> Executable:
        def arrays() -> dict[str, Any]:
            return {k: v.copy() for k, v in {**self.state.arrays(), **self.data.constants()}.items()}

        executable = built(lambda: recording, arrays, 1)
        executable.inputs[RATE][...] = 0.1
        executable.inputs[STEP][...] = 1
        return executable

    def of_few(self) -> Executable:
        executable = self._executable(self.few)
        self.data.gather(np.arange(self.fewer), executable.inputs)
        executable.fill(np.random.default_rng(0))
        executable.run()
        return executable

    def of_padded(self, draws: dict[str, Any]) -> Executable:
        assert self.padded is not None
        executable = self._executable(Recording(self.padded.program, self.many.draws))
        rows = np.arange(self.rows)
        self.data.gather(np.where(rows < self.fewer, rows, 0), executable.inputs)
        executable.inputs[COUNTED][...] = rows < self.fewer
        for label, number in self.padded.numbers_for(self.fewer).items():
            executable.inputs[label][...] = number
        for label, drawn in draws.items():
            axis, per_row = self.padded.axes[label]
            part = (slice(None),) * axis + (slice(0, per_row * self.fewer),)
            executable.inputs[label][...] = 0.9
            executable.inputs[label][part] = drawn
        executable.run()
        return executable


def steps(body: str, **arrays: Any) -> Steps:
    graph = gl.loads(HEAD + body + TRAIN, dtype="float64")
    generator = np.random.default_rng(0)
    given = {"x": generator.standard_normal((ROWS, 4)), "t": generator.integers(0, 3, ROWS), **arrays}
    used = {name: array for name, array in given.items() if name in graph.inputs}
    columns = from_arrays(used).splits["train"]
    return Steps(graph, bind_columns(graph.model, columns, {n: n for n in used}, "arrays"), ROWS, FEWER)


def agree(both: Steps) -> None:
    """Both programs give one loss, and change every parameter and slot by the same."""
    few = both.of_few()
    other = both.of_padded({label: few.inputs[label] for label in few.draws})
    assert float(other.output("loss")) == pytest.approx(float(few.output("loss")), rel=1e-12)
    for label in both.state.arrays():
        np.testing.assert_allclose(other.inputs[label], few.inputs[label], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "body",
    [
        "loss = x -> Affine(3) -> SoftmaxWithLoss(t)\n",
        "loss = sum((x -> Affine(3) -> Relu) ** 2)\n",
        "loss = x -> Affine(5) -> BatchNorm -> Relu -> Affine(3) -> SoftmaxWithLoss(t)\n",
        "loss = x -> Affine(5) -> Dropout(0.4) -> LayerNorm -> Affine(3) -> SoftmaxWithLoss(t)\n",
        "loss = reshape(x, N, 1, 4) -> Conv(3, 3, pad=1) -> Relu -> Flatten -> Affine(3) -> SoftmaxWithLoss(t)\n",
        "loss = mean((t -> Embedding(3, 4)) * x)\n",
        "a = x -> Affine(3)\nloss = mean(a) / sqrt(mean(a * a)) + mean(a * N)\n",
        "a = x -> Affine(3)\nloss = sum(a * stop_gradient(prod(tanh(a), axis=0)))\n",
    ],
)
def test_fewer_rows_give_the_loss_and_the_step_of_a_program_of_their_own(body: str) -> None:
    agree(steps(body))


def test_labels_that_are_ignored_count_for_none_of_the_rows() -> None:
    body = "loss = x -> Affine(3) -> SoftmaxWithLoss(t, ignore=0)\n"
    agree(steps(body, t=np.array([0, 1, 2, 0, 1, 2, 1, 1])))


def test_all_rows_count_where_the_batch_is_full() -> None:
    both = steps("loss = x -> Affine(5) -> BatchNorm -> Affine(3) -> SoftmaxWithLoss(t)\n")
    assert both.padded is not None
    both.fewer = ROWS
    whole = both._executable(both.many)
    both.data.gather(np.arange(ROWS), whole.inputs)
    whole.run()
    found = both.of_padded({})
    assert float(found.output("loss")) == pytest.approx(float(whole.output("loss")), rel=1e-12)


@pytest.mark.parametrize(
    "body",
    [
        "loss = mean(x -> Affine(3) -> max(axis=0))\n",
        "a = x -> Affine(3)\nloss = mean(a @ transpose(a))\n",
        "a = x -> Affine(3)\nloss = mean(cumsum(a, axis=0))\n",
        "loss = mean((x -> Affine(3))[0])\n",
    ],
)
def test_where_rows_meet_in_more_than_sums_there_is_no_such_program(body: str) -> None:
    assert steps(body).padded is None


@pytest.mark.parametrize(
    "name", ["two_layer_net", "batchnorm_vs_none", "simple_convnet", "transformer", "resnet"]
)
def test_lessons_with_a_smaller_last_batch_need_one_program(name: str) -> None:
    graph = gl.load(SPECS / f"{name}.graph", dtype="float64")
    data = bind_columns(graph.model, open_data(graph.model).splits["train"], None, "data")
    both = Steps(graph, data, 6, 4)
    few = both.of_few()
    other = both.of_padded({label: few.inputs[label] for label in few.draws})
    assert float(other.output("loss")) == pytest.approx(float(few.output("loss")), rel=1e-10)
