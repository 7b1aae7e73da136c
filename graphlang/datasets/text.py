"""The source `text`: windows of characters and, for each character, the next one."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from pydantic import Field

from graphlang.datasets.dataset import Array, Column, Dataset, DataSource, check_size, checked_splits
from graphlang.datasets.files import Files
from graphlang.datasets.text_format import MOST_TEXT, decoded
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import NoData, TextTooShort, UnknownCharacters


class text(DataSource):
    """A text file, character by character: given the characters so far, what comes next?

    Fields: `x` windows of character ids, [N, window]; `t` the ids one place further on, [N, window], so
            t[n, i] follows x[n, i].
    Splits: train, the beginning of the text: a window starts at every character; test, the fraction `test`
            at its end: the windows there do not overlap, so that every character counts once. `test=0`
            leaves all for training.
    Types:  int. Ids count the different characters of the whole text in the order of their code points, or
            those of `vocabulary` in its order, which then has all characters of the text;
            `vocab` and `classes` hold the characters.
    Format: UTF-8; every kind of line end is read as a newline. The vocabulary is known only after the
            whole text, so the file is read when it is opened; windows are views of one array of ids.
    """

    path: str = Field(description="the file, relative to the spec's folder")
    window: int = Field(ge=1, description="how many characters a sample has")
    vocabulary: str | None = Field(default=None, description="the characters, in the order of their ids")
    test: float = Field(default=0.1, ge=0, lt=1, description="the fraction at the end for testing")

    def read(self, files: Files) -> Dataset:
        file = files.find(self.path)
        with file.open() as opened:
            check_size(self.path, "the text", opened.size, MOST_TEXT)
            characters = decoded(self.path, opened.content(MOST_TEXT))
        if not characters:
            raise GraphError([NoData.empty_file(self.path)])
        vocab, ids = _ids(characters)
        if self.vocabulary is not None:
            vocab, ids = self._in_vocabulary(vocab, ids)
        cut = len(ids) - round(len(ids) * self.test)
        splits = {"train": self._windows("train", ids[:cut], 1)}
        if self.test:
            splits["test"] = self._windows("test", ids[cut:], self.window)
        return Dataset(
            file.place.name, checked_splits(self.path, splits), (file.place,), {"x": vocab, "t": vocab}
        )

    def _in_vocabulary(self, present: tuple[str, ...], ids: Array) -> tuple[tuple[str, ...], Array]:
        """The ids by the given vocabulary; raises GraphError for characters that it does not have."""
        vocab = tuple(dict.fromkeys(self.vocabulary or ""))
        unknown = [character for character in present if character not in vocab]
        if unknown:
            raise GraphError([UnknownCharacters(self.path, "".join(unknown), len(unknown))])
        return vocab, np.array([vocab.index(c) for c in present], np.int32)[ids]

    def _windows(self, split: str, ids: Array, stride: int) -> dict[str, Column]:
        if len(ids) <= self.window:
            raise GraphError([TextTooShort(self.path, split, self.window, len(ids))])
        both = sliding_window_view(ids, self.window + 1)[::stride]
        return {"x": _column(both[:, :-1]), "t": _column(both[:, 1:])}


def _column(windows: Array) -> Column:
    return Column(windows.shape, windows.dtype, lambda: windows)


def _ids(characters: str) -> tuple[tuple[str, ...], Array]:
    codes = np.frombuffer(characters.encode("utf-32-le"), "<u4")
    present = np.flatnonzero(np.bincount(codes))
    table = np.zeros(present[-1] + 1, np.int32)
    table[present] = np.arange(len(present))
    return tuple(map(chr, present)), table[codes]
