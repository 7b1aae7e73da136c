"""Messages about cells without a value say what fits the column: a mean, a class, or that a target is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphlang as gl
from graphlang.diagnostics import GraphError

SPEC = """
input x: {kind}, t: {target_kind}
y = {answer}
loss = {loss}
output y
data {{ source = csv("a.csv", test=0{options}); x = {field}; t = {target} }}
train {{ minimize = loss; optimizer = SGD(lr=0.1); epochs = 1 }}
"""
NUMBERS = {
    "kind": "float[N, 1]",
    "target_kind": "float[N, 1]",
    "answer": "x -> Affine(1)",
    "loss": "MeanSquaredError(y, t)",
    "target": "[age]",
    "options": "",
}
TABLE = 'age,city,price,truth,comma\n1,,4,yes,\n2,rome,?,no,"1,5"\n3,oslo,5,,"2,5"\n'


def help_of(folder: Path, field: str, **more: str) -> str:
    (folder / "a.csv").write_text(TABLE)
    with pytest.raises(GraphError) as caught:
        gl.loads(SPEC.format(field=field, **{**NUMBERS, **more}), folder=folder).fit()
    return str(caught.value.diagnostics[0].help)


@pytest.mark.parametrize("options", ["", ', missing=[""]'])
def test_texts_with_gaps_are_classes_of_which_one_fills(tmp_path: Path, options: str) -> None:
    help = help_of(tmp_path, "[city]", options=options)
    assert "`category(impute(city, mode))`" in help
    assert ('`missing=[""]`' in help) is not options


def test_numbers_with_gaps_are_filled_by_the_mark_that_is_there(tmp_path: Path) -> None:
    assert '`missing=["", "?"]` in the source and `impute(price, mean)`' in help_of(tmp_path, "[price]")


def test_truth_values_and_numbers_in_another_form_are_told_as_such(tmp_path: Path) -> None:
    assert help_of(tmp_path, "[truth]") == "write 1 for true and 0 for false, not `yes`"
    assert "impute(comma, mean)" in help_of(tmp_path, "[comma]")


CLASSES = {"target_kind": "int[N]", "answer": "x -> Affine(2)", "loss": "SoftmaxWithLoss(y, t)"}


@pytest.mark.parametrize(
    ("options", "target", "kinds"),
    [
        (', missing=[""]', "category(city)", CLASSES),
        (', missing=["?"]', "[price]", {}),
        (', missing=["?"]', "[standardize(price)]", {}),
        ("", "[price]", {}),
        ("", "[price / 2]", {}),
        ("", "price", {"target_kind": "float[N]", "loss": "MeanSquaredError(y[:, 0], t)"}),
    ],
)
def test_a_row_without_its_answer_is_to_be_taken_away(
    tmp_path: Path, options: str, target: str, kinds: dict[str, str]
) -> None:
    help = help_of(tmp_path, "[age]", options=options, target=target, **kinds)
    assert "row" in help
    assert "answer" in help
    assert "impute" not in help


def test_a_gap_in_a_column_that_is_both_is_filled(tmp_path: Path) -> None:
    help = help_of(tmp_path, "[category(city)]", options=', missing=[""]', target="[category(city)]")
    assert "impute(city, mode)" in help
