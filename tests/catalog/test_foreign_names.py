"""What is said for names of mathematics and other frameworks is true: every formula gives NumPy's numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.catalog import foreign_names
from graphlang.catalog.finder import Catalog, family_names
from graphlang.diagnostics import edited

POSITIVE = np.array([0.3, 1.7, 2.4])
SIGNED = np.array([-1.6, 0.3, 2.45])
INSIDE = np.array([-0.6, 0.3, 0.85])
OTHER = np.array([0.7, -1.2, 2.5])
SHARE = np.array([0.2, 0.5, 0.9])
TRUTH = np.array([0.0, 1.0, 1.0])
MATRIX = np.array([[1.0, 2.0, -3.0], [4.0, 5.5, 6.0], [7.0, -8.0, 9.0]])

#: for each formula: NumPy's function, the arguments
NUMPY: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "cot": (lambda x: 1 / np.tan(x), (SIGNED,)),
    "sec": (lambda x: 1 / np.cos(x), (SIGNED,)), "csc": (lambda x: 1 / np.sin(x), (SIGNED,)),
    "rsqrt": (lambda x: x**-0.5, (POSITIVE,)),
    "pow": (np.power, (POSITIVE, OTHER)), "div": (np.divide, (SIGNED, OTHER)),
    "mul": (np.multiply, (SIGNED, OTHER)), "sub": (np.subtract, (SIGNED, OTHER)), "neg": (np.negative, (SIGNED,)),
    "plus": (np.add, (SIGNED, OTHER)), "remainder": (np.remainder, (SIGNED, OTHER)),
    "erfc": (lambda x: np.array([math.erfc(v) for v in x]), (SIGNED,)),
    "vdot": (np.vdot, (SIGNED, OTHER)), "inner": (np.inner, (SIGNED, OTHER)),
    "cross": (np.cross, (SIGNED, OTHER)),
    "relu6": (lambda x: np.clip(x, 0, 6), (SIGNED * 5,)),
    "hardtanh": (lambda x: np.clip(x, -1, 1), (SIGNED,)), "softsign": (lambda x: x / (1 + np.abs(x)), (SIGNED,)),
    "logsigmoid": (lambda x: -np.log(1 + np.exp(-x)), (SIGNED,)), "logit": (lambda x: np.log(x / (1 - x)), (SHARE,)),
    "heaviside": (lambda x: np.heaviside(x, 0), (SIGNED,)),
    "lerp": (lambda a, b, t: a + t * (b - a), (SIGNED, OTHER, SHARE)),
    "zeroslike": (np.zeros_like, (SIGNED,)), "oneslike": (np.ones_like, (SIGNED,)),
    "fulllike": (np.full_like, (SIGNED, 4)),
    "degrees": (np.degrees, (SIGNED,)),
    "mse": (lambda a, b: np.mean((a - b) ** 2), (SIGNED, OTHER)),
    "ptp": (np.ptp, (SIGNED,)), "array": (np.array, (SIGNED,)), "t": (np.transpose, (MATRIX,)),
    "astype": (lambda x, to: x.astype(to), (SIGNED * 5, "int")),
}  # fmt: skip
FORMULAS = {name: m.formula for name, m in foreign_names.OPERATIONS.items() if m.formula}


def declared(name: str, value: Any) -> str:
    array = np.asarray(value)
    kind = {"b": "bool", "f": "float"}[array.dtype.kind]
    sizes = f"[{', '.join(map(str, array.shape))}]" if array.shape else ""
    return f"{name}: {kind}{sizes}"


def mended(text: str) -> str:
    """The text after the edits that its first mistake offers."""
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text)
    edits = caught.value.diagnostics[0].edits
    assert edits, caught.value
    return edited(text, edits)


def test_every_formula_is_held_against_numpy() -> None:
    assert set(FORMULAS.values()) == {FORMULAS[name] for name in NUMPY}


@pytest.mark.parametrize("name", NUMPY)
def test_a_formula_gives_the_numbers_of_numpy(name: str) -> None:
    function, arguments = NUMPY[name]
    arrays = {n: a for n, a in zip("abc", arguments, strict=False) if isinstance(a, np.ndarray)}
    given = [n if n in arrays else str(a) for n, a in zip("abc", arguments, strict=False)]
    inputs = ", ".join(declared(n, a) for n, a in arrays.items()) or "unused"
    # Within a larger expression, where a missing bracket would show.
    text = f"input {inputs}\ny = {name}({', '.join(given)})\noutput y\n"
    within = f"input {inputs}\ny = 8 / {name}({', '.join(f'{g} + 0' if g in arrays else g for g in given)}) ** 2\noutput y\n"
    values = arrays or {"unused": 0.0}
    expected = np.asarray(function(*arguments))
    found = gl.loads(mended(text)).predict(values)
    np.testing.assert_allclose(np.asarray(found, float), expected.astype(float), rtol=1e-12, atol=1e-15)
    if (
        expected.dtype.kind == "f"
        and np.all(expected != 0)
        and all(a.dtype.kind == "f" for a in arrays.values())
    ):
        found = gl.loads(mended(within)).predict(values)
        np.testing.assert_allclose(found, 8 / expected**2, rtol=1e-11)


def test_no_name_of_the_language_is_explained_away() -> None:
    own = {foreign_names.lookup_key(name): name for name in Catalog().names()}
    assert {name: own[name] for name in foreign_names.OPERATIONS if name in own} == {}
    for table, families in (
        (foreign_names.MEMBERS, ("initializers", "optimizers", "schedules", "datasets")),
    ):
        names = {foreign_names.lookup_key(n) for family in families for n in family_names(family)}  # type: ignore[arg-type]
        assert not names & set(table)


def test_what_a_name_is_said_to_be_called_exists() -> None:
    catalog = Catalog()
    for key, meaning in foreign_names.OPERATIONS.items():
        assert key == foreign_names.lookup_key(key)
        assert meaning.name in (None, "grad") or catalog.find(meaning.name), key
        assert meaning.name or meaning.formula or meaning.note, key
    families = ("initializers", "optimizers", "schedules", "datasets", "monitors")
    known = {n for family in families for n in family_names(family)}  # type: ignore[arg-type]
    assert {written.split("(")[0] for written in foreign_names.MEMBERS.values()} <= known
