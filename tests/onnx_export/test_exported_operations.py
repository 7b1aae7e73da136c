"""Every operation of the catalog becomes nodes of ONNX, or it is said by name that ONNX has none for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import graphlang as gl
from graphlang.onnx.exporting.export import exported_bytes

sys.path.append(str(Path(__file__).parent.parent / "contracts"))
import contract_cases as cases
from operation_table import table, written

ENTRIES = cases.entries()
WITHOUT = {"cholesky", "inv", "slogdet", "solve"}
"""What ONNX has no operation for, nor one that it could be composed of."""
NOT_IN_FLOAT64 = set(
    "arccos arccosh arcsin arcsinh arctan arctan2 arctanh cosh det erf sinh tan Conv ConvTranspose DepthwiseConv".split()
)
"""What onnxruntime has no double-precision form of, nor the reference in the case of `erf`."""


@pytest.mark.parametrize("name", [n for n in ENTRIES if n not in WITHOUT])
def test_an_operation_is_the_same_in_every_runtime(name: str) -> None:
    text = cases.cases(ENTRIES[name])[0].text
    agreement = exported_bytes(cases.load(text, dtype="float32"))[1].agreement
    assert agreement is not None
    assert agreement.values >= 1
    assert agreement.inputs >= 1


@pytest.mark.parametrize("name", sorted(WITHOUT))
def test_what_onnx_lacks_is_said_by_name(name: str) -> None:
    graph = cases.load(cases.cases(ENTRIES[name])[0].text, dtype="float32")
    with pytest.raises(gl.GraphError, match=f"{name}.*cannot become ONNX") as refused:
        exported_bytes(graph)
    assert [d.code for d in refused.value.diagnostics] == ["GL782"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in ENTRIES if n not in WITHOUT | NOT_IN_FLOAT64])
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
