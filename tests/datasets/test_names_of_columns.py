"""Columns whose names are no names of the language: messages name them as a `data` section writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphlang as gl
from graphlang.diagnostics import GraphError
from tests.helpers import mistakes

SPEC = """
input x: float[N, 2], t: float[N]
y = x -> Affine(1)
loss = MeanSquaredError(y[:, 0], t)
data {{ source = csv("a.csv", test=0); x = {field}; t = price }}
train {{ minimize = loss; optimizer = SGD(lr=0.1); epochs = 1 }}
"""
TABLE = "age,visits per month,is-member,2nd,price (USD),price\n1,2,0,3,9,4\n2,3,1,4,8,5\n"


def first_message(field: str, folder: Path) -> str:
    (folder / "a.csv").write_text(TABLE)
    with pytest.raises(GraphError) as caught:
        gl.loads(SPEC.format(field=field), folder=folder).fit()
    return caught.value.diagnostics[0].help


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("[2nd, age]", '[field("2nd"), age]'),
        ("[field(visits per month), 2nd]", '[field("visits per month"), field("2nd")]'),
    ],
)  # fmt: skip
def test_a_name_of_several_words_is_put_in_quotes(field: str, written: str, tmp_path: Path) -> None:
    text = SPEC.format(field=field)
    edits = sorted((e for d in mistakes(text) for e in d.edits), key=lambda e: -e.span.start)
    for edit in edits:
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert text == SPEC.format(field=written)
    (tmp_path / "a.csv").write_text(TABLE)
    gl.loads(text, folder=tmp_path).fit()


@pytest.mark.parametrize(
    "field", ["[age, visits per month]", "[visits per month, age]", "log(visits per month)"]
)
def test_words_in_a_row_may_be_columns_without_a_comma_or_one_name(field: str) -> None:
    (problem,) = mistakes(SPEC.format(field=field))
    assert "visits, per, month" in (problem.help or "")
    assert 'field("visits per month")' in (problem.help or "")
    assert not problem.edits, "both can be meant"


@pytest.mark.parametrize(
    ("field", "help"),
    [
        ("[age, visits]", 'did you mean `field("visits per month")`?'),
        ("[age, visits_per_month]", 'did you mean `field("visits per month")`?'),
        ("[age, is-member]", 'did you mean `field("is-member")`?'),
        ("[age, nothing]", '`age`, `field("visits per month")`, `field("is-member")`, `field("2nd")`'),
        ("[age, nothing]", "; `x` is all of them but the target"),
        ("[age, price (USD)]", 'a column of that name is written `field("price (USD)")`'),
        ("X", "did you mean `x`?"),
    ],
)
def test_a_field_that_is_not_there_is_told_as_it_is_written(field: str, help: str, tmp_path: Path) -> None:
    assert help in first_message(field, tmp_path)


def test_a_product_and_two_statements_are_no_name() -> None:
    assert "2, age" in mistakes(SPEC.format(field="[2 age]"))[0].help
    assert "a statement starts" in mistakes(SPEC.format(field="a b = c"))[0].help
