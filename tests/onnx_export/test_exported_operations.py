"""Every operation of the catalog becomes nodes of ONNX that compute the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import graphlang as gl
from graphlang.onnx.exporting.export import exported_bytes
from graphlang.onnx.exporting.steps import WITHOUT_DOUBLE

sys.path.append(str(Path(__file__).parent.parent / "contracts"))
import contract_cases as cases
from operation_table import table, written

ENTRIES = cases.entries()
NOT_IN_FLOAT64 = WITHOUT_DOUBLE | {"Conv", "ConvTranspose", "DepthwiseConv"}
"""What onnxruntime has no double-precision form of, nor the reference in the case of `erf`."""


@pytest.mark.parametrize("name", ENTRIES)
def test_an_operation_is_the_same_in_every_runtime(name: str) -> None:
    """In every form in which the contracts call it."""
    for text in dict.fromkeys(case.text for case in cases.one_of_each_call(cases.cases(ENTRIES[name]))):
        graph = cases.load(text, dtype="float32")
        if not graph.spec.outputs:  # several results, of which the case names none
            continue
        agreement = exported_bytes(graph)[1].agreement
        assert agreement is not None, text
        assert agreement.values >= 1, text
        assert agreement.inputs >= 1, text


@pytest.mark.parametrize(
    "text",
    [
        "input x: float[N, 20, 20]\ny = inv(x)",
        "input x: float[M, N, 5, 5]\ny = inv(x)",
        "input x: float[N, D]\ny = solve(x.T @ x + 0.1 * eye(D), x.T @ x)",
        "input x: float[3, 3], b: float[N, 3, 1]\ny = solve(x, b)",
        "input x: float[N, 9, 9]\ns, y = slogdet(x)\noutput s",
        "input x: float[40, 40]\ny = cholesky(x @ x.T + eye(40))",
        "input x: float[T, 4, 4]\ny = scan m in x, axis=0 { yield inv(m) }",
    ],
)
def test_linear_algebra_is_the_same_for_matrices_of_any_size(text: str) -> None:
    """The rows are exchanged where that keeps digits."""
    agreement = exported_bytes(gl.loads(f"{text}\noutput y", dtype="float64"), dtype="float64")[1].agreement
    assert agreement is not None
    assert agreement.largest < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in ENTRIES if n not in NOT_IN_FLOAT64])
def test_an_operation_keeps_the_digits_of_float64(name: str) -> None:
    """The attributes of ONNX are of float32: an epsilon that it rounds is written out in steps."""
    text = cases.cases(ENTRIES[name])[0].text
    agreement = exported_bytes(cases.load(text, dtype="float64"), dtype="float64")[1].agreement
    assert agreement is not None
    assert agreement.largest < 1e-11


@pytest.mark.parametrize("name", ["Conv", "erf"])
def test_what_no_runtime_computes_in_float64_is_said_by_name(name: str) -> None:
    graph = cases.load(cases.cases(ENTRIES[name])[0].text, dtype="float64")
    with pytest.raises(gl.GraphError, match=name) as refused:
        exported_bytes(graph, dtype="float64")
    assert [d.code for d in refused.value.diagnostics] in (["GL784"], ["GL785"])


def test_the_table_of_the_documentation_is_what_is_exported() -> None:
    assert written() == table()
