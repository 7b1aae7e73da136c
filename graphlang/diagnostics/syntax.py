"""GL1xx: text that is not a sentence of the language: characters, brackets, operators, statements."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import ClassVar

from graphlang.diagnostics.base import Diagnostic, Edit, Related, Span
from graphlang.diagnostics.spelling import closest


class SyntaxMistake(Diagnostic):
    """A mistake in the text of a file; where a subclass needs no facts, three strings are all of it."""

    title: ClassVar[str] = ""
    beside: ClassVar[str] = ""
    fix: ClassVar[str | None] = None
    sure = False

    def __init__(self, span: Span) -> None:
        self.span: Span = span

    @property
    def message(self) -> str:
        return self.title

    @property
    def label(self) -> str:
        return self.beside

    @property
    def help(self) -> str | None:
        return self.fix

    @property
    def instead(self) -> str | None:
        """What takes the place of the text that it points at, where that is certain."""
        return None

    @property
    def edits(self) -> Sequence[Edit]:
        return [] if self.instead is None else [Edit(self.span, self.instead)]


def listed(words: Sequence[str], last: str = "or") -> str:
    """`a`, `b or c` as prose."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def character(c: str) -> str:
    """A character by its number and its name: `U+200B ZERO WIDTH SPACE`."""
    return f"U+{ord(c):04X} {unicodedata.name(c, 'a control character')}"


# ---- the general case --------------------------------------------------------------------------------


class UnexpectedSyntax(SyntaxMistake):
    """Something stands where the language has no place for it.

    The message says what was found and what could stand there instead.

        def 3(x) = x

    Fix: the caret shows the first word that does not fit; the mistake is there or just before it.
    """

    code = "GL101"

    def __init__(self, span: Span, found: str, expected: Sequence[str]) -> None:
        super().__init__(span)
        self.found = found
        self.expected = tuple(expected)

    @property
    def message(self) -> str:
        if self.found.startswith("the end"):
            return f"{self.found} comes too early"
        return f"{self.found} cannot stand here"

    @property
    def label(self) -> str:
        return f"expected {listed(self.expected)}" if self.expected else ""

    @property
    def help(self) -> str:
        if self.expected == ("the end of the line",):
            return "the statement is whole before this: remove it, or put it on a line of its own"
        if self.expected:
            return f"write {listed(self.expected)} here, or look for the mistake just before"
        return "look for the mistake just before this place"


# ---- brackets ------------------------------------------------------------------------------------------


class UnclosedBracket(SyntaxMistake):
    """A bracket is opened and never closed.

    Inside brackets a line end does not end a statement, so everything after an unclosed bracket is read
    as part of it.

        h = Relu(x @ W + b
        y = h @ V

    Fix: close the bracket where its contents end.
    """

    code = "GL102"
    closing: ClassVar = {"(": ")", "[": "]", "{": "}"}

    def __init__(self, span: Span, end: Span | None, sure: bool = False) -> None:
        super().__init__(span)
        self.end = end
        self.sure = sure or span.text == "{"

    @property
    def message(self) -> str:
        return f"`{self.span.text}` is never closed"

    @property
    def label(self) -> str:
        return "opened here"

    @property
    def help(self) -> str:
        return f"add the missing `{self.closing[self.span.text]}`"

    @property
    def also(self) -> Sequence[Related]:
        if self.end is None:
            return []
        closing = self.closing[self.span.text]
        return [Related(self.end, f"`{closing}` is still missing here")]

    @property
    def edits(self) -> Sequence[Edit]:
        """Closed at the end of what is before the place where it is missed; at the end of the file, there."""
        text = self.span.source.text
        before = text[: self.end.start if self.end else len(text)]
        at = _end_of_code(before)
        return [Edit(Span(at, at, self.span.source), self.closing[self.span.text])]


class UnexpectedClosing(SyntaxMistake):
    """A bracket is closed that is not open.

        y = (a + b))

    Fix: remove the bracket, or add the one that opens it.
    """

    code = "GL103"
    sure = True

    def __init__(self, span: Span, opened: Span | None) -> None:
        super().__init__(span)
        self.opened = opened

    @property
    def message(self) -> str:
        if self.opened:
            return f"`{self.span.text}` closes a `{self.opened.text}`"
        return f"`{self.span.text}` closes nothing"

    @property
    def label(self) -> str:
        return "does not fit" if self.opened else "no bracket is open here"

    @property
    def help(self) -> str:
        if self.opened:
            return "use the closing bracket that fits the opening one"
        return "remove it, or add the bracket that it should close"

    @property
    def also(self) -> Sequence[Related]:
        return [Related(self.opened, "this is the bracket that is open")] if self.opened else []

    @property
    def instead(self) -> str | None:
        return UnclosedBracket.closing[self.opened.text] if self.opened else ""


class EmptyBlock(SyntaxMistake):
    """A block holds nothing.

        y = x -> layers { }

    Fix: write what belongs between the braces, or remove the block.
    """

    code = "GL104"

    def __init__(self, span: Span, word: str) -> None:
        super().__init__(span)
        self.word = word

    @property
    def message(self) -> str:
        return f"the block of `{self.word}` is empty" if self.word else "the block is empty"

    @property
    def label(self) -> str:
        return "nothing before this"

    @property
    def help(self) -> str:
        inside = {
            "def": "end it with `return value`",
            "scan": "give it `next` and `yield` lines",
        }
        return inside.get(self.word, "put at least one layer between the braces, or remove the block")


class MissingBlock(SyntaxMistake):
    """A word that needs a block in braces stands without one.

        y = x -> repeat 3 Affine(10)

    Fix: put what belongs to it between `{` and `}`.
    """

    code = "GL105"

    def __init__(self, span: Span, word: str) -> None:
        super().__init__(span)
        self.word = word

    @property
    def message(self) -> str:
        return f"`{self.word}` needs a block in braces"

    @property
    def label(self) -> str:
        return "expected `{`"

    @property
    def help(self) -> str:
        form = {
            "layers": "layers { Affine(10); Relu }",
            "repeat": "repeat 3 { Affine(10); Relu }",
            "for": "for c in [16, 32] { Conv(c, 3); Relu }",
            "residual": "residual { LayerNorm; Affine(10) }",
            "scan": "scan x in xs carry h = h0 { next h = h + x; yield h }",
            "def": "def f(x) { return x }` or `def f(x) = x",
        }
        return f"write `{form.get(self.word, f'{self.word} {{ name = value }}')}`"


# ---- characters ----------------------------------------------------------------------------------------


class StrayCharacter(SyntaxMistake):
    """A character has no meaning in the language.

        y = $x + 1

    Fix: remove it.
    """

    code = "GL106"
    sure = True

    @property
    def message(self) -> str:
        c = self.span.text
        return (
            f"`{c}` has no meaning here"
            if c.isprintable() and c.isascii()
            else f"{character(c)} has no meaning here"
        )

    @property
    def label(self) -> str:
        return "not part of the language"

    @property
    def help(self) -> str:
        if self.span.text == "\\":
            return "remove it: a line goes on by itself after an operator, `,`, `=` or an open bracket"
        return "remove it"

    @property
    def instead(self) -> str | None:
        return ""


class InvisibleCharacter(SyntaxMistake):
    """A character that cannot be seen stands in the file.

    Copying from web pages and word processors brings in zero-width and other special spaces. They would make
    two names that look the same different.

    Fix: delete the character, or type an ordinary space in its place.
    """

    code = "GL107"
    sure = True

    @property
    def message(self) -> str:
        return f"an invisible character: {character(self.span.text)}"

    @property
    def label(self) -> str:
        return "right here"

    @property
    def help(self) -> str:
        if unicodedata.category(self.span.text) == "Zs":
            return "type an ordinary space instead"
        return "delete it; retyping the word is the easiest way"

    @property
    def instead(self) -> str | None:
        return " " if unicodedata.category(self.span.text) == "Zs" else ""


class BidirectionalCharacter(SyntaxMistake):
    """A character that turns the direction of text stands in the file.

    It makes an editor show something else than what is read, even from within a comment or a string
    (the "Trojan Source" attack, CVE-2021-42574).

    Fix: delete the character.
    """

    code = "GL108"

    @property
    def message(self) -> str:
        return f"an invisible character that reorders text: {character(self.span.text)}"

    @property
    def label(self) -> str:
        return "right here"

    @property
    def help(self) -> str:
        return "delete it; it can make the file look different from what is read"

    @property
    def instead(self) -> str | None:
        return ""


class MixedScripts(SyntaxMistake):
    """A name mixes letters of different writing systems.

    Letters of different scripts can look the same (Latin `a` and Cyrillic U+0430), so that two different
    names look like one. The combinations that East Asian languages are written in are fine, and so is a name
    that is Greek throughout (`α`).

    Fix: type the name anew in one script.
    """

    code = "GL109"

    def __init__(self, span: Span, name: str, script: str, main: str, whole: Span) -> None:
        super().__init__(span)
        self.name = name
        self.script = script.capitalize()
        self.main = main.capitalize()
        self.whole = whole

    @property
    def message(self) -> str:
        return f"the name `{self.name}` mixes {self.main} and {self.script} letters"

    @property
    def label(self) -> str:
        return f"{character(self.span.text)}"

    @property
    def help(self) -> str:
        return f"type the name anew with {self.main} letters only"


class NotInNames(SyntaxMistake):
    """A name holds a character that is neither a letter, a digit nor `_`.

        y = x₁ + 1

    Fix: use letters, digits and `_`: `x1`.
    """

    code = "GL110"

    def __init__(self, span: Span, name: str) -> None:
        super().__init__(span)
        self.name = name

    @property
    def message(self) -> str:
        return f"{character(self.span.text)} cannot be part of a name"

    @property
    def label(self) -> str:
        return "not a letter, a digit or `_`"

    @property
    def help(self) -> str:
        digit = unicodedata.normalize("NFKC", self.span.text)
        return f"write `{self.name.replace(self.span.text, digit if digit.isdigit() else '_')}`"


class ForeignDigit(SyntaxMistake):
    """A number is written with digits other than 0 to 9.

        x = ٣ + 1

    Fix: use the ASCII digits.
    """

    code = "GL111"
    sure = True

    @property
    def message(self) -> str:
        return f"`{self.span.text}` ({character(self.span.text)}) is not a digit of a number"

    @property
    def label(self) -> str:
        return "numbers are written with 0 to 9"

    @property
    def help(self) -> str:
        return f"write `{unicodedata.digit(self.span.text, '')}`"

    @property
    def instead(self) -> str | None:
        return str(unicodedata.digit(self.span.text, ""))


class LookAlike(SyntaxMistake):
    """A symbol looks like one of the language and is another character.

    Word processors put in arrows, minus signs and curly quotes.

        y = x → Relu

    Fix: type the ASCII symbol: `->`.
    """

    code = "GL112"
    sure = True
    meant: ClassVar = {
        **dict.fromkeys("→⟶⇒➔", "->"),
        **dict.fromkeys("×·⋅∗＊", "*"),
        **dict.fromkeys("÷∕", "/"),
        **dict.fromkeys("−–—", "-"),
        **dict.fromkeys("“”„«»‘’", '"'),
        **dict(zip("≤ ≥ ≠ ≈ …".split(), "<= >= != ~= ...".split(), strict=True)),
        **dict(zip("（）［］｛｝，、：；＝＋", "()[]{},,:;=+", strict=True)),
    }

    @property
    def message(self) -> str:
        return f"{character(self.span.text)} is not a symbol of the language"

    @property
    def label(self) -> str:
        return f"looks like `{self.meant[self.span.text]}`"

    @property
    def help(self) -> str:
        return f"type `{self.meant[self.span.text]}`"

    @property
    def edits(self) -> Sequence[Edit]:
        meant = self.meant[self.span.text]
        if meant != '"':
            return [Edit(self.span, meant)]
        # A string is mended as a whole.
        text = self.span.source.text
        line = text[self.span.end :].partition("\n")[0]
        closing = next((i for i, c in enumerate(line) if self.meant.get(c) == '"'), None)
        if closing is None:
            return []
        other = self.span.end + closing
        return [Edit(self.span, '"'), Edit(Span(other, other + 1, self.span.source), '"')]


# ---- strings, numbers, constants -------------------------------------------------------------------------


class UnterminatedString(SyntaxMistake):
    """A string has no closing `"` on its line.

        data { source = npz("data/mnist.npz) }

    Fix: add the closing `"`. A string ends on the line where it starts.
    """

    code = "GL113"
    title = "the string is not closed on its line"
    beside = "starts here"
    fix = 'add the closing `"`'


class SingleQuotes(SyntaxMistake):
    """A string stands in single quotes.

        data { source = npz('data/mnist.npz') }

    Fix: use double quotes: `"data/mnist.npz"`.
    """

    code = "GL114"
    sure = True
    title = "strings are written in double quotes"

    @property
    def help(self) -> str:
        inside = self.span.text.strip("'").replace('"', '\\"')
        return f'write `"{inside}"`'

    @property
    def instead(self) -> str | None:
        inside = self.span.text[1:-1].replace('"', '\\"')
        return f'"{inside}"'


class UnknownEscape(SyntaxMistake):
    r"""A backslash in a string is followed by something that has no meaning.

        data { source = npz("data\mnist.npz") }

    Known are `\"`, `\\`, `\n` and `\t`.

    Fix: write `\\` for a backslash; paths are written with `/` on every system.
    """

    code = "GL115"

    @property
    def message(self) -> str:
        return f"unknown escape `{self.span.text}` in a string"

    @property
    def label(self) -> str:
        return r"known are `\"`, `\\`, `\n`, `\t`"

    @property
    def help(self) -> str:
        return r"write `/` in a path, or `\\` for a backslash"


class NumberTooLarge(SyntaxMistake):
    """A number is larger than a float can hold (about 1.8e308).

        y = x * 1e999

    Fix: check the exponent.
    """

    code = "GL116"
    title = "the number is too large"
    beside = "more than 1.8e308"
    fix = "check the exponent; scores that stand for minus infinity work with `-1e30`"


class PythonConstant(SyntaxMistake):
    """`True`, `False` and `None` are written small in this language.

        input x: float[N, 3]
        y = x -> Affine(10, bias=False)

    Fix: write `true`, `false` or `none`.
    """

    code = "GL117"

    @property
    def message(self) -> str:
        return f"`{self.span.text}` is written `{self.span.text.lower()}`"

    @property
    def label(self) -> str:
        return "written small here"

    @property
    def help(self) -> str:
        return f"write `{self.span.text.lower()}`"

    @property
    def instead(self) -> str | None:
        return self.span.text.lower()


# ---- operators -------------------------------------------------------------------------------------------


class CaretPower(SyntaxMistake):
    """`^` is no operator; a power is written `**`.

        y = x ^ 2

    Fix: `y = x ** 2`.
    """

    code = "GL118"
    sure = True
    title = "`^` is not an operator"
    beside = "a power is written `**`"
    fix = "did you mean `**`?"

    @property
    def instead(self) -> str | None:
        return "**"


class NotAnArrow(SyntaxMistake):
    """A pipe is written with another arrow than `->`.

        y = x |> Relu

    Fix: `y = x -> Relu`.
    """

    code = "GL119"
    sure = True

    @property
    def message(self) -> str:
        return f"`{self.span.text}` is not an operator"

    @property
    def label(self) -> str:
        return "a chain is written with `->`"

    @property
    def help(self) -> str:
        return "did you mean `->`?"

    @property
    def instead(self) -> str | None:
        return "->"


class SpelledOperator(SyntaxMistake):
    """A logical operator is written as in C; here it is a word.

        hyper a = true, b = false
        s = x if a && !b else y

    Fix: `s = x if a and not b else y`.
    """

    code = "GL120"
    sure = True
    words: ClassVar = {"&&": "and", "&": "and", "||": "or", "!": "not", "~": "not"}

    @property
    def message(self) -> str:
        return f"`{self.span.text}` is not an operator"

    @property
    def label(self) -> str:
        return f"written `{self.words[self.span.text]}`"

    @property
    def help(self) -> str:
        return f"write `{self.words[self.span.text]}`"

    @property
    def instead(self) -> str | None:
        return _spaced(self.span, self.words[self.span.text])


class DanglingOperator(SyntaxMistake):
    """Nothing follows an operator or an arrow.

    A line that ends with an operator goes on with the next line.

        y = x -> Affine(10) ->
        output y

    Fix: write what belongs behind it, or remove it.
    """

    code = "GL121"

    @property
    def message(self) -> str:
        return f"nothing follows `{self.span.text}`"

    @property
    def label(self) -> str:
        return "a layer is missing after this" if self.span.text == "->" else "a value is missing after this"

    @property
    def help(self) -> str:
        return f"write what comes after `{self.span.text}`, or remove it"


class DoubleOperator(SyntaxMistake):
    """Two operators stand side by side.

        y = a * / b

    Fix: remove one of them, or write the value between them.
    """

    code = "GL122"

    def __init__(self, span: Span, before: Span) -> None:
        super().__init__(span)
        self.before = before

    @property
    def message(self) -> str:
        return f"`{self.span.text}` cannot follow `{self.before.text}`"

    @property
    def label(self) -> str:
        return f"a value is missing between `{self.before.text}` and `{self.span.text}`"

    @property
    def help(self) -> str:
        if (self.before.text, self.span.text) == ("*", "*"):
            return "a power is written `**`, without a space"
        if (self.before.text, self.span.text) == ("=", "="):
            return "a comparison is written `==`, without a space; otherwise remove one"
        return "remove one of them, or write the value that belongs between them"

    @property
    def edits(self) -> Sequence[Edit]:
        together = self.before.text + self.span.text
        return [Edit(self.before.to(self.span), together)] if together in ("**", "==") else []


class NothingBefore(SyntaxMistake):
    """An operator has nothing on its left.

        y = * 2

    Fix: write the value that belongs in front of it.
    """

    code = "GL123"

    @property
    def message(self) -> str:
        return f"nothing stands before `{self.span.text}`"

    @property
    def label(self) -> str:
        return "a value is missing in front of this"

    @property
    def help(self) -> str:
        return f"write what `{self.span.text}` works on, or remove it"


class ChainedComparison(SyntaxMistake):
    """Comparisons are chained.

        s = x if 0 < n < 10 else y

    Fix: `s = x if 0 < n and n < 10 else y`.
    """

    code = "GL124"

    def __init__(self, span: Span, first: Span) -> None:
        super().__init__(span)
        self.first = first

    @property
    def message(self) -> str:
        return "comparisons cannot be chained"

    @property
    def label(self) -> str:
        return "the second comparison"

    @property
    def help(self) -> str:
        return f"write `a {self.first.text} b and b {self.span.text} c`, or use brackets"

    @property
    def also(self) -> Sequence[Related]:
        return [Related(self.first, "the first comparison")]


class SideBySide(SyntaxMistake):
    """Two values stand side by side with nothing between them.

        price = 2 apple

    Fix: write the operator: `price = 2 * apple`; in a list or a call, the `,`.
    """

    code = "GL125"

    def __init__(self, span: Span, before: Span, in_list: bool = False, new_statement: bool = False) -> None:
        super().__init__(span)
        self.before = before
        self.in_list = in_list
        self.new_statement = new_statement

    @property
    def message(self) -> str:
        missing = "a `,` or an operator" if self.in_list else "an operator"
        if self.new_statement:
            missing = "a new line or `;`"
        return f"{missing} is missing between `{_short(self.before)}` and `{_short(self.span)}`"

    @property
    def label(self) -> str:
        return "does not follow from what is before"

    @property
    def help(self) -> str:
        before, after = _short(self.before), _short(self.span)
        if self.new_statement:
            return "a statement starts on a line of its own, or after `;`"
        if self.before.text[:1].isdigit() and after.startswith("_"):
            return f"a number has no `_`: write `{before}{after.replace('_', '')}`"
        if self.in_list:
            return f"write `{before}, {after}`, or the operator that is meant"
        if before.replace(".", "").isdigit():
            return f"did you mean `{before} * {after}`?"
        return f"write the operator between them: `{before} * {after}` or `{before} + {after}`"

    @property
    def sure(self) -> bool:  # type: ignore[override]
        return self.new_statement or self._is_product

    @property
    def _is_product(self) -> bool:
        number = self.before.text.replace(".", "", 1).isdigit()
        return number and not self.in_list and self.span.text.isidentifier() and self.span.text[0] != "_"

    @property
    def edits(self) -> Sequence[Edit]:
        between = Span(self.before.end, self.span.start, self.span.source)
        if self.new_statement:
            return [Edit(between, "; ")]
        return [Edit(between, " * ")] if self._is_product else []


class ApproxOutsideExpect(SyntaxMistake):
    """`~=` stands outside an `expect` line.

    `~=` is not an operator: it divides the two sides of `expect a ~= b`.

        y = a ~= b

    Fix: `expect a ~= b`, or `==` where a comparison is meant.
    """

    code = "GL126"
    title = "`~=` belongs to `expect a ~= b`"
    beside = "not an operator"
    fix = "use `==` to compare, or start the line with `expect`"


class ExpectNeedsApprox(SyntaxMistake):
    """An `expect` line has no `~=`.

        price = 143 * 5
        expect price == 715

    Fix: `expect price ~= 715`: equal up to rounding, as `numpy.allclose` decides.
    """

    code = "GL127"
    sure = True
    title = "`expect` needs `~=` between its two sides"
    beside = "no `~=` before this"
    fix = "write `expect a ~= b`"

    @property
    def edits(self) -> Sequence[Edit]:
        line = self.span.source.text[: self.span.start].rpartition("\n")[2]
        start = self.span.start - len(line) + line.rfind("==")
        return [Edit(Span(start, start + 2, self.span.source), "~=")] if line.count("==") == 1 else []


class MissingElse(SyntaxMistake):
    """A choice has no `else`.

        s = x if stride == 1

    Fix: `s = x if stride == 1 else y`: a value is needed either way.
    """

    code = "GL128"
    title = "`x if c` needs an `else`"
    beside = "without `else`"
    fix = "write `x if c else y`"


class TupleForList(SyntaxMistake):
    """Several values stand in round brackets.

        input x: float[N, 1, 28, 28]
        y = x -> Conv(16, kernel=(3, 3))

    Fix: a list is written in square brackets: `[3, 3]`.
    """

    code = "GL148"
    title = "round brackets hold one value"
    beside = "a second value"

    def __init__(self, span: Span) -> None:
        super().__init__(span)
        self.sure = False
        self._edits: list[Edit] = []
        self._written = "3, 3"

    def mend(self, opening: Span, closing: Span, inside: str) -> None:
        """Where the brackets stand."""
        self.sure = True
        self._edits = [Edit(opening, "["), Edit(closing, "]")]
        self._written = "..." if len(inside) > 30 or "\n" in inside else inside.strip()

    @property
    def help(self) -> str:
        return f"a list is written in square brackets: `[{self._written}]`"

    @property
    def edits(self) -> Sequence[Edit]:
        return self._edits


# ---- statements --------------------------------------------------------------------------------------------


class ColonForEquals(SyntaxMistake):
    """A name gets its value with `:` instead of `=`.

        input loss = 1
        train { minimize = loss; optimizer = SGD(lr=0.1); batch: 100; epochs = 5 }

    Fix: `train { batch = 100 }`. A `:` stands before a type (`input x: float[N]`) and after a layer's label.
    """

    code = "GL129"
    sure = True

    def __init__(self, span: Span, name: str, typed: bool = False) -> None:
        super().__init__(span)
        self.name = name
        self.typed = typed

    @property
    def message(self) -> str:
        if self.typed:
            return f"`{self.name}: type` needs `input` in front of it"
        return f"`{self.name}` gets its value with `=`, not with `:`"

    @property
    def label(self) -> str:
        return "" if self.typed else "expected `=`"

    @property
    def help(self) -> str:
        return f"write `input {self.name}: ...`" if self.typed else f"write `{self.name} = ...`"

    @property
    def edits(self) -> Sequence[Edit]:
        if not self.typed:
            return [Edit(self.span, " =")]
        start = self.span.source.text.rfind(self.name, 0, self.span.start)
        return [Edit(Span(start, start, self.span.source), "input ")]


class CommaBetweenLines(SyntaxMistake):
    """Layers or settings are divided by a comma.

        input x: float[N, 3]
        y = x -> layers { Affine(50), Relu }

    Fix: a new line or `;` between entries, or `->` between layers.
    """

    code = "GL130"
    sure = True

    def __init__(self, span: Span, word: str, what: str) -> None:
        super().__init__(span)
        self.word = word
        self.what = what

    @property
    def message(self) -> str:
        return f"{self.what} of `{self.word}` are not divided by `,`"

    @property
    def label(self) -> str:
        return "not a comma"

    @property
    def help(self) -> str:
        return "use a new line, `;` or `->`" if self.what == "the layers" else "use a new line or `;`"

    @property
    def instead(self) -> str | None:
        return ";"


class MissingSeparator(SyntaxMistake):
    """Two layers stand side by side in a list.

        input x: float[N, 3]
        y = x -> layers { Affine(50) Relu }

    Fix: `layers { Affine(50); Relu }`, or one layer per line, or `->` between them.
    """

    code = "GL131"
    sure = True

    def __init__(self, span: Span, before: Span) -> None:
        super().__init__(span)
        self.before = before

    @property
    def message(self) -> str:
        return f"nothing divides `{_short(self.before)}` from `{_short(self.span)}`"

    @property
    def label(self) -> str:
        return "the next layer"

    @property
    def help(self) -> str:
        return "write a new line, `;` or `->` between the layers"

    @property
    def edits(self) -> Sequence[Edit]:
        return [Edit(Span(self.span.start, self.span.start, self.span.source), "; ")]


class EqualityForAssignment(SyntaxMistake):
    """A statement starts with `name ==`.

        loss == mean(d ** 2)

    Fix: `=` gives a name to a value; `==` compares.
    """

    code = "GL132"
    sure = True

    def __init__(self, span: Span, name: str) -> None:
        super().__init__(span)
        self.name = name

    @property
    def message(self) -> str:
        return "`==` compares; a value gets its name with `=`"

    @property
    def label(self) -> str:
        return "expected `=`"

    @property
    def help(self) -> str:
        return f"write `{self.name} = ...`"

    @property
    def instead(self) -> str | None:
        return "="


class EqualsInExpression(SyntaxMistake):
    """`=` stands inside an expression.

        s = x if c = 1 else y

    Fix: compare with `==`; give each name its value in a statement of its own.
    """

    code = "GL133"
    title = "`=` cannot stand inside an expression"
    beside = "a second `=`"
    fix = "compare with `==`, or write two statements"


class UpdateInPlace(SyntaxMistake):
    """A value is changed in place.

        total += x

    A name is given once and means one value, which is what makes the file a graph.

    Fix: give the new value a name of its own: `total2 = total + x`.
    """

    code = "GL134"
    sure = True

    def __init__(self, span: Span, name: str) -> None:
        super().__init__(span)
        self.name = name

    @property
    def message(self) -> str:
        return f"`{self.span.text}` is not part of the language: a name is given once"

    @property
    def label(self) -> str:
        return "expected `=`"

    @property
    def help(self) -> str:
        if self.span.text == ":=":
            return f"write `{self.name} = ...`"
        if self.span.text in ("++", "--"):
            return f"give the new value a name of its own: `{self.name}2 = {self.name} {self.span.text[0]} 1`"
        return f"give the new value a name of its own: `{self.name}2 = {self.name} {self.span.text[0]} ...`"

    @property
    def instead(self) -> str | None:
        return "=" if self.span.text == ":=" else None


class AssignToExpression(SyntaxMistake):
    """Something else than a name stands on the left of `=`.

        W[0] = 1

    Fix: put a name there; values are never changed after they are made.
    """

    code = "GL135"
    title = "only names can stand on the left of `=`"
    beside = "not a name"
    sure = True

    def __init__(self, span: Span, is_header: bool = False) -> None:
        super().__init__(span)
        self.is_header = is_header

    @property
    def help(self) -> str:
        if self.is_header:
            return f"a function is defined with `def`: write `def {self.span.text} = ...`"
        return "write `name = ...`; a value is never changed after it is made"

    @property
    def edits(self) -> Sequence[Edit]:
        start = self.span.start
        return [Edit(Span(start, start, self.span.source), "def ")] if self.is_header else []


class MissingValue(SyntaxMistake):
    """A value is missing after `=`, `,` or an opening bracket.

        y =
        output y

    Fix: write the value.
    """

    code = "GL136"

    @property
    def message(self) -> str:
        return f"a value is missing after `{self.span.text}`"

    @property
    def label(self) -> str:
        return "nothing follows"

    @property
    def help(self) -> str:
        return f"write the value after `{self.span.text}`, or remove what announces it"


class ParamNeedsType(SyntaxMistake):
    """A parameter is declared without its shape.

        param W = normal(0.01)

    A number or a list says the shape itself: `param w = 0` is a scalar, `param b = [0, 0]` a vector of two.
    An initialiser says nothing of it, and a parameter's shape must be known before anything runs.

    Fix: `param W: float[784, 50] = normal(0.01)`; for a scalar `param w: float = normal(0.01)`.
    """

    code = "GL137"

    def __init__(self, span: Span, name: str, statement: Span) -> None:
        super().__init__(span)
        self.name = name
        self.statement = statement

    @property
    def message(self) -> str:
        return f"the parameter `{self.name}` needs a type"

    @property
    def label(self) -> str:
        return "without a shape"

    @property
    def help(self) -> str:
        start = self.statement.source.text[self.span.end : self.statement.end].strip()
        start = f" {start}" if start and "\n" not in start else ""
        return (
            f"write its shape, as in `param {self.name}: float[784, 50]{start}`; a scalar is "
            f"`param {self.name}: float{start or ' = 0'}`"
        )


class UnknownType(SyntaxMistake):
    """A type is written that the language does not have.

        input x: Tensor[N, 784]

    There are `float`, `int` and `bool`; the precision is chosen when running (`--dtype float32`).

    Fix: `input x: float[N, 784]`.
    """

    code = "GL138"
    sure = True

    def __init__(self, span: Span) -> None:
        super().__init__(span)
        self.meant = _type_meant(span.text)

    @property
    def message(self) -> str:
        return f"`{_short(self.span)}` is not a type"

    @property
    def label(self) -> str:
        return "expected `float`, `int` or `bool`"

    @property
    def help(self) -> str:
        if not self.meant:
            return "use `float`, `int` or `bool`, with a shape where there is one: `float[N, 10]`"
        return f"write `{self.meant}`" + (
            "; the precision is chosen when running: `--dtype float32`"
            if any(map(str.isdigit, self.span.text))
            else ""
        )

    @property
    def instead(self) -> str | None:
        return self.meant


def _type_meant(text: str) -> str | None:
    word = text.casefold().rstrip("0123456789_")
    if word in ("float", "f", "tensor", "array", "double", "half", "real", "number", "matrix", "vector",
                "bfloat", "bf", "fp", "ndarray", "scalar"):  # fmt: skip
        return "float"
    if word in ("int", "i", "uint", "u", "long", "integer", "short", "byte", "label", "index"):
        return "int"
    if word in ("bool", "boolean", "bit", "logical"):
        return "bool"
    return closest(text, ["float", "int", "bool"])


class NotAStatement(SyntaxMistake):
    """A line is no statement: most often a value that gets no name.

        x -> Affine(10) -> Relu

    Fix: give the value a name: `y = x -> Affine(10) -> Relu`.
    """

    code = "GL139"

    def __init__(self, span: Span, lonely: bool = False) -> None:
        super().__init__(span)
        self.lonely = lonely

    @property
    def message(self) -> str:
        return f"`{_short(self.span)}` alone is not a statement" if self.lonely else "this value gets no name"

    @property
    def label(self) -> str:
        return "expected `name = value`"

    @property
    def help(self) -> str:
        if self.lonely:
            return f"write `{self.span.text} = ...`, or `output {self.span.text}` to return it"
        return "give it a name: `y = ...`"


class UnknownStatement(SyntaxMistake):
    """A line starts with a word that starts no statement.

        inptu x = 3

    Fix: the words that start a statement are `input`, `param`, `layer`, `hyper`, `def`, `output`, `expect`,
    `import`, `data`, `train`, `gradcheck`; everything else is `name = value`.
    """

    code = "GL140"

    sure = True

    def __init__(self, span: Span, match: str | None, starts: bool = True) -> None:
        super().__init__(span)
        self.match = match
        self.starts = starts

    @property
    def message(self) -> str:
        if self.starts:
            return f"no statement starts with `{self.span.text}`"
        return f"`{self.span.text}` cannot stand here"

    @property
    def instead(self) -> str | None:
        return self.match

    @property
    def label(self) -> str:
        return "unknown word"

    @property
    def help(self) -> str:
        return f"did you mean `{self.match}`?" if self.match else "a value gets its name with `name = value`"


class UnknownBlock(SyntaxMistake):
    """A block in braces belongs to a word that has none.

        optimizer { lr = 0.1 }

    Sections are `data`, `train` and `gradcheck`; in a chain, `layers`, `repeat`, `for` and `residual` have
    blocks; `def` and `scan` have theirs.

    Fix: use one of these words; what belongs to training is a setting of `train`.
    """

    code = "GL149"

    def __init__(self, span: Span, blocks: str) -> None:
        super().__init__(span)
        self.blocks = blocks

    @property
    def message(self) -> str:
        return f"`{self.span.text}` has no block"

    @property
    def label(self) -> str:
        return "unknown word"

    @property
    def help(self) -> str:
        return f"blocks in braces belong to {self.blocks} here"


class PythonStatement(SyntaxMistake):
    """A statement of Python stands in the file.

        for i in range(3):
            x = Relu(x)

    A file is data: it describes a graph and has no control flow of its own.

    Fix: `repeat 3 { Relu }` and `for c in [16, 32] { Conv(c, 3) }` are stages of a chain; `a if c else b`
    chooses; `def f(x) { ... }` and `def f(x) = value` define.
    """

    code = "GL141"
    fixes: ClassVar = {
        "for": "repetition is a stage of a chain: `x -> repeat 3 { Relu }`, `x -> for c in [1, 2] { A(c) }`",
        "while": "repetition is a stage of a chain: `x -> repeat 3 { Relu }`",
        "if": "a choice is a value: `y = a if c else b`; at run time `where(c, a, b)` chooses",
        "def": "write `def f(x) = value`, or `def f(x) { ... return value }`",
        "import": 'an import names a file: `import "blocks.graph" as blocks`',
        "from": 'an import names a file: `import "blocks.graph" as blocks`',
        "class": "a layer of one's own is a `def`, or a Python class given to `gl.load(layers=[...])`",
        "return": "a file's results are named by `output y`",
        "print": "`graphlang run` prints every named value",
        "assert": "write `expect a ~= b`",
        "let": "write `name = value`",
        "var": "write `name = value`",
        "val": "write `name = value`",
        "const": "write `hyper name = value`",
    }  # fmt: skip

    sure = True

    def __init__(self, span: Span, word: str, edits: Sequence[Edit] = ()) -> None:
        super().__init__(span)
        self.word = word
        self._edits = list(edits)

    @property
    def edits(self) -> Sequence[Edit]:
        return self._edits

    @property
    def message(self) -> str:
        return f"this form of `{self.word}` is not part of the language"

    @property
    def label(self) -> str:
        return "a file describes a graph, it is not a program"

    @property
    def help(self) -> str:
        return self.fixes.get(self.word, "give values names with `name = value`")


class MisplacedStatement(SyntaxMistake):
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
    sure = True

    @property
    def edits(self) -> Sequence[Edit]:
        is_result = self.span.text == "return" and self.block is None
        following = self.span.source.text[self.span.end :].partition("\n")[0].partition("#")[0].strip()
        named = all(name.strip().isidentifier() for name in following.split(","))
        return [Edit(self.span, "output")] if is_result and named else []

    def __init__(self, span: Span, block: str | None) -> None:
        super().__init__(span)
        self.block = block

    @property
    def message(self) -> str:
        word = self.span.text
        return (
            f"`{word}` cannot stand in the block of `{self.block}`"
            if self.block
            else f"`{word}` cannot stand here"
        )

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


class ReservedWord(SyntaxMistake):
    """A word of the language is used as a name.

    `if`, `else`, `and`, `or`, `not`, `true`, `false` and `none` are never names. All other words of the
    language are names wherever they cannot be meant as words: `data = 3` is fine.

        input not = 1

    Fix: choose another name.
    """

    code = "GL143"

    @property
    def message(self) -> str:
        return f"`{self.span.text}` is a word of the language and cannot be a name"

    @property
    def label(self) -> str:
        return "reserved"

    @property
    def help(self) -> str:
        return f"choose another name, such as `{self.span.text}_`"


class NotAStage(SyntaxMistake):
    """Something else than a layer or a function stands after `->`.

        y = x -> 3

    Fix: `->` hands a value to a layer or a function: `x -> Relu`, `x -> clip(0, 3)`.
    """

    code = "GL144"

    @property
    def message(self) -> str:
        return f"`{_short(self.span)}` cannot stand after `->`"

    @property
    def label(self) -> str:
        return "expected a layer or a function"

    @property
    def help(self) -> str:
        return "`->` hands a value on: `x -> Relu`, `x -> Affine(10)`"


# ---- the file --------------------------------------------------------------------------------------------


class MisplacedVersion(SyntaxMistake):
    """The line that states the language version is not the first statement.

        price = apple * num
        graphlang 1

    Fix: move `graphlang 1` to the top; only comments may stand before it.
    """

    code = "GL145"
    title = "`graphlang 1` must be the first statement"
    beside = "not at the top"
    fix = "move it to the top of the file, or remove it: it is optional"

    @property
    def instead(self) -> str | None:
        return ""


class UnsupportedVersion(SyntaxMistake):
    """The file is written for another version of the language.

        graphlang 2

    Fix: this release reads version 1; newer files need a newer graphlang.
    """

    code = "GL146"

    @property
    def message(self) -> str:
        return f"version {self.span.text} of the language is not known to this release"

    @property
    def label(self) -> str:
        return "known is 1"

    @property
    def help(self) -> str:
        return "write `graphlang 1`, or install a newer graphlang"

    @property
    def instead(self) -> str | None:
        return "1"


class NotUtf8(Diagnostic):
    """A file is not encoded in UTF-8.

    Fix: save it as UTF-8; every editor can. A `.graph` file is text: an npz is given to `--data`.
    """

    code = "GL147"

    def __init__(self, file: str, line: int, byte: int) -> None:
        self.file = file
        self.row = line
        self.byte = byte

    @property
    def line(self) -> int:
        return self.row

    @property
    def message(self) -> str:
        return f"the file is not UTF-8 text: byte 0x{self.byte:02X} on line {self.row}"

    @property
    def help(self) -> str:
        return "save the file as UTF-8"


def _short(span: Span) -> str:
    """The text of a span, cut where it would make a message unreadable."""
    text = span.text.split("\n")[0]
    return text if len(text) <= 40 else f"{text[:37]}..."


def _spaced(span: Span, word: str) -> str:
    """A word with a space on each side where it would touch what stands there."""
    text = span.source.text
    before = " " if text[: span.start][-1:].strip() else ""
    after = " " if text[span.end :][:1].strip() else ""
    return f"{before}{word}{after}"


def _end_of_code(text: str) -> int:
    """The end of the last line that is more than a comment, without the comment behind it."""
    end = 0
    start = 0
    for line in text.splitlines(keepends=True):
        code = re.match(r'(?:[^"#\n]|"(?:[^"\\\n]|\\.)*"?)*', line)
        found = code[0].rstrip() if code else ""
        end = start + len(found) if found else end
        start += len(line)
    return end
