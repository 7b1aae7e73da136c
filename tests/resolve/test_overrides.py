"""Settings from outside under their short names."""

from __future__ import annotations

import pytest

import graphlang as gl

NET = """\
input x: float[N, 4]
y = x -> Affine(1)
loss = mean(y**2)
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 5; epochs = 1; seed = 1 }
"""


def test_a_setting_that_one_section_alone_has_needs_no_section() -> None:
    train = gl.loads(NET, set={"epochs": 4, "batch": "2", "lr": 0.5}).spec.train
    assert train is not None
    assert (train.epochs, train.batch) == (4, 2)


def test_a_hyper_of_that_name_comes_first() -> None:
    spec = gl.loads(f"hyper epochs = 1\n{NET.replace('epochs = 1', 'epochs = 3')}", set={"epochs": 7}).spec
    assert spec.train is not None
    assert spec.train.epochs == 3


def test_a_setting_of_two_sections_is_not_guessed() -> None:
    with pytest.raises(gl.GraphError, match=r"`--set seed`|`seed`"):
        gl.loads(f"{NET}gradcheck {{ of = loss; seed = 2 }}\n", set={"seed": 3})


def test_a_setting_given_by_both_names_is_refused() -> None:
    with pytest.raises(gl.GraphError, match="epochs"):
        gl.loads(NET, set={"train.epochs": 2, "epochs": 3})
