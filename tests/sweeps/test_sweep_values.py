"""The values of a sweep, as they are written on the command line."""

from __future__ import annotations

import pytest

from graphlang.sweeps.values import read_axis


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("hidden=20,50,100", "hidden", ("20", "50", "100")),
        (" hidden = 20 ", "hidden", ("20",)),
        ("lr=log(1e-4,1e-1,4)", "lr", ("0.0001", "0.001", "0.01", "0.1")),
        ("lr=log(1, 0.01, 3)", "lr", ("1", "0.1", "0.01")),
        ("d=linear(10,50,5)", "d", ("10", "20", "30", "40", "50")),
        ("d=linear(-1,1,4)", "d", ("-1", "-0.3333333333", "0.3333333333", "1")),
        ("d=0,linear(1,2,3)", "d", ("0", "1", "1.5", "2")),
        ("train.optimizer=SGD(0.1),Adam(lr=0.01, beta1=0.5)", "train.optimizer", ("SGD(0.1)", "Adam(lr=0.01, beta1=0.5)")),
        ("sizes=[1, 2],[3]", "sizes", ("[1, 2]", "[3]")),
        ('data.source="a,b.csv",x', "data.source", ('"a,b.csv"', "x")),
    ],
)  # fmt: skip
def test_values_are_lists_ranges_and_texts(text: str, name: str, values: tuple[str, ...]) -> None:
    assert read_axis(text) == (name, values)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hidden", "is not NAME=VALUES"),
        ("=3", "is not NAME=VALUES"),
        ("hidden=", "is not NAME=VALUES"),
        ("hidden=2,,3", "nothing between two commas"),
        ("hidden=2,", "nothing between two commas, or beside one"),
        ("hidden=2,3,2", "`hidden` has the value 2 twice"),
        ("hidden=[2,3", "a bracket or a quote that is not closed"),
        ("hidden=2),3", "or not opened"),
        ("w=@a.npy,@b.npy", "`@a.npy`: a sweep takes values, not files"),
        ("lr=log(0,1,3)", "both ends of a logarithmic range are above 0"),
        ("lr=log(1,2)", r"a range is written `log\(from, to, count\)`"),
        ("lr=log(a,2,3)", "`a` is no finite number"),
        ("lr=linear(1,inf,3)", "`inf` is no finite number"),
        ("lr=linear(1,2,1)", "from 2 to 1,000, not 1"),
        ("lr=linear(1,2,2.5)", "not 2.5"),
        ("lr=linear(1,2,99999999999999)", "from 2 to 1,000"),
        ("lr=linear(1,1,3)", "both ends are 1"),
        ("lr=linspace(0,1,3)", r"there is no range `linspace`; write `linear\(from, to, count\)`"),
        ("lr=lg(1,2,3)", r"there is no range `lg`; write `log\(from, to, count\)`"),
        ("lr=liner(1,2,3)", r"there is no range `liner`; write `linear\(from, to, count\)`"),
        ("lr=loguniform(1,2)", r"write `log\(from, to, count\)`"),
        ("lr=" + ",".join(map(str, range(1001))), "1,001 values: at most 1,000"),
    ],
)
def test_what_is_no_value_is_told_with_what_to_write(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_axis(text)
