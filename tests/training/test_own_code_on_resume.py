"""A run that goes on tells which code of one's own is not what it was."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.training.loop import train

CODE = '''
import numpy as np
import graphlang as gl

SLOPE = 2


class Base(gl.Layer):
    """Shared by layers."""

    def scaled(self, x):
        return 3 * x


class Steep(Base):
    """A steep line."""

    shift: float = 0.5

    def forward(self, x):
        return self.scaled(x) + self.shift  # a comment


def squared(y):
    """y * y"""
    return y * y


def unused(y):
    return y / 2
'''
TEXT = """
input x: float[N]
param w: float = 1
y = x * w -> Steep
loss = mean(squared(y))
unused = Steep(x)
output loss
train { minimize = loss; optimizer = SGD(0.01); batch = 2; iterations = 3; dtype = float64 }
"""


def layers(folder: Path, code: str) -> list[Any]:
    place = folder / f"own_{abs(hash(code))}.py"
    place.write_text(code)
    spec = importlib.util.spec_from_file_location(place.stem, place)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[place.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [module.Steep, module.squared, module.unused]


def goes_on(folder: Path, code: str, **options: Any) -> Any:
    graph = gl.loads(TEXT, layers=layers(folder, code))
    return train(graph.model, from_arrays(x=np.ones(4)), fields={"x": "x"}, resume=folder / "run", **options)


@pytest.fixture(autouse=True)
def _modules_are_forgotten() -> Any:
    before = set(sys.modules)
    yield
    for name in [name for name in sys.modules if name.startswith("own_") and name not in before]:
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    graph = gl.loads(TEXT, layers=layers(tmp_path, CODE))
    train(graph.model, from_arrays(x=np.ones(4)), fields={"x": "x"}, folder=tmp_path / "run")
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("self.scaled(x) + self.shift", "self.scaled(x) - self.shift", "Steep.forward"),
        ("shift: float = 0.5", "shift: float = 0.5; extra: float = 1", "Steep"),
        ("return 3 * x", "return 4 * x", "Base.scaled"),
        ("return y * y", "return y * y + 0", "squared"),
    ],
)
def test_the_class_method_or_function_that_differs_is_named(
    folder: Path, old: str, new: str, name: str
) -> None:
    assert old in CODE
    with pytest.raises(gl.GraphError, match=rf"the code of `{name}` was of digest \w+ in this run, and is"):
        goes_on(folder, CODE.replace(old, new))
    told: list[str] = []
    goes_on(folder, CODE.replace(old, new), changed=True, iterations=4, on_note=told.append)
    assert any(f"the code of `{name}`" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # a comment", ""),
        ('"""A steep line."""', '"""Another text."""'),
        ("3 * x", "3*x"),
        ("y / 2", "y / 3"),
    ],
)
def test_what_changes_no_number_is_no_difference(folder: Path, old: str, new: str) -> None:
    assert old in CODE
    goes_on(folder, CODE.replace(old, new), iterations=4)


def test_code_without_a_source_is_compared_with_nothing(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    exec(compile(CODE, "<typed in>", "exec"), names)  # noqa: S102
    for number, where in enumerate(("folder", "resume")):
        graph = gl.loads(TEXT, layers=[names["Steep"], names["squared"]])
        options: dict[str, Any] = {where: tmp_path / "run"}
        data = from_arrays(x=np.ones(4))
        assert len(train(graph.model, data, fields={"x": "x"}, iterations=3 + number, **options).losses)
