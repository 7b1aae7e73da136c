"""Statements that are none, that stand in the wrong place, or that lack a part."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphlang.diagnostics.base import Edit, Located, Span, first_of, wording
from graphlang.diagnostics.spelling import closest

# ---- what separates statements and their parts -------------------------------------------------------------


class CommaBetweenLines(Located):
    """Layers or settings are separated by a comma.

        input x: float[N, 3]
        y = x -> layers { Affine(50), Relu }

    Fix: a new line or `;` between entries, or `->` between layers.
    """

    code = "GL130"
    message = "the layers of `{word}` are not separated by `,`"
    label = "not a comma"
    help = "use a new line, `;` or `->`"
    replacement = ";"
    sure = True

    word: str

    #: where the same is to be done in the rest of the block
    more: Sequence[Edit] = ()

    of_settings = wording("the settings of `{word}` are not separated by `,`", "use a new line or `;`")

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(self.span, ";"), *self.more]


class MissingSeparator(Located):
    """Two layers stand side by side in a list.

        input x: float[N, 3]
        y = x -> layers { Affine(50) Relu }

    Fix: `layers { Affine(50); Relu }`, or one layer per line, or `->` between them.
    """

    code = "GL131"
    message = "nothing separates `{before:short}` from `{span:short}`"
    label = "the next layer"
    help = "write a new line, `;` or `->` between the layers"
    sure = True

    before: Span

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(Span(self.span.start, self.span.start, self.span.source), "; ")]


class MissingComma(Located):
    """Two names, or a name and its type, stand side by side without a `,` or `:`.

        input y, z
        output y z

    Fix: `output y, z`; `input x: float[N]`.
    """

    code = "GL153"
    message = "a `{sign}` is missing between `{before}` and `{span}`"
    label = "expected `{sign}`"
    help = "write `{before}{sign} {span}`"
    sure = True

    before: Span
    sign: str

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(Span(self.before.end, self.before.end, self.span.source), self.sign)]


# ---- what gives a name to a value ------------------------------------------------------------------------


class ColonForEquals(Located):
    """A name gets its value with `:` instead of `=`, or an input is declared without `input`.

        input loss = 1
        train { minimize = loss; optimizer = SGD(lr=0.1); batch: 100; epochs = 5 }

    Fix: `train { batch = 100 }`. A `:` stands before a type (`input x: float[N]`) and after a layer's label.
    """

    code = "GL129"
    message = "`{name}` gets its value with `=`, not with `:`"
    label = "expected `=`"
    help = "write `{name} = ...`"
    replacement = " ="
    sure = True

    name: str


class TypeWithoutInput(ColonForEquals):
    message = "`{name}: type` needs `input` in front of it"
    label = ""
    help = "write `input {name}: ...`"

    @property
    def edits(self) -> Sequence[Edit]:
        start = self.span.source.text.rfind(self.name, 0, self.span.start)
        return [Edit(Span(start, start, self.span.source), "input ")]


class EqualityForAssignment(Located):
    """A statement starts with `name ==`.

        loss == mean(d ** 2)

    Fix: `=` gives a name to a value; `==` compares.
    """

    code = "GL132"
    message = "`==` compares; a value gets its name with `=`"
    label = "expected `=`"
    help = "write `{name} = ...`"
    replacement = "="
    sure = True

    name: str


class EqualsInExpression(Located):
    """`=` stands inside an expression.

        s = x if c = 1 else y

    Fix: compare with `==`; give each name its value in a statement of its own.
    """

    code = "GL133"
    message = "`=` cannot stand inside an expression"
    label = "a second `=`"
    help = "compare with `==`, or write two statements"


class UpdateInPlace(Located):
    """A value is changed in place.

        total += x

    A name is defined once and means one value, which is what makes the file a graph.

    Fix: give the new value a name of its own: `total2 = total + x`.
    """

    code = "GL134"
    message = "`{span}` is not part of the language: a name is given once"
    label = "expected `=`"
    sure = True

    name: str

    @property
    def help(self) -> str:
        sign = self.span.text
        if sign == ":=":
            return f"write `{self.name} = ...`"
        operand = "1" if sign in ("++", "--") else "..."
        return f"give the new value a name of its own: `{self.name}2 = {self.name} {sign[0]} {operand}`"

    @property
    def replacement(self) -> str | None:
        return "=" if self.span.text == ":=" else None


class AssignToExpression(Located):
    """Something other than a name stands on the left of `=`.

        W[0] = 1

    Fix: put a name there; a value never changes.
    """

    code = "GL135"
    message = "only names can stand on the left of `=`"
    label = "not a name"
    sure = True

    @property
    def help(self) -> str:
        text = self.span.text
        if re.fullmatch(r"\w+(?:-\w+)+", text):
            return f"`-` subtracts; a name is joined by `_`: `{text.replace('-', '_')}`"
        return "write `name = ...`; a value is never changed after it is made"


class DefinitionWithoutDef(AssignToExpression):
    help = "a function is defined with `def`: write `def {span} = ...`"

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(Span(self.span.start, self.span.start, self.span.source), "def ")]


class MissingValue(Located):
    """A value is missing after `=`, `,` or an opening bracket.

        y =
        output y

    Fix: write the value.
    """

    code = "GL136"
    message = "a value is missing after `{span}`"
    label = "nothing follows"
    help = "write the value after `{span}`, or remove what announces it"


# ---- types -----------------------------------------------------------------------------------------------


class ParamNeedsType(Located):
    """A parameter is declared without its shape.

        param W = normal(0.01)

    A number or a list says the shape itself: `param w = 0` is a scalar, `param b = [0, 0]` a vector of two.
    An initializer says nothing of it, and a parameter's shape must be known before anything runs.

    Fix: `param W: float[784, 50] = normal(0.01)`; for a scalar `param w: float = normal(0.01)`.
    """

    code = "GL137"
    message = "the parameter `{name}` needs a type"
    label = "without a shape"

    name: str
    statement: Span

    @property
    def help(self) -> str:
        start = self.statement.source.text[self.span.end : self.statement.end].strip()
        start = f" {start}" if start and "\n" not in start else ""
        return (
            f"write its shape, as in `param {self.name}: float[784, 50]{start}`; a scalar is "
            f"`param {self.name}: float{start or ' = 0'}`"
        )


class UnknownType(Located):
    """A type is written that the language does not have.

        input x: Tensor[N, 784]

    There are `float`, `int` and `bool`; the precision is chosen when running (`--dtype float32`).

    Fix: `input x: float[N, 784]`.
    """

    code = "GL138"
    message = "`{span:short}` is not a type"
    label = "expected `float`, `int` or `bool`"
    sure = True

    @property
    def help(self) -> str:
        if not self.replacement:
            return "use `float`, `int` or `bool`, with a shape where there is one: `float[N, 10]`"
        has_width = any(map(str.isdigit, self.span.text))
        return f"write `{self.replacement}`" + (
            "; the precision is chosen when running: `--dtype float32`" if has_width else ""
        )

    @property
    def replacement(self) -> str | None:
        name = self.span.text.rpartition(".")[2]
        word = name.casefold().rstrip("0123456789_")
        return TYPES_ELSEWHERE.get(word) or closest(name, ["float", "int", "bool"])


TYPES_ELSEWHERE = {
    **dict.fromkeys("float f tensor array double half real number matrix vector".split(), "float"),
    **dict.fromkeys("bfloat bf fp ndarray scalar floattensor doubletensor".split(), "float"),
    "longtensor": "int",
    "booltensor": "bool",
    **dict.fromkeys("int i uint u long integer short byte label index".split(), "int"),
    **dict.fromkeys("bool boolean bit logical".split(), "bool"),
}

# ---- what is not a statement, or not allowed where it stands ---------------------------------------------


class NotAStatement(Located):
    """A line is not a statement: most often a value without a name.

        x -> Affine(10) -> Relu

    Fix: give the value a name: `y = x -> Affine(10) -> Relu`.
    """

    code = "GL139"
    message = "this value gets no name"
    label = "expected `name = value`"
    help = "give it a name: `y = ...`"

    lonely_name = wording(
        "`{span:short}` alone is not a statement", "write `{span} = ...`, or `output {span}` to return it"
    )


class UnknownStatement(Located):
    """A line starts with a word that starts no statement, or a word of the language is misspelt.

        inptu x = 3

    Fix: the words that start a statement are `input`, `param`, `layer`, `hyper`, `def`, `output`, `expect`,
    `import`, `data`, `train`, `gradcheck`; everything else is `name = value`.
    """

    code = "GL140"
    message = "no statement starts with `{span}`"
    label = "unknown word"
    help = first_of("did you mean `{match}`?", "a value gets its name with `name = value`")
    replacement = first_of("{match}")
    sure = True

    match: str | None = None

    inside = wording("`{span}` cannot stand here")


class PythonStatement(Located):
    """A statement of Python stands in the file.

        for i in range(3):
            x = Relu(x)

    A file is data: it describes a graph and has no control flow of its own.

    Fix: `repeat 3 { Relu }` and `for c in [16, 32] { Conv(c, 3) }` are stages of a chain; `a if c else b`
    chooses; `def f(x) { ... }` and `def f(x) = value` define.
    """

    code = "GL141"
    message = "this form of `{word}` is not part of the language"
    label = "a file describes a graph, it is not a program"
    sure = True
    fixes = {
        "for": "repetition is a stage of a chain: `x -> repeat 3 { Relu }`, `x -> for c in [1, 2] { A(c) }`",
        "while": "repetition is a stage of a chain: `x -> repeat 3 { Relu }`",
        "if": "a choice is a value: `y = a if c else b`; at run time `where(c, a, b)` chooses",
        "def": "write `def f(x) = value`, or `def f(x) { ... return value }`",
        **dict.fromkeys(("import", "from"), 'an import names a file: `import "blocks.graph" as blocks`'),
        "class": "a layer of one's own is a `def`, or a Python class given to `gl.load(layers=[...])`",
        "return": "a file's results are named by `output y`",
        "print": "`graphlang run` prints every named value",
        "assert": "write `expect a ~= b`",
        **dict.fromkeys(("let", "var", "val"), "write `name = value`"),
        "const": "write `hyper name = value`",
    }

    word: str
    changes: Sequence[Edit] = ()

    @property
    def help(self) -> str:
        return self.fixes.get(self.word, "give values names with `name = value`")

    @property
    def edits(self) -> Sequence[Edit]:
        return self.changes


class PythonHead(PythonStatement):
    """The head of a `def` with types, a result and a `:` as Python has them."""

    written: str = ""

    @property
    def help(self) -> str:
        return f"write `{self.written} {{ ... return value }}`: what has no type may be anything"


class MisplacedStatement(Located):
    """A statement stands where it has no meaning.

        def f(x) {
          input y
          return x + y
        }

    `return` belongs in a `def`, `next` and `yield` in a `scan`; all but `param`, `layer` and `name = value`
    belong outside of blocks.

    Fix: move the line.
    """

    code = "GL142"
    message = "`{span}` cannot stand {place}"
    sure = True

    block: str | None

    @property
    def place(self) -> str:
        return f"in the block of `{self.block}`" if self.block else "here"

    @property
    def label(self) -> str:
        home = {"return": "belongs in a `def`", "next": "belongs in a `scan`", "yield": "belongs in a `scan`"}
        return home.get(self.span.text, "belongs outside of blocks" if self.block else "")

    @property
    def help(self) -> str:
        if self.span.text == "return" and self.block is None:
            return "a file's results are named by `output y`"
        if self.block == "def" and self.span.text in ("input", "output"):
            return "a `def` takes its inputs in its brackets and gives its results with `return`"
        return "move the line to where it belongs"

    @property
    def replacement(self) -> str | None:
        """`return y, z` at the top of a file names its outputs."""
        following = self.span.source.text[self.span.end :].partition("\n")[0].partition("#")[0].strip()
        names = all(name.strip().isidentifier() for name in following.split(","))
        return "output" if self.span.text == "return" and self.block is None and names else None


class ReservedWord(Located):
    """A word of the language is used as a name.

    `if`, `else`, `and`, `or`, `not`, `true`, `false` and `none` are never names. All other words of the
    language are names wherever they cannot be meant as words: `data = 3` is fine.

        input not = 1

    Fix: choose another name.
    """

    code = "GL143"
    message = "`{span}` is a word of the language and cannot be a name"
    label = "reserved"
    help = "choose another name, such as `{span}_`"


class NotAStage(Located):
    """Something other than a layer or a function follows `->`.

        y = x -> 3

    Fix: `->` hands a value to a layer or a function: `x -> Relu`, `x -> clip(0, 3)`.
    """

    code = "GL144"
    message = "`{span:short}` cannot stand after `->`"
    label = "expected a layer or a function"
    help = "`->` hands a value on: `x -> Relu`, `x -> Affine(10)`"
