"""A spec from its plain data: the model, its JSON, or the object of its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.running import MisshapenSpec
from graphlang.spec.models import Spec

MOST = 20
"""How many mistakes of one spec are told."""


def validated_spec(spec: Spec | str | Mapping[str, Any]) -> Spec:
    """The model of a spec; raises GraphError with what is wrong in its data, and where."""
    if isinstance(spec, Spec):
        return spec
    try:
        return Spec.model_validate_json(spec) if isinstance(spec, str) else Spec.model_validate(spec)
    except ValidationError as error:
        problems = error.errors(include_url=False)[:MOST]
        raise GraphError([MisshapenSpec(p["loc"], p["msg"]) for p in problems]) from None
    except RecursionError:
        raise GraphError([MisshapenSpec((), "its data is nested too deeply")]) from None
