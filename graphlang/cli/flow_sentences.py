"""What became of a gradient, in a sentence that names the operation."""

from __future__ import annotations

from graphlang.draw.numbers import short
from graphlang.report.gradient_flow import GradientFlow, PathSummary, by_operation

CHAIN = 3
"""From how many uses on one operation is told with all of them together."""


def sentence(flows: GradientFlow, flow: PathSummary) -> str:
    """What became of the gradient on its way to one value."""
    start, worst = flows.network.names[flows.start], f"`{flow.worst}` ({flow.worst_operation})"
    match flow.state:
        case "apart":
            return f"`{start}` does not depend on `{flow.name}`: it has no gradient"
        case "not finite":
            return f"the gradient of `{flow.name}` is not finite: {worst} passes back nan or an infinity"
        case "ends":
            return f"no gradient arrives at `{flow.name}`: {worst} passes none back"
        case "zero":
            return f"the gradient of `{flow.name}` is 0: {worst} passes back 0 everywhere"
        case "weak":
            return f"the gradient dies on its way to `{flow.name}`: {_how(flows, flow, worst)}"
    if flow.worst is None or flow.worst_factor is None:
        return f"the gradient starts at `{flow.name}`"
    end = f"the smallest factor is {short(flow.worst_factor, 3)}, of {worst}"
    return f"the gradient arrives at `{flow.name}`: {end}"


def _how(flows: GradientFlow, flow: PathSummary, worst: str) -> str:
    """Whether one operation lets it die, or one kind step by step."""
    assert flow.worst_factor is not None
    assert flow.factor is not None
    path = flows.path(flow.name)
    most = by_operation(path)[0]
    whole = f"{short(flow.factor, 3)} of it arrives"
    if most.times >= CHAIN and most.factor < flow.worst_factor:
        together = f"{most.times} × {most.operation} make {short(most.factor, 3)} of it together"
        return f"{together}, the worst is {worst} with a factor of {short(flow.worst_factor, 3)}; {whole}"
    return f"{worst} has the smallest factor, {short(flow.worst_factor, 3)}; {whole}"
