"""`graphlang new --from`: the spec of a table checks and trains, says what it chose, and names what it leaves out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.formatting import laid_out
from graphlang.scaffold.row_splits import row_splits

LESSONS = Path(gl.__file__).parent.parent / "specs" / "data"


@pytest.fixture
def proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The spec of a table, which checks without a note and is in the one layout."""
    monkeypatch.chdir(tmp_path)

    def make(table: str | bytes, *options: str, name: str = "a.csv") -> str:
        (tmp_path / name).write_bytes(table.encode() if isinstance(table, str) else table)
        assert main(["new", "net", "--from", name, "--force", *options]) == 0
        assert main(["check", "net.graph"]) == 0
        text = (tmp_path / "net.graph").read_text(encoding="utf-8")
        assert laid_out(text) == text
        assert max(map(len, text.splitlines())) <= 110
        return text

    return make


def trained(capsys: pytest.CaptureFixture[str], *settings: str) -> str:
    """The line that training ends with; of one step where no settings say how many."""
    capsys.readouterr()
    few = settings or ("train.epochs=1",)
    assert main(["train", "net.graph", *(word for setting in few for word in ("--set", setting))]) == 0
    return capsys.readouterr().out.splitlines()[-1]


def test_the_irises_are_told_apart(proposed, capsys) -> None:
    text = proposed((LESSONS / "iris.csv").read_bytes())
    assert "t      = category(species)" in text
    told = trained(capsys, "train.epochs=30")
    assert float(re.search(r"accuracy: .*test ([\d.]+)", told)[1]) > 0.9


def test_numbers_are_predicted_in_the_units_of_the_table(proposed, capsys) -> None:
    text = proposed((LESSONS / "rents.csv").read_bytes())
    assert "impute(year, median)" in text
    told = trained(capsys)
    assert float(re.search(r"r2: .*test (\S+)", told)[1]) < 1
    told = trained(capsys, "train.epochs=40")
    assert float(re.search(r"r2: .*test (\S+)", told)[1]) > 0.85
    assert float(re.search(r"mae: .*test ([\d.]+)", told)[1]) < 120


def rows_of(count: int, *cells: Callable[[int], object]) -> str:
    """Lines of a csv: each cell is a function of the number of its row."""
    return "".join(",".join(str(cell(row)) for cell in cells) + "\n" for row in range(count))


def refused(table: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    Path("a.csv").write_text(table, encoding="utf-8")
    assert main(["new", "net", "--from", "a.csv", *options]) == 1
    assert not Path("net.graph").exists()
    return capsys.readouterr().err


# ---- what is predicted ---------------------------------------------------------------------------------------


def test_a_column_with_a_likely_name_is_predicted_else_the_last_one_and_the_choice_is_said(proposed) -> None:
    cells = rows_of(20, lambda r: r % 7 + 0.5, lambda r: r % 2, lambda r: r * 1.5)
    assert "`SalePrice` was chosen for its name;" in proposed(f"SalePrice,a,b\n{cells}")
    assert "`b` was chosen as the last column;" in proposed(f"c,a,b\n{cells}")
    assert "`a` was chosen as `--target` says" in proposed(f"c,a,b\n{cells}", "--target", "a")


def test_what_the_last_column_lacks_is_said_where_another_is_predicted(proposed) -> None:
    text = proposed(
        "a,b,c\n" + rows_of(12, lambda r: r * 1.5, lambda r: r * 2.5, lambda r: "" if r == 3 else r % 3)
    )
    assert (
        "`b` was chosen as the last column that can be, for `c` has no value in 1 row, line 5;"
        in " ".join(text.replace("\n# ", " ").split())
    )


@pytest.mark.parametrize(
    ("cell", "taken"),
    [
        (lambda r: r % 3, "category(y)"),
        (lambda r: f"{r % 3}.0", "category(y)"),
        (lambda r: "no" if r % 3 else "yes", "category(y)"),
        (lambda r: r % 3 * 0.5, "[(y - 0.4) / 0.4]"),
        (lambda r: 100 * r, "[(y - 1200) / 600]"),
        (lambda r: -r / 8 - 100, "[(y + 101.5) / 0.7]"),
    ],
)
def test_few_whole_numbers_and_words_are_classes_and_other_numbers_are_numbers(cell, taken, proposed) -> None:
    text = proposed("a,y\n" + rows_of(20, lambda r: r * 0.5, cell))
    assert taken in text
    assert ("SoftmaxWithLoss" in text) == taken.startswith("category")


@pytest.mark.parametrize(
    ("cell", "kind", "taken", "hint"),
    [
        (lambda r: r % 3, "number", "[y - 1]", None),
        (lambda r: r % 3, "classes", "category(y)", None),
        (lambda r: r % 3, None, "category(y)", "`--as number` predicts a number instead"),
        (lambda r: 10 * (r % 40), "classes", "category(y)", None),
        (lambda r: 10 * (r % 40), None, "[(y - ", "`--as classes` makes a class of each of its values"),
        (lambda r: r / 8, None, "[(y - ", None),
        (lambda r: "no" if r % 3 else "yes", None, "category(y)", None),
    ],
)
def test_numbers_are_classes_or_numbers_as_said(cell, kind, taken, hint, proposed, capsys) -> None:
    text = proposed(
        "a,y\n" + rows_of(120, lambda r: r * 0.5, cell), *(() if kind is None else ("--as", kind))
    )
    assert taken in text or kind == "number"
    assert ("SoftmaxWithLoss" in text) == taken.startswith("category")
    comment = " ".join(text.replace("\n# ", " ").split())
    assert ("--as" in comment) == (hint is not None)
    assert hint is None or hint in comment
    trained(capsys)


def test_a_class_of_one_row_is_among_those_for_training(proposed, capsys) -> None:
    text = proposed("a,y\n" + rows_of(30, lambda r: r * 0.5, lambda r: "rare" if r == 7 else "ab"[r % 2]))
    assert "seed=" in text or "test=0.2)" in text
    trained(capsys)


def test_where_no_draw_leaves_every_class_for_training_all_rows_are() -> None:
    assert row_splits(40, np.arange(40)).test == 0
    drawn = row_splits(40, np.arange(40) // 20)
    assert drawn.test == 0.2
    assert len(drawn.train) == 32


@pytest.mark.parametrize(
    ("table", "options", "says"),
    [
        ("a\n1\n2\n", (), "has one column"),
        ("a,b\n1,2\n", (), "has one row"),
        ("a,price\n1,2\n2,\n3,4\n", (), "the column `price` of `a.csv` cannot be predicted: it has no value in 1 row, line 3"),
        ("a,class\n1,u\n2,u\n3,u\n", (), "such as `a`"),
        ("a,b\n1,2\n2,3\n3,4\n", ("--target", "A"), "did you mean `a`?"),
        ("a,b\nu 1,v 1\nu 2,v 2\nu 3,v 3\n", (), "no column of `a.csv` can be predicted"),
        ("a,b\n7,1.5\n7,2\n7,3.5\n", (), "from which `b` can be predicted: `a` is the same in every row"),
        ("1.5,2\n2.5,3\n", (), "must name the columns"),
        (",a\n0,1.5\n1,2\n", (), "index=False"),
        ("a,a,b\n1,2,3\n", (), "is there twice"),
        ("a,b\n", (), "holds no data"),
        ("a,b\n1,u\n2,v\n3,u\n", ("--target", "b", "--as", "number"), "it holds words, and a number was asked for"),
        ("a,b\n1,.5\n2,.7\n3,.5\n", ("--target", "b", "--as", "classes"), "fractions, which are no classes"),
        ("a,b\n" + rows_of(60, int, int), ("--target", "b", "--as", "classes"), "has 60 different numbers, and 50 classes are the most"),
        ("a,b\n1,2021-01-01\n2,2021-01-02\n3,2021-01-04\n", ("--target", "b"), "it holds dates"),
    ],
)  # fmt: skip
def test_a_table_for_which_nothing_is_proposed_is_told_with_a_fix(
    table, options, says, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    told = refused(table, capsys, *options)
    assert says in told
    assert "help: " in told


# ---- what it is predicted from -------------------------------------------------------------------------------


def test_each_column_is_taken_in_its_way_or_left_out_with_the_reason(proposed, capsys) -> None:
    header = "PassengerId,name,born,when,size,kind,street,fee,empty,same,y"
    text = proposed(
        f"{header}\n"
        + rows_of(
            120,
            lambda r: r + 1,
            lambda r: f"person {r}",
            lambda r: f"20{r % 20 + 10}-01-02",
            lambda r: f"{r % 28 + 1}/01/{2000 + r}",
            lambda r: r % 11 if r % 5 else "NA",
            lambda r: ("cat", "dog", "?")[r % 3],
            lambda r: f"street {r % 20}",
            lambda r: f"${r % 40}",
            lambda r: "",
            lambda r: 5,
            lambda r: r % 2,
        )
    )
    plain = " ".join(text.split())
    assert "standardize([date(born), impute(size, median)])" in plain
    assert 'one_hot(category(impute(kind, "unknown")))' in plain
    assert "street = category(street, unknown=20)" in plain
    assert "Embedding(21, 2, padding=20)" in plain
    assert 'missing=["?", "NA"]' in plain
    for name, why in {
        "PassengerId": "counts the rows",
        "name": "is different in every row",
        "when": "holds dates such as `1/01/2000`",
        "fee": "holds numbers in another form, such as `$0`",
        "empty": "is empty",
        "same": "is the same in every row",
    }.items():
        assert f"# - `{name}` {why}" in text
    trained(capsys)


def test_names_that_are_no_names_of_the_language_are_fields_all_the_same(proposed, capsys) -> None:
    names = ["if", "x", "t", "log", "1st", "données", 'a ""b""', "new\nline", "validation"]
    header = ",".join(f'"{name}"' for name in (*names, "y"))
    text = proposed(
        f"{header}\n" + rows_of(20, *(lambda r, n=n: (r * n + n) % 13 for n in range(2, 11)), lambda r: r % 2)
    )
    assert r'field("a \"b\"")' in text
    assert r'field("new\nline")' in text
    trained(capsys)


def test_a_name_cannot_leave_its_comment_or_its_text(proposed) -> None:
    header = '"a\ninput evil: float # `","b"") }\noutput evil","class\n}"'
    text = proposed(f"{header}\n" + rows_of(20, lambda r: r * 0.5, lambda r: f"same {r}", lambda r: r % 2))
    assert not re.search(r"^\s*(input|output) evil", text, re.MULTILINE)
    assert [*gl.load("net.graph").inputs] == ["x", "t"]


def test_columns_of_words_get_inputs_of_their_own_names(proposed, capsys) -> None:
    word = [lambda r, n=n: f"w{(r * n) % 20}" for n in (3, 7, 9)]
    text = proposed(
        "if,y,Größe,Größe 2,class\n" + rows_of(100, word[0], lambda r: r % 9, *word[1:], lambda r: r % 2)
    )
    assert {"if_id", "groe", "groe_2"} < set(re.findall(r"input (\w+): int", text))
    trained(capsys)


# ---- how the file is written ---------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_and_commas_in_numbers_are_recognised(delimiter, proposed, capsys) -> None:
    cells = "".join(f"{row},5{delimiter}{row % 4},25{delimiter}{'ab'[row % 2]}\n" for row in range(20))
    text = proposed(f"\ufeffgröße{delimiter}b{delimiter}c\n{cells}")
    assert 'decimal=","' in text
    assert 'standardize([field("größe"), b])' in text
    trained(capsys)


def test_a_wide_table_of_numbers_takes_all_columns_by_one_name(proposed, capsys) -> None:
    names = ",".join(f"pixel {n}" for n in range(300))
    cells = [
        lambda r, n=n: 0 if n == 9 else "" if (r, n) == (4, 5) else (r * r * (n + 2)) % 251
        for n in range(300)
    ]
    text = proposed(f"{names},label\n" + rows_of(40, *cells[:1], *cells[1:], lambda r: r % 3))
    assert len(text.splitlines()) < 60
    assert (
        "x          = standardize(impute(x, median))" in text
        or "x      = standardize(impute(x, median))" in text
    )
    trained(capsys)


def test_of_a_large_table_some_rows_are_looked_at_and_how_many_is_said(proposed, monkeypatch) -> None:
    from graphlang.scaffold import table_file

    monkeypatch.setattr(table_file, "CELLS", 0)
    text = proposed(
        "a,b,c\n"
        + rows_of(2500, lambda r: r % 97, lambda r: f"w{r % 5}", lambda r: "rare" if r == 1 else "uv"[r % 2])
    )
    assert "Proposed from 834 of 2,500 rows, one of every 3." in text
    assert "Its 3 different words are classes" in text, "classes are those of all rows"


def test_lines_of_json_and_parquet_are_tables_too(proposed, tmp_path, capsys) -> None:
    rows = [
        {"a": r * 0.5, "ok": r % 3 == 0, "kind": None if r == 4 else "uvw"[r % 3], "y": r % 2}
        for r in range(30)
    ]
    text = proposed("".join(f"{json.dumps(row)}\n" for row in rows), name="a.jsonl")
    assert 'source = json_lines("a.jsonl", test=0.2)' in text
    trained(capsys)
    pyarrow = pytest.importorskip("pyarrow")
    columns = {name: [row[name] for row in rows] for name in rows[0]} | {"list": [[1]] * 30}
    sink = pyarrow.BufferOutputStream()
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table(columns), sink)
    text = proposed(sink.getvalue().to_pybytes(), "--target", "ok", name="a.parquet")
    assert "t = category(ok)" in " ".join(text.split())
    assert "# - `list` " in text
    trained(capsys)


# ---- texts ---------------------------------------------------------------------------------------------------

PLACES, SAID = "food soup bread wine room view".split(), "good bad fresh cold lovely dirty".split()


def review(row: int) -> str:
    """A text of its own for each row, which is for the place or against it."""
    more = f"{PLACES[row % 6]} was {SAID[2 * (row // 6 % 3) + row % 2]}"
    return f'"The {PLACES[row // 36 % 6]} was {SAID[row % 2]}, and the {more} ({row})"'


def test_texts_that_differ_in_every_row_are_read_word_by_word(proposed, capsys) -> None:
    text = proposed("text,label\n" + rows_of(72, review, lambda r: ["yes", "no"][r % 2]))
    assert "text       = words(text, length=10, most=100)" in text
    assert "text_count = word_count(text, length=10)" in text
    assert "Embedding(100, 16, padding=0) -> LSTM(16, lengths=text_count, return=last)" in text
    assert "Left out" not in text
    assert "accuracy: train 1.0000, test 1.0000" in trained(capsys, "train.epochs=20")
    Path("new.csv").write_text("text\nTHE SOUP WAS GOOD and the view was lovely!\n")
    predict = "predict net.graph --weights runs/net-1 --data new.csv".split()
    assert main(predict) == 0
    assert json.loads(capsys.readouterr().out)["answer"] == ["yes"]


def test_texts_stand_beside_other_columns_for_a_number_too(proposed, capsys) -> None:
    cells = rows_of(72, review, lambda r: r * 0.37 % 5, lambda r: "abc"[r % 3], lambda r: r * 1.7 % 7)
    text = proposed(f"text_count,x,if,price\n{cells}")
    assert "concat(x, text_count_vector, axis=1)" in text
    assert "text_count_count = word_count(text_count, length=10)" in text
    assert "mae" in trained(capsys)


def test_the_words_of_long_texts_have_a_mean(proposed, capsys) -> None:
    cells = rows_of(24, lambda r: f"{r} " + "the food was good enough " * 15, lambda r: r % 2)
    text = proposed(f"text,label\n{cells}")
    assert "text_vector = sum(text_words, axis=1) / maximum(text_count, 1)[:, none]" in text
    assert "LSTM" not in text
    assert "accuracy" in trained(capsys)


@pytest.mark.parametrize(
    "cell",
    [
        lambda r: f'"Braund, Mr. Owen {"Harris James John".split()[r % 3]} {r}"',
        lambda r: f"{r} Main Street Springfield",
        lambda r: f"a{r}-b{r * 7}-c{r * 3}-d{r * 5}",
        lambda r: f"w{r} v{r} u{r} t{r} s{r}",
    ],
)
def test_names_addresses_and_codes_are_no_texts(cell, proposed) -> None:
    text = proposed("name,size,label\n" + rows_of(40, cell, lambda r: r % 7 / 2, lambda r: r % 2))
    assert "words(" not in text
    assert "- `name` is different in every row" in text
