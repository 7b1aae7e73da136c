"""A name with a hyphen is one mistake where it is declared, and is mended wherever it is used."""

from __future__ import annotations

import pytest

import graphlang as gl
from graphlang.diagnostics import edited

TEXTS = {
    "a hyper": "hyper my-size = 3\ninput x: float[N, 4]\ny = x -> Affine(my-size)\n",
    "an input": "input a: float, my-b-c: float\ny = a * my-b-c - a-a\n",
    "a param": 'param my-w = 3.0  # my-w\ny = my-w * 2\nnote = "my-w"\n',
    "a shared layer": "layer my-net = Affine(4)\ninput x: float[N, 4]\ny = x -> my-net -> my-net\n",
    "a def": "def my-block(x) = x * 2\ninput z: float\ny = my-block(z)\n",
}


def mistakes(text: str) -> list[gl.Diagnostic]:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text)
    return list(caught.value.diagnostics)


@pytest.mark.parametrize("what", [name for name in TEXTS if name != "a param"])
def test_a_declared_name_with_a_hyphen_is_one_mistake_that_is_mended_everywhere(what: str) -> None:
    text = TEXTS[what]
    (found,) = mistakes(text)
    assert found.code == "GL110"
    assert found.sure
    assert gl.loads(edited(text, found.edits)).network.names


def test_comments_and_texts_keep_their_hyphens() -> None:
    (found, *_) = mistakes(TEXTS["a param"])
    mended = edited(TEXTS["a param"], found.edits)
    assert mended.startswith("param my_w = 3.0  # my-w\ny = my_w * 2")
    assert '"my-w"' in mended


def test_the_edit_is_not_certain_where_another_name_is_written_so() -> None:
    (found, *_) = mistakes("input my_x: float\ninput my-x: float\ny = my-x + my_x\n")
    assert found.code == "GL110"
    assert not found.sure
