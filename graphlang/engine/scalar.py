"""A graph of scalars as one straight-line Python function: no loop over steps can be quicker.

The source is made from the program alone: the names in it are the generator's own (`v0`, `x1`), never text
of a spec.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from graphlang.engine.passes.visible import visible
from graphlang.engine.program import Program
from graphlang.trace import Step, SymbolicArray
from graphlang.trace.primitives import PRIMITIVES

CHUNK = 2000
"""Statements per function: Python compiles many small functions in less time than one enormous one."""

_TEMPLATES = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "positive": "{0}",
    "square": "{0} * {0}",
    "power": "pow({0}, {1})",
    "sqrt": "sqrt({0})",
    "exp": "exp({0})",
    "log": "log({0})",
    "expm1": "expm1({0})",
    "log1p": "log1p({0})",
    "sin": "sin({0})",
    "cos": "cos({0})",
    "tan": "tan({0})",
    "tanh": "tanh({0})",
    "sinh": "sinh({0})",
    "cosh": "cosh({0})",
    "arctan": "atan({0})",
    "absolute": "abs({0})",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "maximum": "({0} if {0} >= {1} or {0} != {0} else {1})",
    "minimum": "({0} if {0} <= {1} or {0} != {0} else {1})",
    "where": "({1} if {0} else {2})",
    "chain": "({0} * {1} if {0} else 0.0)",
    "chain_quotient": "({0} / {1} if {0} else 0.0)",
    "zero_times": "({0} * {1} if {0} and {1} else 0.0)",
    "sigmoid": "sigmoid({0})",
    "sigmoid_slope": "0.25 / pow(cosh(0.5 * {0}), 2.0)",
    "tanh_slope": "1.0 / pow(cosh({0}), 2.0)",
    "logical_not": "(not {0})",
    "invert": "(not {0})",
    "stop_gradient": "{0}",
}
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
"""What may give true or false. Python's arithmetic makes whole numbers of them, NumPy's a bool."""
_CHOOSING = ("maximum", "minimum", "where")
"""What gives one of its operands as it is: of a float and a truth value, a float."""
_MATH = ("sqrt", "exp", "log", "expm1", "log1p", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan", "pow")


def _sigmoid(x: float) -> float:
    e = math.exp(-abs(x))
    return (1.0 if x >= 0 else e) / (1.0 + e)


_UFUNCS = {
    name: getattr(np, {"atan": "arctan", "pow": "power"}.get(name, name)) for name in _MATH if name != "sqrt"
}
"""What Python and NumPy round differently, by the names above."""
_COMPUTED = ("sigmoid", "sigmoid_slope", "tanh_slope")
"""Primitives of several calls, which Python rounds differently too."""

FAILURES = (OverflowError, ZeroDivisionError, ValueError)
"""Where Python raises and NumPy gives inf or nan: the caller then runs the program on arrays."""


def scalar_function(
    program: Program, arguments: Sequence[str], results: Sequence[str], telling: Sequence[str] = ()
) -> Callable[..., Any] | None:
    """A function from the inputs `arguments` (floats, by position) to a tuple of the outputs `results`.

    None where the program does anything but arithmetic on float64 scalars. The function raises one of
    FAILURES where Python's arithmetic does, where an argument is no float, and where one of `telling` is nan.
    """
    steps = program.steps
    if not _is_scalar_program(program, steps, arguments):
        return None
    return _Source(program, arguments, results, {}, telling).function(steps)


def keyword_function(
    program: Program,
    defaults: Mapping[str, Any],
    value: str,
    keyed: Mapping[str, str],
    slow: Callable[..., Any],
    telling: Sequence[str] = (),
) -> Callable[..., Any] | None:
    """A function of the inputs by keyword: the output `value`, and a dict of the outputs of `keyed`.

    Where an argument is no float, where one is missing or unknown, and where Python's arithmetic fails,
    it hands over to `slow(mapping, arguments in order, further keywords)`. None as in `scalar_function`.
    """
    steps = program.steps
    names = list(defaults)
    if not _is_scalar_program(program, steps, names):
        return None
    run = _Source(program, names, [value], keyed, telling).function(steps, slow)
    # The keywords and the keys are names of the spec: they are put in place as data, after compiling, and
    # are never part of a source.
    code = run.__code__
    variables = (code.co_varnames[0], *names, *code.co_varnames[1 + len(names) :])
    keys = {f"k{i}": key for i, key in enumerate(keyed)}
    run.__code__ = code.replace(
        co_varnames=variables, co_consts=tuple(_renamed(c, keys) for c in code.co_consts)
    )
    run.__kwdefaults__ = dict(defaults)
    return run


def _renamed(constant: Any, keys: Mapping[str, str]) -> Any:
    """A constant of the function with the keys in place of what stood for them."""
    if isinstance(constant, tuple):
        return tuple(_renamed(c, keys) for c in constant)
    return keys.get(constant, constant) if isinstance(constant, str) else constant


def _is_scalar_program(program: Program, steps: Sequence[Step], arguments: Sequence[str]) -> bool:
    inputs = [program.inputs[a] for a in arguments]
    return (
        all(_is_scalar_step(s) for s in steps)
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


def _mixed(step: Step) -> bool:
    """Whether a float is chosen among operands of which some are none."""
    return step.output.dtype.kind == "f" and any(_is_truth(x) for x in step.operands[-2:])


def _is_truth(x: Any) -> bool:
    return isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_


def _scalar_ufunc(ufunc: Callable[..., Any]) -> Callable[..., float]:
    def function(*operands: float) -> float:
        with np.errstate(all="ignore"):
            return float(ufunc(*operands))

    return function


def _define(source: str, space: dict[str, Any]) -> None:
    exec(compile(source, "<graph of scalars>", "exec"), space)  # noqa: S102 - made of our own names only


def _nan_refused(names: Sequence[str]) -> list[str]:
    """Statements that refuse nan: a sum is nan if a term is, and for infinities of both signs too."""
    lines = []
    for start in range(0, len(names), CHUNK):
        lines += [f"t = {' + '.join(names[start : start + CHUNK])}", "if t != t: raise ValueError"]
    return lines


class _Source:
    def __init__(
        self,
        program: Program,
        arguments: Sequence[str],
        results: Sequence[str],
        keyed: Mapping[str, str],
        telling: Sequence[str],
    ) -> None:
        self.program = program
        self.arguments = [f"x{~program.inputs[a].number}" for a in arguments]
        self.plain = [program.outputs[r] for r in results]
        self.keyed = [program.outputs[label] for label in keyed.values()]
        self.results = [*self.plain, *self.keyed]
        self.keys = list(keyed)
        #: values whose last bit a comparison sees: NumPy's functions, of the interpreter, may differ in it
        self.visible = visible(program.steps)
        #: outputs that are looked at before they are returned: a nan there is left to the caller
        self.telling = [program.outputs[label] for label in telling]

    def function(self, steps: Sequence[Step], slow: Callable[..., Any] | None = None) -> Callable[..., Any]:
        lines = [f"{self.name(s.output)} = {self.expression(s)}" for s in steps]
        space: dict[str, Any] = {name: getattr(math, name) for name in _MATH}
        space.update({f"np_{name}": _scalar_ufunc(ufunc) for name, ufunc in _UFUNCS.items()})
        space.update({f"np_{name}": _scalar_ufunc(PRIMITIVES[name].compute) for name in _COMPUTED})
        space["sigmoid"] = _sigmoid
        space.update(slow=slow, failures=FAILURES)
        if len(lines) <= CHUNK:
            body = [*lines, *_nan_refused([self.name(x) for x in self.telling])]
            body.append(f"return {self.returned([self.name(r) for r in self.results])}")
            source = self.headed(body, by_keyword=slow is not None)
        else:
            source = self._in_chunks(steps, lines, space, by_keyword=slow is not None)
        _define(source, space)
        return space["run"]  # type: ignore[no-any-return]

    def headed(self, body: Sequence[str], *, by_keyword: bool) -> str:
        """The function around its body: what is no float is refused, or goes the slow way."""
        same = " is ".join([*(f"{a}.__class__" for a in self.arguments), "float"])
        if not by_keyword:
            guard = [f"if not ({same}): raise ValueError"] if self.arguments else []
            inner = "\n ".join([*guard, *body])
            return f"def run({', '.join(self.arguments)}):\n {inner}\n"
        keywords = "".join(f"{a}, " for a in self.arguments)
        inner = "\n   ".join(body)
        head = f"def run(given=None, /, {'*, ' if keywords else ''}{keywords}**more):"
        test = f" if given is None and not more and {same if self.arguments else 'True'}:"
        tail = f"  except failures: pass\n return slow(given, ({keywords}), more)\n"
        return f"{head}\n{test}\n  try:\n   {inner}\n{tail}"

    def returned(self, names: Sequence[str]) -> str:
        """The tuple that is returned: the plain results, then a dict of the keyed ones."""
        plain = "".join(f"{n}, " for n in names[: len(self.plain)])
        if not self.keys:
            return f"({plain})"
        items = ", ".join(f"'k{i}': {n}" for i, n in enumerate(names[len(self.plain) :]))
        return f"({plain}{{{items}}})"

    def _in_chunks(
        self, steps: Sequence[Step], lines: list[str], space: dict[str, Any], *, by_keyword: bool
    ) -> str:
        """Functions of CHUNK statements each, defined in `space`; what a later one needs goes through a list.

        They are compiled one by one: Python's syntax tree of all of it would take a gigabyte.
        """
        home = {s.output.number: i // CHUNK for i, s in enumerate(steps)}
        crossing = {
            x.number
            for i, s in enumerate(steps)
            for x in s.operands
            if x.__class__ is SymbolicArray and home.get(x.number, -1) != i // CHUNK
        }
        crossing |= {r.number for r in self.results if r.__class__ is SymbolicArray}
        places = {number: i for i, number in enumerate(sorted(crossing))}
        for start in range(0, len(lines), CHUNK):
            chunk = steps[start : start + CHUNK]
            needed = {
                x.number: x
                for s in chunk
                for x in s.operands
                if x.__class__ is SymbolicArray
                and x.number in places
                and home.get(x.number, -1) != start // CHUNK
            }
            loads = [f"{self.name(x)} = m[{places[n]}]" for n, x in needed.items()]
            stores = [
                f"m[{places[s.output.number]}] = {self.name(s.output)}"
                for s in chunk
                if s.output.number in places
            ]
            body = "\n ".join([*loads, *lines[start : start + CHUNK], *stores, "return"])
            _define(f"def part{start // CHUNK}(m):\n {body}\n", space)
        given = [
            f"m[{places[v.number]}] = {self.name(v)}"
            for v in self.program.inputs.values()
            if v.number in places
        ]
        calls = [f"part{i}(m)" for i in range(-(-len(lines) // CHUNK))]
        space["start"] = [0.0] * len(places)
        told = [
            f"m[{places[x.number]}]" if x.__class__ is SymbolicArray else self.name(x) for x in self.telling
        ]
        returned = f"return {self._picked(places, space)}"
        whole = ["m = start.copy()", *given, *calls, *_nan_refused(told), returned]
        return self.headed(whole, by_keyword=by_keyword)

    def _picked(self, places: Mapping[int, int], space: dict[str, Any]) -> str:
        """The results out of the list of what crosses from part to part; many are picked by one call."""
        if len(self.plain) > CHUNK and not self.keys:
            constants = [float(r) for r in self.plain if r.__class__ is not SymbolicArray]
            further = iter(range(len(places), len(places) + len(constants)))
            space["start"] += constants
            space["picked"] = itemgetter(
                *[places[r.number] if r.__class__ is SymbolicArray else next(further) for r in self.plain]
            )
            return "picked(m)"
        return self.returned(
            [f"m[{places[r.number]}]" if r.__class__ is SymbolicArray else self.name(r) for r in self.results]
        )

    def expression(self, step: Step) -> str:
        operands = [self.name(x) for x in step.operands]
        if step.primitive.name == "astype":
            return f"float({operands[0]})"
        if step.primitive.name in _COMPUTED and step.output.number in self.visible:
            return f"np_{step.primitive.name}({operands[0]})"
        template = _TEMPLATES[step.primitive.name]
        if step.primitive.name in _CHOOSING and _mixed(step):
            return f"float({template.format(*operands)})"
        inexact = template[: template.find("(")] in _UFUNCS
        return f"{'np_' * (inexact and step.output.number in self.visible)}{template.format(*operands)}"

    def name(self, x: Any) -> str:
        if x.__class__ is SymbolicArray:
            return f"v{x.number}" if x.number >= 0 else f"x{~x.number}"
        value = bool(x) if isinstance(x, bool | np.bool_) else float(x)
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        return f"({value!r})" if value < 0 else repr(value)
