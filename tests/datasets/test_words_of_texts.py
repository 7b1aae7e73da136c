"""`words` and `word_count` number the words of texts by those of the training split, the same way wherever rows come from."""

from __future__ import annotations

import csv
import json
import pickle
import tracemalloc
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphlang as gl
from graphlang.cli import main
from graphlang.datasets import arrow_numbers, word_ids
from graphlang.diagnostics import GraphError
from graphlang.training import predictions
from graphlang.training.sections import open_data
from tests.helpers import mistakes

TEXTS = ["The food was GREAT, the best!", "bad food", "", "Très bon: the-best 2 dishes"]
SPEC = """
input x: int[N, {length}], n: int[N]
y = sum(x -> Embedding({most}, 3, padding=0), axis=1) / maximum(n, 1)[:, none]
loss = mean(y**2)
output y
data {{ source = {source}; x = words({field}); n = word_count(text, length={length}) }}
train {{ minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = {epochs}; seed = 1 }}
"""


def spec(length: int = 5, most: int = 50, source: str = 'csv("a.csv", test=0)', epochs: int = 1) -> str:
    field = f"text, length={length}, most={most}"
    return SPEC.format(length=length, most=most, source=source, field=field, epochs=epochs)


def write(folder: Path, texts: list[str], name: str = "a.csv") -> None:
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "k"], *([text, str(k)] for k, text in enumerate(texts))])


def opened(folder: Path, texts: list[str], **sizes: int) -> tuple[gl.Graph, list[list[int]], list[int]]:
    """The graph, the numbers of the words of each row, and how many there are."""
    write(folder, texts)
    graph = gl.loads(spec(**sizes), folder=folder)
    fields = graph.spec.data.fields
    train = open_data(graph.model).train
    return graph, train[fields["x"]].load().tolist(), train[fields["n"]].load().tolist()


def vocabulary(graph: gl.Graph) -> list[str]:
    (learned,) = graph.model.learned.values()
    return learned["words"]


# ---- what is a word, and its number --------------------------------------------------------------------------


def test_words_are_numbered_from_2_by_falling_frequency_then_by_the_alphabet(tmp_path: Path) -> None:
    graph, ids, counts = opened(tmp_path, TEXTS)
    assert vocabulary(graph) == ["the", "food", "2", "bad", "best", "bon", "great", "très", "was"]
    assert ids == [[2, 3, 10, 8, 2], [5, 3, 0, 0, 0], [0] * 5, [9, 7, 2, 6, 4]]
    assert counts == [5, 2, 0, 5]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The food, was GREAT!", ["the", "food", "was", "great"]),
        ("don't re-use a_b", ["don", "t", "re", "use", "a", "b"]),
        ("3.5 stars, 10/10", ["3", "5", "stars", "10", "10"]),
        ("Straße ÉTÉ", ["straße", "été"]),
        (unicodedata.normalize("NFD", "été"), ["été"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("so ❤️ good 👍🏽", ["so", "good"]),
        ("a\x00b\x1b[31mc\u202ed\ud800e\u2028f", ["a", "b", "31mc", "d", "e", "f"]),
        (" \t\n", []),
        ("!?", []),
    ],
)
def test_a_word_is_letters_and_digits_in_lower_case(text: str, words: list[str]) -> None:
    assert word_ids.first_words(text, 9) == words


def test_of_a_long_text_the_first_words_are_kept_and_they_alone_are_learned(tmp_path: Path) -> None:
    graph, ids, counts = opened(tmp_path, ["a b c d", "a b"], length=2)
    assert (vocabulary(graph), ids, counts) == (["a", "b"], [[2, 3], [2, 3]], [2, 2])


def test_numbers_stay_below_most_and_other_words_are_1(tmp_path: Path) -> None:
    graph, ids, _ = opened(tmp_path, ["a a b", "a b c"], length=3, most=4)
    assert (vocabulary(graph), ids) == (["a", "b"], [[2, 2, 3], [2, 3, 1]])
    again = gl.loads(spec(3, 4), folder=tmp_path)
    again.model.learned.update(graph.model.learned)
    assert again.predict(text=["zzz a", ""]).shape == (2, 3)


def test_only_the_training_split_is_learned(tmp_path: Path) -> None:
    write(tmp_path, ["a"] * 2)
    write(tmp_path, ["b a"], "b.csv")
    text = spec(3, source='csv("a.csv", test=0); test = csv("b.csv")')
    graph = gl.loads(text, folder=tmp_path)
    dataset = open_data(graph.model)
    field = graph.spec.data.fields["x"]
    assert dataset.test is not None
    assert dataset.test[field].load().tolist() == [[1, 2, 0]]
    assert dataset.classes[field] == ("", "(unknown)", "a")


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.lists(WORDS, max_size=6).map(" ".join), min_size=1, max_size=8), st.integers(1, 6))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_ids_are_those_of_the_words(texts: list[str], length: int) -> None:
    part = {"length": length, "text": "words(text)", "most": 10**6}
    words = [word_ids.first_words(text, length) for text in texts]
    if not any(words):
        return
    learned = word_ids.Vocabulary.learned("text", texts, part)
    kept = word_ids.Vocabulary(json.loads(json.dumps(learned.as_json())), part)
    ids = kept.ids(texts, part, gl.Limits())
    counts = word_ids.word_counts(texts, length)
    assert [[kept.names[i] for i in row[:n]] for row, n in zip(ids, counts, strict=True)] == words
    assert not any(row[n:].any() for row, n in zip(ids, counts, strict=True))
    assert word_ids.Vocabulary.learned("text", texts[::-1], part).words == learned.words


# ---- wherever rows come from ----------------------------------------------------------------------------------


def test_rows_of_every_source_have_the_same_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, _, _ = opened(tmp_path, TEXTS)
    graph.fit()
    expected = graph.predict(text=TEXTS)
    lines = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS)
    (tmp_path / "a.jsonl").write_text(lines, encoding="utf-8")
    sources = ['csv("a.csv", test=0)', 'json_lines("a.jsonl", test=0)']
    columns: list[object] = [np.array(TEXTS), np.array(TEXTS, object), tuple(TEXTS)]
    try:
        from pyarrow import parquet, table

        parquet.write_table(table({"text": TEXTS}), tmp_path / "a.parquet")
        sources.append('parquet("a.parquet", test=0)')
        monkeypatch.setattr(arrow_numbers, "WORTH", 0)
    except ImportError:
        pass
    for source in sources:
        other = gl.loads(spec(source=source), folder=tmp_path)
        other.fit()
        assert vocabulary(other) == vocabulary(graph)
        np.testing.assert_array_equal(other.predict(text=TEXTS), expected)
    for column in columns:
        np.testing.assert_array_equal(graph.predict({"text": column}), expected)
    np.testing.assert_array_equal(graph.predict(text=TEXTS[0]), expected[:1])
    np.testing.assert_array_equal(graph.predict(text=[None, float("nan")]), expected[[2, 2]])
    np.testing.assert_array_equal(graph.predict(text=["bad food", None]), expected[[1, 2]])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(graph)).predict(text=TEXTS), expected)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": TEXTS, "more": 1})
    np.testing.assert_array_equal(graph.predict(frame), expected)
    np.testing.assert_array_equal(graph.predict(frame.convert_dtypes()), expected)


def test_weights_keep_the_words_and_blocks_predict_as_all_rows_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcdefgh"), k)) for k in rng.integers(0, 9, 1200)]
    write(tmp_path, texts)
    Path("net.graph").write_text(spec(), encoding="utf-8")
    assert main("train net.graph --run run --set train.batch=100".split()) == 0
    predict = "predict net.graph --weights run --data a.csv -o".split()
    assert main([*predict, "blocks.npy"]) == 0
    monkeypatch.setattr(predictions, "BLOCK", 10**9)
    assert main([*predict, "whole.npy"]) == 0
    blocks, whole = np.load("blocks.npy"), np.load("whole.npy")
    np.testing.assert_array_equal(blocks, whole)
    graph = gl.load("net.graph")
    graph.load_weights("run")
    np.testing.assert_allclose(graph.predict(text=texts), whole, rtol=1e-6)


def test_a_resumed_run_goes_on_with_the_words_that_it_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, TEXTS)
    Path("net.graph").write_text(spec(epochs=4), encoding="utf-8")
    assert main("train net.graph --run whole".split()) == 0
    assert main("train net.graph --run part --set train.epochs=2".split()) == 0
    assert main("train net.graph --resume part --set train.epochs=4".split()) == 0
    learned = [json.loads(Path(run, "run.json").read_text())["learned"] for run in ("whole", "part")]
    assert learned[0] == learned[1]
    with np.load("whole/weights.npz") as whole, np.load("part/weights.npz") as part:
        for name in whole.files:
            np.testing.assert_array_equal(whole[name], part[name])


def test_lengths_may_be_those_of_a_hyper(tmp_path: Path) -> None:
    write(tmp_path, TEXTS)
    text = (
        spec(5, 50).replace("length=5", "length=T").replace("most=50", "most=V").replace("[N, 5]", "[N, T]")
    )
    graph = gl.loads(f"hyper T = 5\nhyper V = 50\n{text}", folder=tmp_path, set={"T": 3})
    graph.fit()
    assert graph.predict(text=TEXTS).shape == (4, 3)
    assert open_data(graph.model).train[graph.spec.data.fields["x"]].shape == (4, 3)


# ---- what is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field",
    [
        "text",
        "text, length=0",
        "text, length=1.5",
        "text, length=5, most=2",
        "text, length=k",
        "[text], length=5",
    ],
)
def test_how_words_is_written_is_told_where_it_is_written_otherwise(field: str) -> None:
    (problem,) = mistakes(SPEC.format(length=5, most=50, source='csv("a.csv")', field=field, epochs=1))
    assert problem.code == "GL626"
    assert "words(field, length=20, most=5000)" in problem.help


@pytest.mark.parametrize(
    ("declared", "message", "help"),
    [
        ("int[N, 6]", "is int[N, 6], but the data's field `words(text, length=5", "`length=6`"),
        ("int[N]", "is int[N, 5]", "declare it `x: int[N, 5]`"),
        ("bool[N, 5]", "is int[N, 5]", "declare it `int[...]`"),
    ],
)
def test_check_knows_the_type_of_words(declared: str, message: str, help: str) -> None:  # noqa: A002
    text = f"""
    input x: {declared}, n: int[N]
    y = n * 1.0
    output y
    data {{ source = csv("a.csv"); x = words(text, length=5); n = word_count(text, length=5) }}
    """
    (problem,) = mistakes(text)
    assert problem.code == "GL620"
    assert message in problem.message
    assert help in problem.help


def test_check_knows_that_there_are_more_ids_than_rows_of_an_embedding() -> None:
    text = SPEC.format(length=5, most=50, source='csv("a.csv")', field="text, length=5", epochs=1)
    (problem,) = mistakes(text)
    assert "numbers from 0 to 19,999, and what looks up `x` has 50 rows" in problem.message
    assert "`most=50`" in problem.help


def test_two_fields_of_words_that_share_a_size_have_one_length() -> None:
    text = """
    input x: int[N, T], z: int[N, T]
    y = x + z
    output y
    data { source = csv("a.csv"); x = words(a, length=5); z = words(b, length=6) }
    """
    assert mistakes(text)[0].help == "`T` is 5 in another input"


@pytest.mark.parametrize(
    "kept",
    [{}, [], {"words": "ab"}, {"words": [1]}, {"words": ["a", "a"]}, {"words": ["a", "b", "c"]}],
)
def test_damaged_words_are_refused(kept: object) -> None:
    part = {"length": 3, "most": 4, "text": "words(text, length=3, most=4)"}
    with pytest.raises(GraphError, match="is damaged where it is kept"):
        word_ids.Vocabulary(kept, part)


def test_numbers_texts_without_words_and_several_columns_are_refused(tmp_path: Path) -> None:
    graph, _, _ = opened(tmp_path, TEXTS)
    with pytest.raises(GraphError, match="`words` takes texts"):
        graph.predict(text=[1, 2])
    with pytest.raises(GraphError, match="takes one column"):
        graph.predict(text=[[1, 2]])
    with pytest.raises(GraphError, match="nothing to learn from"):
        opened(tmp_path, ["", "!"])


# ---- what a stranger may send ---------------------------------------------------------------------------------


def test_limits_hold_the_numbers_and_the_words_that_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, TEXTS)
    graph = gl.loads(spec(10**6, 50), folder=tmp_path, limits=gl.Limits(table_cells=10**5))
    with pytest.raises(GraphError, match="gives 4,000,000 numbers, more than the limit of 100,000"):
        graph.fit()
    monkeypatch.setattr(word_ids, "KEPT_BYTES", 20)
    with pytest.raises(GraphError, match="are kept with the weights"):
        opened(tmp_path, TEXTS)
    monkeypatch.setattr(word_ids, "DIFFERENT", 3)
    with pytest.raises(GraphError, match="more than 3 different words"):
        opened(tmp_path, TEXTS)


def test_a_huge_text_and_long_words_take_little_memory(tmp_path: Path) -> None:
    graph, _, _ = opened(tmp_path, TEXTS)
    graph.fit()
    huge = ["x" * 2_000_000, "a " * 1_000_000, "\u0315\u0300" * 500_000, "Σ" * 1_000_000, *["a"] * 500]
    tracemalloc.start()
    assert graph.predict(text=huge).shape == (504, 3)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**28
    learned, _, _ = opened(tmp_path, ["x" * 100, "x" * 200])
    assert vocabulary(learned) == ["x" * 64]


# ---- what leads to them ---------------------------------------------------------------------------------------

SENTENCES = [f"the food was {word}" for word in ("good", "bad", "great", "awful", "fine")]


@pytest.mark.parametrize("name", ["tokenize", "Tokenizer", "vocabulary", "pad_sequences", "text"])
def test_names_of_other_tools_lead_to_words(name: str) -> None:
    text = spec().replace("words(", f"{name}(")
    assert "words(field, length=20)" in mistakes(text)[0].help


def test_a_column_of_texts_where_numbers_are_wanted_leads_to_words(tmp_path: Path) -> None:
    write(tmp_path, SENTENCES)
    text = spec().replace("words(text, length=5, most=50)", "text")
    with pytest.raises(GraphError) as caught:
        gl.loads(text, folder=tmp_path).fit()
    assert caught.value.diagnostics[0].code == "GL615"
    assert "`words(text, length=20)`" in caught.value.diagnostics[0].help
    with pytest.raises(GraphError) as caught:
        gl.loads(text, folder=tmp_path).fit(gl.from_arrays(text=SENTENCES))
    assert caught.value.diagnostics[0].code == "GL627"
    assert "`words(text, length=20)`" in caught.value.diagnostics[0].help


def test_texts_that_are_taken_for_classes_lead_to_words_and_are_not_listed(tmp_path: Path) -> None:
    write(tmp_path, SENTENCES)
    text = """
    input x: int[N]
    loss = mean((x -> Embedding(9, 2)) ** 2)
    output loss
    data { source = csv("a.csv", test=0); x = category(text) }
    train { minimize = loss; optimizer = SGD(lr=0.1); epochs = 1 }
    """
    graph = gl.loads(text, folder=tmp_path)
    graph.fit()
    with pytest.raises(GraphError) as caught:
        graph.predict(text="the food was okay")
    (problem,) = caught.value.diagnostics
    assert problem.message.endswith("is no class of `text`: the training split has 5, and they are texts")
    assert "`words(text, length=20)`" in problem.help
