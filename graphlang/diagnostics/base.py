"""The base of every diagnostic: typed facts, and texts that are templates over them.

A class is data. Annotated names are its facts, in the order in which a caller passes them; strings named
`message`, `label`, `help` and `replacement` are templates, in which `{name}` stands for a fact or a property:

    class UnclosedBracket(Diagnostic):
        \"\"\"A bracket is opened and never closed.

            h = Relu(x @ W + b

        Fix: close the bracket where its contents end.
        \"\"\"

        code = "GL102"
        message = "`{span}` is never closed"
        help = "add the missing `{closing}`"
        places = {"end": "`{closing}` is still missing here"}

        span: Span
        end: Span | None = None

`graphlang explain CODE` prints the docstring of the class that has the code. A subclass without a code is
another wording of the same mistake, and `explain` lists it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, dataclass_transform

from graphlang.diagnostics.places import Edit, Place, Related, Span

__all__ = [
    "Diagnostic",
    "Edit",
    "Related",
    "Severity",
    "Span",
    "facts_of",
    "filled",
    "listed",
    "owner_of_code",
]

Severity = Literal["error", "warning", "note"]
TEMPLATES = ("message", "label", "help", "replacement")
"""What a class may write as a template, or compute from its facts as a property."""


class Circumstances(Place):
    """What a diagnostic learns after it is made: how it was reached, and where it is shown."""

    #: the calls of `def`s that led here, outermost first: (name of the `def`, the call)
    called: Sequence[tuple[str, Span]] = ()
    #: the Python exception behind it, raised by the code of a layer of one's own
    cause: BaseException | None = None
    #: whether it is shown at the command line, and so in its words: `--set x=3` for `set={"x": 3}`
    shell: bool = False


@dataclass_transform(frozen_default=True, eq_default=False)
class Diagnostic(Circumstances):
    """A mistake and its facts; frozen, and equal only to itself.

    Subclasses are dataclasses to a type checker, with one `__init__` for all of them at run time: the
    standard library compiles one for each class, which takes a third of a millisecond per class at import.
    """

    code: ClassVar[str] = "GL000"
    severity: ClassVar[Severity] = "error"
    #: other places: from the name of a fact that is a span, or None, to a template
    places: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls) -> None:
        for name in TEMPLATES:
            if isinstance(text := vars(cls).get(name), str):
                setattr(cls, name, Template(text))

    def __init__(self, *values: object, **named: object) -> None:
        facts = dict(facts_of(type(self)))
        passed = dict(zip(facts, values, strict=False)) | named
        wrong = [name for name in passed if name not in facts]
        wrong += [name for name, value in (facts | passed).items() if value is REQUIRED]
        if wrong or len(values) > len(facts):
            raise TypeError(f"{type(self).__name__} takes {', '.join(facts)}; wrong or missing: {wrong}")
        for name, value in (facts | passed).items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot assign to `{name}`: use `replaced`")

    def replaced(self, **changes: object) -> Self:
        """The same diagnostic with other facts or circumstances."""
        other = object.__new__(type(self))
        for name, value in {**vars(self), **changes}.items():
            object.__setattr__(other, name, value)
        return other

    @property
    def message(self) -> str:
        """One sentence that says what is wrong, without a full stop."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """A few words beside the caret, or nothing."""
        return ""

    @property
    def help(self) -> str | None:
        """What to do about it."""
        return None

    @property
    def replacement(self) -> str | None:
        """What to write in place of the text at `span`, where that is certain."""
        return None

    @property
    def sure(self) -> bool:
        """Whether the edits are certainly what is meant, so that a reader may go on as if they were made."""
        return False

    @property
    def edits(self) -> Sequence[Edit]:
        """What `help` advises as changes of the text, where it says exactly what to write."""
        if self.span is None or self.replacement is None:
            return ()
        return (Edit(self.span, self.replacement),)

    @property
    def also(self) -> Sequence[Related]:
        """The other places that its own facts name."""
        spans = ((getattr(self, name), text) for name, text in self.places.items())
        return [Related(span, filled(text, self)) for span, text in spans if span is not None]

    @property
    def related(self) -> list[Related]:
        """The other places that have to do with it, and the innermost calls that led into a `def`."""
        own = list(self.also)
        calls = [Related(span, f"in this use of `{name}`") for name, span in self.called[-3:]]
        places = {_where(place.span) for place in (self, *own) if place.span is not None}
        return [*own, *(call for call in calls if _where(call.span) not in places)]

    def as_json(self) -> dict[str, Any]:
        """The diagnostic as plain data: the record of `--format json`."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            **self._place_json(),
            "help": self.help,
            "edits": [edit.as_json() for edit in self.edits],
            "related": [place.as_json() for place in self.related],
        }

    def __repr__(self) -> str:
        return f"<{self.code} {self.message}>"


def _where(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.source.name


# ---- facts -------------------------------------------------------------------------------------------

REQUIRED: Any = object()
"""Stands for the default of a fact that has none."""


def facts_of(kind: type[Diagnostic]) -> Iterator[tuple[str, object]]:
    """The facts of a class and their defaults, those of its bases first."""
    for base in reversed(kind.__mro__):
        if issubclass(base, Diagnostic):
            for name, annotation in vars(base).get("__annotations__", {}).items():
                if not str(annotation).startswith("ClassVar"):
                    yield name, vars(base).get(name, REQUIRED)


def owner_of_code(kind: type[Diagnostic]) -> type[Diagnostic]:
    """The class that has the code of a class, and the story of all its wordings."""
    return next(base for base in kind.__mro__ if issubclass(base, Diagnostic) and "code" in vars(base))


# ---- templates ---------------------------------------------------------------------------------------


class Template:
    """A text of a class; read from a diagnostic, it is filled with the facts."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __get__(self, diagnostic: Diagnostic | None, owner: type[Diagnostic]) -> Any:
        return self if diagnostic is None else filled(self.text, diagnostic)

    def __str__(self) -> str:
        """The text with `...` for each fact."""
        return "".join(words + ("" if fact is None else "...") for words, fact in self.parts())

    def parts(self) -> Iterator[tuple[str, str | None]]:
        """The words between the facts, each with the name of the fact behind it; the last may have none."""
        from string import Formatter

        for words, fact, _spec, _conversion in Formatter().parse(self.text):
            yield words, fact


def filled(template: str, diagnostic: Diagnostic) -> str:
    """A template with facts in place of their names.

    A span stands for its text, cut short with `{span:short}`. Several words are listed, each in backticks:
    `{names}` is "`a`, `b`", `{names:or}` "`a` or `b`"; `{names:bare or}` leaves out the backticks.
    """
    return template.format_map(_Facts(diagnostic))


class _Facts(dict[str, Any]):
    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__()
        self.diagnostic = diagnostic

    def __missing__(self, name: str) -> Any:
        value = getattr(self.diagnostic, name)
        if isinstance(value, list) or type(value) is tuple:
            return _Several(value)
        return value


class _Several(tuple[Any, ...]):
    __slots__ = ()

    def __format__(self, spec: str) -> str:
        bare = spec.startswith("bare")
        words = [str(word) if bare else f"`{word}`" for word in self]
        return listed(words, spec.removeprefix("bare").strip())


def listed(words: Sequence[str], last: str = "or") -> str:
    """`a, b or c` as prose; without a last word, `a, b, c`."""
    if not last or len(words) < 2:
        return ", ".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
