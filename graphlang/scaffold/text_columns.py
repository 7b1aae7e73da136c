"""Columns of texts, whose words a network reads: which they are, how long, and with how many words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from graphlang.datasets.dataset import Array
from graphlang.datasets.word_ids import FIRST, first_words, words_as_written

_LOOKED_AT = 2_000
"""How many texts tell whether they are texts."""
_COUNTED = 20_000
"""How many texts tell how long they are, and which words they have."""
_FEWEST_WORDS, _FEWEST_TITLED = 4, 6
_READ_IN_ORDER = 50
"""Of longer texts a recurrent layer would forget the beginning, and take long."""
_LONGEST = 200
_MOST = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)


class TextFeature(NamedTuple):
    """A column of texts: how many words of each are read, below what their numbers are, whether in order."""

    name: str
    length: int
    most: int
    in_order: bool

    @property
    def vector(self) -> int:
        """Numbers that stand for a word, and for a text."""
        return 16 if self.most <= 2_000 else 32


def are_texts(cells: Iterable[str]) -> bool:
    """Whether cells are texts of words that recur, and not names, addresses or codes of several parts."""
    texts = [words_as_written(cell, _LONGEST) for cell, _ in zip(cells, range(_LOOKED_AT), strict=False)]
    if not texts:
        return False
    usual = float(np.median([len(words) for words in texts]))
    words = [word for text in texts for word in text]
    plain = sum(not (word.istitle() or word[0].isdigit()) for word in words)
    if usual < (_FEWEST_WORDS if 2 * plain >= len(words) else _FEWEST_TITLED):
        return False
    rows = Counter(word for text in texts for word in {word.lower() for word in text})
    return 2 * sum(rows[word.lower()] > 1 for word in words) >= len(words)


def text_column(name: str, cells: Sequence[str], train: Array, marks: set[str]) -> TextFeature | None:
    """What the texts of the rows for training say; None where these have no words."""
    rows = train[:: -(-len(train) // _COUNTED)].tolist()
    texts = [first_words(cells[row], _LONGEST) for row in rows if cells[row].strip() not in marks]
    lengths = [len(words) for words in texts if words]
    if not lengths:
        return None
    length = max(5, -(-int(np.quantile(lengths, 0.95)) // 5) * 5)
    counts = Counter(word for words in texts for word in words)
    known = FIRST + sum(count > 1 for count in counts.values())
    most = next((most for most in _MOST if most >= known), _MOST[-1])
    return TextFeature(name, length, most, length <= _READ_IN_ORDER)
