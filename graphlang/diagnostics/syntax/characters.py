"""Characters that the language does not have, that cannot be seen, or that look like others."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from graphlang.diagnostics.base import Edit, Located, Span


class CharacterMistake(Located):
    """A mistake that is one character."""

    @property
    def character(self) -> str:
        """Its number and its name: `U+200B ZERO WIDTH SPACE`."""
        c = self.span.text
        return f"U+{ord(c):04X} {unicodedata.name(c, 'a control character')}"


class StrayCharacter(CharacterMistake):
    """A character has no meaning in the language.

        y = $x + 1

    Fix: remove it.
    """

    code = "GL106"
    message = "{shown} has no meaning here"
    label = "not part of the language"

    @property
    def command(self) -> str | None:
        r"""The command of LaTeX that it begins, as `\frac`."""
        match = re.compile(r"\\[A-Za-z]+").match(self.span.source.text, self.span.start)
        return match[0] if match else None

    @property
    def replacement(self) -> str | None:
        return None if self.command else ""

    @property
    def sure(self) -> bool:
        return self.command is None

    @property
    def shown(self) -> str:
        c = self.span.text
        return f"`{c}`" if c.isprintable() and c.isascii() else self.character

    @property
    def help(self) -> str:
        if self.command:
            return (
                f"`{self.command}` is LaTeX: here a fraction is `a / b`, a root `sqrt(x)`, a product "
                "`a * b`, and a Greek letter is typed as it is, or as a word"
            )
        if self.span.text == "\\":
            return "remove it: a line goes on by itself after an operator, `,`, `=` or an open bracket"
        return "remove it"


class FenceOfMarkdown(StrayCharacter):
    message = "a fence of Markdown is no part of a file"
    help = "leave out the lines that begin with three backticks"

    changes: Sequence[Edit]

    @property
    def edits(self) -> Sequence[Edit]:
        return self.changes


class InvisibleCharacter(CharacterMistake):
    """A character that cannot be seen stands in the file.

    Copying from web pages and word processors brings in zero-width and other special spaces. They would make
    two names that look the same different.

    Fix: delete the character, or type an ordinary space in its place.
    """

    code = "GL107"
    message = "an invisible character: {character}"
    label = "right here"
    sure = True

    @property
    def is_space(self) -> bool:
        return unicodedata.category(self.span.text) == "Zs"

    @property
    def help(self) -> str:
        if self.is_space:
            return "type an ordinary space instead"
        return "delete it; retyping the word is the easiest way"

    @property
    def replacement(self) -> str:
        return " " if self.is_space else ""


class BidirectionalCharacter(CharacterMistake):
    """A character that turns the direction of text stands in the file.

    It makes an editor show something other than what is read, even from within a comment or a string
    (the "Trojan Source" attack, CVE-2021-42574).

    Fix: delete the character.
    """

    code = "GL108"
    message = "an invisible character that reorders text: {character}"
    label = "right here"
    help = "delete it; it can make the file look different from what is read"
    replacement = ""


class MixedScripts(CharacterMistake):
    """A name mixes letters of different writing systems.

    Letters of different scripts can look the same (Latin `a` and Cyrillic U+0430), so that two different
    names look like one. The combinations that East Asian languages are written in are fine, and so is a name
    that is Greek throughout (`α`).

        y = xα + 1

    Fix: type the name anew in one script.
    """

    code = "GL109"
    message = "the name `{name}` mixes {main} and {script} letters"
    label = "{character}"
    help = "type the name anew with {main} letters only"

    name: str
    script: str
    main: str
    whole: Span


class NotInNames(CharacterMistake):
    """A name holds a character that is neither a letter, a digit nor `_`.

        y = x₁ + 1

    Fix: use letters, digits and `_`: `x1`.
    """

    code = "GL110"
    message = "{character} cannot be part of a name"
    label = "not a letter, a digit or `_`"
    help = "write `{spelling}`"

    name: str

    @property
    def spelling(self) -> str:
        digit = unicodedata.normalize("NFKC", self.span.text)
        return self.name.replace(self.span.text, digit if digit.isdigit() else "_")


class HyphenInName(NotInNames):
    message = "`-` cannot be part of a name"
    label = "it subtracts"
    help = "write `{name}`, here and wherever it is used"

    changes: Sequence[Edit]
    #: whether no other name is written so
    free: bool

    @property
    def edits(self) -> Sequence[Edit]:
        return self.changes

    @property
    def sure(self) -> bool:
        return self.free


class ForeignDigit(CharacterMistake):
    """A number is written with digits other than 0 to 9.

        x = ٣ + 1

    Fix: use the ASCII digits.
    """

    code = "GL111"
    message = "`{span}` ({character}) is not a digit of a number"
    label = "numbers are written with 0 to 9"
    help = "write `{digit}`"
    replacement = "{digit}"
    sure = True

    @property
    def digit(self) -> int:
        return unicodedata.digit(self.span.text)


class LookAlike(CharacterMistake):
    """A symbol looks like one of the language and is another character.

    Word processors put in arrows, minus signs and curly quotes.

        y = x → Relu

    Fix: type the ASCII symbol: `->`.
    """

    code = "GL112"
    message = "{character} is not a symbol of the language"
    label = "looks like `{meant}`"
    help = "type `{meant}`"
    sure = True
    symbols = {
        **dict.fromkeys("→⟶⇒➔", "->"),
        **dict.fromkeys("×·⋅∗＊", "*"),
        **dict.fromkeys("÷∕", "/"),
        **dict.fromkeys("−–—", "-"),
        **dict.fromkeys("“”„«»‘’", '"'),
        **dict(zip("≤ ≥ ≠ ≈ …".split(), "<= >= != ~= ...".split(), strict=True)),
        **dict(zip("（）［］｛｝，、：；＝＋", "()[]{},,:;=+", strict=True)),
    }

    @property
    def meant(self) -> str:
        return self.symbols[self.span.text]

    @property
    def edits(self) -> Sequence[Edit]:
        if self.meant != '"':
            return [Edit(self.span, self.meant)]
        # Both quotes of a string change together.
        line = self.span.source.text[self.span.end :].partition("\n")[0]
        closing = next((i for i, c in enumerate(line) if self.symbols.get(c) == '"'), None)
        if closing is None:
            return []
        other = self.span.end + closing
        return [Edit(self.span, '"'), Edit(Span(other, other + 1, self.span.source), '"')]
