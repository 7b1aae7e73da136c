"""Every operation gives the same in blocks of rows as on all rows at once."""

from __future__ import annotations

from typing import Any

import contract_cases as cases
import numpy as np
import pytest

from graphlang.engine.random_streams import StreamRandom
from graphlang.engine.recording import Storage, record_forward
from graphlang.engine.row_split import RowSplit
from graphlang.engine.tape import Tape
from graphlang.trace import Dim, replay

ENTRIES = cases.entries()
N = Dim.symbol("N")
SIZES = {"N": 7, "T": 2, "C": 4}
BLOCK = 3


def by_blocks(split: RowSplit, given: dict[str, Any]) -> Any:
    """The output `y`, each part on arrays of its own."""
    starts = range(0, split.total, BLOCK)
    stacked: dict[str, list[Any]] = {p.label: [] for p in split.partials}
    whole: dict[str, Any] = {g.label: np.empty(g.value.shape, g.value.dtype) for g in split.gathered}
    for start in starts:
        rows = slice(start, min(start + BLOCK, split.total))
        program = split.blocks(rows.stop - rows.start)
        feeds = {n: a[rows] if n in split.columns else a for n, a in given.items()}
        for constant in split.constants.values():
            axis, per_row = constant.rows
            feeds[constant.label] = constant.array[
                (*(slice(None),) * axis, slice(rows.start * per_row, rows.stop * per_row))
            ]
        found = run(program, feeds)
        for label, value in found.items():
            if label in stacked:
                stacked[label].append(value)
        for label, _, (axis, per) in split.gathered:
            whole[label][(*(slice(None),) * axis, slice(rows.start * per, rows.stop * per))] = found[label]
    return run(split.rest(len(starts)), {**given, **whole, **{k: np.stack(v) for k, v in stacked.items()}})[
        "y"
    ]


def run(program: Any, given: dict[str, Any]) -> dict[str, Any]:
    symbolic = {k: v for k, v in program.outputs.items() if hasattr(v, "trace")}
    feeds = {value: given[label] for label, value in program.inputs.items()}
    trace = next(iter(symbolic.values())).trace if symbolic else None
    values = replay(trace, list(symbolic.values()), feeds) if trace is not None else []
    return {**program.outputs, **dict(zip(symbolic, values, strict=True))}


@pytest.mark.parametrize("name", ENTRIES)
def test_blocks_of_rows_make_no_difference(name: str) -> None:
    for case in cases.one_of_each_call(cases.cases(ENTRIES[name])):
        graph = cases.load(case.text)
        network = graph.network
        columns = [n for n, spec in network.inputs.items() if (spec.shape or (None,))[0] == N]
        if not columns or case.training:
            continue
        values = {n: np.asarray(v) for n, v in cases.inputs(graph, case.draw, SIZES, "float64").items()}
        leaves = {network.numbers[n]: v for n, v in values.items()} | cases.parameters(graph, "float64")
        of = network.numbers[graph.spec.outputs[0]] if graph.outputs else network.nodes[-1].number
        random = StreamRandom(np.random.default_rng(5), np.dtype("float64"))
        with np.errstate(all="ignore"):
            expected = (
                Tape(network, leaves, dtype="float64", sizes=SIZES, random=random).forward([of]).values[of]
            )
            storage = {n: Storage(a.shape, a.dtype) for n, a in leaves.items() if network.names[n] in values}
            program = record_forward(network, storage, "float64", SIZES, {"y": of}).program
            split = RowSplit(program, columns, SIZES["N"])
            given = {network.names[n]: a for n, a in leaves.items()}
            found = by_blocks(split, given)
        assert np.shape(found) == np.shape(expected), case
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, err_msg=str(case))


ROW_BY_ROW = [
    "Affine", "Attention", "AvgPool", "BatchNorm", "Conv", "ConvTranspose", "Elu", "Embedding", "Gelu", "GlobalAvgPool", "GroupNorm", "GRU", "HardSwish", "InstanceNorm", "LayerNorm", "LSTM",
    "LogSoftmax", "MaxPool", "PRelu", "RMSNorm", "RNN", "Relu", "Sigmoid", "Softmax",
]  # fmt: skip


@pytest.mark.parametrize("name", [n for n in ROW_BY_ROW if n in ENTRIES])
def test_layers_are_computed_row_by_row(name: str) -> None:
    """Only the result is assembled from blocks, so memory is bounded by a block."""
    graph = cases.load(cases.sample_texts(ENTRIES[name])[0])
    network, spec = graph.network, graph.network.inputs["x"]
    assert spec.shape is not None
    shape = tuple(cases.bound(s, SIZES) for s in spec.shape)
    kind = np.dtype(np.int64 if spec.dtype == "int" else np.float64)
    of = network.numbers[graph.spec.outputs[0]]
    program = record_forward(network, {0: Storage(shape, kind)}, "float64", SIZES, {"y": of}).program
    split = RowSplit(program, ["x"], SIZES["N"])
    assert not split.partials
    assert [g.value.number for g in split.gathered] == [program.outputs["y"].number]
