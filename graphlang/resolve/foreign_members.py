"""What to report for initializers, optimizers, schedules and sources in the notation of other frameworks."""

from __future__ import annotations

import re
from typing import Any

from graphlang.catalog.finder import family_names
from graphlang.catalog.foreign_names import lookup_key, member_meant
from graphlang.diagnostics import Diagnostic, closest
from graphlang.diagnostics.kinds import QuotedMember, WrittenMember
from graphlang.syntax import tree

_SUFFIXES = {".npz": "npz", ".csv": "csv", ".txt": "text"}
_PATH = re.compile(r"[\w./~-]+\.(?:npz|npy|csv|txt|gz|graph)")
_OF_MODULE = re.compile(r"(?:[A-Za-z]\w*\.)+(\w+)(\([^()]*\))", re.DOTALL)
_SHAPED = ("zeros", "ones")


def _meant(family: Any, name: str) -> str | None:
    """The member of a family that a name means or almost spells."""
    names = family_names(family)
    same = next((n for n in names if lookup_key(n) == lookup_key(name)), None)
    meant = member_meant(name)
    return same or (meant if meant in names else None) or closest(name, names)


def of_text(family: Any, expression: Any) -> Diagnostic | None:
    """`optimizer = "adam"`, `init="he"`, `source = "train.csv"`"""
    of_module = _OF_MODULE.fullmatch(expression.span.text)
    if (
        of_module
        and isinstance(expression, tree.Call | tree.Attribute)
        and of_module[1] in family_names(family)
    ):
        return WrittenMember.name_of_module(expression.span, of_module[1] + of_module[2])
    drawn = _drawn(expression.span.text) if family == "initializers" else None
    if drawn is not None:
        return WrittenMember.drawn_array(expression.span, drawn)
    is_path = family == "datasets" and _PATH.fullmatch(expression.span.text)
    if not isinstance(expression, tree.String) and not is_path:
        return None
    text = expression.span.text.strip('"')
    written = _reader(text) if family == "datasets" else _meant(family, text)
    if written is None:
        return None
    if family == "datasets":
        return WrittenMember.source_without_reader(expression.span, written)
    if family == "initializers" and written == "normal":
        written = "normal(0.01)"
    return QuotedMember(expression.span, written, family)


_DRAWN = re.compile(
    r"(?:(?P<before>[\d.e-]+)\s*\*\s*)?(?P<module>(?:\w+\.)*)(?P<name>randn|standard_normal|random_normal|rand|"
    r"zeros|ones|empty)\([^()]*(?:\([^()]*\))?\s*\)(?:\s*(?P<sign>[*/])\s*(?P<after>[\d.e-]+))?"
)


def _drawn(text: str) -> str | None:
    """The initializer for an array that NumPy or PyTorch makes, as `np.random.randn(4, 3) * 0.01`."""
    found = _DRAWN.fullmatch(text)
    if found is None or (not found["module"] and found["name"] in _SHAPED):
        return None
    if found["name"] in ("zeros", "ones", "empty"):
        return "ones" if found["name"] == "ones" else "zeros"
    after = found["after"] if found["sign"] == "*" else None
    factor = found["before"] or after or "0.01"
    return f"uniform(0, {factor})" if found["name"] == "rand" else f"normal({factor})"


def _reader(path: str) -> str | None:
    """The source that reads a file of this type."""
    reader = next((r for suffix, r in _SUFFIXES.items() if path.endswith(suffix)), None)
    return f'{reader}("{path}")' if reader else None


def of_arguments(family: Any, name: str, expression: Any) -> Diagnostic | None:
    """`init=zeros(3, 4)`, `init=normal(0, 0.1)`, `source = csv(train.csv)`"""
    arguments = expression.arguments if isinstance(expression, tree.Call) else ()
    if family == "datasets":
        return next((m for m in map(_path, arguments) if m), None)
    if family == "optimizers" and arguments and _are_parameters(arguments[0]):
        rest = ", ".join(a.span.text for a in arguments[1:])
        return WrittenMember.optimizer_of_parameters(expression.span, f"{name}({rest})" if rest else name)
    if family != "initializers" or not arguments or any(a.name for a in arguments):
        return None
    if name in _SHAPED:
        return WrittenMember.initialiser_with_shape(expression.span, name)
    if name == "normal" and len(arguments) == 2 and arguments[0].value.span.text in ("0", "0.0"):
        return WrittenMember.normal_with_mean(expression.span, f"normal({arguments[1].span.text})")
    return None


def _are_parameters(argument: tree.Argument) -> bool:
    """`params`, `model.parameters()`: what PyTorch hands to an optimizer first."""
    text = argument.span.text
    return argument.name is None and re.search(r"param|weights|trainable_variables", text) is not None


def _path(argument: tree.Argument) -> Diagnostic | None:
    span = argument.value.span
    if isinstance(argument.value, tree.String) or not _PATH.fullmatch(span.text):
        return None
    return WrittenMember.bare_path(span, f'"{span.text}"')
