"""What is told of two specs: structure, names, shapes, parameters and settings."""

from __future__ import annotations

import pytest

import graphlang as gl
from graphlang.compare.differences import Comparison, compare

NET = """
hyper hidden = 5
input x: float[N, 4], t: int[N]
y = x -> Affine(hidden) -> Relu -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
expect loss ~= 1 within 5
data { source = npz("data.npz", normalize=true); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 8; epochs = 3; metrics = [accuracy(y, t)] }
gradcheck { of = loss }
"""


def compared(a: str, b: str) -> Comparison:
    return compare(gl.loads(a).network, gl.loads(b).network)


def rows(comparison: Comparison, part: str) -> list[tuple[str, str, object, object]]:
    return [(d.what, d.name, d.a, d.b) for d in comparison.differences if d.part == part]


def test_a_file_is_equal_to_itself() -> None:
    comparison = compared(NET, NET)
    assert comparison.differences == ()
    assert comparison.equal
    assert comparison.isomorphic


def test_a_wider_layer_changes_an_attribute_shapes_parameters_and_the_hyper() -> None:
    comparison = compared(NET, NET.replace("hidden = 5", "hidden = 6"))
    assert comparison.isomorphic
    assert not comparison.equal
    assert rows(comparison, "structure") == [("attribute", "Affine1: units", "5", "6")]
    assert rows(comparison, "shapes") == [
        ("shape", "Affine1.W", "float[4, 5]", "float[4, 6]"),
        ("shape", "Affine1.b", "float[5]", "float[6]"),
        ("shape", "Affine2.W", "float[5, 3]", "float[6, 3]"),
        ("shape", "Affine1", "float[N, 5]", "float[N, 6]"),
        ("shape", "Relu1", "float[N, 5]", "float[N, 6]"),
    ]
    # 4*5 + 5 + 5*3 + 3 and 4*6 + 6 + 6*3 + 3
    assert rows(comparison, "parameters") == [("count", "number of parameters", 43, 51)]
    assert rows(comparison, "settings") == [("setting", "hyper hidden", "5", "6")]


def test_another_operation_an_added_and_a_removed_one_are_named() -> None:
    other = compared(NET, NET.replace("-> Relu", "-> Gelu"))
    assert rows(other, "structure") == [("operation", "Relu1 → Gelu1", "Relu of Affine1", "Gelu of Affine1")]
    added = compared(NET, NET.replace("-> Relu", "-> LayerNorm -> Relu"))
    assert rows(added, "structure") == [
        ("added", "LayerNorm1", None, "LayerNorm of Affine1"),
        ("operand", "Relu1: operand 1", "Affine1", "LayerNorm1"),
    ]
    removed = compared(NET.replace("-> Relu", "-> LayerNorm -> Relu"), NET)
    assert [row[:2] for row in rows(removed, "structure")] == [
        ("removed", "LayerNorm1"),
        ("operand", "Relu1: operand 1"),
    ]


def test_a_constant_is_an_operand() -> None:
    comparison = compared("input x = 1\ny = x * 2", "input x = 1\ny = x * 3")
    assert rows(comparison, "structure") == [("operand", "y: operand 2", "2", "3")]
    assert not comparison.isomorphic


def test_an_attribute_that_says_the_default_is_no_difference() -> None:
    text = "input x: float[N, 4]\ny = x -> {}\noutput y"
    assert compared(text.format("LeakyRelu"), text.format("LeakyRelu(slope=0.01)")).equal
    assert compared(text.format("Affine(3)"), text.format("Affine(3, bias=true)")).equal
    assert compared(NET.replace("SGD(lr=0.1)", "SGD"), NET.replace("SGD(lr=0.1)", "SGD(lr=0.01)")).equal
    changed = compared(text.format("LeakyRelu"), text.format("LeakyRelu(slope=0.2)"))
    assert rows(changed, "structure") == [("attribute", "y: slope", "0.01", "0.2")]


def test_a_start_is_told_once() -> None:
    comparison = compared(NET, NET.replace("Affine(3)", "Affine(3, init=normal(0.5))"))
    assert rows(comparison, "structure") == []
    assert rows(comparison, "parameters") == [("start", "Affine2.W: start", "he", "normal(std=0.5)")]
    assert not comparison.equal


@pytest.mark.parametrize(
    ("before", "after", "name", "shown"),
    [
        ("SGD(lr=0.1)", "Adam(lr=0.1)", "train.optimizer", ("SGD(lr=0.1)", "Adam(lr=0.1)")),
        ("batch = 8", "batch = 9", "train.batch", ("8", "9")),
        ("normalize=true", "normalize=false", "data.source", ('npz(path="data.npz", normalize=true)', 'npz(path="data.npz")')),
        ("x = x; t", "x = images; t", "data.x", ("x", "images")),
        ("within 5", "within 6", "expect loss", ("1 within 5", "1 within 6")),
    ],
)  # fmt: skip
def test_settings_are_told_by_section(before: str, after: str, name: str, shown: tuple[str, str]) -> None:
    comparison = compared(NET, NET.replace(before, after))
    settings = rows(comparison, "settings")
    assert [(n, str(a).replace(".0", ""), str(b).replace(".0", "")) for _, n, a, b in settings] == [
        (name, *shown)
    ]
    assert not comparison.equal


def test_a_section_of_one_side_is_told_setting_by_setting() -> None:
    comparison = compared(NET, NET.replace("gradcheck { of = loss }", ""))
    names = [name for _, name, *_ in rows(comparison, "settings")]
    assert "gradcheck.of" in names
    assert all(name.startswith("gradcheck.") for name in names)


def test_expectations_are_matched_by_what_they_say_wherever_they_stand() -> None:
    lines = ["expect b ~= 4", "expect c ~= 5", "expect grad(c, a) ~= 2"]
    text = "input a: float = 2\nb = 2 * a\nc = b + 1\n"
    assert not rows(compared(text + "\n".join(lines), text + "\n".join(reversed(lines))), "settings")
    fewer = compared(text + "\n".join(lines), text + "expect c ~= 6\nexpect grad(c, a) ~= 3\n")
    assert [(name, a, b) for _, name, a, b in rows(fewer, "settings")] == [
        ("expect b", "4", None), ("expect c", "5", "6"), ("expect grad(c, a)", "2", "3"),
    ]  # fmt: skip


def test_a_renamed_inner_value_is_told_and_is_no_difference() -> None:
    comparison = compared(NET, NET.replace("loss", "cost"))
    assert [(d.what, d.name, d.a, d.b) for d in comparison.differences] == [
        ("renamed", "value", "loss", "cost")
    ]
    assert comparison.equal


def test_a_renamed_size_is_no_difference_of_shapes() -> None:
    comparison = compared(NET, NET.replace("N", "Batch").replace("NLoss", "SoftmaxWithLoss"))
    assert [(d.part, d.name, d.a, d.b) for d in comparison.differences] == [("names", "size", "N", "Batch")]
    assert comparison.equal


def test_names_that_calls_and_weights_depend_on_count() -> None:
    text = "input a = 1\nparam w = 2\nh = a * w\ny = exp(h)\noutput y"
    for before, after, kind in (("a", "b", "input"), ("w", "v", "param"), ("y", "z", "value")):
        other = text.replace(f" {before}", f" {after}").replace(f"\n{before} ", f"\n{after} ")
        comparison = compared(text, other)
        assert [(d.what, d.name, d.a, d.b) for d in comparison.differences] == [
            ("renamed", kind, before, after)
        ]
        assert comparison.isomorphic
        assert not comparison.equal


def test_outputs_defaults_and_types_are_compared() -> None:
    text = "input a = 1, b: float[3]\nh = a * b\ny = exp(h)\noutput y"
    assert [d.name for d in compared(text, text + ", h").differences] == ["output h"]
    assert rows(compared(text, text.replace("a = 1", "a = 2")), "structure") == [
        ("attribute", "a: default", "1", "2")
    ]
    assert rows(compared(text, text.replace("[3]", "[4]")), "shapes")[0] == (
        "shape",
        "b",
        "float[3]",
        "float[4]",
    )


def test_an_input_that_became_a_computed_value_is_told() -> None:
    comparison = compared("input a = 1, b = 2\ny = a * b", "input b = 2\na = b + 1\ny = a * b")
    assert rows(comparison, "structure") == [("operation", "a", "input float, any shape", "add of b, 1")]


def test_thousands_of_changes_are_all_found() -> None:
    text = "input x: float[N, 4]\ny = x -> repeat 700 {{ {} ; Affine(4) }}\noutput y"
    comparison = compared(text.format("Relu"), text.format("Gelu"))
    structure = rows(comparison, "structure")
    assert len(structure) == 700
    assert {what for what, *_ in structure} == {"operation"}
