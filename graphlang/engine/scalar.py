"""A graph of scalars as one straight-line Python function, without a loop over steps.

The names in the generated source are the generator's own, and begin with one `_`. Only the names of inputs,
which are its keywords, come from the spec: a plain identifier that does not begin with `_` stands
in the source itself, any other name is put into the parsed syntax tree.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from keyword import iskeyword
from operator import itemgetter
from typing import Any
from unicodedata import normalize

import numpy as np

from graphlang.engine.passes.visible import visible
from graphlang.engine.program import Program
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.primitives import PRIMITIVES

CHUNK = 2000
"""Statements per function: Python compiles many small functions faster than a very large one."""
TERMS = 50
"""Terms of a generated sum: it is a nested expression, and Python limits the depth of those."""

INFIX = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "positive": "{0}",
    "square": "{0} * {0}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "stop_gradient": "{0}",
}
"""What Python and JavaScript write alike."""
_TEMPLATES = {
    **INFIX,
    "power": "_pow({0}, {1})",
    "sqrt": "_sqrt({0})",
    "exp": "_exp({0})",
    "log": "_log({0})",
    "expm1": "_expm1({0})",
    "log1p": "_log1p({0})",
    "sin": "_sin({0})",
    "cos": "_cos({0})",
    "tan": "_tan({0})",
    "tanh": "_tanh({0})",
    "sinh": "_sinh({0})",
    "cosh": "_cosh({0})",
    "arctan": "_atan({0})",
    "absolute": "_abs({0})",
    "maximum": "({0} if {0} >= {1} or {0} != {0} else {1})",
    "minimum": "({0} if {0} <= {1} or {0} != {0} else {1})",
    "where": "({1} if {0} else {2})",
    "chain": "({0} * {1} if {0} else 0.0)",
    "chain_quotient": "({0} / {1} if {0} else 0.0)",
    "zero_times": "({0} * {1} if {0} and {1} else 0.0)",
    "sigmoid": "_sigmoid({0})",
    "sigmoid_slope": "0.25 / _pow(_cosh(0.5 * {0}), 2.0)",
    "tanh_slope": "1.0 / _pow(_cosh({0}), 2.0)",
    "logical_not": "(not {0})",
    "invert": "(not {0})",
}
"""The expression of each primitive."""
_OF_TRUTH = (
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "equal",
    "not_equal",
    "maximum",
    "minimum",
    "where",
    "logical_not",
    "invert",
)
"""Primitives that may result in a bool: as an operand of Python's arithmetic it would become an int."""
_CHOOSING = ("maximum", "minimum", "where")
"""Primitives that return one of their operands unchanged: of a float and a bool, NumPy makes a float."""
_MATH = ("sqrt", "exp", "log", "expm1", "log1p", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan", "pow")


def _sigmoid(x: float) -> float:
    e = math.exp(-abs(x))
    return (1.0 if x >= 0 else e) / (1.0 + e)


_UFUNCS = {
    name: getattr(np, {"atan": "arctan", "pow": "power"}.get(name, name)) for name in _MATH if name != "sqrt"
}
"""The functions above that Python and NumPy round differently."""
_COMPUTED = ("sigmoid", "sigmoid_slope", "tanh_slope")
"""Primitives made of several calls, which Python and NumPy round differently too."""

FAILURES = (OverflowError, ZeroDivisionError, ValueError)
"""Raised by Python where NumPy returns inf or nan: the caller then runs the program on arrays."""


def scalar_function(
    program: Program, arguments: Sequence[str], results: Sequence[str], nan_checked: Sequence[str] = ()
) -> Callable[..., Any] | None:
    """A function from the inputs `arguments` (floats, by position) to a tuple of the outputs `results`.

    None if the program is not arithmetic on float64 scalars alone. The function raises one of FAILURES where
    Python's arithmetic does, where an argument is not a float, and where one of the outputs `nan_checked` is
    nan.
    """
    if not _is_scalar_program(program, arguments):
        return None
    generator = _Generator(program, arguments, results, {}, nan_checked)
    source, space = generator.source()
    _define(source, space)
    return space["run"]  # type: ignore[no-any-return]


def keyword_function(
    program: Program,
    defaults: Mapping[str, Any],
    value: str,
    keyed: Mapping[str, str],
    fallback: Callable[..., Any],
    nan_checked: Sequence[str] = (),
) -> Callable[..., Any] | None:
    """A function of the inputs by keyword: it returns the output `value`, and a dict from the keys of `keyed`
    to the outputs that they name.

    Where an argument is not a float, missing or unknown, and where Python's arithmetic fails, it calls
    `fallback(mapping, arguments in order, further keywords)`. None as in `scalar_function`.
    """
    names = list(defaults)
    if not _is_scalar_program(program, names) or "__debug__" in names:  # Python lets nobody define that
        return None
    generator = _Generator(program, names, [value], keyed, nan_checked)
    source, space = generator.source(fallback)
    renamed = {a: n for a, n in zip(generator.arguments, names, strict=True) if a != n}
    if renamed:
        own = _out_of_the_way(names)
        space |= {other: space[n] for n, other in own.items() if n in space}
        _define(_with_names(source, own | renamed), space)
    else:
        _define(source, space)
    run = space["run"]
    run.__kwdefaults__ = dict(defaults)
    return run  # type: ignore[no-any-return]


def _is_plain(name: str) -> bool:
    """Whether a name can be written in Python's source and means the same there."""
    return name.isidentifier() and not iskeyword(name) and normalize("NFKC", name) == name


def _out_of_the_way(names: Sequence[str]) -> dict[str, str]:
    """New names for the generator's variables that have the name of an input."""
    underscores = "_" * max(len(n) - len(n.lstrip("_")) for n in names)
    return {n: underscores + n for n in names if n.startswith("_")}


def _with_names(source: str, names: Mapping[str, str]) -> ast.Module:
    """The syntax tree of a source with other names for some variables: even a keyword like `lambda` can be
    one."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = names.get(node.arg, node.arg)
    return tree


def _is_scalar_program(program: Program, arguments: Sequence[str]) -> bool:
    inputs = [program.inputs[a] for a in arguments]
    return (
        all(_is_scalar_step(s) for s in program.steps)
        and all(v.shape == () and v.dtype == np.float64 for v in inputs)
        and all(_is_scalar(v) for v in program.outputs.values())
    )


def _is_scalar_step(step: Step) -> bool:
    name = step.primitive.name
    if name == "astype":
        return step.output.shape == () and step.output.dtype == np.float64
    return (
        name in _TEMPLATES
        and step.output.shape == ()
        and (step.output.dtype.kind == "f" or (step.output.dtype.kind == "b" and name in _OF_TRUTH))
        and all(_is_scalar(x) for x in step.operands)
    )


def _is_scalar(x: Any) -> bool:
    if x.__class__ is SymbolicArray:
        return x.shape == ()
    return isinstance(x, int | float) or (isinstance(x, np.ndarray | np.generic) and x.shape == ())


def _may_choose_bool(step: Step) -> bool:
    """Whether a step with a float result chooses between operands of which some are bools."""
    return step.output.dtype.kind == "f" and any(_is_bool(x) for x in step.operands[-2:])


def _is_bool(x: Any) -> bool:
    return isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_


def _scalar_ufunc(ufunc: Callable[..., Any]) -> Callable[..., float]:
    def function(*operands: float) -> float:
        with np.errstate(all="ignore"):
            return float(ufunc(*operands))

    return function


def _define(source: str | ast.Module, space: dict[str, Any]) -> None:
    exec(compile(source, "<graph of scalars>", "exec"), space)  # noqa: S102 - its text is generated here


def _raise_if_nan(names: Sequence[str]) -> Iterator[str]:
    """Statements that raise ValueError if a value is nan: a sum is nan if one of its terms is."""
    for start in range(0, len(names), TERMS):
        yield f"_t = {' + '.join(names[start : start + TERMS])}"
        yield "if _t != _t: raise _ValueError"


class _Generator:
    """Generates the source of a program's function: its arguments, its steps as statements, its results."""

    def __init__(
        self,
        program: Program,
        arguments: Sequence[str],
        results: Sequence[str],
        keyed: Mapping[str, str],
        nan_checked: Sequence[str],
    ) -> None:
        self.program = program
        self.steps = program.steps
        #: number of an input -> the name of its argument
        self.argument_of = {
            program.inputs[a].number: a if _is_plain(a) and not a.startswith("_") else f"_x{i}"
            for i, a in enumerate(arguments)
        }
        #: results that are returned in the tuple itself, and those in the dict at its end
        self.positional = [program.outputs[r] for r in results]
        self.keyed = [program.outputs[label] for label in keyed.values()]
        self.keys = list(keyed)
        self.results = [*self.positional, *self.keyed]
        #: values whose last bit a comparison sees: NumPy's functions, which the interpreter uses, may round
        #: it differently than Python's
        self.visible = visible(program.steps)
        self.nan_checked = [program.outputs[label] for label in nan_checked]

    def source(self, fallback: Callable[..., Any] | None = None) -> tuple[str, dict[str, Any]]:
        """The source of the function `run`, and the names that it uses. With a `fallback` the arguments of
        `run` are keywords."""
        lines = [f"{self.name(s.output)} = {self.expression(s)}" for s in self.steps]
        space: dict[str, Any] = {f"_{name}": getattr(math, name) for name in _MATH}
        space.update({f"_np_{name}": _scalar_ufunc(ufunc) for name, ufunc in _UFUNCS.items()})
        space.update({f"_np_{name}": _scalar_ufunc(PRIMITIVES[name].compute) for name in _COMPUTED})
        space.update(_float=float, _abs=abs, _sigmoid=_sigmoid, _ValueError=ValueError)
        space.update(_fallback=fallback, _failures=FAILURES)
        if len(lines) <= CHUNK:
            body = [*lines, *_raise_if_nan([self.name(x) for x in self.nan_checked])]
            body.append(f"return {self._returned([self.name(r) for r in self.results])}")
        else:
            body = self._in_parts(lines, space)
        return (self._positional_function(body) if fallback is None else self._keyword_function(body)), space

    @property
    def arguments(self) -> list[str]:
        return list(self.argument_of.values())

    def _positional_function(self, body: Sequence[str]) -> str:
        guard = [f"if not ({self._all_are_floats()}): raise _ValueError"] if self.argument_of else []
        inner = "\n ".join([*guard, *body])
        return f"def run({', '.join(self.arguments)}):\n {inner}\n"

    def _keyword_function(self, body: Sequence[str]) -> str:
        keywords = "".join(f"{a}, " for a in self.arguments)
        inner = "\n   ".join(body)
        head = f"def run(_mapping=None, /, {'*, ' if keywords else ''}{keywords}**_more):"
        test = f" if _mapping is None and not _more and {self._all_are_floats() if keywords else 'True'}:"
        tail = f"  except _failures: pass\n return _fallback(_mapping, ({keywords}), _more)\n"
        return f"{head}\n{test}\n  try:\n   {inner}\n{tail}"

    def _all_are_floats(self) -> str:
        return " is ".join([*(f"{a}.__class__" for a in self.arguments), "_float"])

    def _returned(self, names: Sequence[str]) -> str:
        """The tuple of the positional results and, if there are keyed ones, a dict of those."""
        positional = "".join(f"{n}, " for n in names[: len(self.positional)])
        if not self.keys:
            return f"({positional})"
        keyed = zip(self.keys, names[len(self.positional) :], strict=True)
        return f"({positional}{{{', '.join(f'{key!r}: {n}' for key, n in keyed)}}})"

    # ---- large programs

    def _in_parts(self, lines: list[str], space: dict[str, Any]) -> list[str]:
        """The body of `run` for a large program: it calls functions of CHUNK statements each, defined in
        `space`, which pass values to one another through the list `_m`.

        The functions are compiled one by one: the syntax tree of all of them would take a gigabyte.
        """
        part_of = {s.output.number: i // CHUNK for i, s in enumerate(self.steps)}
        index_of = {number: i for i, number in enumerate(sorted(self._passed(part_of)))}
        count = -(-len(lines) // CHUNK)
        for part in range(count):
            _define(self._part(part, lines, part_of, index_of), space)
        inputs = [
            f"_m[{index_of[v.number]}] = {self.name(v)}"
            for v in self.program.inputs.values()
            if v.number in index_of
        ]
        calls = [f"_part{i}(_m)" for i in range(count)]
        space["_start"] = [0.0] * len(index_of)
        checked = [self._stored(x, index_of) for x in self.nan_checked]
        returned = f"return {self._picked(index_of, space)}"
        return ["_m = _start.copy()", *inputs, *calls, *_raise_if_nan(checked), returned]

    def _passed(self, part_of: Mapping[int, int]) -> set[int]:
        """The values that one part passes to another, or to the results."""
        passed = {
            x.number
            for i, s in enumerate(self.steps)
            for x in s.operands
            if x.__class__ is SymbolicArray and part_of.get(x.number, -1) != i // CHUNK
        }
        return passed | {r.number for r in self.results if r.__class__ is SymbolicArray}

    def _part(
        self, part: int, lines: list[str], part_of: Mapping[int, int], index_of: Mapping[int, int]
    ) -> str:
        """The source of one part: it loads what other parts have computed, and stores what they need."""
        chunk = slice(part * CHUNK, (part + 1) * CHUNK)
        needed = {
            x.number: x
            for s in self.steps[chunk]
            for x in s.operands
            if x.__class__ is SymbolicArray and x.number in index_of and part_of.get(x.number, -1) != part
        }
        loads = [f"{self.name(x)} = _m[{index_of[n]}]" for n, x in needed.items()]
        stores = [
            f"_m[{index_of[s.output.number]}] = {self.name(s.output)}"
            for s in self.steps[chunk]
            if s.output.number in index_of
        ]
        body = "\n ".join([*loads, *lines[chunk], *stores, "return"])
        return f"def _part{part}(_m):\n {body}\n"

    def _stored(self, x: Any, index_of: Mapping[int, int]) -> str:
        return f"_m[{index_of[x.number]}]" if x.__class__ is SymbolicArray else self.name(x)

    def _picked(self, index_of: Mapping[int, int], space: dict[str, Any]) -> str:
        """The results, from the list `_m`; where they are many, by a single call of an itemgetter."""
        if len(self.positional) > CHUNK and not self.keys:
            constants = [float(r) for r in self.positional if r.__class__ is not SymbolicArray]
            further = iter(range(len(index_of), len(index_of) + len(constants)))
            space["_start"] += constants
            space["_picked"] = itemgetter(
                *[
                    index_of[r.number] if r.__class__ is SymbolicArray else next(further)
                    for r in self.positional
                ]
            )
            return "_picked(_m)"
        return self._returned([self._stored(r, index_of) for r in self.results])

    # ---- expressions

    def expression(self, step: Step) -> str:
        operands = [self.name(x) for x in step.operands]
        if step.primitive.name == "astype":
            return f"_float({operands[0]})"
        if step.primitive.name in _COMPUTED and step.output.number in self.visible:
            return f"_np_{step.primitive.name}({operands[0]})"
        template = _TEMPLATES[step.primitive.name]
        if step.primitive.name in _CHOOSING and _may_choose_bool(step):
            return f"_float({template.format(*operands)})"
        inexact = template[1 : template.find("(")] in _UFUNCS
        return f"{'_np' * (inexact and step.output.number in self.visible)}{template.format(*operands)}"

    def name(self, x: Any) -> str:
        """The variable of a value, or the literal of a constant."""
        if x.__class__ is SymbolicArray:
            return f"_v{x.number}" if x.number >= 0 else self.argument_of[x.number]
        value = bool(x) if isinstance(x, bool | np.bool_) else float(x)
        if isinstance(value, float) and not math.isfinite(value):
            return f'_float("{value}")'
        return f"({value!r})" if value < 0 else repr(value)
