"""An optimizer or a schedule that a Python call hands in, in place of that of the file."""

from __future__ import annotations

from typing import Any

from graphlang.catalog.finder import Family
from graphlang.contracts.monitor import split_and_measure
from graphlang.engine.model import Model
from graphlang.spec.models import TrainSpec, Use

_KINDS: dict[str, tuple[Family, str]] = {
    "optimizer": ("optimizers", "gl.optimizers.Adam(lr=0.001)"),
    "schedule": ("schedules", "gl.schedules.cosine(warmup=100)"),
}
"""The settings of `train` that a call may hand in, each with an example."""


def handed_members(model: Model, section: TrainSpec, **given: Any) -> dict[str, Any]:
    """What the section has in place of its own; a class that the graph does not know is known from then on.

    Raises TypeError for what is of another kind, and ValueError where the graph cannot take it.
    """
    members = {name: member for name, member in given.items() if member is not None}
    if "optimizer" in members and section.objectives:
        raise ValueError(
            "fit takes no `optimizer` here: the objectives of the file have optimizers of their own"
        )
    monitor = getattr(members.get("schedule"), "monitor", "loss")
    if split_and_measure(monitor)[1] not in ("loss", *section.metrics):
        measured = ", ".join(["loss", *section.metrics])
        raise ValueError(f"the schedule monitors `{monitor}`, but what is measured is {measured}")
    return {name: _use(model, name, member).model_dump() for name, member in members.items()}


def _use(model: Model, name: str, member: Any) -> Use:
    family, example = _KINDS[name]
    if isinstance(member, type) and getattr(member, "family", None) == family:
        member = member()
    if isinstance(member, type) or getattr(member, "family", None) != family:
        raise TypeError(f"{name} is one of gl.{family} or of your own, as {example}, not {member!r}")
    kind, catalog = type(member), model.network.catalog
    known = catalog.member(family, kind.__name__)
    if known is None:
        catalog.add_member(kind)
    elif known is not kind:
        raise ValueError(
            f"the graph knows another {name} of the name {kind.__name__}: give the class another name, "
            "or pass it to gl.load(file, layers=[...])"
        )
    return Use(name=kind.__name__, attributes=member.model_dump(by_alias=True))
