"""Any expression of the `data` section trains and predicts, or is refused with a diagnostic."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import graphlang as gl
from graphlang.diagnostics import GraphError
from tests.helpers import mistakes

TABLE = """a,b,k,day,c d,t,x
1,2,red,2020-01-01,5,1,0
,3,blue,,6,2,1
4,-1,,2020-02-01,7,3,2
2.5,0,red,2020-03-01,8,4,3
"""
ARRAYS = {
    "a": [1, 2.5, None, 4],
    "b": [1, 2, 3, 4],
    "k": ["red", None, "b", "c"],
    "day": np.array(["2020-01-01", "NaT", "2020-01-02", "2021-01-01"], "M8[D]"),
    "x": [[1, 2], [3, 4], [5, 6], [7.5, 8]],
    "t": [True, False, True, False],
    "c d": [3, 2, 1, 0],
}
ROWS = {
    "a": [1, None],
    "b": [2, 3],
    "k": ["red", "fig"],
    "day": ["2020-01-01", None],
    "x": [1, 2],
    "t": [1, 2],
}
SPEC = """
input x: {shape}
param w: float[1]
loss = sum(x) * w[0]
output x
data {{ source = csv("a.csv", test={test}{missing}); x = {field} }}
train {{ minimize = loss; optimizer = SGD(lr=0.1); epochs = 1 }}
"""
OPERATORS = "+ - * / // % ** == != < <= > >= and or @ ->".split()
ONE = (
    "abs exp log sqrt isnan isfinite reciprocal sign floor standardize minmax category one_hot date -".split()
)
NAMES = ["a", "b", "k", "day", 'field("c d")', "x", "t", "1", "0", "2.5"]
ODD = 'nope "c d" true none "word" inf nan [] [[]] 1e400 99999999999999999999999 field(a) field("")'.split()


def deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(" ".join),
        st.builds("{}({})".format, st.sampled_from(ONE), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["minimum", "hypot", "impute"]), inner, inner),
        st.builds("{}({}, {}, {})".format, st.sampled_from(["where", "clip"]), inner, inner, inner),
        st.builds("impute({}, {})".format, inner, st.sampled_from(["mean", "median", "mode", "0"])),
        st.builds("one_hot(category({}))".format, inner),
        st.builds("category({}, unknown={})".format, inner, st.sampled_from(["0", "-1", "5", "1.5", "true"])),
        st.builds("words({}, length={})".format, inner, st.sampled_from(["2", "1", "0", "true", "k"])),
        st.builds("words({}, length=2, most={})".format, inner, st.sampled_from(["9", "3", "-1", "1e9"])),
        st.builds("word_count({}, length=2)".format, inner),
        st.builds("category(impute({}, {}))".format, inner, st.sampled_from(["mode", '"z"', "7"])),
        st.builds("({})[{}]".format, inner, inner),
    )


EXPRESSIONS = st.recursive(st.sampled_from([*NAMES * 3, *ODD]), deeper, max_leaves=6)


@given(
    EXPRESSIONS,
    st.sampled_from(["float[N]", "float[N, 1]", "float[N, 2]", "float[N, M]", "int[N]", "bool[N]"]),
    st.sampled_from(["0", "0.3"]),
    st.sampled_from(["", ', missing=[""]']),
    st.booleans(),
)
@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_an_expression_is_computed_or_refused(
    tmp_path_factory: pytest.TempPathFactory, field: str, shape: str, test: str, missing: str, handed: bool
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "a.csv").write_text(TABLE)
    text = SPEC.format(shape=shape, test=test, missing=missing, field=field)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        refused = []
        try:
            graph = gl.loads(text, folder=folder)
            graph.fit(gl.from_arrays(ARRAYS)) if handed else graph.fit()
            graph.predict(ROWS | {"c d": [1, 2]})
        except GraphError as error:
            refused = error.diagnostics
    assert all(d.help for d in refused)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("[a, []]", "the list `[]` is empty, and a field has columns"),
        ("standardize(2)", "`2` is no field of the source, and is not computed from any"),
        ("[b, standardize(2)]", "`2` is no field of the source, and is not computed from any"),
        ("category(a, unknown=99999999999999999999)", "is not how `category` is written"),
    ],
)
def test_what_is_no_field_is_refused_before_running(field: str, message: str) -> None:
    text = SPEC.format(shape="float[N, 1]", test=0, missing="", field=field)
    assert message in mistakes(text)[0].message


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("minimum([a, b], [a, b, t])", "takes 2 columns and 3 columns element by element"),
        ('category(field("y z"))', "takes one column, but the field `y z` has 2"),
    ],
)  # fmt: skip
def test_columns_that_do_not_fit_are_named(field: str, message: str) -> None:
    graph = gl.loads(SPEC.format(shape="float[N, 3]", test=0, missing="", field=field))
    rows = {"a": [1, 2], "b": [2, 3], "t": [3, 4], "y z": [[1, 2], [3, 4]]}
    with pytest.raises(GraphError) as caught:
        graph.fit(gl.from_arrays(rows))
    assert message in caught.value.diagnostics[0].message


def test_truth_values_are_counted_in_arithmetic() -> None:
    field = "[(a > 1) + (b > 1), -(a > 1), sign(b > 1)]"
    graph = gl.loads(SPEC.format(shape="float[N, 3]", test=0, missing="", field=field))
    graph.fit(gl.from_arrays(a=[0, 2], b=[0, 3]))
    np.testing.assert_array_equal(graph.predict(a=[0, 2], b=[0, 3]), [[0, 0, 0], [2, -1, 1]])
