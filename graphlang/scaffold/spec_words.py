"""Words of a spec that a program writes: columns as fields and in comments, numbers, names of values."""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Sequence

from graphlang.syntax import lexer
from graphlang.syntax.unicode_names import normal_form

NAME_UNSEEN = "has a name with characters that cannot be seen"
_LONGEST = 30
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"})


def field(name: str) -> str:
    """A column as a field of a `data` section."""
    return name if _is_plain(name) else f"field({text_literal(name)})"


def _is_plain(name: str) -> bool:
    words = name in lexer.WORDS or name in lexer.PYTHON_CONSTANTS
    return name.isascii() and name.isidentifier() and not words


def can_be_written(name: str) -> bool:
    """Whether a text of the language can hold a name; what cannot be seen, it cannot."""
    return all(c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name)


def text_literal(content: str) -> str:
    """A text of the language."""
    return f'"{content.translate(_ESCAPES)}"'


def shown(content: str) -> str:
    """A name or a cell in a comment: on one line, and not too long."""
    plain = "".join(c if c.isprintable() else " " for c in content).replace("`", "'").strip()
    return f"`{plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + '…'}`"


def in_short(reasons: Sequence[tuple[str, str]]) -> str:
    """What there is to say of some columns, of the first ones alone where they are many."""
    told = "; ".join(f"{shown(name)} {why}" for name, why in reasons[:3])
    return f"{told}; …" if len(reasons) > 3 else told


def number_literal(value: float) -> str:
    """A number as one writes it: `200`, `0.5`, `1e-07`."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def value_name(name: str, taken: Container[str]) -> str:
    """A name for the input that takes a column: that of the column as far as possible."""
    letters = unicodedata.normalize("NFKD", normal_form(name)).encode("ascii", "ignore").decode()
    plain = "_".join("".join(c if c.isalnum() else " " for c in letters).split()).lower() or "column"
    if not plain.isidentifier() or plain in lexer.WORDS or plain in taken:
        plain = f"{plain}_id" if plain[0].isalpha() else f"column_{plain}"
    base, more = plain, 2
    while plain in taken:
        plain, more = f"{base}_{more}", more + 1
    return plain
