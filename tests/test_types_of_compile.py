"""What `Graph.compile` returns is told by its arguments, to a type checker as when it runs."""

from __future__ import annotations

from typing import Any, get_overloads

import pytest

import graphlang as gl
from graphlang.engine.compiled import CompiledForward, PlannedGradient
from graphlang.training.step import TrainStep

NET = """input x: float[N, 2]
y = x -> Affine(3)
loss = mean(y**2)
output y
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }
"""


def test_every_form_of_compile_has_a_type_of_its_own() -> None:
    returned = {form.__annotations__["return"] for form in get_overloads(gl.Graph.compile)}
    assert returned == {"TrainStep", "CompiledGradient", "CompiledForward"}


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({}, CompiledForward),
        ({"of": "loss"}, CompiledForward),
        ({"batch": 2}, CompiledForward),
        ({"wrt": "x"}, PlannedGradient),
        ({"wrt": ["x"], "of": "loss", "batch": 2}, PlannedGradient),
        ({"train": True}, TrainStep),
        ({"train": True, "iterations": 5}, TrainStep),
    ],
)
def test_what_is_compiled_is_of_the_type_that_the_arguments_tell(arguments: Any, kind: type) -> None:
    assert type(gl.loads(NET).compile(**arguments)) is kind


def test_the_gradient_of_scalars_is_called_as_a_planned_one() -> None:
    graph = gl.loads("input a = 3.0\ny = a * a\noutput y")
    function, planned = graph.compile(wrt=["a"]), graph.compile(wrt=["a"], batch=1)
    assert isinstance(planned, PlannedGradient)
    for inputs in ({}, {"a": 2.0}):
        assert function(**inputs) == function(inputs) == planned(**inputs) == planned(inputs)
