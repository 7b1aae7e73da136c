"""Section 3 of version 1.1 of the language: data, a test for each of its lines."""

import numpy as np
import pytest

import graphlang as gl
from graphlang.diagnostics import GraphError
from graphlang.training.sections import open_data

HOUSES = """id;area;rooms;age;kind;sold;price
a;50,5;2;10;flat;2020-01-31;100
b;80;3;NA;house;2021-02-03;200
c;120,25;4;30;house;2019-12-01;300
d;;5;?;flat;2020-06-15;400
"""
FORM = 'delimiter=";", decimal=",", missing=["", "NA", "?"], test=0'


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")


def load(folder, data, inputs="input x: float[N, 2]", rest="y = x\noutput y"):
    write(folder, "net.graph", f"{inputs}\n{rest}\ndata {{\n{data}\n}}\n")
    return gl.load(folder / "net.graph")


def test_a_csv_may_have_another_delimiter_another_decimal_point_and_cells_that_are_missing(tmp_path):
    """source = csv("houses.csv", delimiter=";", decimal=",", missing=["", "NA", "?"])"""
    write(tmp_path, "houses.csv", HOUSES)
    graph = load(tmp_path, f'source = csv("houses.csv", {FORM})\nx = rooms', "input x: int[N]")
    train = open_data(graph.model).train
    assert train["rooms"].load().tolist() == [2, 3, 4, 5]
    np.testing.assert_array_equal(train["area"].load(), [50.5, 80, 120.25, np.nan])
    np.testing.assert_array_equal(train["age"].load(), [10, np.nan, 30, np.nan])


def test_a_number_with_a_point_is_refused_where_the_decimal_point_is_a_comma(tmp_path):
    write(tmp_path, "houses.csv", "a;t\n1.5;2\n")
    graph = load(tmp_path, f'source = csv("houses.csv", {FORM})\nx = a', "input x: float[N]")
    with pytest.raises(GraphError, match="line 2, column `a` of"):
        open_data(graph.model).train["a"].load()


def test_only_the_columns_that_are_used_are_parsed(tmp_path):
    """An unused text or date column harms nothing."""
    write(tmp_path, "houses.csv", HOUSES)
    rest = "y = x * 1.0\noutput y"
    graph = load(tmp_path, f'source = csv("houses.csv", {FORM})\nx = price', "input x: float[N]", rest)
    assert open_data(graph.model).train["price"].load().tolist() == [100, 200, 300, 400]
