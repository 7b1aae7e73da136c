"""What `stop`, `keep` and the schedule of a `train` section monitor."""

from __future__ import annotations

from graphlang.catalog.finder import Family
from graphlang.contracts.monitor import split_and_measure
from graphlang.diagnostics.settings import UnknownMeasure
from graphlang.resolve.context import Context
from graphlang.resolve.sections import Settings
from graphlang.spec.models import Use

_SETTINGS: dict[str, Family] = {"stop": "monitors", "keep": "monitors", "schedule": "schedules"}


def check_monitors(context: Context, train: Settings) -> None:
    """Reports what is monitored and is neither a loss nor a metric."""
    metrics = train.values.get("metrics", {})
    objectives = [objective["label"] for objective in train.values.get("objectives", ())]
    known = list(dict.fromkeys(["loss", *objectives, *(metrics if isinstance(metrics, dict) else ())]))
    for setting, family in _SETTINGS.items():
        use = train.values.get(setting)
        if not isinstance(use, Use):
            continue
        model = context.catalog.member(family, use.name)
        if model is None or "monitor" not in model.model_fields:
            continue
        default = model.model_fields["monitor"].default
        _, measure = split_and_measure(use.attributes.get("monitor", default))
        if measure not in known:
            context.error(UnknownMeasure(train.places[setting], f"train.{setting}", measure, known))
