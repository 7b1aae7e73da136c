"""Symbols for the names of a graph: `Affine1.W` is W with the index 1, `alpha` the letter, `가격` a text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from graphlang.exports.latex.notation import tex_width, without_specials

_LETTERS = dict(
    zip(
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ",
        """
        alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi
        chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
        """.split(),
        strict=True,
    )
)
GREEK = frozenset(_LETTERS.values())
_ACCENTS = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde", "dot": r"\dot"}


WIDEST_SYMBOL = 13
"""The widest symbol with the groups in its index, in letters; beyond it they are counted."""


class Symbols:
    """A symbol for each name; two names never have the same."""

    def __init__(self, names: Iterable[str], taken: Iterable[str] = ()) -> None:
        self._texts: dict[str, str] = {}
        self._taken = set(taken)
        self._counts: dict[str, int] = {}
        groups: dict[str, list[str]] = {}
        for name in names:
            groups.setdefault(name.rpartition(".")[2], []).append(name)
        for group in groups.values():
            self._enter(group)

    def __getitem__(self, name: str) -> str:
        if name not in self._texts:
            self._enter([name])
        return self._texts[name]

    @property
    def texts(self) -> list[str]:
        return list(self._texts.values())

    def give(self, name: str, symbol: str) -> None:
        """Enters a symbol that is known to be free."""
        self._texts[name] = symbol

    def fresh(self, letter: str, number: bool = True) -> str:
        """A symbol that no name has: a letter with the next number, or a letter alone where that is free."""
        while True:
            count = self._counts[letter] = self._counts.get(letter, 0) + 1
            text = f"{letter}_{{{count}}}" if number or count > 1 else letter
            if text not in self._taken:
                self._taken.add(text)
                return text

    def fresh_letter(self, letters: str) -> str:
        """The first of some letters that is no symbol of a name, with an index or without."""
        bases = {text.partition("_")[0] for text in self._texts.values()}
        return next((x for x in letters if x not in bases), letters[0] + "'")

    def alone(self, wanted: str) -> str:
        """A symbol, if no name has it; else the same with a prime."""
        text = wanted
        while text in self._taken:
            text += "'"
        self._taken.add(text)
        return text

    def _enter(self, names: list[str]) -> None:
        """Symbols of names with the same last part: the shortest index that keeps them apart."""
        for form in (_numbers_alone, _last_group, _whole_path):
            texts = [symbol_text(name, form) for name in names]
            if len(set(texts)) == len(texts) and not self._taken & set(texts):
                break
        if max(map(tex_width, texts)) > WIDEST_SYMBOL:
            texts = [self.fresh(symbol_text(name, lambda path: "").partition("_{")[0]) for name in names]
            self._taken -= set(texts)
        for name, text in zip(names, texts, strict=True):
            self._texts[name] = self.alone(text)


def _numbers_alone(path: list[str]) -> str:
    numbers = [found[0] for part in path if (found := re.search(r"\d+$", part))]
    return ",".join(numbers) if len(numbers) == len(path) else _last_group(path)


def _last_group(path: list[str]) -> str:
    return _part(path[-1]) if path else ""


def _whole_path(path: list[str]) -> str:
    return ".".join(map(_part, path))


def _part(part: str) -> str:
    """A part of a path within an index."""
    word, digits = re.fullmatch(r"(.*?)(\d*)", part, re.DOTALL).groups()  # type: ignore[union-attr]
    return (base_text(word) if word else "") + digits


def symbol_text(name: str, index_of: object = _whole_path) -> str:
    """The symbol of one name, with an index for the groups that it is in."""
    *path, last = name.split(".")
    assert callable(index_of)
    indices = [index_of(path)] if path else []
    found = re.fullmatch(r"(.+?)_?(\d+)", last)
    if found and found[1].strip("_"):
        last = found[1]
        indices.insert(0, found[2])
    word, _, after = last.rpartition("_")
    if word and after in _ACCENTS and "_" not in word.strip("_"):
        base = f"{_ACCENTS[after]}{{{base_text(word)}}}"
    elif word and len(word) == 1 and after:
        base, indices = base_text(word), [base_text(after), *indices]
    elif re.fullmatch(r"[WUV][a-z]", last):
        base, indices = last[0], [last[1], *indices]
    else:
        base = base_text(last)
    index = ", ".join(filter(None, indices))
    return f"{base}_{{{index}}}" if index else base


def base_text(word: str) -> str:
    """A word without an index: a letter, a Greek letter by its name, else upright."""
    if word in GREEK:
        return "\\" + word
    if word in _LETTERS:
        return "\\" + _LETTERS[word]
    if len(word) == 1 and word.isascii() and word.isalpha():
        return word
    if word.isascii():
        return rf"\mathrm{{{without_specials(word)}}}"
    return rf"\text{{{in_script(word)}}}"


_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_SIGN_SETS = (("japanese", "euc_jp"), ("chinese", "gb2312"), ("traditional", "big5"))
"""Scripts by the signs that their fonts have; the first that has all of a text is taken."""


def script_of(text: str) -> str | None:
    """The script of a text that needs a font of its own."""
    if _HANGUL.search(text):
        return "hangul"
    if not _EAST_ASIAN.search(text):
        return None
    return next((name for name, signs in _SIGN_SETS if _has_all(signs, text)), "japanese")


def _has_all(signs: str, text: str) -> bool:
    try:
        text.encode(signs)
    except UnicodeEncodeError:
        return False
    return True


def in_script(word: str) -> str:
    """A word of text, in the font of its script, with Greek letters as mathematics."""
    script = script_of(word)
    signs = (f"$\\{_LETTERS[s]}$" if s in _LETTERS else without_specials(s) for s in word)
    return (rf"\{script} " if script else "") + "".join(signs)
