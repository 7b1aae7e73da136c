"""What a target says about its language: a table from primitives to expressions, and functions they call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from graphlang.exports.source.expressions import Expression, ExpressionTemplate
from graphlang.exports.source.size_texts import SizeTexts
from graphlang.trace import Shape, Step


class StatementSink(Protocol):
    """What rules may do besides giving an expression: write statements before it (`StatementWriter`)."""

    file: GeneratedFile
    language: SourceLanguage
    sizes: SizeTexts

    def assign(self, text: str, value: str) -> None:
        """Writes `text = value`."""

    def line(self, text: str) -> None:
        """Writes a statement."""

    def named(self, hint: str, value: str) -> Expression:
        """Writes a statement that gives a value a new name."""


@dataclass(frozen=True)
class SourceCall:
    """One recorded step, as a rule sees it."""

    writer: StatementSink
    step: Step
    operands: list[Expression]

    @property
    def x(self) -> Expression:
        return self.operands[0]

    @property
    def params(self) -> dict[str, Any]:
        return self.step.params

    @property
    def output(self) -> Any:
        return self.step.output

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of the operands; () for a number."""
        return [tuple(getattr(x, "shape", ())) for x in self.step.operands]

    def dtype_of(self, place: int) -> Any:
        """The type of an operand; None for a number of Python."""
        return getattr(self.step.operands[place], "dtype", None)

    def fill(self, template: str, *operands: Expression, **texts: Any) -> Expression:
        """A template with these operands, or with those of the step."""
        return _template(template).filled(list(operands) or self.operands, **texts)

    def size(self, size: Any) -> str:
        return self.writer.sizes.size(size).text

    def shape(self, shape: Shape) -> str:
        return self.writer.sizes.shape(shape)

    def dtype(self, dtype: Any) -> str:
        return self.writer.language.dtype(dtype)

    def helper(self, name: str, *arguments: str) -> Expression:
        """A call of a function that is written into the file."""
        self.writer.file.helpers[name] = None
        return Expression(f"{name}({', '.join(arguments)})")

    def helped(self, name: str, **settings: Any) -> Expression:
        """A call of such a function on the operands, and settings by name."""
        written = [f"{key}={value}" for key, value in settings.items()]
        return self.helper(name, *(x.text for x in self.operands), *written)


SourceRule: TypeAlias = "str | Callable[[SourceCall], Expression]"
"""A template, or a function that may also write statements (`call.writer.assign`)."""


@dataclass(frozen=True)
class SourceLanguage:
    """A target: how steps are written in it."""

    rules: Mapping[str, SourceRule]
    #: by name, the text of each function that rules call; those that it calls itself are found by name
    helpers: Mapping[str, str]
    #: the text of a type, as `np.float32`
    dtype: Callable[[Any], str]
    #: the expression of a constant array
    array: Callable[[Any], Expression]
    #: writes the steps that are results of one `scan`, and gives their values
    scan: Callable[[Any, Sequence[Step], list[Expression]], list[Expression]]
    #: what a local variable is called, by primitive
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass
class GeneratedFile:
    """What all functions of one generated file have in common: the helpers that they call."""

    language: SourceLanguage
    #: the text of the precision, which stands for DTYPE in helpers
    precision: str = "np.float64"
    helpers: dict[str, None] = field(default_factory=dict)
    #: the name of the target, for messages
    target: str = "numpy"

    def helper_texts(self) -> list[str]:
        """The functions that are called, each after those that it calls."""
        import re

        texts: dict[str, str] = {}

        def add(name: str) -> None:
            if name in texts:
                return
            text = self.language.helpers[name].strip("\n").replace("DTYPE", self.precision)
            texts[name] = ""
            for other in self.language.helpers:
                if other != name and re.search(rf"\b{other}\(", text):
                    add(other)
            del texts[name]
            texts[name] = text

        for name in self.helpers:
            add(name)
        return list(texts.values())


_templates: dict[str, ExpressionTemplate] = {}


def _template(text: str) -> ExpressionTemplate:
    if text not in _templates:
        _templates[text] = ExpressionTemplate(text)
    return _templates[text]
