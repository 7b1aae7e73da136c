"""Names of classes in place of what a graph computes for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from graphlang.datasets.learning import Categories
from graphlang.engine.model import Model


def classes_of(model: Model) -> tuple[str, ...]:
    """The classes of the target, where it is the one `category` that the outputs do not depend on."""
    section, learned = model.spec.data, model.learned
    if section is None:
        return ()
    needed = model.network.inputs_of(model.spec.outputs)
    texts = {f for n, f in section.fields.items() if n not in needed and f in learned}
    targets = [t for t in texts if section.prepared.get(t, {}).get("call") == "category"]
    return Categories(learned[targets[0]], targets[0]).names if len(targets) == 1 else ()


def scores_of_no_class(model: Model) -> Iterator[str]:
    """Notes on targets that have fewer classes in the data than the graph has scores for."""
    section = model.spec.data
    if section is None:
        return
    for name, field in section.fields.items():
        call, below = section.prepared.get(field, {}), model.network.inputs[name].below
        if call.get("call") != "category" or field not in model.learned or not isinstance(below, int):
            continue
        count = len(Categories(model.learned[field], field).names)
        if count < below:
            yield (
                f"the graph has {below} scores for `{name}`, and the data has {count} classes: "
                f"a last layer of {count} units has one for each"
            )


def are_ids(array: Any, count: int) -> bool:
    """Whether an array is a number of a class for each row."""
    if not count or array.ndim != 1 or array.dtype.kind != "i":
        return False
    return not array.size or (int(array.min()) >= 0 and int(array.max()) < count)


def are_scores(array: Any, count: int) -> bool:
    """Whether an array has a number for each class in each row."""
    return bool(count) and array.ndim == 2 and array.dtype.kind == "f" and array.shape[1] == count


def named_classes(model: Model, outputs: Any) -> Any:
    """The outputs of a graph with the names of classes in place of their numbers, and of their scores the
    name of the largest. Raises ValueError where there are none."""
    names = classes_of(model)
    if not names:
        raise ValueError(
            "classes=True wants the names of classes: those of a target that is a `category(...)` of the "
            "`data` section, once a training has learned them"
        )
    several = isinstance(outputs, dict)
    named = {n: _named(v, names) for n, v in (outputs if several else {"": outputs}).items()}
    if all(value is outputs or (several and value is outputs[n]) for n, value in named.items()):
        raise ValueError(
            f"classes=True wants an output with the number of a class for each row, int[N], or a number for "
            f"each of the {len(names)} classes, float[N, {len(names)}]"
        )
    return named if several else named[""]


def _named(value: Any, names: tuple[str, ...]) -> Any:
    array = np.asarray(value)
    if are_ids(array, len(names)):
        return np.array(names)[array]
    return np.array(names)[np.argmax(array, axis=1)] if are_scores(array, len(names)) else value
