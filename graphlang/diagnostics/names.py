"""GL201 to GL210: names that are unknown, defined twice, in a cycle, or not visible where they are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from graphlang.diagnostics.base import Diagnostic, Located, first_of, listed, wording
from graphlang.diagnostics.places import Related, Span
from graphlang.diagnostics.spelling import closest_of, closest_of_kind


class UnknownName(Located):
    """A name is used that nothing defines.

    As soon as a file declares one `input`, every name that it uses must be defined in it: an input,
    a parameter, a value, a dimension of an input, or a `hyper`.

        input apple = 100
        price = aple * 2

    Fix: correct the spelling, or declare the name with `input`.
    """

    code = "GL201"
    message = "unknown name `{name}`"
    label = "not an input, parameter or node"

    name: str

    among_constants = wording(help="here only constants can stand; declare it: `hyper {name} = ...`")
    of_slope = wording(help="a derivative has a form of its own: that of `y` by `x` is `grad(y, x)`")
    as_output = wording(help="an output is the name of a value of the file")


class MisspeltName(UnknownName):
    """A name that nothing defines, and that may be meant for one of those that are visible."""

    replacement = first_of("{match}")
    help = first_of(
        "did you mean `{match}`?",
        "did you mean `{unused}`, which nothing uses? Else declare it: `input {name}`",
        "declare it: `input {name}`",
    )

    visible: Mapping[str, Span | None]
    #: the only name of the file that nothing uses
    unused: str | None = None

    match = closest_of("name", "visible")

    @property
    def also(self) -> Sequence[Related]:
        place = self.visible.get(self.match) if self.match else None
        return [Related(place, f"`{self.match}` is defined here")] if place else []


class NotOfTheFile(UnknownName):
    """A name where a value of the file is to be named, which none is."""

    help = first_of("did you mean `{unused}`, which nothing uses? {takes}", "{takes}")

    #: what names a value: `grad`, `expect`, or a setting
    by: str
    #: the only name of the file that nothing uses
    unused: str | None

    @property
    def takes(self) -> str:
        return {
            "grad": "`grad(y, x)` takes a value of the file, and one that it is computed from",
            "expect": "`expect` compares values of the file: name one, or write a number",
            "metrics": "a metric is a number computed from values of the file, as `mae(y, t)`",
        }.get(self.by, f"`{self.by}` names a number that the file computes, as `{self.by} = loss`")


class NameInOtherForm(UnknownName):
    """A name for what has a form of its own here: `WT` for `W.T`, `dz_dx` for a gradient."""

    help = "write `{written}`"
    replacement = "{written}"

    written: str


class NameOfMathematics(UnknownName):
    """A name such as `pi` or `inf` that has a form of its own here."""

    help = "write `{written}`"
    replacement = "{written}"

    written: str


class NameElsewhere(UnknownName):
    """A name of another framework, with what the catalog says of it."""

    help = "{catalog_note}"
    replacement = first_of("{written}")

    catalog_note: str
    written: str | None


class NameNotPassed(UnknownName):
    help = "pass it in: add `{name}` to the formals of `{definition}`"
    definition: str


class UnknownOperation(Located):
    """A layer or a function is called that does not exist.

        y = x -> Afine(50)

    Fix: correct the spelling. `graphlang layers` lists everything there is; a `def` adds your own.
    """

    code = "GL202"

    name: str

    normal_without_deviation = wording(
        "unknown initializer `{name}`",
        "write `normal(1)`: a normal distribution with the standard deviation 1",
        replacement="normal(1)",
    )

    @property
    def match(self) -> str | None:
        """The operation that is meant."""
        return None


_LISTED = (
    "`graphlang layers` lists every layer and function; one of your own is handed over in Python, "
    "`gl.load(file, layers=[{name}])`"
)


class NoSuchCallable(UnknownOperation):
    message = "unknown operation `{name}`"
    help = _LISTED
    label = "not a layer, function or `def`"


class MisspeltOperation(NoSuchCallable):
    replacement = first_of("{match}")
    help = first_of(
        "did you mean the function `{function}`? A layer of your own is handed over in Python, "
        "`gl.load(file, layers=[{name}])`",
        "did you mean `{match}`?",
        _LISTED,
    )

    candidates: Sequence[str]

    @property
    def function(self) -> str | None:
        """The function that is meant, where the name is one of a layer."""
        match = self.match
        return match if match is not None and self.name[:1].isupper() and match[:1].islower() else None

    match = closest_of("name", "candidates", closest_of_kind)


class OperationOfImport(NoSuchCallable):
    """A `def` of an imported file without the name of the import."""

    help = "it is a `def` of an imported file: write `{written}`"
    replacement = "{written}"

    written: str


class OperationRenamed(NoSuchCallable):
    """An operation that has another name here."""

    other: str
    #: what the catalog says of the difference
    catalog_note: str | None

    @property
    def match(self) -> str:
        return self.other

    @property
    def replacement(self) -> str | None:
        return None if self.catalog_note else self.other

    @property
    def help(self) -> str:  # type: ignore[override]  # it is never set
        return f"it is called `{self.other}` here" + (f"; {self.catalog_note}" if self.catalog_note else "")


class OperationAsFormula(NoSuchCallable):
    """An operation that is written as an expression here."""

    help = "write `{written}`"
    replacement = first_of("{operand}", "{written}")
    replaces = "call"

    written: str
    #: the call that the expression takes the place of, where its arguments are known
    call: Span | None = None
    #: the expression as it stands in another one
    operand: str | None = None


class OperationElsewhere(NoSuchCallable):
    """An operation that the language does not have, with what the catalog says of it."""

    help = "{catalog_note}"

    catalog_note: str | None


class UnknownMember(UnknownOperation):
    """An initialiser, an optimizer, a schedule or a source that does not exist."""

    message = "unknown {kind} `{name}`"
    replacement = first_of("{match}")
    help = first_of("did you mean `{match}`?", "there are {members:and}")

    kind: str
    members: Sequence[str]

    match = closest_of("name", "members", closest_of_kind)


class MemberRenamed(UnknownOperation):
    message = "unknown {kind} `{name}`"
    help = "it is called `{other}` here"
    replacement = "{other}"

    kind: str
    other: str

    @property
    def match(self) -> str:
        return self.other


class MemberWithOption(UnknownOperation):
    message = "unknown {kind} `{name}`"
    help = "it is an option here: `{written}`"

    kind: str
    written: str

    @property
    def match(self) -> None:
        """No member has another name for it."""


class Redefinition(Located):
    """A name is given to two things.

    A name means one thing in a file, so that the order of the lines does not matter.

        h = x * 2
        h = h + 1

    Fix: give the second value a name of its own.
    """

    code = "GL203"
    message = "`{name}` is defined twice"
    label = "second definition"
    help = "a name means one thing in a file; give this one a name of its own"
    places = {"first": "first defined here"}

    name: str
    first: Span


class Cycle(Diagnostic):
    """Values depend on one another in a circle, so none of them can be computed first.

        a = b + 1
        b = a * 2

    Fix: break the circle; a recurrence over time is written with `scan`.
    """

    code = "GL204"
    help = "a value can only be made of values before it; a recurrence over time is a `scan`"

    path: Sequence[str]
    spans: Sequence[Span]

    of_one = wording("`{path[0]}` is defined by itself", label="needs itself")
    of_a_call = wording(
        "`{path[0]}` is defined by itself",
        "give the value another name: in this file `{path[0]}` is the value, no longer the function",
        label="hides what is called here",
    )

    @property
    def span(self) -> Span:  # type: ignore[override]  # it is never set
        return self.spans[0]


class DefinitionsInCycle(Cycle):
    message = "these definitions form a cycle: {cycle}"
    label = "needs `{path[1]}`"

    @property
    def cycle(self) -> str:
        shown = self.path if len(self.path) <= 8 else [*self.path[:4], "...", *self.path[-3:]]
        return " -> ".join([*shown, self.path[0]])

    @property
    def also(self) -> Sequence[Related]:
        names = [*self.path[2:], self.path[0]]
        return [Related(span, f"needs `{name}`") for span, name in zip(self.spans[1:7], names, strict=False)]


class NotVisibleInDef(Located):
    """A `def` uses a value of the file, but it sees only its formals, `hyper`s, other `def`s and built-ins.

        input tax
        def with_tax(price) = price * tax

    Fix: make the value an argument of the `def`.
    """

    code = "GL205"
    message = "`{name}` of the file is not visible inside `def {definition}`"
    help = "pass it in: add `{name}` to the formals of `{definition}`"
    places = {"place": "`{name}` is defined here"}

    name: str
    definition: str
    place: Span | None


class NeedsCapital(Located):
    """A `def` with a lower-case name owns parameters.

    A capital name is a layer, which may own parameters; a lower-case name is a function, which never does.

        def block(x) = x -> Affine(10) -> Relu

    Fix: write the name with a capital: `Block`.
    """

    code = "GL206"
    message = "`def {name}` owns parameters, but its name is that of a function"
    help = "call it `{capital}`: capital names are layers, and layers own parameters"
    places = {"place": "{owner} has parameters"}

    name: str
    owner: str
    place: Span | None

    @property
    def capital(self) -> str:
        return f"{self.name[:1].upper()}{self.name[1:]}"


class NoSuchPart(Located):
    """A name after a point does not exist: a layer has no such parameter, a file no such `def`.

        input ids: int[N]
        layer tok = Embedding(65, 128)
        y = tok(ids) @ tok.weight.T

    Fix: use one of the names that the message lists.
    """

    code = "GL208"
    message = "`{owner}` has no `{name}`"
    help = first_of("{catalog_note}", "did you mean `{owner}.{match}`?", "it has {parts:and}")
    replacement = first_of("{match}")
    match = closest_of("name", "parts")

    owner: str
    name: str
    parts: Sequence[str]
    #: what the catalog says of a part that arrays have elsewhere
    catalog_note: str | None = None


def _listed(names: Sequence[str]) -> str:
    return listed([f"`{n}`" for n in names], "and")


class BuiltInHidden(Located):
    """A `def` bears the name of a built-in and is used in its place: allowed, and worth knowing.

        def sigmoid(x) = 1 / (1 + exp(-x))
        y = sigmoid(a)

    Fix: nothing, where that is meant; else give the `def` a name of its own.
    """

    code = "GL209"
    severity = "note"
    message = "`def {name}` is used in place of the built-in `{name}`"

    name: str


class ValueHidden(BuiltInHidden):
    """A name of the file is that of a built-in value."""

    message = "`{name}` is used in place of the built-in value `{name}`"


class ImportProblem(Located):
    """An `import` that cannot be followed: outside the folder, missing, a circle, or not a `.graph` file.

        import "../secret.graph" as s

    Fix: keep imported files below the folder of the importing one and name them relatively.
    """

    code = "GL210"

    from_text = wording(
        "a spec that comes as text cannot import",
        'save it to a file and load that, as in `gl.load("net.graph")`',
    )


class ImportsInCycle(ImportProblem):
    message = "these files import one another: {cycle}"
    help = "move what both need into a file of its own, which imports neither of them"

    files: Sequence[str]

    @property
    def cycle(self) -> str:
        return " -> ".join(self.files)


class ImportOfPath(ImportProblem):
    path: str

    not_relative = wording(
        "an import names a file below the folder of the importing one, relatively, and `{path}` is none",
        'copy the file there, and import it as in `import "blocks.graph" as blocks`',
    )
    outside = wording(
        "`{path}` lies outside of the folder of the importing file",
        'copy it below that folder, and import it as in `import "blocks.graph" as blocks`',
    )
    other_file = wording(
        "`{path}` is not a `.graph` file",
        "an import takes the `def`s of another spec, whose name ends in `.graph`",
    )
    without_suffix = wording(
        "`{path}` is not a `.graph` file",
        'write `"{path}.graph"`: the name of the file with its ending',
        replacement='"{path}.graph"',
    )


class MissingImport(ImportOfPath):
    message = "there is no file `{path}` beside the importing one"
    help = first_of(
        "did you mean `{match}`?",
        "there is `{deeper}`: write that",
        "look at the spelling; the path starts from the folder of this file",
    )
    match = closest_of("path", "files")

    files: Sequence[str]
    #: files of that name in folders below
    below: Sequence[str] = ()

    @property
    def deeper(self) -> str | None:
        return self.below[0] if self.below else None


class MissingUnnamedImport(MissingImport):
    message = "there is no file `{path}` beside the importing one, and an import needs a name"
    help = first_of(
        'write `import "{match}" as {name}`',
        'write `import "{deeper}" as {name}`',
        'write `import "{path}" as {name}`, with the path of a file that is there',
    )

    name: str = ""


class ImportUnreadable(ImportProblem):
    message = "`{path}` cannot be read: {refusal}"
    help = "make it a text file that may be read, or import another one"
    path: str
    refusal: str


class NotImportable(Exception):
    """Raised by a reader of imported files; it makes the diagnostic where the import stands."""

    def __init__(self, problem: type[ImportProblem], *facts: object) -> None:
        super().__init__(problem, facts)
        self.problem: Callable[..., ImportProblem] = problem
        self.facts = facts

    def at(self, span: Span) -> ImportProblem:
        """What to report, at the place of the import."""
        return self.problem(span, *self.facts)
