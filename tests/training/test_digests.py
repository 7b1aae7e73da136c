"""Digests of arrays: of their numbers, wherever these lie; and the lines of a text without its comments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from graphlang.training.changed_lines import changed_lines
from graphlang.training.digests import digest_of_array

ARRAYS = {
    "a number": np.float64(3.0),
    "nothing": np.zeros((0, 3)),
    "a vector": np.arange(5, dtype=np.int32),
    "with gaps": np.arange(60.0).reshape(6, 10)[::2, 1:4],
    "backwards": np.arange(6.0)[::-1],
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "truth values": np.array([True, False]),
    "windows": sliding_window_view(np.arange(50, dtype=np.int32), 9)[:, :-1],
    "windows with steps": sliding_window_view(np.arange(50, dtype=np.int32), 9)[::4, 1:],
    "one row for all": np.broadcast_to(np.arange(3.0), (4, 3)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_a_digest_is_that_of_the_numbers_and_of_no_other_ones(name: str) -> None:
    array = np.asarray(ARRAYS[name])
    digest = digest_of_array(array)
    assert digest.startswith(f"{array.dtype}[{', '.join(map(str, array.shape))}] ")
    assert digest_of_array(array) == digest
    for place in range(array.size):
        other: Any = array.copy()
        other.reshape(-1)[place] = (
            ~other.reshape(-1)[place] if other.dtype == bool else other.reshape(-1)[place] + 1
        )
        assert digest_of_array(other) != digest, place


def test_what_lies_in_the_gaps_plays_no_part() -> None:
    one, other = np.arange(60.0).reshape(6, 10), np.arange(60.0).reshape(6, 10)
    other[1] = -1
    other[:, 7] = -1
    assert digest_of_array(one[::2, 1:4]) == digest_of_array(other[::2, 1:4])
    assert digest_of_array(one[::2, 1:4].copy()) == digest_of_array(one[::2, 1:4])


def test_other_windows_of_the_same_text_have_other_digests() -> None:
    ids = np.arange(100, dtype=np.int32)
    windows = [sliding_window_view(ids, n)[::step] for n in (8, 9) for step in (1, 2)]
    assert len({digest_of_array(w) for w in windows}) == 4


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("graphlang 1.1\na = 1", "a = 1", []),
        (
            'a = "x # y"  # z',
            'a = "x # w"',
            ['line 1 of `f` was `a = "x # y"` in this run, and is `a = "x # w"`'],
        ),
        ("a = 1  # one\n\n  b = 2", "# two\na  =  1\nb = 2", []),
        ('a = "never closed # x', 'a = "never closed # y', ['was `a = "never closed # x`']),
    ],
)
def test_comments_and_spaces_play_no_part_and_texts_do(old: str, new: str, told: list[str]) -> None:
    found = [d.message for d in changed_lines("run", {"f": old}, {"f": new})]
    assert len(found) == len(told)
    assert all(part in message for part, message in zip(told, found, strict=True))


@pytest.mark.parametrize(
    "text", ['"\\"' * 200_000, '"' * 400_001, '"\\' * 200_001, "a\nb\n" * 100_000, "a\n" * 200_000 + "b"]
)
def test_a_text_made_to_take_long_does_not(text: str) -> None:
    """A search that is quadratic in the text would not end."""
    changed = list(changed_lines("run", {"f": text}, {"f": "b\na\n" * 3 + text[1:] + " c"}))
    assert len(changed) <= 9
