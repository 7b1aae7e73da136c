"""`words` and `word_count`: the words of texts as numbers, by a vocabulary of the training split."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from graphlang.datasets.dataset import Array, Column
from graphlang.datasets.field_functions import MOST_IDS
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.limits import Limits
from graphlang.diagnostics.prepared import (
    DamagedLearned,
    LongVocabulary,
    NoTexts,
    NothingKnown,
    TooManyDifferent,
    TooManyIds,
)

UNKNOWN, FIRST = 1, 2
"""The number of a word that training did not see, and of the most frequent one; 0 fills up."""
LONGEST = 64
"""Characters of a word that count."""
DIFFERENT = 4_000_000
"""How many different words are counted."""
KEPT_BYTES = 4 * 2**20
"""How much a vocabulary may take in the file that keeps it."""


class _Characters(dict[int, int]):
    """For `str.translate`: letters, digits and the marks on them stay, all else becomes spaces."""

    def __missing__(self, code: int) -> int:
        character = chr(code)
        mark = unicodedata.category(character) in ("Mn", "Mc") and not 0xFE00 <= code <= 0xFE0F
        self[code] = code if character.isalnum() or mark else ord(" ")
        return self[code]


_CHARACTERS = _Characters()


def words_as_written(text: str, length: int) -> list[str]:
    """The first words of a text, as they stand there."""
    return text.translate(_CHARACTERS).split(None, length)[:length]


def first_words(text: str, length: int) -> list[str]:
    """The first words of a text, in lower case."""
    words = [word[:LONGEST].lower() for word in words_as_written(text, length)]
    # Normalizing takes the square of a run of marks, so only what is short is normalized.
    return words if text.isascii() else [unicodedata.normalize("NFC", word) for word in words]


def texts_in(field: str, column: Column, function: str) -> Sequence[str]:
    """The cells of a column of texts, empty where they have no value."""
    if column.texts is not None:
        return column.texts()
    numbers = column.load()
    if numbers.dtype.kind == "f" and np.isnan(numbers).all():
        return [""] * len(numbers)
    raise GraphError([NoTexts(field, function)])


def word_counts(texts: Iterable[str], length: int) -> Array:
    """How many words of each text there are, those beyond `length` left out."""
    return np.array([len(words_as_written(text, length)) for text in texts], np.int64)


class Vocabulary:
    """`words`: the words of the training split, the most frequent first, then by the alphabet."""

    def __init__(self, kept: Any, part: Mapping[str, Any]) -> None:
        words: Any = kept.get("words") if isinstance(kept, dict) else None
        texts = isinstance(words, list) and all(isinstance(word, str) for word in words)
        if not texts or not len(set(words)) == len(words) <= _most(part) - FIRST:
            raise GraphError([DamagedLearned(part["text"])])
        self.words: list[str] = words

    @classmethod
    def learned(cls, field: str, texts: Iterable[str], part: Mapping[str, Any]) -> Vocabulary:
        """The vocabulary of texts: of each, the words that are kept."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(first_words(text, part["length"]))
            if len(counts) > DIFFERENT:
                raise GraphError([TooManyDifferent(field, DIFFERENT)])
        if not counts:
            raise GraphError([NothingKnown(part["text"])])
        words = sorted(counts, key=lambda word: (-counts[word], word))[: _most(part) - FIRST]
        size = len(json.dumps(words))
        if size > KEPT_BYTES:
            raise GraphError([LongVocabulary(field, len(words), size, KEPT_BYTES)])
        return cls({"words": words}, part)

    @property
    def names(self) -> tuple[str, ...]:
        """What the numbers stand for, from 0 on."""
        return ("", "(unknown)", *self.words)

    def as_json(self) -> dict[str, Any]:
        return {"words": self.words}

    def ids(self, texts: Sequence[str], part: Mapping[str, Any], limits: Limits) -> Array:
        """The words of each text as numbers, a row for each; 0 behind its last word."""
        length = part["length"]
        if len(texts) * length > limits.table_cells:
            raise GraphError([TooManyIds(part["text"], len(texts) * length, limits.table_cells)])
        places = {word: number for number, word in enumerate(self.words, FIRST)}
        ids = np.zeros((len(texts), length), np.int32)
        for row, text in enumerate(texts):
            numbers = [places.get(word, UNKNOWN) for word in first_words(text, length)]
            ids[row, : len(numbers)] = numbers
        return ids


def _most(part: Mapping[str, Any]) -> int:
    """What all numbers are below."""
    most: int = part.get("most", MOST_IDS)
    return most
