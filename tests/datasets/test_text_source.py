"""The source text: ids, windows, and the next character."""

import tracemalloc

import numpy as np
import pytest

from graphlang.datasets.text import text
from graphlang.diagnostics import GraphError


def opened(folder, content, **options):
    (folder / "a.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    return text(path="a.txt", **options).open(folder)


def words(data, column, row):
    return "".join(data.vocab[i] for i in column.take([row])[0])


def test_ids_count_the_characters_in_sorted_order(tmp_path):
    data = opened(tmp_path, "banana", window=5, test=0)
    assert data.vocab == ("a", "b", "n")
    assert data.train["x"].load().tolist() == [[1, 0, 2, 0, 2]]
    assert data.train["t"].load().tolist() == [[0, 2, 0, 2, 0]]
    assert data.train["x"].dtype == "int"


def test_training_windows_start_at_every_character(tmp_path):
    data = opened(tmp_path, "abcdef", window=3, test=0)
    x, t = data.train["x"], data.train["t"]
    assert [(words(data, x, i), words(data, t, i)) for i in range(3)] == [
        ("abc", "bcd"),
        ("bcd", "cde"),
        ("cde", "def"),
    ]
    assert x.shape == (3, 3)


def test_test_windows_do_not_overlap_and_come_from_the_end(tmp_path):
    data = opened(tmp_path, "a" * 20 + "0123456789", window=3, test=1 / 3)
    assert set(words(data, data.train["x"], 0)) == {"a"}
    x = data.splits["test"]["x"]
    assert [words(data, x, i) for i in range(x.shape[0])] == ["012", "345", "678"]


def test_windows_are_views_of_one_array(tmp_path):
    data = opened(tmp_path, "ab" * 50_000, window=1000, test=0)
    assert data.train["x"].shape == (99_000, 1000)
    assert data.train["x"].load().base is not None
    assert data.train["x"].load().strides == (4, 4)


def test_characters_of_every_script_and_line_ends_are_read(tmp_path):
    assert opened(tmp_path, "\ufeff사과\r\n🍎\r", window=1, test=0).vocab == ("\n", "과", "사", "🍎")


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (
            "abc",
            {"window": 3, "test": 0},
            "the train part of `a.txt` has 3 characters; a window of 3 needs 4",
        ),
        ("a" * 50, {"window": 10}, "the test part of `a.txt` has 5 characters; a window of 10 needs 11"),
        ("", {"window": 3}, "`a.txt` holds no data: the file is empty"),
        (b"ab\n\xff", {"window": 1}, "`a.txt` is not a text in UTF-8: line 2 has the byte ff at offset 3"),
    ],
)
def test_a_text_that_does_not_fit_says_why(tmp_path, content, options, message):
    with pytest.raises(GraphError) as caught:
        opened(tmp_path, content, **options)
    assert [d.message for d in caught.value.diagnostics] == [message]


def test_a_batch_of_windows_copies_only_its_windows(tmp_path):
    column = opened(tmp_path, "abcdefghij" * 2000, window=100).train["x"]
    rows = [3, 17_000, 3]
    out = np.empty((3, 100), column.storage)
    column.gather([0, 0, 0], out)
    tracemalloc.start()
    column.gather(rows, out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(out, column.load()[rows])
    assert peak < 100_000
