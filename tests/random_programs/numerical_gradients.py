"""Gradients against central differences, away from corners."""

from __future__ import annotations

from typing import Any

import numpy as np
from program_agreement import Fault, Results, magnitude
from program_inputs import Inputs

import graphlang as gl

PLACES = 3
"""Elements of each input or parameter that are looked at."""


def numerical_gradients_agree(graph: gl.Graph, inputs: Inputs, of: str, results: Results) -> None:
    """Raises Fault where a gradient is not the slope, at a few elements of every input and parameter."""
    scale = magnitude(results)
    # The differences are of the sum over all elements: above 1e7 its own rounding, over a step of 1e-4, is
    # what would be compared.
    if scale > 1e5 or float(np.sum(np.abs(results[of]))) > 1e7:
        return  # what rounding leaves of a difference says nothing
    params = {
        n: np.array(graph.params[n])
        for n, p in graph.network.params.items()
        if p.trainable and p.dtype == "float"
    }
    rng = np.random.default_rng(0)
    for name, value in {**inputs, **params}.items():
        array = np.array(value)
        if array.dtype.kind != "f" or f"grad {name}" not in results:
            continue
        places = [tuple(int(rng.integers(n)) for n in array.shape) for _ in range(min(PLACES, array.size))]
        for place in dict.fromkeys(places):
            slope = _slope(graph, inputs, name, array, place, of)
            found = float(np.asarray(results[f"grad {name}"])[place])
            if np.isnan(found) and _meets_infinity(graph, inputs, of):
                continue
            if slope is not None and not abs(found - slope) <= 1e-4 * max(1.0, abs(slope)) + 1e-8 * scale:
                raise Fault(
                    f"the gradient of `{name}` at {list(place)} is {found:.8g}, and numerically {slope:.8g}"
                )


def _meets_infinity(graph: gl.Graph, inputs: Inputs, of: str) -> bool:
    """Whether an infinite gradient arrives anywhere: of `sqrt(w - w)`, what w gets is inf - inf."""
    grad = graph.forward(inputs).backward(of=of).grad
    return any(bool(np.any(np.isinf(grad.get(name, 0.0)))) for name in graph.network.names)


def _slope(
    graph: gl.Graph, inputs: Inputs, name: str, array: Any, place: tuple[int, ...], of: str
) -> float | None:
    """The slope along one element; None at a corner, at a jump, and where it cannot be told."""
    if not np.isfinite(array[place]):
        return None
    step = 1e-4 * max(1.0, abs(float(array[place])))

    def at(distance: float) -> float:
        moved = array.copy()
        moved[place] += distance
        if name in graph.params:
            kept = np.array(graph.params[name])
            graph.params[name] = moved
            try:
                return _total(graph.forward(inputs)[of])
            finally:
                graph.params[name] = kept
        return _total(graph.forward({**inputs, name: moved})[of])

    try:
        middle = at(0.0)
        near = [at(d) for d in (-step / 2, step / 2)]
        far = [at(d) for d in (-step, step)]
        closest = [at(d) for d in (-step / 64, step / 64)]
    except gl.GraphError:
        return None
    if not np.all(np.isfinite([middle, *near, *far, *closest])):
        return None
    left, right = (middle - near[0]) / (step / 2), (near[1] - middle) / (step / 2)
    central, wide = (near[1] - near[0]) / step, (far[1] - far[0]) / (2 * step)
    limit = 1e-5 * max(1.0, abs(central))
    bent = abs(right - left)
    bent_far = abs((far[1] - middle) / step - (middle - far[0]) / step)
    if abs((closest[1] - closest[0]) / (step / 32) - central) > 100 * limit or bent > 1000 * limit:
        return None
    if abs(central - wide) > limit or (bent > limit and bent > 0.75 * bent_far):
        return None
    return (4 * central - wide) / 3


def _total(value: Any) -> float:
    with np.errstate(all="ignore"):
        return float(np.sum(value))
