"""What stands in the folders of the catalog is found by its name: nothing is lost to a misnamed file or list.

The catalog looks for a class in the file of its name, and for a function in its module's `__all__`. What stands
elsewhere would not exist in the language, and nobody would be told.
"""

from __future__ import annotations

import importlib
import pkgutil
import types
from collections.abc import Iterator
from typing import Any

import pytest

import graphlang
from graphlang.catalog.finder import Catalog, Family, family_member, family_names
from graphlang.catalog.operation import Layer
from graphlang.contracts.initializer import Initializer
from graphlang.contracts.monitor import Monitor
from graphlang.contracts.optimizer import Optimizer
from graphlang.contracts.schedule import Schedule
from graphlang.datasets.dataset import DataSource

FAMILIES: dict[Family, type] = {
    "initializers": Initializer,
    "optimizers": Optimizer,
    "schedules": Schedule,
    "monitors": Monitor,
    "datasets": DataSource,
}


def modules(folder: str) -> Iterator[types.ModuleType]:
    """The modules of a folder of the package."""
    path = [f"{graphlang.__path__[0]}/{folder}"]
    for module in pkgutil.iter_modules(path, f"graphlang.{folder}."):
        yield importlib.import_module(module.name)


def public_classes(module: types.ModuleType, base: type) -> list[type]:
    """The classes of that base that a module defines for the language."""
    own = [v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__]
    return [c for c in own if issubclass(c, base) and c is not base and not c.__name__.startswith("_")]


def public_functions(module: types.ModuleType) -> list[str]:
    own = [v for v in vars(module).values() if isinstance(v, types.FunctionType)]
    return [f.__name__ for f in own if f.__module__ == module.__name__ and not f.__name__.startswith("_")]


def lost_layers(module: types.ModuleType) -> list[str]:
    """The layers of a module that the language does not find by their names or other spellings."""
    catalog = Catalog()
    return [
        f"{module.__name__}: {name} is not found: its file has to bear the name of the class"
        for layer in public_classes(module, Layer)
        for name in (layer.__name__, *layer.spellings)  # type: ignore[attr-defined]
        if getattr(catalog.find(name), "target", None) is not layer
    ]


def lost_members(module: types.ModuleType, family: Family) -> list[str]:
    return [
        f"{module.__name__}: {member.__name__} is not found: its file has to bear the name of the class"
        for member in public_classes(module, FAMILIES[family])
        if family_member(family, member.__name__) is not member or member.__name__ not in family_names(family)
    ]


def lost_functions(module: types.ModuleType) -> list[str]:
    """The public functions of a module of functions/ that are missing from its `__all__`."""
    return [
        f"{module.__name__}: {name} is missing from `__all__`; a helper begins with an underscore"
        for name in public_functions(module)
        if name not in getattr(module, "__all__", ())
    ]


@pytest.mark.parametrize("folder", ["layers", "losses"])
def test_every_layer_and_loss_is_found_by_its_name(folder: str) -> None:
    assert [text for module in modules(folder) for text in lost_layers(module)] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_every_member_of_a_family_is_found_by_its_name(family: Family) -> None:
    assert [text for module in modules(family) for text in lost_members(module, family)] == []


def test_every_public_function_is_in_the_list_of_its_module() -> None:
    public = [m for m in modules("functions") if not m.__name__.rpartition(".")[2].startswith("_")]
    assert [text for module in public for text in lost_functions(module)] == []


def test_a_class_in_a_file_of_another_name_is_named() -> None:
    module: Any = types.ModuleType("graphlang.layers.swish")
    module.Swissh = type("Swissh", (Layer,), {"__module__": module.__name__, "forward": lambda self, x: x})
    assert lost_layers(module) == [
        "graphlang.layers.swish: Swissh is not found: its file has to bear the name of the class"
    ]
    module = types.ModuleType("graphlang.optimizers.lion")
    module.Lyon = type("Lyon", (Optimizer,), {"__module__": module.__name__})
    assert lost_members(module, "optimizers") == [
        "graphlang.optimizers.lion: Lyon is not found: its file has to bear the name of the class"
    ]


def test_a_public_function_that_no_list_has_is_named() -> None:
    module: Any = types.ModuleType("graphlang.functions.waves")
    exec("def wave(x): ...\ndef _helper(x): ...\n__all__ = []", vars(module))
    assert lost_functions(module) == [
        "graphlang.functions.waves: wave is missing from `__all__`; a helper begins with an underscore"
    ]
