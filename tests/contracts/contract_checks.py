"""The promises of every operation; each is a function that asserts it for one sample call."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from contract_cases import SIZES, Call, Case, bound, calls, has_domain, inputs, load

from graphlang.catalog.finder import CatalogEntry
from graphlang.catalog.operation import Layer, is_by_hand
from graphlang.engine.derived import Derived
from graphlang.spec.network import Ref
from graphlang.spec.operations import operation_of
from graphlang.trace import Dim, NoGradient, SymbolicArray, SymbolicRandom, Trace, gradient, replay

Layers = tuple[Any, ...]

RELATIVE = 1e-6
SINGLE = 1e-4
"""The tolerance for float32: its unit is 6e-8, multiplied by a few hundred steps and some cancellation."""


_asserted = 0


def held() -> None:
    """Counts an assertion, so that a promise without any assertion is noticed."""
    global _asserted  # noqa: PLW0603 - a counter of the whole run
    _asserted += 1


def asserted() -> int:
    """How many assertions have been made so far."""
    return _asserted


def is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f"


def upstream(y: Any, seed: int = 3) -> Any:
    """A random gradient that arrives at y, in y's precision."""
    return np.asarray(np.random.default_rng(seed).standard_normal(np.shape(y))).astype(np.asarray(y).dtype)


def weighed(y: Any, dy: Any) -> float:
    """The sum of dy * y over the finite elements."""
    y = np.asarray(y)
    return float(np.sum(dy * np.where(np.isfinite(y), y, 0)))


def slope(f: Callable[[float], float], h: float = 2e-4) -> float:
    """The slope of f at 0 by central differences at h and h/2, extrapolated."""

    def central(step: float) -> float:
        return (f(step) - f(-step)) / (2 * step)

    return (4 * central(h / 2) - central(h)) / 3


ELEMENTS = 12
"""The elements of an array whose slopes are computed one by one."""
MOVED_ALONE = 3
"""Where more arguments have gradients, fewer elements of each are."""


def assert_slopes(f: Callable[[list[Any]], float], call: Call, found: list[Any], elements: int) -> None:
    """Asserts that `found` are the gradients of f: at a choice of elements, and of all arguments together along two
    directions, along each of which a single wrong element shows."""
    positions = call.differentiable()
    arguments, rng = call.arguments, np.random.default_rng(len(positions))
    gradients = {p: np.zeros(arguments[p].shape) if found[p] is None else found[p] for p in positions}

    def moved(ways: Mapping[int, Any]) -> Callable[[float], float]:
        return lambda step: f([a + step * ways[i] if i in ways else a for i, a in enumerate(arguments)])

    many = elements if len(positions) <= MOVED_ALONE else elements // 4
    for position, gradient_ in gradients.items():
        size, shape, what = gradient_.size, arguments[position].shape, f"{call.case}, argument {position}"
        assert gradient_.shape == shape, f"{what}: the gradient has the shape {gradient_.shape}, not {shape}"
        places = np.arange(size) if size <= many else rng.choice(size, many, replace=False)
        single = [slope(moved({position: np.reshape(np.arange(size) == p, shape)})) for p in places]
        largest = np.max(np.abs(gradient_), initial=0.0)
        assert_same_gradient(gradient_.ravel()[places], np.array(single), what, largest=largest)
    for _ in range(2 if any(g.size > many for g in gradients.values()) else 0):
        ways = {p: rng.standard_normal(g.shape) for p, g in gradients.items()}
        length = _norm(*ways.values())
        ways = {p: way / length for p, way in ways.items()}
        along, expected = (
            float(sum(np.sum(gradients[p] * way) for p, way in ways.items())),
            slope(moved(ways)),
        )
        held()
        assert abs(along - expected) <= RELATIVE * max(_norm(*gradients.values()), abs(expected), 1e-3), (
            f"{call.case}: the slope along a direction is {expected}, the gradients say {along}"
        )


def _norm(*arrays: Any) -> float:
    return float(np.sqrt(sum(np.sum(np.asarray(x) ** 2) for x in arrays)))


def assert_same_gradient(
    found: Any, expected: Any, what: str, relative: float = RELATIVE, largest: float = 0.0
) -> None:
    """Asserts agreement relative to each element, or to a thousandth of the largest if that is more."""
    found = np.zeros(expected.shape) if found is None else np.asarray(found)
    assert found.shape == expected.shape, (
        f"{what}: the gradient has the shape {found.shape}, not {expected.shape}"
    )
    largest = np.max(np.abs(expected), initial=largest)
    scale = np.maximum(np.abs(expected), max(1e-3 * largest, 1e-4))
    off = float(np.max(np.abs(found - expected) / scale, initial=0.0))
    held()
    assert off <= relative, f"{what}: off by {off:.2g}: {found.ravel()[:6]} instead of {expected.ravel()[:6]}"


# ---- 1 ------------------------------------------------------------------------------------------------


def gradients_are_the_slopes(
    case: Case, entry: CatalogEntry, layers: Layers = (), elements: int = ELEMENTS
) -> None:
    for call in calls(case, entry, layers):
        y = call.forward()
        if not is_float(np.asarray(y)) or stops(entry) or not call.differentiable():
            continue
        dy = upstream(y)

        def objective(arguments: list[Any], call: Call = call, dy: Any = dy) -> float:
            return weighed(call.forward(*call.with_arguments(arguments)), dy)

        assert_slopes(objective, call, call.backward(dy), elements)


def gradients_are_the_slopes_of_all_together(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    gradients_are_the_slopes(case, entry, layers, elements=0)


def stops(entry: CatalogEntry) -> bool:
    """Whether an operation declares that it stops the gradient, which then is not its slope."""
    return "nothing flows back" in entry.summary


def the_hand_written_backward_is_the_derived_one(
    case: Case, entry: CatalogEntry, layers: Layers = ()
) -> None:
    for call in calls(case, entry, layers):
        y, saved, *_ = call.operation.forward(*call.operands, **call.keywords())
        if not is_by_hand(call.operation, saved):
            continue
        dy = upstream(y)
        found = call.backward(dy)
        derived = Derived().backward(call.operation, call.operands, call.keywords(), y, dy)
        for position in call.differentiable():
            expected = derived[position]
            expected = np.zeros_like(call.arguments[position]) if expected is None else np.asarray(expected)
            assert_same_gradient(found[position], expected, f"{case}, argument {position}", 1e-9)


# ---- 2 ------------------------------------------------------------------------------------------------


def shapes_are_those_found_symbolically(
    case: Case, entry: CatalogEntry, layers: Layers = (), sizes: Mapping[str, int] = SIZES
) -> None:
    for call in calls(case, entry, layers, sizes=sizes):
        y = np.asarray(call.forward())
        declared = tuple(bound(s, sizes) for s in call.node.spec.shape)
        assert y.shape == declared, f"{case}: the shape is {y.shape}, and symbolically {call.node.spec.shape}"
        kind = {"f": "float", "i": "int", "u": "int", "b": "bool"}[y.dtype.kind]
        held()
        assert kind == call.node.spec.dtype, f"{case}: {kind}, and symbolically {call.node.spec.dtype}"


def it_records_what_it_computes(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    """Forward and backward, recorded at symbolic sizes and replayed, give the same as on arrays."""
    for call in calls(case, entry, layers):
        trace = Trace()
        arguments, feeds = _symbolic(call, trace)
        operands, own = call.with_arguments(arguments)
        keywords = {**call.keywords(own)}
        random = SymbolicRandom(trace) if "random" in keywords else None
        if random is not None:
            keywords["random"] = random
        operation = call.node.operation
        assert operation is not None
        with trace:
            y, saved, *_ = operation.forward(*operands, **keywords)
            if not isinstance(y, SymbolicArray):
                continue
            dy = upstream(call.forward())
            given = trace.input(y.shape, dy.dtype)
            if y.dtype.kind != "f":
                results = []
            elif not is_by_hand(operation, saved):
                results = _of_derived(call, arguments, y, given)
            else:
                results = call.per_argument(operation.backward(given, saved))
        feeds[given] = dy
        feeds |= {trace.input((Dim.symbol(name),)): np.zeros(size) for name, size in SIZES.items()}
        if random is not None:
            feeds |= _draws(call, random)
        expected = [call.forward(), *(call.backward(dy) if results else [])]
        for symbolic, array in zip([y, *results], expected, strict=True):
            if symbolic is not None and array is not None:
                (replayed,) = replay(trace, [symbolic], feeds)
                np.testing.assert_allclose(replayed, array, rtol=1e-12, atol=1e-12, err_msg=str(case))
                held()


def _of_derived(call: Call, arguments: list[Any], y: Any, dy: Any) -> list[Any]:
    wanted = [arguments[i] for i in call.differentiable() if isinstance(arguments[i], SymbolicArray)]
    found = dict(zip(map(id, wanted), gradient(y, wanted, dy), strict=True))
    return [found.get(id(a)) for a in arguments]


def _symbolic(call: Call, trace: Trace) -> tuple[list[Any], dict[Any, Any]]:
    """Each argument as a value of the trace with the sizes that the spec gives it."""
    network = call.graph.network
    numbers = [o.number if type(o) is Ref else None for o in call.node.operands] + list(
        call.node.own.values()
    )
    arguments: list[Any] = []
    feeds: dict[Any, Any] = {}
    known: dict[int, Any] = {}
    for number, value in zip(numbers, call.arguments, strict=True):
        if number is None:
            arguments.append(value)
            continue
        if number not in known:
            name = network.names[number]
            spec: Any = network.inputs.get(name) or network.params.get(name)
            spec = spec or network.nodes[number - network.first_node].spec
            known[number] = trace.input(spec.shape or (), value.dtype)
            feeds[known[number]] = value
        arguments.append(known[number])
    return arguments, feeds


def _draws(call: Call, random: SymbolicRandom) -> dict[Any, Any]:
    stream = call.keywords()["random"]
    sizes = dict(call.sizes)
    return {
        d: stream.uniform([s if isinstance(s, int) else s.bind(sizes) for s in d.shape]) for d in random.draws
    }


# ---- 3 ------------------------------------------------------------------------------------------------


def float32_stays_float32(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    graph = load(case.text, layers, "float32")
    forward = graph.forward(inputs(graph, case.draw, SIZES, "float32"), training=case.training)
    for name in forward:
        kept = np.asarray(forward._value(name))
        used = graph.network.used[graph.network.numbers[name]]
        assert not used or kept.dtype.kind != "f" or kept.dtype == np.float32, (
            f"{case}: `{name}` is {kept.dtype}"
        )
    for call in calls(case, entry, layers, dtype="float32"):
        y = call.forward()
        if np.asarray(y).dtype.kind != "f" or not _stays_by_itself(call, entry):
            continue
        held()
        assert y.dtype == np.float32, f"{case}: float32 gives {y.dtype}"
        for position, found in enumerate(call.backward(upstream(y))):
            if position in call.differentiable() and found is not None:
                assert found.dtype == np.float32, (
                    f"{case}: the gradient of argument {position} is {found.dtype}"
                )
        for value in _state(call).values():
            assert value.dtype == np.float32, f"{case}: the state is {value.dtype}"


def _stays_by_itself(call: Call, entry: CatalogEntry) -> bool:
    """Whether the operation itself must keep float32; the interpreter casts where NumPy mixes in int64."""
    floats = [is_float(a) for a in call.arguments]
    gradients = Derived().backward(
        call.operation, call.operands, call.keywords(), call.forward(), upstream(call.forward())
    )
    has_gradient = any(g is not None and np.any(g) for g in gradients)
    return has_gradient and (all(floats) or (entry.kind == "loss" and floats[0]))


def _state(call: Call) -> dict[str, Any]:
    _, _, *rest = call.operation.forward(*call.operands, **call.keywords())
    return rest[0] if rest else {}


def float32_gives_what_float64_gives(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    """Values, gradients and state agree in both precisions, to the rounding of float32."""
    for call in calls(case, entry, layers, dtype="float32"):
        wide = _wider(call, np.float64)
        found, expected = call.forward(), wide.forward()
        assert_single(found, expected, f"{case}: the value")
        for role, value in _state(call).items():
            assert_single(value, _state(wide)[role], f"{case}: the state `{role}`")
        if not is_float(np.asarray(found)):
            continue
        dy = upstream(found)
        pairs = zip(call.backward(dy), wide.backward(dy.astype(np.float64)), strict=True)
        for position, (narrow, exact) in enumerate(pairs):
            if position in call.differentiable() and exact is not None:
                assert_single(narrow, exact, f"{case}: the gradient of argument {position}")


def assert_single(found: Any, expected: Any, what: str) -> None:
    """Asserts agreement to float32, relative to each element or a hundredth of the largest."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    finite = np.isfinite(expected)
    assert np.array_equal(finite, np.isfinite(found)), f"{what}: {found} instead of {expected}"
    found, expected = np.where(finite, found, 0), np.where(finite, expected, 0)
    size = np.abs(expected)
    scale = np.maximum(size, max(1e-2 * np.max(size, initial=0.0), 1e-4))
    off = float(np.max(np.abs(found - expected) / scale, initial=0.0))
    held()
    assert off <= SINGLE, (
        f"{what} in float32 is off by {off:.2g}: {found.ravel()[:6]}, {expected.ravel()[:6]}"
    )


# ---- 4 ------------------------------------------------------------------------------------------------


def nothing_is_written_to_or_remembered(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    for call in calls(case, entry, layers):
        call.operands = [_locked(a) for a in call.operands]
        call.own = {k: _locked(a) for k, a in call.own.items()}
        fresh = operation_of(call.graph.network.catalog, call.node.spec, SIZES)
        first, again = call.forward(), call.forward()
        np.testing.assert_array_equal(
            first, again, err_msg=f"{case}: twice the same call, and not the same bits"
        )
        if is_float(np.asarray(first)):
            dy = _locked(upstream(first))
            once = [None if g is None else g.copy() for g in call.backward(dy)]
            for a, b in zip(once, call.backward(dy), strict=True):
                assert (a is None) == (b is None), case
                if a is not None:
                    np.testing.assert_array_equal(a, b, err_msg=f"{case}: backward twice")
            _backward_twice_on_what_was_saved(call, dy)
        held()
        assert _remembered(call.operation) == _remembered(fresh), (
            f"{case}: {entry.name} remembers something on itself"
        )


def _backward_twice_on_what_was_saved(call: Call, dy: Any) -> None:
    _, saved, *_ = call.operation.forward(*call.operands, **call.keywords())
    if is_by_hand(call.operation, saved):
        once = [None if g is None else np.copy(g) for g in _listed(call.operation.backward(dy, saved))]
        for a, b in zip(once, _listed(call.operation.backward(dy, saved)), strict=True):
            if a is not None:
                np.testing.assert_array_equal(a, b, err_msg=f"{call.case}: backward changed what was saved")


def _listed(gradients: Any) -> list[Any]:
    return list(gradients) if isinstance(gradients, tuple | list) else [gradients]


def _locked(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        x = x.copy()
        x.flags.writeable = False
    return x


def _remembered(operation: Any) -> str:
    parts = [
        sorted(getattr(operation, "__dict__", {})),
        repr(operation) if isinstance(operation, Layer) else "",
    ]
    parts += [getattr(operation, "__pydantic_private__", None)]
    parts += [getattr(operation, "attributes", None), getattr(operation, "sizes", None)]
    return repr(parts)


# ---- 5 ------------------------------------------------------------------------------------------------


def the_docstring_tells(entry: CatalogEntry) -> None:
    doc = entry.target.__doc__ or ""
    assert entry.summary, f"`{entry.name}` has no docstring: its first line is the formula"
    for word in ("Gradient:", "Shapes:"):
        assert any(line.strip().startswith(word) for line in doc.splitlines()) or f" {word}" in doc, (
            f"the docstring of `{entry.name}` has no `{word}`"
        )
    if isinstance(entry.target, type):
        assert any(sign in entry.summary for sign in "=:"), f"`{entry.name}`: {entry.summary!r} is no formula"
        assert re.search(r"^\s*Source: ", doc, re.MULTILINE), (
            f"the docstring of `{entry.name}` has no `Source:`"
        )
        for attribute in entry.attributes.values():
            assert attribute.description, f"`{attribute.name}` of `{entry.name}` has no description"
            assert _is_bounded(entry, attribute.name) or "any number" in attribute.description, (
                f"`{attribute.name}` of `{entry.name}` has no bounds: say `any number` where that is meant"
            )


def _is_bounded(entry: CatalogEntry, name: str) -> bool:
    """Whether an attribute has bounds; an axis is checked against its array instead."""
    model: Any = entry.target
    field = next(f for n, f in model.model_fields.items() if (f.alias or n) == name)
    parts, numbers, bounds = [field.annotation], False, bool(field.metadata)
    for part in parts:
        parts += typing.get_args(part)
        numbers |= part in (int, float)
        bounds |= bool(getattr(part, "metadata", None))
    return bounds or not numbers or name == "axis"


# ---- 6 ------------------------------------------------------------------------------------------------


ONES = {"N": 1, "T": 1, "C": 4}


def sizes_of_one_and_ties_are_finite(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    graph = load(case.text, layers)
    shapes = {n: [bound(s, SIZES) for s in i.shape or ()] for n, i in graph.network.inputs.items()}
    integers = {n for n, i in graph.network.inputs.items() if i.dtype != "float"}
    ties = {n: np.zeros(s, np.int64) if n in integers else np.full(s, 0.5) for n, s in shapes.items()}
    for call in calls(case, entry, layers, values=ties):
        _assert_finite(call, f"{case}, all numbers equal")
    if "ddof=" in case.text:
        return  # a variance with ddof=1 needs more than one number
    at_one = inputs(graph, case.draw, ONES, "float64")
    at_one |= {n: np.zeros_like(at_one[n]) for n in integers}
    for call in calls(case, entry, layers, sizes=ONES, values=at_one):
        declared = tuple(bound(s, ONES) for s in call.node.spec.shape)
        assert np.shape(call.forward()) == declared, f"{case}, N = T = 1: {declared}"
        _assert_finite(call, f"{case}, N = T = 1")


def value_and_gradients_are_finite(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    for call in calls(case, entry, layers):
        _assert_finite(call, str(case))


def _assert_finite(call: Call, what: str) -> None:
    with np.errstate(all="ignore"):
        y = call.forward()
        found = call.backward(upstream(y)) if is_float(np.asarray(y)) else []
    for value in [y, *found]:
        if value is not None and not _is_infinite_on_purpose(call):
            held()
            assert np.all(np.isfinite(value)), f"{what}: {np.asarray(value).ravel()[:6]}"


def _is_infinite_on_purpose(call: Call) -> bool:
    """Whether the docstring says that the result contains infinity, as for a mask."""
    entry = call.graph.network.catalog.find(call.node.spec.operation)
    return entry is not None and "holds -inf" in (entry.target.__doc__ or "")


# ---- 7 ------------------------------------------------------------------------------------------------


def the_second_derivative_is_the_slope_of_the_first(
    case: Case, entry: CatalogEntry, layers: Layers = ()
) -> None:
    for call in calls(case, entry, layers):
        y = call.forward()
        positions = call.differentiable()
        if not is_float(np.asarray(y)) or not positions or stops(entry):
            continue
        dy = upstream(y)
        weights = [upstream(call.arguments[i], seed=20 + i) for i in positions]
        try:
            second = _second(call, dy, weights)
        except NoGradient as error:
            names_it = str(error)
            second = None
        if second is None:
            assert names_it, f"{case}: there is no second derivative, and the error does not say of what"
            continue
        directions = [upstream(call.arguments[p], seed=40 + place) for place, p in enumerate(positions)]
        # Each argument by itself, unless there are many: then all of them together.
        many = len(positions) > MOVED_ALONE
        for moved in [range(len(positions))] if many else [[place] for place in range(len(positions))]:
            ways = {positions[place]: directions[place] for place in moved}
            expected = _slope_of_first(call, dy, weights, ways)
            along = sum(float(np.sum(np.asarray(second[place]) * directions[place])) for place in moved)
            norm = sum(_norm(second[place]) * _norm(directions[place]) for place in moved)
            held()
            assert abs(along - expected) <= 1e-5 * max(norm, abs(expected), 1e-2), (
                f"{case}, arguments {list(ways)}: {along} {expected}"
            )


def _second(call: Call, dy: Any, weights: list[Any]) -> list[Any]:
    trace = Trace()
    inputs = [trace.input(a.shape, a.dtype) if isinstance(a, np.ndarray) else a for a in call.arguments]
    feeds = {s: a for s, a in zip(inputs, call.arguments, strict=True) if isinstance(s, SymbolicArray)}
    operands, own = call.with_arguments(inputs)
    wanted = [inputs[i] for i in call.differentiable()]
    with trace:
        y, saved, *_ = call.operation.forward(*operands, **call.keywords(own))
        if not isinstance(y, SymbolicArray):  # a constant, as random values are
            return [np.zeros(w.shape) for w in weights]
        if not is_by_hand(call.operation, saved):
            found = gradient(y, wanted, dy)
        else:
            made = call.per_argument(call.operation.backward(np.asarray(dy), saved))
            found = [made[i] for i in call.differentiable()]
        total = trace.input((), np.float64)
        feeds[total] = np.zeros(())
        for weight, part in zip(weights, found, strict=True):
            if part is not None:
                total = total + np.sum(weight * part)
        results = gradient(total, wanted)
    return replay(trace, results, feeds)


def _slope_of_first(call: Call, dy: Any, weights: list[Any], ways: Mapping[int, Any]) -> float:
    """The slope of the weighed gradients where arguments move, each its way."""
    positions = call.differentiable()

    def weighed_gradients(step: float) -> float:
        arguments = call.arguments
        for position, direction in ways.items():
            arguments[position] = arguments[position] + step * direction
        found = call.backward(dy, *call.with_arguments(arguments))
        parts = [found[i] for i in positions]
        return sum(float(np.sum(w * p)) for w, p in zip(weights, parts, strict=True) if p is not None)

    def central(h: float) -> float:
        return (weighed_gradients(h) - weighed_gradients(-h)) / (2 * h)

    h = 1e-4
    return (4 * central(h / 2) - central(h)) / 3


# ---- 8 ------------------------------------------------------------------------------------------------

EDGES = [-1e4, -800.0, -100.0, -1e-8, 0.0, 1e-8, 40.0, 700.0, 1e4, 100.0, -3.0, 0.5]


def large_numbers_do_not_overflow(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    """A result that a wider type shows to fit the narrower type is computed there, without a warning."""
    for narrow, wide in (("float64", np.longdouble), ("float32", np.float64)):
        if "may overflow on the way" in (entry.target.__doc__ or "") and narrow == "float32":
            continue
        _does_not_overflow(case, entry, layers, narrow, wide)


def _does_not_overflow(case: Case, entry: CatalogEntry, layers: Layers, narrow: str, wider: Any) -> None:
    graph = load(case.text, layers, narrow)
    values = inputs_at_edges(graph, case, narrow)
    for call in calls(case, entry, layers, dtype=narrow, values=values):
        with np.errstate(all="ignore"):
            y = np.asarray(call.forward())
        if y.dtype.kind != "f" or not all(np.all(np.isfinite(a)) for a in call.arguments if is_float(a)):
            continue
        dy = np.ones_like(y)
        wide = _in_wide(call, lambda c: c.forward(), wider)
        if wide is not None and representable([wide], narrow):
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                y = call.forward()
            held()
            assert np.all(np.isfinite(y)), f"{case}, {narrow}: {y} instead of {wide}"
            wide = _in_wide(call, partial(Call.backward, dy=dy.astype(wider)), wider)
            if wide is not None and representable(wide, narrow):
                with np.errstate(over="raise", invalid="raise", divide="raise"):
                    found = call.backward(dy)
                assert all(g is None or np.all(np.isfinite(g)) for g in found), f"{case}, {narrow}: {found}"


def inputs_at_edges(graph: Any, case: Case, dtype: str) -> dict[str, Any]:
    values = inputs(graph, case.draw, SIZES, dtype)
    for position, (name, value) in enumerate(values.items()):
        if value.dtype.kind == "f":
            numbers = np.roll(EDGES, 5 * position)
            numbers = np.abs(numbers) if case.draw == "positive" else numbers
            values[name] = np.resize(numbers, value.shape).astype(dtype)
    return values


def representable(values: list[Any], dtype: str) -> bool:
    limit = np.finfo(dtype).max
    return all(v is None or np.all(np.abs(np.asarray(v)) < limit) for v in values)


def _in_wide(call: Call, what: Callable[[Call], Any], wide: Any) -> Any:
    """The same call in a type with a larger exponent; None if NumPy cannot compute it."""
    try:
        with np.errstate(all="ignore"):
            return what(_wider(call, wide))
    except (TypeError, ValueError):
        return None


def _wider(call: Call, dtype: Any) -> Call:
    """The same call on the same numbers in another type."""

    def widened(x: Any) -> Any:
        return x.astype(dtype) if is_float(x) else x

    operands, own = [widened(a) for a in call.operands], {k: widened(a) for k, a in call.own.items()}
    return Call(call.case, call.node, call.operation, operands, own, call.graph, call.sizes)


# ---- 10 -----------------------------------------------------------------------------------------------


def the_graph_computes_the_same(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    """Through `Graph`, from the text: values and gradients of the direct call."""
    graph = load(case.text, layers)
    network = graph.network
    kept = {name: array.copy() for name, array in graph.params.items()}
    forward = graph.forward(inputs(graph, case.draw, SIZES, "float64"), training=case.training)
    for node in [n for n in network.nodes if n.spec.operation == entry.name and n.spec.named]:
        call = Call(
            case,
            node,
            network.operation(node, SIZES),
            [_of(forward, network.names[o.number]) if type(o) is Ref else o for o in node.operands],
            {role: graph.params[network.names[number]] for role, number in node.own.items()},
            graph,
            SIZES,
        )
        if "random" in node.supplied and case.training:
            continue  # the graph's own stream
        y = np.asarray(call.forward())
        np.testing.assert_array_equal(forward[node.name], y, err_msg=str(case))
        held()
        if y.dtype.kind != "f":
            continue
        dy = upstream(y)
        result = forward.backward(dy, of=node.name)
        _same_sums(call, result, call.backward(dy))
    for name, array in graph.params.items():
        np.testing.assert_array_equal(array, kept[name], err_msg=f"{case}: a run changed `{name}`")


def _of(forward: Any, name: str) -> Any:
    return np.asarray(forward[name])


def _same_sums(call: Call, result: Any, found: list[Any]) -> None:
    """Asserts that the gradient of a value used twice is the sum over both uses."""
    names = call.graph.network.names
    numbers = [o.number if type(o) is Ref else None for o in call.node.operands] + list(
        call.node.own.values()
    )
    totals: dict[str, Any] = {}
    for number, part, value in zip(numbers, found, call.arguments, strict=True):
        if number is not None and is_float(value):
            totals.setdefault(names[number], np.zeros(np.shape(value)))
            if part is not None:
                totals[names[number]] = totals[names[number]] + part
    before = call.graph.network.nodes[: call.graph.network.nodes.index(call.node)]
    elsewhere = {names[o.number] for n in before for o in n.operands if type(o) is Ref}
    for name, total in totals.items():
        if name in elsewhere:
            continue
        np.testing.assert_allclose(
            result.grad[name], total, rtol=1e-12, atol=1e-14, err_msg=f"{call.case}: {name}"
        )


def the_planned_program_computes_the_same(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    """The planned program, forward and backward, twice, gives what the interpreter gives."""
    graph = load(case.text, layers)
    if case.training or not graph.outputs:
        return
    of = graph.spec.outputs[0]
    if graph.network.nodes[-1].name == of and graph.network.nodes[-1].spec.dtype == "float":
        graph = load(f"{case.text}; total = sum({of} * cos({of})); output {of}, total", layers)
    for sizes in (SIZES,) if "ddof=" in case.text else (SIZES, ONES):
        given = inputs(graph, case.draw, sizes, "float64")
        if sizes is ONES:
            given = {n: v if v.dtype.kind == "f" else np.zeros_like(v) for n, v in given.items()}
        _planned_as_computed(case, entry, graph, given)


def _planned_as_computed(case: Case, entry: CatalogEntry, graph: Any, given: dict[str, Any]) -> None:
    result = graph.forward(given)
    found = graph.compile()
    for _ in range(2):
        planned = found(given)
        planned = planned if isinstance(planned, dict) else {graph.spec.outputs[0]: planned}
        for name in graph.outputs:
            if not np.all(np.isfinite(result[name])):
                return
            np.testing.assert_allclose(planned[name], result[name], rtol=1e-12, atol=1e-12, err_msg=str(case))
            held()
    wanted = [n for n, i in graph.network.inputs.items() if i.dtype == "float"]
    of = graph.spec.outputs[-1]
    if not wanted or np.asarray(result[of]).dtype.kind != "f" or entry.supplied or np.ndim(result[of]):
        return
    expected = result.backward(of=of).grad
    value, gradients = graph.compile(wrt=wanted, of=of)(given)
    np.testing.assert_allclose(value, result[of], rtol=1e-9, atol=1e-12, err_msg=str(case))
    for name in wanted:
        np.testing.assert_allclose(
            gradients[name], expected[name], rtol=1e-9, atol=1e-12, err_msg=f"{case}: {name}"
        )


def gradients_add_up_beside_a_sum(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    """`u + f(x)`: a backward that writes into dy would spoil what the sum passes on to u."""
    plain = load(case.text, layers)
    named = [n.spec for n in plain.network.nodes if n.spec.named and n.spec.dtype == "float"]
    node = next((n for n in reversed(named) if n.operation == entry.name), None)
    if node is None:
        return
    if 0 in node.shape:
        return
    shape = ", ".join(map(str, node.shape))
    beside = f"input beside: float{f'[{shape}]' if shape else ''}"
    graph = load(f"{case.text}; {beside}; together = beside + {node.name}", layers)
    given = inputs(plain, case.draw, SIZES, "float64")
    dy = upstream(np.zeros([bound(s, SIZES) for s in node.shape]))
    one = plain.forward(given, training=case.training).backward(dy, of=node.name)
    both = graph.forward(given | {"beside": np.ones_like(dy)}, training=case.training)
    both = both.backward(dy, of="together")
    np.testing.assert_array_equal(both.grad["beside"], dy, err_msg=f"{case}: it writes into dy")
    held()
    for name in one.grad:
        if name != node.name:
            np.testing.assert_allclose(
                both.grad[name], one.grad[name], rtol=1e-12, atol=1e-12, err_msg=f"{case}: {name}"
            )


# ---- 12 -----------------------------------------------------------------------------------------------


def the_value_is_the_sum_of_its_slopes(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    """Between a tenth of the far numbers and these, the value changes by the integral of the gradient.

    So the value has no jump there, and no part that its gradient ignores.
    """
    if case.draw != "far" or has_domain(entry) or stops(entry):
        return
    for call in calls(case, entry, layers):
        dy = upstream(call.forward())
        moved = [i for i in call.differentiable() if i < len(call.operands)]
        if not is_float(np.asarray(call.forward())) or not moved:
            continue

        def at(part: float, call: Call = call, moved: list[int] = moved) -> list[Any]:
            return [part * a if i in moved else a for i, a in enumerate(call.operands)]

        parts = []
        for step in range(WAY):
            found = call.backward(dy, at(0.1 + 0.9 * (step + 0.5) / WAY))
            slope = sum(float(np.sum(found[i] * call.operands[i])) for i in moved if found[i] is not None)
            parts.append(slope * 0.9 / WAY)
        change = weighed(call.forward(), dy) - weighed(call.forward(at(0.1)), dy)
        size = sum(map(abs, parts))
        if size == 0.0 and _has_steps(entry):
            continue
        held()
        assert abs(sum(parts) - change) <= 0.02 * max(size, abs(change), 1e-3), (
            f"{case}: the value changes by {change}, the gradient says {sum(parts)}"
        )


WAY = 128
"""The steps of that integral; the midpoint rule is then accurate to a percent, even with kinks."""


def _has_steps(entry: CatalogEntry) -> bool:
    """Whether the docstring declares a gradient of 0 between steps, as for `sign`."""
    return re.search(r"Gradient: (0|none)", entry.target.__doc__ or "") is not None


# ---- 13 -----------------------------------------------------------------------------------------------


def equal_numbers_move_together(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    """At ties, the gradients add up to the slope of moving all equal numbers together.

    A maximum has no single gradient there, but the tie must count once, whichever element gets it.
    """
    graph = load(case.text, layers)
    values, along = {}, {}
    for name, spec in graph.network.inputs.items():
        shape = [bound(s, SIZES) for s in spec.shape or ()]
        pattern = np.resize([0, 1, 1, 0, 1], shape)
        below = 2 if spec.below is None else bound(spec.below, SIZES)
        values[name] = pattern % below if spec.dtype != "float" else np.where(pattern, 1.5, 0.5)
        values[name] = values[name].astype(
            {"float": np.float64, "int": np.int64, "bool": np.bool_}[spec.dtype]
        )
        along[name] = np.where(pattern, 0.7, 1.0)
    for call in calls(case, entry, layers, values=values):
        y = call.forward()
        if not is_float(np.asarray(y)) or stops(entry):
            continue
        dy = upstream(y)
        names = [call.graph.network.names[o.number] if type(o) is Ref else "" for o in call.node.operands]
        ways = {i: along[names[i]] for i in call.differentiable() if i < len(names) and names[i] in along}
        if not ways:
            continue

        def moved(h: float, call: Call = call, ways: dict[int, Any] = ways, dy: Any = dy) -> float:
            operands = [a + h * ways[i] if i in ways else a for i, a in enumerate(call.operands)]
            return weighed(call.forward(operands), dy)

        h = 1e-5
        right, left = (moved(h) - moved(0)) / h, (moved(0) - moved(-h)) / h
        found = call.backward(dy)
        size = sum(float(np.sum(np.abs(found[i] * ways[i]))) for i in ways if found[i] is not None)
        if abs(right - left) > 1e-3 * max(abs(right), abs(left), 1e-2):
            continue  # a kink or a step lies there
        said = sum(float(np.sum(found[i] * ways[i])) for i in ways if found[i] is not None)
        held()
        assert abs(said - (right + left) / 2) <= 1e-4 * max(size, abs(right), 1e-2), (
            f"{case}: equal numbers that move together change the value by {right}, the gradients say {said}"
        )


# ---- 14 -----------------------------------------------------------------------------------------------


def what_it_remembers_comes_from_what_it_sees(case: Case, entry: CatalogEntry, layers: Layers = ()) -> None:
    """Every batch updates every element of the state; after many updates with one batch, evaluation gives the
    same result as training."""
    for call in calls(case, entry, layers):
        if not case.training or not _state(call):
            continue
        other = [1.3 * a + 0.4 if is_float(a) else a for a in call.operands]
        for role, renewed in _state(call).items():
            _, _, elsewhere = call.operation.forward(*other, **call.keywords())
            for known in (call.own[role], elsewhere[role]):
                assert np.all(renewed != known), (
                    f"{case}: the state `{role}` does not learn: {renewed}, {known}"
                )
        own = dict(call.own)
        for _ in range(400):
            own |= call.operation.forward(*call.operands, **call.keywords(own))[2]
        in_training = call.forward(own=own)
        in_evaluation = call.operation.forward(*call.operands, **{**call.keywords(own), "training": False})[0]
        np.testing.assert_allclose(in_evaluation, in_training, rtol=1e-6, atol=1e-9, err_msg=str(case))
        held()


# ---- 15 -----------------------------------------------------------------------------------------------

IMAGES = "input x: float[N, 4, 5, 5]; y = "


def windows(entry: CatalogEntry) -> list[str]:
    """The attributes that are the size of a window, if the operation moves one over images."""
    return [a for a in ("kernel", "size") if a in entry.attributes and "stride" in entry.attributes]


def odd_texts(entry: CatalogEntry, texts: list[str]) -> list[str]:
    """Sample calls at odd shapes: fixed axes of size 1, one by one and all together, a window as large as the
    image, and a stride larger than the window; without those that the static check refuses."""
    found = []
    for text in texts:
        declared, _, rest = text.partition(";")
        places = list(re.finditer(r"(?<=[\[ ])\d+(?=[,\]])", declared))
        each = [f"{declared[: p.start()]}1{declared[p.end() :]};{rest}" for p in places]
        together = re.sub(r"(?<=[\[ ])\d+(?=[,\]])", "1", declared)
        found += [*each, f"{together};{rest}"]
    for window in windows(entry):
        needed = {a.name: "2" for a in entry.attributes.values() if a.required and a.name != window}
        for given in ("5", "[5, 1]", "2, stride=3", "1, stride=2"):
            arguments = ", ".join(["x", *(f"{k}={v}" for k, v in needed.items()), f"{window}={given}"])
            found.append(f"{IMAGES}{entry.name}({arguments})")
    return [t for t in dict.fromkeys(found) if t not in texts]


# ---- what cannot be asked -----------------------------------------------------------------------------


def excused(check: Callable[..., None], entry: CatalogEntry, found: tuple[Case, ...]) -> bool:
    """Whether a promise does not apply to an operation."""
    made = [call for case in found for call in calls(case, entry)]
    floats = [c for c in made if is_float(np.asarray(c.forward()))]
    slopes = [c for c in floats if c.differentiable()] if not stops(entry) else []
    if check in (gradients_are_the_slopes, the_second_derivative_is_the_slope_of_the_first):
        return not slopes
    if check is the_hand_written_backward_is_the_derived_one:
        return not slopes or all(c.operation.backward is None for c in made)
    if check is it_records_what_it_computes:
        return not made[0].operands  # a creation of known sizes is a constant
    if check is float32_stays_float32:
        return not any(_stays_by_itself(c, entry) for c in slopes)
    if check is sizes_of_one_and_ties_are_finite:
        return all(_is_infinite_on_purpose(c) for c in made)
    if check is equal_numbers_move_together:
        return not any(_has_gradient(c) and _takes_inputs(c) for c in slopes)
    if check in (large_numbers_do_not_overflow, gradients_add_up_beside_a_sum):
        return not floats
    if check is the_value_is_the_sum_of_its_slopes:
        far = [c for c in slopes if c.case.draw == "far"]  # a product of far numbers is too large
        return has_domain(entry) or not any(_has_gradient(c) for c in far)
    if check is what_it_remembers_comes_from_what_it_sees:
        return not any(_state(c) for c in made)
    return False


def _takes_inputs(call: Call) -> bool:
    """Whether an operand with a gradient is directly an input."""
    first, operands = call.graph.network.first_node, call.node.operands
    places = [i for i in call.differentiable() if i < len(operands)]
    return any(type(operands[i]) is Ref and operands[i].number < first for i in places)


def _has_gradient(call: Call) -> bool:
    """Whether any operand has a gradient."""
    found = call.backward(upstream(call.forward()))[: len(call.operands)]
    return any(g is not None and np.any(g) for g in found)
