"""Names beyond ASCII: one normal form, one script per name, no characters that cannot be seen."""

from __future__ import annotations

import re
import unicodedata

from graphlang.diagnostics import Diagnostic, Source, Span
from graphlang.diagnostics.syntax.characters import BidirectionalCharacter, MixedScripts, NotInNames

# The combinations that UTS #39 calls "highly restrictive". Greek beside Latin is none of them: `lοss`.
_TOGETHER = (
    {"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"},
    {"LATIN", "CJK", "HANGUL"},
    {"LATIN", "CJK", "BOPOMOFO"},
)
_BIDIRECTIONAL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def bidirectional_characters(source: Source) -> list[Diagnostic]:
    """Every character that makes text look different from what is read, in comments and strings too."""
    matches = _BIDIRECTIONAL.finditer(source.text)
    return [BidirectionalCharacter(Span(m.start(), m.end(), source)) for m in matches]


def script(letter: str) -> str | None:
    """The script of a letter: `LATIN`, `CYRILLIC`, `HANGUL`; None for what belongs to all of them."""
    plain = normal_form(letter)[:1]
    if plain.isascii() or unicodedata.category(plain)[0] != "L":
        return "LATIN" if plain.isascii() and plain.isalpha() else None
    return unicodedata.name(plain, "UNKNOWN").split(" ")[0]


def has_raised_digit(name: str) -> bool:
    """Whether it ends with a power, as `x²`."""
    return unicodedata.name(name[-1], "").startswith("SUPERSCRIPT") and name[-1].isdigit()


def normal_form(name: str) -> str:
    """NFKC, which Python has for its names: a letter is one letter, however it came into the text.

    The micro sign is mu, a letter of full width or of mathematical type is the plain one. A raised or lowered
    letter looks different, and stays itself.
    """
    letters = (
        c if _is_placed(c) else unicodedata.normalize("NFKC", c) for c in unicodedata.normalize("NFC", name)
    )
    return unicodedata.normalize("NFC", "".join(letters))


def _is_placed(letter: str) -> bool:
    return unicodedata.decomposition(letter).startswith(("<super>", "<sub>"))


def checked_name(name: str, span: Span, problems: list[Diagnostic]) -> str:
    """The normal form of a name; what is wrong with the name goes to `problems`."""
    normal = normal_form(name)
    scripts = [script(letter) for letter in name]
    present = {s for s in scripts if s}
    if not normal.isidentifier() or not name.isidentifier():
        problems.append(_not_in_names(name, span))
    elif len(present) > 1 and not any(present <= together for together in _TOGETHER):
        problems.append(_mixed(name, scripts, span))
    return normal


def _not_in_names(name: str, span: Span) -> Diagnostic:
    bad = next((i for i in range(len(name)) if not f"a{name[i]}".isidentifier()), 0)
    return NotInNames(Span(span.start + bad, span.start + bad + 1, span.source), name)


def _mixed(name: str, scripts: list[str | None], span: Span) -> Diagnostic:
    """The first letter of the script that has the fewest letters; of two equal ones, not the Latin one."""
    present = [s for s in scripts if s]
    rare = min(dict.fromkeys(present), key=lambda s: (present.count(s), s == "LATIN"))
    main = max(dict.fromkeys(present), key=lambda s: (present.count(s), s == "LATIN"))
    at = span.start + scripts.index(rare)
    return MixedScripts(Span(at, at + 1, span.source), name, rare.capitalize(), main.capitalize(), span)
