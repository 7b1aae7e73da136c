"""Looks up operations, optimizers, data sources and so on by the names that a spec writes.

A name is looked up in the file that has the same name (`BatchNorm` in layers/batch_norm.py), so a run
imports only what its spec uses. Nothing registers itself: this module is the only one that discovers names.
"""

from __future__ import annotations

import importlib
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, create_model

from graphlang.catalog.operation import Function, Layer, Loss, Operation, takes_any_keyword
from graphlang.catalog.own_members import check_member, own_family
from graphlang.contracts.fields import Fields
from graphlang.lazy import lazy, made_once
from graphlang.trace import Dim

OperationKind = Literal["function", "layer", "loss"]
Family = Literal["initializers", "optimizers", "schedules", "monitors", "datasets"]

PACKAGE = Path(__file__).parent.parent
T = typing.TypeVar("T")
SUPPLIED = frozenset({"training", "random", "stream"})
"""Keyword-only arguments that the engine supplies to a `forward` or a function: neither parameters nor
state; `stream` are the random numbers of the node alone."""


class OperationAttribute(NamedTuple):
    """An attribute of an operation, whose value is fixed before anything runs."""

    name: str
    type: Any
    required: bool
    default: Any
    description: str


class CatalogEntry:
    """The signature of an operation: its arguments, and where each comes from."""

    def __init__(self, name: str, kind: OperationKind, target: type[Layer] | Callable[..., Any]) -> None:
        self.name = name
        self.kind = kind
        self.target = target
        #: whether it belongs to the package, so that equal calls of it are the same
        self.built_in = (target.__module__ or "").startswith("graphlang.")
        is_layer = isinstance(target, type)
        function: Any = typing.cast("Any", target).forward if is_layer else target
        code: types.CodeType = function.__code__
        self.code = code
        names = code.co_varnames
        positional = list(names[1 if is_layer else 0 : code.co_argcount])
        keywords = names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        star = names[code.co_argcount + code.co_kwonlyargcount] if code.co_flags & 0x04 else None
        after = code.co_argcount + code.co_kwonlyargcount + (star is not None)
        annotated = {} if is_layer else _attribute_hints(target)
        #: tensor arguments in order
        self.tensors: tuple[str, ...] = tuple(n for n in positional if n not in annotated)
        #: the name of the argument that takes any number of tensors, as in `concat(a, b, c)`
        self.any_tensors: str | None = star if star and star not in annotated else None
        #: the name of the argument that takes any number of sizes, as in `zeros(N, H)`
        self.any_sizes: str | None = star if star and star in annotated else None
        #: the name of `**sizes`, which takes sizes under any names, as in `rearrange(..., h=4)`
        self.named_sizes: str | None = names[after] if not is_layer and code.co_flags & 0x08 else None
        #: keyword-only arguments of a layer's `forward`: its own parameters and state
        self.own: tuple[str, ...] = tuple(k for k in keywords if k not in SUPPLIED) if is_layer else ()
        #: whether `forward` ends in `**weights`, for parameters whose number depends on the attributes
        self.takes_any = is_layer and takes_any_keyword(typing.cast("type[Layer]", target))
        self.owns = bool(self.own) or self.takes_any
        #: the keyword-only arguments that the engine supplies
        self.supplied: frozenset[str] = SUPPLIED.intersection(keywords)
        defaults = function.__defaults__ or ()
        optional = positional[len(positional) - len(defaults) :] if defaults else []
        self.optional_tensors = frozenset(n for n in optional if n in self.tensors)

    @lazy
    def attributes(self) -> dict[str, OperationAttribute]:
        if isinstance(self.target, type):
            return model_attributes(self.target)
        return self._function_attributes()

    @lazy
    def lengths(self) -> frozenset[str]:
        """The attributes that are lengths of axes, so not negative; the bounds of `arange` are no lengths."""
        sized = {a.name for a in self.attributes.values() if Dim in typing.get_args(a.type)}
        return frozenset(sized - {"bounds"})

    @lazy
    def positional_attributes(self) -> tuple[str, ...]:
        """The attributes that may be passed by position, after the tensors."""
        return tuple(n for n in self.attributes if n != self.any_sizes)

    @lazy
    def required_attributes(self) -> tuple[str, ...]:
        """The attributes that have no default."""
        return tuple(a.name for a in self.attributes.values() if a.required)

    def _function_attributes(self) -> dict[str, OperationAttribute]:
        if not any(name != self.named_sizes for name in _attribute_hints(self.target)):
            return {}
        function = typing.cast("types.FunctionType", self.target)
        hints = typing.get_type_hints(function, include_extras=True)
        positional = self.code.co_varnames[: self.code.co_argcount]
        defaults = dict(zip(positional[::-1], (function.__defaults__ or ())[::-1], strict=False))
        defaults.update(function.__kwdefaults__ or {})
        attributes = {}
        for name, hint in hints.items():
            if name in ("return", self.named_sizes, *self.tensors, self.any_tensors):
                continue
            required = name not in defaults and name != self.any_sizes
            attributes[name] = OperationAttribute(name, hint, required, defaults.get(name), "")
        return attributes

    @lazy
    def model(self) -> type[BaseModel]:
        """The Pydantic model of the attributes."""
        if isinstance(self.target, type):
            return self.target
        fields: dict[str, Any] = {
            a.name: (a.type, ... if a.required else a.default)
            for a in self.attributes.values()
            if a.name != self.any_sizes
        }
        return create_model(f"{self.name}_attributes", __base__=_FunctionFields, **fields)

    def make(self, attributes: dict[str, Any], sizes: tuple[Any, ...] = ()) -> Operation:
        """The operation with its attributes filled in; raises Pydantic's ValidationError."""
        if isinstance(self.target, type):
            return typing.cast("type[Layer]", self.target)(**attributes)
        if not attributes:
            return Function(self.target, {}, sizes)
        own = {name: value for name, value in attributes.items() if name in self.attributes}
        model = self.model.model_validate(own)
        checked = {name: getattr(model, name) for name in own}
        return Function(self.target, attributes | checked, sizes)

    @property
    def is_mean_over_rows(self) -> bool:
        """Whether a metric is declared a mean over rows; all others are taken on a whole split alone."""
        return bool(getattr(self.target, "mean_over_rows", False))

    @property
    def summary(self) -> str:
        """The first line of the docstring: the formula."""
        doc = (self.target.__doc__ or "").strip()
        return doc.splitlines()[0] if doc else ""

    @property
    def module(self) -> str:
        return self.target.__module__


def _attribute_hints(function: Any) -> dict[str, Any]:
    """The annotations of a function's attributes: one that says `np.ndarray` or the like is of a tensor."""
    hints: dict[str, Any] = function.__annotations__
    return {n: h for n, h in hints.items() if n != "return" and not _OF_TENSOR.fullmatch(str(h))}


_OF_TENSOR = re.compile(r"(<class ')?([\w.]+\.)?(Any|Array|ArrayLike|NDArray|ndarray)(\[.*\])?('>)?")


class _FunctionFields(Fields):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


def model_attributes(model: type[BaseModel]) -> dict[str, OperationAttribute]:
    """The attributes of a layer, or of a member of a family: the fields of its model."""
    return {
        (field.alias or name): OperationAttribute(
            field.alias or name,
            field.annotation,
            field.is_required(),
            field.get_default(call_default_factory=True) if not field.is_required() else None,
            field.description or "",
        )
        for name, field in model.model_fields.items()
    }


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


@made_once
def _files(folder: str) -> dict[str, str]:
    """The modules in a folder of the package, by their lower-case names without `_`."""
    return {
        _folded(path.stem): path.stem
        for path in sorted((PACKAGE / folder).glob("*.py"))
        if path.stem != "__init__"
    }


def _module(folder: str, stem: str) -> types.ModuleType:
    return importlib.import_module(f"graphlang.{folder}.{stem}")


def _classes(module: types.ModuleType, base: type[T]) -> Iterator[type[T]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__:
            yield value


@made_once
def _functions() -> dict[str, Callable[..., Any]]:
    functions = {}
    for stem in _files("functions").values():
        module = _module("functions", stem)
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if callable(value):
                functions[name] = value
    return functions


@made_once
def _built_in(name: str) -> CatalogEntry | None:
    for folder in ("layers", "losses"):
        stem = _files(folder).get(_folded(name))
        if stem is None:
            continue
        for layer in _classes(_module(folder, stem), Layer):
            if name == layer.__name__ or name in layer.spellings:
                return CatalogEntry(layer.__name__, "loss" if issubclass(layer, Loss) else "layer", layer)
    function = _functions().get(name)
    return CatalogEntry(name, "function", function) if function else None


def built_in_names() -> list[str]:
    """The names of all operations and their other spellings; imports every module that defines one."""
    names = dict.fromkeys(_functions())
    for folder in ("layers", "losses"):
        for stem in _files(folder).values():
            for layer in _classes(_module(folder, stem), Layer):
                if not layer.__name__.startswith("_") and layer not in (Layer, Loss):
                    names.update(dict.fromkeys((layer.__name__, *layer.spellings)))
    return list(names)


@made_once
def family_member(family: Family, name: str) -> type[BaseModel] | None:
    """The initializer, optimizer, schedule or data source that a spec calls `name`."""
    stem = _files(family).get(_folded(name))
    if stem is None:
        return None
    return next((c for c in _classes(_module(family, stem), BaseModel) if c.__name__ == name), None)


def family_names(family: Family) -> list[str]:
    """The names of one family."""
    return [
        c.__name__
        for stem in _files(family).values()
        for c in _classes(_module(family, stem), BaseModel)
        if _folded(c.__name__) == _folded(stem) and c.__name__ not in _BASES
    ]


_BASES = frozenset({"DataSource", "Dataset"})


def _check_own(target: Any) -> None:
    """Raises TypeError unless the target can be used in a spec: a layer with a `forward`, or a function."""
    if isinstance(target, type) and issubclass(target, Layer):
        if not isinstance(getattr(target, "forward", None), types.FunctionType):
            raise TypeError(f"the layer {target.__name__} needs a method `forward(self, x)`")
        _check_layer(target)
    elif (family := own_family(target)) is not None:
        check_member(target, family)
    elif not isinstance(target, types.FunctionType):
        if isinstance(target, Layer) or own_family(type(target)) is not None:
            name = type(target).__name__
            raise TypeError(
                f"layers takes the classes of which the file makes layers: write `layers=[{name}]`"
            )
        accepted = "classes derived from gl.Layer, gl.Optimizer and the like, and functions"
        raise TypeError(f"layers takes {accepted}, not {_described(target)}")


def _check_layer(layer: type[Layer]) -> None:
    """Raises TypeError where a layer is written as in other frameworks: with `__init__`, or no keywords."""
    name = layer.__name__
    if layer.__init__ is not Layer.__init__:
        raise TypeError(
            f"the layer {name} has an `__init__`: its attributes are fields of the class, as `n: int = 3`, "
            "and what it learns comes from `parameters(self, x)`"
        )
    gives = [m for m in ("parameters", "state") if getattr(layer, m) is not getattr(Layer, m)]
    if gives and not CatalogEntry(name, "layer", layer).owns:
        raise TypeError(
            f"the layer {name} has `{gives[0]}`, but its `forward` takes nothing by keyword: "
            "write `def forward(self, x, *, W)`"
        )


def _described(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else repr(value)


class Catalog:
    """What a program passes to `load`, layers, functions and members of families, then the built-ins."""

    def __init__(self, layers: Iterable[type[Layer] | Callable[..., Any]] = ()) -> None:
        self.own: dict[str, CatalogEntry] = {}
        #: optimizers, schedules, initializers and data sources of the program, by family and name
        self.own_members: dict[tuple[str, str], type[BaseModel]] = {}
        #: the operations that a program has asked for
        self._found: dict[str, CatalogEntry] = {}
        if isinstance(layers, Layer):
            _check_own(layers)
        if not isinstance(layers, Iterable):
            name = layers.__name__ if isinstance(layers, type) and issubclass(layers, Layer) else "Swish"
            raise TypeError(f"layers is a list, as layers=[{name}], not {_described(layers)}")
        for target in layers:
            _check_own(target)
            if isinstance(target, type) and issubclass(target, Layer):
                entry = CatalogEntry(target.__name__, "loss" if issubclass(target, Loss) else "layer", target)
                self.own.update(dict.fromkeys((target.__name__, *target.spellings), entry))
            elif own_family(target) is not None:
                self.add_member(typing.cast("type[BaseModel]", target))
            else:
                self.own[target.__name__] = CatalogEntry(target.__name__, "function", target)

    def find(self, name: str) -> CatalogEntry | None:
        """The operation of that name, or None."""
        entry = self._found.get(name)
        if entry is None:
            entry = self.own.get(name) or _built_in(name)
            if entry is not None:
                self._found[name] = entry
        return entry

    def add_member(self, member: type[BaseModel]) -> None:
        """Adds an optimizer, a schedule, an initializer or a data source of the program."""
        _check_own(member)
        self.own_members[str(own_family(member)), member.__name__] = member

    def member(self, family: Family, name: str) -> type[BaseModel] | None:
        """The initializer, optimizer, schedule or data source of that name, or None."""
        return self.own_members.get((family, name)) or family_member(family, name)

    def members(self, family: Family) -> list[str]:
        """The names of one family, the program's own first."""
        own = [name for kind, name in self.own_members if kind == family]
        return list(dict.fromkeys([*own, *family_names(family)]))

    @property
    def own_targets(self) -> list[Any]:
        """All that the program has passed, each once."""
        entries = {id(entry.target): entry.target for entry in self.own.values()}
        return [*entries.values(), *self.own_members.values()]

    def names(self) -> list[str]:
        return [*self.own, *built_in_names()]

    def entries(self) -> list[CatalogEntry]:
        """Every operation once: the program's own, then the built-ins in the order of their files."""
        entries = {}
        for name in self.names():
            entry = self.find(name)
            if entry is not None:
                entries[entry.name] = entry
        return list(entries.values())
