"""GL2xx: names that are unknown, defined twice, in a circle, or of the wrong kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graphlang.diagnostics.base import Diagnostic, Edit, Related, Span
from graphlang.diagnostics.spelling import closest


class UnknownName(Diagnostic):
    """A name is used that nothing defines.

    As soon as a file declares one `input`, every name that it uses must be defined in it: an input,
    a parameter, a value, a dimension of an input, or a `hyper`.

        input apple = 100
        price = aple * 2

    Fix: correct the spelling, or declare the name with `input`.
    """

    code = "GL201"

    def __init__(
        self,
        span: Span,
        name: str,
        known: dict[str, Span | None],
        help: str | None = None,
        instead: str | None = None,
    ) -> None:
        self.span = span
        self.name = name
        match = closest(name, known)
        self.match = match
        self.place = known.get(match) if match else None
        self.instead = instead or match
        self._help = help

    @property
    def message(self) -> str:
        return f"unknown name `{self.name}`"

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.span, self.instead)] if self.span and self.instead else []

    @property
    def label(self) -> str:
        return "not an input, parameter or node"

    @property
    def help(self) -> str | None:
        if self._help:
            return self._help
        return f"did you mean `{self.match}`?" if self.match else f"declare it: `input {self.name}`"

    @property
    def also(self) -> Sequence[Related]:
        return [Related(self.place, f"`{self.match}` is defined here")] if self.place else []


class UnknownOperation(Diagnostic):
    """A layer or a function is called that does not exist.

        y = x -> Afine(50)

    Fix: correct the spelling. `graphlang layers` lists everything there is; a `def` adds your own.
    """

    code = "GL202"

    def __init__(
        self,
        span: Span,
        name: str,
        candidates: Iterable[str],
        foreign: str | None = None,
        kind: str = "operation",
        note: str | None = None,
        edits: Sequence[Edit] = (),
    ) -> None:
        self.span = span
        self.name = name
        self.candidates = list(candidates)
        self.match = foreign or (None if note else closest_of_kind(name, self.candidates))
        self.foreign = foreign
        self.kind = kind
        self.note = note
        self._edits = list(edits)

    @property
    def message(self) -> str:
        return f"unknown {self.kind} `{self.name}`"

    @property
    def edits(self) -> Sequence[Edit]:
        if self._edits or self.match is None or self.note or self.span is None:
            return self._edits
        return [Edit(self.span, self.match)]

    @property
    def label(self) -> str:
        return "not a layer, function or `def`" if self.kind == "operation" else ""

    @property
    def help(self) -> str | None:
        if self.foreign:
            return f"it is called `{self.foreign}` here" + (f"; {self.note}" if self.note else "")
        if self.note:
            return self.note
        if self.match:
            return f"did you mean `{self.match}`?"
        if self.kind != "operation":
            return f"there are {_listed(self.candidates)}"
        return "`graphlang layers` lists every layer and function"


def closest_of_kind(name: str, candidates: Sequence[str]) -> str | None:
    """The closest of the layers for a capital name, else of the functions; else what differs in capitals."""
    capital = name[:1].isupper()
    match = closest(name, [c for c in candidates if c[:1].isupper() == capital])
    if match is None:
        plain = name.casefold().replace("_", "")
        match = next((c for c in candidates if c.casefold().replace("_", "") == plain), None)
    return closest(name, candidates) if match is None and len(name) > 4 else match


class Redefinition(Diagnostic):
    """A name is given to two things.

    A name means one thing in a file, so that the order of the lines does not matter.

        h = x * 2
        h = h + 1

    Fix: give the second value a name of its own.
    """

    code = "GL203"

    def __init__(self, span: Span, name: str, first: Span) -> None:
        self.span = span
        self.name = name
        self.first = first

    @property
    def message(self) -> str:
        return f"`{self.name}` is defined twice"

    @property
    def label(self) -> str:
        return "second definition"

    @property
    def also(self) -> Sequence[Related]:
        return [Related(self.first, "first defined here")]

    @property
    def help(self) -> str | None:
        return "a name means one thing in a file; give this one a name of its own"


class Cycle(Diagnostic):
    """Values depend on one another in a circle, so none of them can be computed first.

        a = b + 1
        b = a * 2

    Fix: break the circle; a recurrence over time is written with `scan`.
    """

    code = "GL204"

    def __init__(self, path: Sequence[str], spans: Sequence[Span]) -> None:
        self.path = list(path)
        self.spans = list(spans)
        self.span = spans[0]

    @property
    def message(self) -> str:
        if len(self.path) == 1:
            return f"`{self.path[0]}` is defined by itself"
        shown = self.path if len(self.path) <= 8 else [*self.path[:4], "...", *self.path[-3:]]
        return "these definitions form a cycle: " + " -> ".join([*shown, self.path[0]])

    @property
    def label(self) -> str:
        after = self.path[1 % len(self.path)]
        return "needs itself" if len(self.path) == 1 else f"needs `{after}`"

    @property
    def also(self) -> Sequence[Related]:
        names = [*self.path[1:], self.path[0]]
        pairs = zip(self.spans[1:], names[1:], strict=False)
        return [Related(span, f"needs `{name}`") for span, name in list(pairs)[:6]]

    @property
    def help(self) -> str | None:
        return "a value can only be made of values before it; a recurrence over time is a `scan`"


class NotVisibleInDef(Diagnostic):
    """A `def` uses a value of the file, but it sees only its formals, `hyper`s, other `def`s and built-ins.

        input tax
        def with_tax(price) = price * tax

    Fix: make the value an argument of the `def`.
    """

    code = "GL205"

    def __init__(self, span: Span, name: str, definition: str, place: Span | None) -> None:
        self.span = span
        self.name = name
        self.definition = definition
        self.place = place

    @property
    def message(self) -> str:
        return f"`{self.name}` of the file is not visible inside `def {self.definition}`"

    @property
    def help(self) -> str | None:
        return f"pass it in: add `{self.name}` to the formals of `{self.definition}`"

    @property
    def also(self) -> Sequence[Related]:
        return [Related(self.place, f"`{self.name}` is defined here")] if self.place else []


class NeedsCapital(Diagnostic):
    """A `def` with a lower-case name owns parameters.

    A capital name is a layer, which may own parameters; a lower-case name is a function, which never does.

        def block(x) = x -> Affine(10) -> Relu

    Fix: write the name with a capital: `Block`.
    """

    code = "GL206"

    def __init__(self, span: Span, name: str, owner: str, place: Span | None) -> None:
        self.span = span
        self.name = name
        self.owner = owner
        self.place = place

    @property
    def message(self) -> str:
        return f"`def {self.name}` owns parameters, but its name is that of a function"

    @property
    def help(self) -> str | None:
        capital = f"{self.name[:1].upper()}{self.name[1:]}"
        return f"call it `{capital}`: capital names are layers, and layers own parameters"

    @property
    def also(self) -> Sequence[Related]:
        return [Related(self.place, f"{self.owner} has parameters")] if self.place else []


class WrongKind(Diagnostic):
    """A name is used for what it is not: a function as a value, a value as a function, a list in a sum.

        input x
        y = sigmoid + x

    Fix: call the function, as in `sigmoid(x) + x`.
    """

    code = "GL207"

    def __init__(
        self,
        span: Span,
        message: str,
        help: str | None = None,
        related: Sequence[Related] = (),
        edits: Sequence[Edit] = (),
    ) -> None:
        self.span = span
        self._edits = list(edits)
        self._message = message
        self._help = help
        self._related = related

    @property
    def edits(self) -> Sequence[Edit]:
        return self._edits

    @property
    def message(self) -> str:
        return self._message

    @property
    def help(self) -> str | None:
        return self._help

    @property
    def also(self) -> Sequence[Related]:
        return self._related


class NoSuchPart(Diagnostic):
    """A name after a point does not exist: a layer has no such parameter, a file no such `def`.

        input ids: int[N]
        layer tok = Embedding(65, 128)
        y = tok(ids) @ tok.weight.T

    Fix: use one of the names that the message lists.
    """

    code = "GL208"

    @property
    def edits(self) -> Sequence[Edit]:
        match = closest(self.name, self.parts)
        return [Edit(self.span, match)] if self.span and match else []

    def __init__(
        self, span: Span, owner: str, name: str, parts: Sequence[str], note: str | None = None
    ) -> None:
        self.span = span
        self.note = note
        self.owner = owner
        self.name = name
        self.parts = list(parts)

    @property
    def message(self) -> str:
        return f"`{self.owner}` has no `{self.name}`"

    @property
    def help(self) -> str | None:
        match = closest(self.name, self.parts)
        if self.note:
            return self.note
        if match:
            return f"did you mean `{self.owner}.{match}`?"
        return f"it has {_listed(self.parts)}" if self.parts else None


def _listed(names: Sequence[str]) -> str:
    quoted = [f"`{n}`" for n in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " and " + quoted[-1]


class BuiltInHidden(Diagnostic):
    """A `def` bears the name of a built-in and is used in its place: allowed, and worth knowing.

        def sigmoid(x) = 1 / (1 + exp(-x))
        y = sigmoid(a)

    Fix: nothing, where that is meant; else give the `def` a name of its own.
    """

    code = "GL209"
    severity = "note"

    def __init__(self, span: Span, name: str) -> None:
        self.span = span
        self.name = name

    @property
    def message(self) -> str:
        return f"`def {self.name}` is used in place of the built-in `{self.name}`"


class ImportProblem(Diagnostic):
    """An `import` that cannot be followed: outside the folder, missing, a circle, or not a `.graph` file.

        import "../secret.graph" as s

    Fix: keep imported files below the folder of the importing one and name them relatively.
    """

    code = "GL210"

    def __init__(self, span: Span, message: str, help: str | None = None) -> None:
        self.span = span
        self._message = message
        self._help = help

    @property
    def message(self) -> str:
        return self._message

    @property
    def help(self) -> str | None:
        return self._help
