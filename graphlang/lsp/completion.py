"""What may be written at a place: names, layers with their attributes, settings, values, fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple

from graphlang.catalog.constructs import CONSTRUCTS
from graphlang.catalog.described import FAMILIES, records_of
from graphlang.catalog.finder import Catalog, Family, family_names
from graphlang.datasets.field_functions import ELEMENTWISE, FORMS
from graphlang.lazy import made_once
from graphlang.lsp import docs
from graphlang.lsp.analysis import Analysis
from graphlang.lsp.cursor import Cursor, cursor_at
from graphlang.lsp.names import Binding, choices
from graphlang.lsp.types import type_of
from graphlang.resolve.built_in_values import BUILT_IN_VALUES
from graphlang.resolve.section_models import written_settings
from graphlang.syntax import tree as t

Sort = Literal[
    "value", "constant", "function", "layer", "module", "keyword", "property", "choice", "field", "type"
]  # fmt: skip
Fields = Callable[[str], list[str]]
"""The fields of the data source that a text such as `csv("houses.csv")` describes."""


class Completion(NamedTuple):
    label: str
    sort: Sort
    detail: str = ""
    #: what is written, where that is not the label
    text: str = ""
    #: in which order: what fits best first
    rank: int = 5


def completions(
    analysis: Analysis, offset: int, fields: Fields | None = None
) -> tuple[int, list[Completion]]:
    """Where the word at an offset starts, and what it may become."""
    cursor = cursor_at(analysis.text, offset)
    make = _BY_PLACE.get(cursor.place)
    items = [] if make is None else list(make(analysis, cursor, offset, fields))
    first: dict[str, Completion] = {}
    for item in items:
        first.setdefault(item.label, item)
    return cursor.start, list(first.values())


# ---- names ------------------------------------------------------------------------------------------------


_SORTS: dict[str, Sort] = {
    "hyper": "constant",
    "size": "constant",
    "function": "function",
    "layer": "layer",
    "import": "module",
}


def _in_scope(analysis: Analysis, offset: int) -> Iterator[tuple[Binding, Completion]]:
    for name, binding in analysis.names.scope_at(offset).visible().items():
        if binding.span.start <= offset <= binding.span.end:
            continue  # the name that is being written
        detail = type_of(analysis, binding) or binding.kind
        yield binding, Completion(name, _SORTS.get(binding.kind, "value"), detail, rank=2)


def _names(analysis: Analysis, cursor: Cursor, offset: int, fields: Fields | None) -> Iterator[Completion]:
    """What an expression may consist of."""
    yield from (item for _, item in _in_scope(analysis, offset))
    yield from _operations(("function", "loss"))
    yield from (Completion(name, "constant", "value", rank=6) for name in BUILT_IN_VALUES)
    yield from (Completion(word, "keyword", rank=7) for word in ("true", "false", "none", "not", "scan"))


def _operations(kinds: Iterable[str]) -> Iterator[Completion]:
    for name, kind, summary in catalog_names():
        if kind in kinds:
            yield Completion(name, "function" if kind == "function" else "layer", summary, rank=4)


@made_once
def catalog_names() -> tuple[tuple[str, str, str], ...]:
    """Every operation under each of its names, and every construct: name, kind, formula."""
    catalog = Catalog()
    entries = [(n, e.kind, e.summary) for n in catalog.names() if (e := catalog.find(n)) is not None]
    constructs = [(n, "function", s) for n, (s, _) in CONSTRUCTS.items() if s.startswith(f"{n}(")]
    return (*entries, *constructs)


def _stages(analysis: Analysis, cursor: Cursor, offset: int, fields: Fields | None) -> Iterator[Completion]:
    """What may stand after `->`."""
    for binding, item in _in_scope(analysis, offset):
        if binding.kind in ("function", "layer", "import", "formal"):
            yield item
    yield from _operations(("layer", "loss", "function"))
    yield from (Completion(word, "keyword", rank=3) for word in ("layers", "repeat", "for", "residual"))


def _statements(
    analysis: Analysis, cursor: Cursor, offset: int, fields: Fields | None
) -> Iterator[Completion]:
    inside = bool(cursor.frames)
    words = ("param", "layer", "return", "next", "yield", "last") if inside else tuple(docs.KEYWORDS)
    yield from (Completion(word, "keyword", docs.KEYWORDS.get(word, ""), rank=1) for word in words)
    yield from (item for _, item in _in_scope(analysis, offset))


def _types(analysis: Analysis, cursor: Cursor, offset: int, fields: Fields | None) -> Iterator[Completion]:
    yield from (Completion(word, "type") for word in ("float", "int", "bool"))


def _members(analysis: Analysis, cursor: Cursor, offset: int, fields: Fields | None) -> Iterator[Completion]:
    """The `def`s of an import, the parameters of a layer, the transpose of a value."""
    module = analysis.modules.get(cursor.owner)
    if module is not None:
        for binding in module.names.file.bindings.values():
            if binding.kind == "function":
                yield Completion(binding.name, "function", signature_of(binding.node))
        return
    prefix = f"{cursor.owner}."
    for value in analysis.examined.values if analysis.examined is not None else ():
        if value.name.startswith(prefix):
            yield Completion(value.name[len(prefix) :].partition(".")[0], "property")
    owner = analysis.names.scope_at(offset).visible().get(cursor.owner)
    if owner is not None and type(owner.node) is t.LayerDecl:
        yield from (Completion(name, "property", "parameter") for name in _own_parameters(owner.node.stage))
    yield Completion("T", "property", "the transpose")


def _own_parameters(stage: Any) -> list[str]:
    function = stage.function if isinstance(stage, t.Call) else stage
    entry = Catalog().find(function.name) if isinstance(function, t.Name) else None
    return list(entry.own) if entry is not None else []


def signature_of(definition: t.Def) -> str:
    """`Block(x, k=3)`, as it is written."""
    formals = ", ".join(" ".join(f.span.text.split()) for f in definition.formals)
    return f"{definition.name}({formals})"


# ---- arguments --------------------------------------------------------------------------------------------


def _arguments(
    analysis: Analysis, cursor: Cursor, offset: int, fields: Fields | None
) -> Iterator[Completion]:
    """The attributes of what is called, the values that one may have, and names."""
    call = cursor.call
    assert call is not None
    if _is_input_of_data(cursor):
        named = dict.fromkeys(_SIZES.findall(FORMS.get(call.head, "")))
        if call.keyword in named:
            yield from _names(analysis, cursor, offset, fields)
            return
        first = 0 if call.index else 1
        left = [name for name in named if name not in call.used]
        yield from (Completion(f"{name}=", "property", rank=first) for name in left)
        yield from _fields(analysis, cursor, offset, fields)
        return
    definition = definition_called(analysis, call.head, offset)
    if call.keyword:
        yield from _values_of_attribute(call.head, call.keyword)
    elif definition is not None:
        for formal in definition.formals:
            if formal.name not in call.used:
                detail = " ".join(formal.span.text.split())
                yield Completion(f"{formal.name}=", "property", detail, rank=1)
    else:
        for attribute in _attributes(call.head):
            if attribute["name"] not in call.used:
                yield Completion(
                    f"{attribute['name']}=", "property", docs.attribute_line(attribute)[2:], rank=1
                )
    yield from _names(analysis, cursor, offset, fields)
    if cursor.section == "train":
        yield from (Completion(name, "function", kind) for name, kind in _members_of_train())


_SIZES = re.compile(r"(\w+)=")
"""What a function of fields is given by name."""


def definition_called(analysis: Analysis, head: str, offset: int) -> t.Def | None:
    """The `def` of a call, of this file or an imported one."""
    owner, _, name = head.rpartition(".")
    if owner:
        module = analysis.modules.get(owner)
        binding = module.names.file.bindings.get(name) if module is not None else None
    else:
        binding = analysis.names.scope_at(offset).visible().get(name)
    return binding.node if binding is not None and type(binding.node) is t.Def else None


def _attributes(name: str) -> list[dict[str, Any]]:
    return [a for record in records_of(name) for a in record["attributes"]]


def _values_of_attribute(function: str, attribute: str) -> Iterator[Completion]:
    record = docs.attribute_of(function, attribute)
    words = record["type"].split(" | ") if record is not None else []
    for word in words:
        if word == "bool":
            yield from (Completion(value, "choice", rank=1) for value in ("true", "false"))
        elif word == "Initializer":
            yield from (
                Completion(n, "function", "initializer", rank=1) for n in family_names("initializers")
            )
        elif len(words) > 1 and word.isidentifier() and word not in ("int", "float", "str", "list"):
            yield Completion(word, "choice", rank=1)


@made_once
def _members_of_train() -> tuple[tuple[str, str], ...]:
    families: tuple[Family, ...] = ("optimizers", "schedules", "monitors")
    return tuple((name, FAMILIES[family]) for family in families for name in family_names(family))


# ---- sections ---------------------------------------------------------------------------------------------


def _settings(analysis: Analysis, cursor: Cursor, offset: int, fields: Fields | None) -> Iterator[Completion]:
    """The settings that a section does not have yet."""
    section, used = cursor.section, settings_around(analysis, cursor)
    for name in written_settings(section):
        if name not in used:
            detail = (docs.setting(section, name) or "").partition(": ")[2].partition("\n")[0]
            yield Completion(name, "property", detail, f"{name} = ", rank=1)
    if section == "data":
        for binding, item in _in_scope(analysis, offset):
            if binding.kind == "input" and binding.name not in used:
                yield item._replace(text=f"{item.label} = ", rank=0)


def _is_input_of_data(cursor: Cursor) -> bool:
    """Whether what `data` gives a value to is an input, which takes a field."""
    return cursor.section == "data" and cursor.setting not in written_settings("data")


def settings_around(analysis: Analysis, cursor: Cursor) -> set[str]:
    """The settings that the section has already, before the place and behind it."""
    frame = cursor.frames[0]
    used = set(frame.used)
    for statement in analysis.tree.statements:
        if type(statement) is t.Section and statement.span.start <= frame.start <= statement.span.end:
            used.update(s.name for s in statement.settings if not s.span.start <= cursor.start <= s.span.end)
    return used


def _values(analysis: Analysis, cursor: Cursor, offset: int, fields: Fields | None) -> Iterator[Completion]:
    """What a setting may be."""
    from graphlang.resolve.settings import MEMBERS

    section, setting = cursor.section, cursor.setting
    family: Any = MEMBERS.get(setting)
    if family is not None:
        kind = FAMILIES[family]
        yield from (Completion(n, "function", kind, rank=1) for n in family_names(family))
        return
    if _is_input_of_data(cursor):
        yield from _fields(analysis, cursor, offset, fields)
        return
    words = choices(section, setting)
    yield from (Completion(word, "choice", rank=1) for word in words)
    if not words:
        yield from _of_type(section, setting)
        yield from _names(analysis, cursor, offset, fields)


def _of_type(section: str, setting: str) -> Iterator[Completion]:
    from graphlang.resolve.section_models import MODELS

    fields = MODELS[section].model_fields if section in MODELS else {}
    if setting in fields and fields[setting].annotation is bool:
        yield from (Completion(word, "choice", rank=1) for word in ("true", "false"))


def _fields(analysis: Analysis, cursor: Cursor, offset: int, fields: Fields | None) -> Iterator[Completion]:
    """The fields of the data source, and what may be computed of them."""
    source = source_text(analysis, cursor)
    for name in fields(source) if fields is not None and source else ():
        written = name if name.isidentifier() else f'field("{name}")'
        yield Completion(written, "field", "field of the source", rank=0)
    yield from (Completion(n, "function", form.partition("`")[0], rank=3) for n, form in FORMS.items())
    yield from (Completion(name, "function", "of a field", rank=4) for name in ELEMENTWISE)


def source_text(analysis: Analysis, cursor: Cursor) -> str:
    """How the section around a place writes its source."""
    frame = cursor.frames[0]
    for statement in analysis.tree.statements:
        if type(statement) is t.Section and statement.span.start <= frame.start <= statement.span.end:
            return next((s.value.span.text for s in statement.settings if s.name == "source"), "")
    text = analysis.text[frame.start :]
    _, found, rest = text.partition("source")
    return rest.partition("\n")[0].strip().removeprefix("=").strip() if found else ""


_BY_PLACE: dict[str, Any] = {
    "statement": _statements,
    "setting": _settings,
    "setting value": _values,
    "argument": _arguments,
    "stage": _stages,
    "member": _members,
    "type": _types,
    "name": _names,
}
