"""The texts and sums that the lessons learn from: made by their scripts, and tested on what training has not seen."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.text import text

SPECS = Path(__file__).parents[2] / "specs"
DATA = SPECS / "data"


def module(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DATA))
    place = importlib.util.spec_from_file_location(name, DATA / f"{name}.py")
    assert place is not None
    assert place.loader is not None
    found = importlib.util.module_from_spec(place)
    monkeypatch.setitem(sys.modules, name, found)
    place.loader.exec_module(found)
    return found


def parts() -> tuple[str, str]:
    """The text of training and the text of testing, as the source `text` cuts it."""
    whole = (DATA / "fables.txt").read_text(encoding="utf-8")
    tested = text(path="fables.txt", window=1).open(DATA).splits["test"]["x"].load()
    return whole[: -len(tested) - 1], whole[-len(tested) - 1 :]


@pytest.mark.parametrize(
    "name",
    "make_addition make_fables make_houses make_mnist_300 make_pairs make_rents make_returns make_reversal make_reviews make_words".split(),
)
def test_a_script_writes_the_same_bytes_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = module(name, monkeypatch)
    for given in ("fables.txt", "mnist_12k.npz"):
        (tmp_path / given).write_bytes((DATA / given).read_bytes())
    monkeypatch.setattr(script, "HERE", tmp_path)
    script.main()
    for path in tmp_path.iterdir():
        if path.suffix == ".npz":  # what it says, not how this zlib packs it
            with np.load(path) as made, np.load(DATA / path.name) as shipped:
                assert made.files == shipped.files
                for field in made.files:
                    np.testing.assert_array_equal(made[field], shipped[field])
        else:
            assert path.read_bytes() == (DATA / path.name).read_bytes()


def test_no_sentence_of_the_test_text_stands_in_training() -> None:
    known, new = parts()
    whole = [line for line in new.split("\n\n", 1)[1].split("\n") if line]  # the first fable may be cut
    assert len(whole) > 300
    assert [line for line in whole if line in known] == []


def test_the_two_animals_of_a_test_fable_meet_in_no_training_fable() -> None:
    known, new = parts()

    def pairs(fables: str) -> set[frozenset[str]]:
        return {
            frozenset(pair)
            for pair in re.findall(r"^(\w+) and (\w+) (?:teach us|know):", fables, re.MULTILINE)
        }

    met, meet = pairs(known), pairs(new.split("\n\n", 1)[1])
    assert len(met) > 50
    assert len(meet) >= 5
    assert met & meet == set()


def test_no_test_sum_is_in_training_in_either_order() -> None:
    with np.load(DATA / "addition.npz") as arrays:
        asked = {split: arrays[f"question_{split}"] for split in ("train", "test")}

    def pairs(rows: np.ndarray) -> set[frozenset[int]]:
        texts = ["".join("0123456789+_ "[i] for i in row) for row in rows]
        return {frozenset(map(int, t.split("+"))) for t in texts}

    assert len(asked["train"]) + len(asked["test"]) == 10_000
    assert pairs(asked["train"]) & pairs(asked["test"]) == set()


@pytest.mark.parametrize("name", ["char_rnn", "transformer"])
def test_a_language_model_is_stated_to_beat_every_table_of_counts(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = gl.load(SPECS / f"{name}.graph")
    assert graph.spec.data is not None
    doc = graph.spec.doc
    stated = re.search(r"^Counting: test loss ([0-9.]+), by rows of (\d+) characters$", doc, re.MULTILINE)
    reached = re.search(r"^Reaches: test loss ([0-9.]+) or less$", doc, re.MULTILINE)
    assert stated is not None
    assert reached is not None
    losses = module("count_fables", monkeypatch).losses(int(graph.spec.data.source.attributes["window"]))
    assert min(losses) == pytest.approx(float(stated[1]), abs=0.002)
    assert int(np.argmin(losses)) == int(stated[2])
    assert float(reached[1]) < 0.9 * min(losses)


def test_a_table_of_counts_is_what_a_hand_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    known, x, t = np.array([0, 1, 0, 1, 0, 0]), np.array([[0]]), np.array([[1]])
    shares = module("count_fables", monkeypatch).of_tables(known, x, t, 1.0, 1)
    alone = (2 + 1) / (6 + 2)  # two of six, and one more of each
    after = (2 + 2 * alone) / (3 + 2)  # 0 was followed by 1 twice and by 0 once
    np.testing.assert_allclose(shares, [-np.log(alone), -np.log(after)])
