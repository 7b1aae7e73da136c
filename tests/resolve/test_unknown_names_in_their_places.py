"""The help for an unknown name says how one is declared that may stand there."""

from __future__ import annotations

import pytest

import graphlang as gl
from graphlang.diagnostics import Diagnostic, GraphError

NET = """\
input x: float[N, 3], t: int[N]
h    = x -> Affine(4) -> Relu
z    = h -> Affine(2)
loss = SoftmaxWithLoss(z, t)
output z, loss
"""
TRAIN = "train {{ minimize = loss; optimizer = {optimizer}; batch = {batch}; epochs = {epochs}; {more} }}\n"
DATA = 'data {{ source = csv("a.csv"{option}); x = [a, b, c]; t = t; {more} }}\n'


def train(optimizer: str = "SGD(lr=0.1)", batch: str = "2", epochs: str = "1", more: str = "") -> str:
    return TRAIN.format(optimizer=optimizer, batch=batch, epochs=epochs, more=more)


def data(option: str = "", more: str = "") -> str:
    return DATA.format(option=option, more=more)


def mistake(text: str) -> Diagnostic:
    with pytest.raises(GraphError) as caught:
        gl.loads(text)
    (problem,) = caught.value.diagnostics
    return problem


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (train(epochs="ten"), "10"),
        (train(epochs="2 * ten"), "10"),
        (train(batch="ten"), "10"),
        (train(optimizer="SGD(lr=ten)"), "0.1"),
        (train(optimizer="Adam(beta1=ten)"), "0.9"),
        (train(more="schedule = step(every=ten, gamma=0.5)"), "10"),
        (train(more="seed = ten"), "10"),
        (train(more="accumulate = ten"), "10"),
        (train(more='groups = [group("Affine1.*", lr=ten)]'), "0.1"),
        (data(", test=ten"), "0.1"),
        (data(more="test = ten"), "0.1"),
        (data(more="validation = 2 * ten"), "0.1"),
        ("gradcheck { of = loss; tol = ten }\n", "0.1"),
        ("param W: float[4, 2] = normal(ten)\nu = h @ W\noutput u\n", "0.1"),
        ("u = h[:, 0:ten]\noutput u\n", "2"),
        ("u = h if ten > 2 else z\noutput u\n", "3"),
        ("u = h -> repeat ten { Relu }\noutput u\n", "2"),
        ("expect sum(z) ~= 2 within ten\n", "0.1"),
    ],
)
def test_where_only_constants_can_stand_a_hyper_is_declared_and_fits(text: str, number: str) -> None:
    problem = mistake(NET + text)
    assert problem.code == "GL201"
    assert problem.help == "here only constants can stand; declare it: `hyper ten = ...`"
    gl.loads(NET.replace("\nh ", f"\nhyper ten = {number}\nh ", 1) + text)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("g = grad(loss, rows)\noutput g\n", "`grad(y, x)` takes a value of the file"),
        ("g = grad(rows, h)\noutput g\n", "`grad(y, x)` takes a value of the file"),
        ("expect sum(grad(loss, rows)) ~= 0\n", "`grad(y, x)` takes a value of the file"),
        ("expect loss ~= rows\n", "`expect` compares values of the file"),
        ("expect sum(rows) ~= 2\n", "`expect` compares values of the file"),
        (train().replace("= loss", "= rows"), "`minimize` names a number that the file computes"),
        (train(more="metrics = [rows]"), "a metric is a number computed from values of the file"),
    ],
)
def test_where_a_value_is_named_no_input_is_to_be_declared(text: str, start: str) -> None:
    problem = mistake(NET + text)
    assert problem.code == "GL201"
    assert problem.help is not None
    assert problem.help.startswith(start)


@pytest.mark.parametrize(
    ("head", "meant"),
    [
        ("Scale(x)", "def Scale(x: float[N, D])"),
        ("Scale(x, k=3)", "def Scale(x: float[N, D], k=3)"),
    ],
)
def test_a_new_dimension_within_a_def_is_named_in_its_head(head: str, meant: str) -> None:
    text = NET + f"def {head} {{\n  param s: float[D] = 0\n  return x * s\n}}\nu = h -> Scale\noutput u\n"
    problem = mistake(text)
    assert problem.code == "GL303"
    assert problem.help == f"in a `def` a new dimension is named in the head: `{meant}`"
    gl.loads(text.replace(f"def {head}", meant))


def test_a_new_dimension_within_a_def_that_nothing_calls_is_named_in_its_head() -> None:
    problem = mistake(NET + "def Scale(x) {\n  param s: float[D] = 0\n  return x * s\n}\n")
    assert problem.help == "in a `def` a new dimension is named in the head: `def Scale(x: float[N, D])`"
