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

`graphlang explain CODE` prints the docstring of the class that has the code. A mistake that shows itself in
several ways has a wording for each, which `explain` lists:

    class NoData(Diagnostic):
        \"\"\"...\"\"\"

        code = "GL611"
        help = "give it at least one sample"

        file: str

        empty_file = wording("`{file}` holds no data: the file is empty")
        empty_archive = wording("`{file}` holds no data: the archive has no arrays")

`NoData.empty_file(file)` makes one. A wording with facts of its own is a subclass without a code.

Six wordings quote a sentence, since the check that refuses is not the package's alone: an operation checks
its operands and attributes, and a layer or an optimizer of the user's own may do so too. They are
`OperandsMisfit` and `WrongResult` (a `ShapeError`, the contract of a layer), `AttributeRefused`,
`SettingRefused` and `SettingsRefused` (the validator of a field or a model), and `OverrideRefused`, which
quotes another diagnostic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import Formatter
from typing import Any, ClassVar, Literal, Self, TypeVar, cast, dataclass_transform

from graphlang.diagnostics.places import Edit, KnownSize, Place, Related, Span

__all__ = [
    "Diagnostic",
    "Edit",
    "Located",
    "OfFile",
    "Related",
    "Severity",
    "Span",
    "facts_of",
    "filled",
    "first_of",
    "listed",
    "owner_of_code",
    "wording",
    "wordings_of",
]

Severity = Literal["error", "warning", "note"]
TEMPLATES = ("message", "label", "help", "replacement")
"""What a class may write as a template, or compute from its facts as a property."""


class Circumstances(Place):
    """What a diagnostic learns after it is made: how it was reached, and where it is shown."""

    #: the calls of `def`s that led here, outermost first: (name of the `def`, the call)
    called: Sequence[tuple[str, Span]] = ()
    #: the `hyper` whose value it is about, and the place of that value
    hyper: tuple[str, Span] | None = None
    #: the sizes behind the names in its shapes, as `N = ?` and `D = 784`
    sizes: Sequence[KnownSize] = ()
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
    #: the fact, a span, whose text `replacement` takes the place of
    replaces: ClassVar[str] = "span"

    def __init_subclass__(cls) -> None:
        for name in TEMPLATES:
            if isinstance(text := vars(cls).get(name), str):
                template = Template(text)
                template.__set_name__(cls, name)
                setattr(cls, name, template)

    def __init__(self, *values: object, **named: object) -> None:
        facts = dict(facts_of(type(self)))
        passed = dict(zip(facts, values, strict=False)) | named
        wrong = [name for name in passed if name not in facts]
        wrong += [name for name, value in (facts | passed).items() if value is REQUIRED]
        if wrong or len(values) > len(facts):
            raise TypeError(f"{type(self).__qualname__} takes {', '.join(facts)}; wrong or missing: {wrong}")
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
        """What to write in place of the text at `span` (or what `replaces` names), where that is certain."""
        return None

    @property
    def sure(self) -> bool:
        """Whether the edits are certainly what is meant, so that a reader may go on as if they were made."""
        return False

    def repeats(self, other: Diagnostic) -> bool:
        """Whether it tells nothing that another one has not told about the same file."""
        return False

    @property
    def edits(self) -> Sequence[Edit]:
        """What `help` advises as changes of the text, where it says exactly what to write."""
        place: Span | None = getattr(self, self.replaces)
        if place is None or self.replacement is None:
            return ()
        return (Edit(place, self.replacement),)

    @property
    def also(self) -> Sequence[Related]:
        """The other places that its own facts name."""
        spans = ((getattr(self, name), text) for name, text in self.places.items())
        return [Related(span, filled(text, self)) for span, text in spans if span is not None]

    @property
    def related(self) -> list[Related]:
        """The other places that have to do with it, and the innermost calls that led into a `def`."""
        own = list(self.also)
        if self.hyper is not None:
            own.append(Related(self.hyper[1], f"`{self.hyper[0]}` is set here"))
        calls = [Related(span, f"in this use of `{name}`") for name, span in self.called[-3:]]
        places = {_where(place.span) for place in (self, *own) if place.span is not None}
        return [*own, *(call for call in calls if _where(call.span) not in places)]

    @property
    def sizes_told(self) -> str:
        """The sizes behind its names, with what says so: `N = ?, D = 784 (value of x)`."""
        return ", ".join(map(str, self.sizes))

    def as_json(self) -> dict[str, Any]:
        """The diagnostic as plain data: the record of `--format json`."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": elided(self.message, LONGEST),
            **self._place_json(),
            "sizes": [size.as_json() for size in self.sizes],
            "help": self.help and elided(self.help, LONGEST),
            "edits": [edit.as_json() for edit in self.edits],
            "related": [place.as_json() for place in self.related],
        }

    def __repr__(self) -> str:
        return f"<{self.code} {self.message}>"


def _where(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.source.name


D = TypeVar("D", bound=Diagnostic)


class Located(Diagnostic):
    """A mistake at a place in the text."""

    span: Span


class OfFile(Diagnostic):
    """A mistake in a file, or in what is said of one."""

    file: str


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


class wording:  # noqa: N801  # it reads as a declaration
    """A wording without facts of its own: a subclass with other texts, made when it is first used."""

    def __init__(self, message: str | None = None, help: str | None = None, **texts: str | bool) -> None:
        """The texts of a class, as `label` or `replacement`, and whether it is `sure`."""
        texts |= {n: text for n, text in (("message", message), ("help", help)) if text is not None}
        self.texts = texts
        self.kinds: dict[type[Diagnostic], type[Diagnostic]] = {}

    def __set_name__(self, owner: type[Diagnostic], name: str) -> None:
        self.name = name

    def __get__(self, diagnostic: None, owner: type[D]) -> type[D]:
        if owner not in self.kinds:
            names = {"__module__": owner.__module__, "__qualname__": f"{owner.__qualname__}.{self.name}"}
            self.kinds[owner] = type(self.name, (owner,), {**self.texts, **names})
        return cast("type[D]", self.kinds[owner])


def wordings_of(kind: type[Diagnostic]) -> Iterator[type[Diagnostic]]:
    """A class and its other wordings: those in its body, then the subclasses without a code of their own."""
    yield kind
    own = [getattr(kind, name) for name, value in vars(kind).items() if isinstance(value, wording)]
    for other in dict.fromkeys([*own, *kind.__subclasses__()]):
        if other.code == kind.code:
            yield from wordings_of(other)


def owner_of_code(kind: type[Diagnostic]) -> type[Diagnostic]:
    """The class that has the code of a class, and the story of all its wordings."""
    return next(base for base in kind.__mro__ if issubclass(base, Diagnostic) and "code" in vars(base))


# ---- templates ---------------------------------------------------------------------------------------


class Template:
    """A text of a class; read from a diagnostic, it is filled with the facts."""

    #: whether a person reads it, so that long facts in it are cut
    shown = True

    def __init__(self, text: str) -> None:
        self.text = text

    def __set_name__(self, owner: type[Diagnostic], name: str) -> None:
        self.shown = name != "replacement"

    def __get__(self, diagnostic: Diagnostic | None, owner: type[Diagnostic]) -> Any:
        return self if diagnostic is None else filled(self.text, diagnostic, shown=self.shown)

    def __str__(self) -> str:
        """The text with `...` for each fact."""
        return "".join(words + ("" if fact is None else "...") for words, fact in self.parts())

    def parts(self) -> Iterator[tuple[str, str | None]]:
        """The words between the facts, each with the name of the fact behind it; the last may have none."""
        for words, fact, _spec, _conversion in Formatter().parse(self.text):
            yield words, fact

    def is_complete(self, facts: Mapping[str, Any]) -> bool:
        """Whether no fact in it is None or empty."""
        field = Formatter().get_field
        values = (field(fact, (), facts)[0] for _, fact in self.parts() if fact is not None)
        return not any(value is None or value in ("", ()) for value in values)


class FirstOf(Template):
    """Several texts, of which the first is taken whose facts are all there; None where none is."""

    def __init__(self, *texts: str) -> None:
        super().__init__("; ".join(texts))
        self.texts = [Template(text) for text in texts]

    def __get__(self, diagnostic: Diagnostic | None, owner: type[Diagnostic]) -> Any:
        if diagnostic is None:
            return self
        facts = _Facts(diagnostic)
        complete = (t.text for t in self.texts if t.is_complete(facts))
        return next((filled(text, diagnostic, shown=self.shown) for text in complete), None)


def first_of(*texts: str) -> Any:
    """A text that depends on what is known: the first of these templates whose facts are all there.

        help = first_of("did you mean `{match}`?", "it has {parts:and}")

    A fact is there unless it is None, an empty text or an empty list; where no template is complete, there is
    no text.
    """
    return FirstOf(*texts)


def filled(template: str, diagnostic: Diagnostic, *, shown: bool = True) -> str:
    """A template with facts in place of their names; where it is shown to a person, long ones are cut.

    A span stands for its text, cut short with `{span:short}`. Several words are listed, each in backticks:
    `{names}` is "`a`, `b`", `{names:or}` "`a` or `b`"; `{names:bare or}` leaves out the backticks.
    """
    return template.format_map((_ShownFacts if shown else _Facts)(diagnostic))


class _Facts(dict[str, Any]):
    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__()
        self.diagnostic = diagnostic

    def __missing__(self, name: str) -> Any:
        value = getattr(self.diagnostic, name)
        if isinstance(value, list) or type(value) is tuple:
            return _Several(value)
        return value


class _ShownFacts(_Facts):
    def __missing__(self, name: str) -> Any:
        value = super().__missing__(name)
        if isinstance(value, str):
            return elided(value)
        return _Elided(value) if isinstance(value, Span) else value


class _Elided:
    """A span as it is shown: a long text is cut in the middle."""

    def __init__(self, span: Span) -> None:
        self.span = span

    def __format__(self, spec: str) -> str:
        return elided(format(self.span, spec))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.span, name)


class _Several(tuple[Any, ...]):
    __slots__ = ()

    def __format__(self, spec: str) -> str:
        bare = spec.startswith("bare")
        shown = self if len(self) <= MANY + 1 else self[:MANY]
        most = max(SHORT, LIST // max(1, len(shown)))  # a few paths may be long
        texts = [elided(str(word), most) for word in shown]
        words = texts if bare else [f"`{text}`" for text in texts]
        if len(shown) < len(self):
            return f"{', '.join(words)} and {len(self) - len(shown):,} more"
        return listed(words, spec.removeprefix("bare").strip())


MANY = 20
"""The most words of a list that are shown."""
SHORT, LONG, LIST, LONGEST = 60, 200, 600, 1000
"""The most characters that are shown of a word in a long list, of a fact, of a list, and of a message."""


def elided(text: str, most: int = LONG) -> str:
    """A text, cut in the middle where it is long."""
    if len(text) <= most:
        return text
    half = (most - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def listed(words: Sequence[str], last: str = "or") -> str:
    """`a, b or c` as prose; without a last word, `a, b, c`."""
    if not last or len(words) < 2:
        return ", ".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
