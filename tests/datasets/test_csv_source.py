"""The source csv: columns, targets, labels, the split, and each kind of bad line."""

import numpy as np
import pytest

import graphlang as gl
from graphlang.datasets.csv import csv
from graphlang.diagnostics import GraphError
from graphlang.training.evaluation import evaluate
from graphlang.training.sections import open_data

FRUIT = "apple,orange,price\n1,2,3.5\n2,0.5,2\n4,1e1,-3\n\n3,7,.5\n"


def opened(folder, text, **options):
    (folder / "a.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return csv(path="a.csv", **options).open(folder)


def used(data):
    """Reads what a file takes usually."""
    for field in ("x", "t"):
        if field in data.train:
            data.train[field].load()


def faults(folder, text, **options):
    """What is said of the file once its columns are used."""
    with pytest.raises(GraphError) as caught:
        used(opened(folder, text, **options))
    assert all(d.help for d in caught.value.diagnostics)
    return [(d.code, d.message) for d in caught.value.diagnostics]


def test_columns_are_fields_and_x_is_all_but_the_target(tmp_path):
    train = opened(tmp_path, FRUIT, target="price", test=0).train
    assert {name: (c.shape, c.dtype) for name, c in train.items()} == {
        "apple": ((4,), "int"),
        "orange": ((4,), "float"),
        "price": ((4,), "float"),
        "x": ((4, 2), "float"),
        "t": ((4,), "float"),
    }
    np.testing.assert_array_equal(train["x"].load(), [[1, 2], [2, 0.5], [4, 10], [3, 7]])
    np.testing.assert_array_equal(train["t"].load(), [3.5, 2, -3, 0.5])


def test_a_target_of_integers_is_int(tmp_path):
    assert opened(tmp_path, "a,b\n1,2\n2,3\n", target="b").train["t"].dtype == "int"
    assert opened(tmp_path, "a,b\n1,2\n2,3.0\n", target="b").train["t"].dtype == "float"


def test_integers_beyond_64_bits_are_floats(tmp_path):
    assert opened(tmp_path, f"a\n{10**30}\n", test=0).train["a"].load() == [1e30]


def test_labels_become_ids_in_sorted_order(tmp_path):
    data = opened(tmp_path, "size,kind\n1,pear\n2,apple\n3, pear \n4,fig\n", target="kind", test=0)
    assert data.classes["t"] == data.classes["kind"] == ("apple", "fig", "pear")
    assert data.train["t"].load().tolist() == [2, 0, 2, 1]
    assert data.train["t"].dtype == "int"
    assert data.train["x"].shape == (4, 1)


def test_without_a_target_the_column_t_is_it(tmp_path):
    train = opened(tmp_path, "a,t\n1,2\n3,4\n", test=0).train
    assert train["x"].load().tolist() == [[1], [3]]
    assert train["t"].load().tolist() == [2, 4]


def test_without_any_target_x_is_all_columns(tmp_path):
    train = opened(tmp_path, "a,b\n1,2\n3,4\n", test=0).train
    assert list(train) == ["a", "b", "x"]
    assert train["x"].shape == (2, 2)


def test_x_and_t_mean_the_features_and_the_target_even_where_a_column_is_called_x(tmp_path):
    train = opened(tmp_path, "x,y\n1,2\n3,4\n", target="y", test=0).train
    assert train["x"].shape == (2, 1)
    assert train["t"].load().tolist() == [2, 4]


def test_the_split_is_the_same_every_time_and_loses_no_line(tmp_path):
    table = "a\n" + "\n".join(map(str, range(50))) + "\n"
    first, second = opened(tmp_path, table), opened(tmp_path, table)
    train, test = (first.splits[s]["a"].load().tolist() for s in ("train", "test"))
    assert (len(train), len(test)) == (40, 10)
    assert sorted(train + test) == list(range(50))
    assert test == sorted(test) == second.splits["test"]["a"].load().tolist()
    assert test != opened(tmp_path, table, seed=1).splits["test"]["a"].load().tolist()
    assert test == [2, 3, 11, 13, 15, 20, 21, 32, 46, 48]


@pytest.mark.parametrize(
    ("lines", "fraction", "expected"), [(1, 0.2, 0), (2, 0.2, 1), (3, 0.99, 2), (10, 0.25, 2)]
)
def test_each_split_keeps_at_least_one_line_where_there_are_two(tmp_path, lines, fraction, expected):
    splits = opened(tmp_path, "a\n" + "1\n" * lines, test=fraction).splits
    assert (splits["test"]["a"].shape[0] if "test" in splits else 0) == expected


def test_quotes_line_ends_byte_order_mark_and_blanks_are_read(tmp_path):
    text = '\ufeff"a, with comma", b\r\n" 1",2 \r\n"3","4"'
    train = opened(tmp_path, text, target="b", test=0).train
    assert list(train) == ["a, with comma", "b", "x", "t"]
    assert train["x"].load().tolist() == [[1], [3]]


def test_a_quoted_cell_over_two_lines_keeps_the_line_numbers_right(tmp_path):
    text = 'a,kind\n1,"two\nlines"\nx,one\n'
    assert faults(tmp_path, text, target="kind") == [
        ("GL615", "line 4, column `a` of `a.csv`: `x` is not a finite number")
    ]


@pytest.mark.parametrize("cell", ["abc", "nan", "inf", "1_000", "1e999", "0x10", "\uff11", "1,5"])
def test_what_is_no_finite_number_is_named_with_line_and_column(tmp_path, cell):
    (found,) = faults(tmp_path, f'a,b\n1,2\n3,"{cell}"\n')
    assert found == ("GL615", f"line 3, column `b` of `a.csv`: `{cell}` is not a finite number")


def test_an_empty_cell_says_so(tmp_path):
    assert faults(tmp_path, "a,b\n1,\n") == [("GL615", "line 2, column `b` of `a.csv`: the cell is empty")]


def test_a_target_of_numbers_with_one_word_is_a_mistake_not_labels(tmp_path):
    (found,) = faults(tmp_path, "a,price\n1,200\n2,unknown\n", target="price")
    assert found[1] == "line 3, column `price` of `a.csv`: `unknown` is not a finite number"


def test_a_bad_column_is_one_mistake_with_a_count(tmp_path):
    assert len(faults(tmp_path, "a,b\nx,1\n1,y\n")) == 2
    found = faults(tmp_path, "a,b,c\n" + "x,1,y\n" * 50, test=0)
    assert [message for _, message in found] == [
        f"line 2, column `{name}` of `a.csv`: `{cell}` is not a finite number; "
        "50 of the 50 cells of the column are no finite numbers"
        for name, cell in (("a", "x"), ("c", "y"))
    ]
    assert [message for _, message in faults(tmp_path, "a,b\n" + "1\n" * 50)] == [
        "line 2 of `a.csv` has 1 cells, the header has 2, and 49 more lines do not fit either"
    ]


def test_columns_that_the_spec_does_not_use_may_hold_anything(tmp_path):
    text = "day,a,b,note,t\n2024-01-01,1,2,,3\n2024-01-02,4,5,NA,6\n"
    train = opened(tmp_path, text, test=0).train
    assert train["a"].load().tolist() == [1, 4]
    assert train["t"].load().tolist() == [3, 6]
    with pytest.raises(GraphError) as caught:
        train["x"].load()
    assert [d.name for d in caught.value.diagnostics] == ["day", "note"]


def test_a_column_called_x_is_taken_by_an_input_of_one_axis(tmp_path):
    (tmp_path / "a.csv").write_text("x,z,y\n1,2,3\n4,5,6\n7,8,9\n")
    file = 'data {{ source = csv("a.csv", target=y, test=0); x = x; t = t }}\n'
    file += "train {{ minimize = loss; optimizer = SGD(lr=0.1); batch = 3; epochs = 1; metrics = [m] }}\n"
    for shape, m, expected in (("N", "sum(x)", 12), ("N, 2", "sum(x[:, 1])", 15), ("N, D", "sum(x)", 27)):
        text = f"input x: float[{shape}], t: float[N]\nparam w: float = 1\nloss = mean(t) * w\nm = {m}\noutput loss\n"
        graph = gl.loads(text + file.format(), folder=tmp_path)
        assert evaluate(graph.model, open_data(graph.model), split="train")["m"] == expected


def test_a_column_called_t_that_is_not_the_target_is_itself(tmp_path):
    train = opened(tmp_path, "t,u\n1,2\n3,4\n", target="u", test=0).train
    assert (train["t"].load().tolist(), train["u"].load().tolist()) == ([1, 3], [2, 4])


@pytest.mark.parametrize("between", [";", "\t", "|"])
def test_another_delimiter_is_named(tmp_path, between):
    text = "a,b\n1.5,2\n3,4\n".replace(",", between)
    ((code, message),) = faults(tmp_path, text)
    assert code == "GL624"
    called = {";": "semicolons", "\t": "tabs", "|": "bars"}[between]
    assert message == f"`a.csv` has {called} between its cells, not commas: line 1 is `a{between}b`"


@pytest.mark.parametrize(
    ("text", "help_"),
    [
        ('a,b\n"1,5",2\n', 'write a point for the comma, `1.5`, or `decimal=","` in the source'),
        ('a,b\n"1,234",2\n', "write `1234`, or with a point if the comma stands for one"),
        ("a,b\n1,5,2,5\n", "if the commas are in numbers, write points: `1.5`; else complete the line"),
        (
            "a,b\n1,2,\n3,4,\n",
            "the line ends with a comma: take that away, or name the column in the first line",
        ),
        (
            "a,b\n1,NA\n",
            "fill the cell, leave the line out, or take no field of the column (`x` takes all columns); "
            'or say `missing=["", "NA"]` in the source and `impute(b, mean)`',
        ),
        (
            ",a,b\n0,1,2\n",
            "give it a name; if it counts the lines, leave it out (in pandas `to_csv(..., index=False)`)",
        ),
    ],
)
def test_the_help_fits_what_was_found(tmp_path, text, help_):
    with pytest.raises(GraphError) as caught:
        opened(tmp_path, text).train["x"].load()
    assert [d.help for d in caught.value.diagnostics] == [help_]


def test_quotes_may_follow_blanks(tmp_path):
    train = opened(tmp_path, 'a, b\n1, "2"\n"3", "4"\n', test=0).train
    assert train["x"].load().tolist() == [[1, 2], [3, 4]]


def test_years_may_be_names_of_columns(tmp_path):
    train = opened(tmp_path, "1990,2000,t\n1,2,3\n", test=0).train
    assert train["x"].load().tolist() == [[1, 2]]


def test_a_ragged_line_is_named_with_both_counts(tmp_path):
    assert faults(tmp_path, "a,b\n1,2\n1,2,3\n") == [
        ("GL614", "line 3 of `a.csv` has 3 cells, the header has 2")
    ]


def test_a_missing_target_gets_a_suggestion(tmp_path):
    (tmp_path / "a.csv").write_text(FRUIT)
    with pytest.raises(GraphError) as caught:
        csv(path="a.csv", target="prise").open(tmp_path)
    (d,) = caught.value.diagnostics
    assert d.message == "the target `prise` is no column of `a.csv`, which has `apple`, `orange`, `price`"
    assert d.help == "did you mean `price`?"


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("", "GL611", "the file is empty"),
        ("\n\n", "GL611", "the file is empty"),
        ("a,b\n\n", "GL611", "no line after the first"),
        ("1,2\n3,4\n", "GL612", "found the number `1`"),
        ("a,,b\n1,2,3\n", "GL612", "column 2 has no name"),
        ("a,b,a\n1,2,3\n", "GL612", "`a` is there twice, as columns 1 and 3"),
        ("5.1,3.5,setosa\n4.9,3,setosa\n", "GL612", "found the number `5.1`"),
        ("5,3,setosa\n4,3,setosa\n", "GL612", "found what stands below it too, `setosa`"),
        ("sep=;\na;b\n1;2\n", "GL612", "found `sep=;`, an instruction to a spreadsheet"),
        ('a,b\n1,"2\n', "GL604", "line 2: a quote is opened there, and closed nowhere"),
        ('a,b\n1,"2" x\n', "GL604", "line 2: after a closing quote comes something other than a comma"),
        ("a,b\n1,2\n".encode("utf-16"), "GL604", "it is in UTF-16"),
        (b"a,b\n1,\xff\n", "GL604", "line 2 has the byte ff at offset 6"),
    ],
)
def test_other_mistakes_of_the_file_are_told(tmp_path, text, code, part):
    ((found, message),) = faults(tmp_path, text)
    assert found == code
    assert part in message


@pytest.mark.parametrize(
    ("text", "message", "help_"),
    [
        ("a,b\n1,$15\n", "line 2, column `b`", "write the number alone: `15`"),
        ("a,b\n1,20%\n", "line 2, column `b`", "write the number alone: `20`"),
        ("a,b\n1,−1.5\n", "line 2, column `b`", "write the number alone: `-1.5`"),
        ("a,b\n1,1 000\n", "line 2, column `b`", "write the number alone: `1000`"),
        ("a,b\n1,true\n", "line 2, column `b`", "write 1 for true and 0 for false, not `true`"),
        ("# mine\na,b\n1,2\n", "the comment `# mine`", "take the line away: a csv has no comments"),
        ("a,b\n1,2\n# end\n", "line 3 ", "take the line away: a csv has no comments"),
        (
            "a b\n1 2\n",
            "blanks between its cells",
            'say so in the source: `csv("a.csv", delimiter=" ")`',
        ),
        ("a,b,\n1,2,\n", "column 3 has no name and no cells", "every line ends with a comma: take it away"),
        (
            'a,b\n1,"2\n',
            "a quote is opened there",
            "mend that line: quotes come in pairs around a cell, and ",
        ),
        ("a,b\n1,é\n".encode("latin-1"), "has the byte e9", "save the file as UTF-8; it may be in Latin-1"),
        ("a,b\n1,2\n".encode("utf-16"), "it is in UTF-16", "save the file as UTF-8"),
    ],
)
def test_what_people_write_and_export_gets_its_fix(tmp_path, text, message, help_):
    with pytest.raises(GraphError) as caught:
        opened(tmp_path, text).train["x"].load()
    (problem,) = caught.value.diagnostics
    assert message in problem.message
    assert problem.help.startswith(help_)


@pytest.mark.parametrize("cells", [["1,5", "2,5"], ["$3", "$4"], ["20%", "30%"], ["1 000", "NA"]])
def test_a_target_of_numbers_in_another_form_is_no_column_of_labels(tmp_path, cells):
    text = "a,t\n" + "".join(f'{i},"{cell}"\n' for i, cell in enumerate(cells))
    with pytest.raises(GraphError) as caught:
        opened(tmp_path, text).train["t"].load()
    assert caught.value.diagnostics[0].help.startswith("write ")


def test_what_keeps_a_target_from_being_labels_is_named(tmp_path):
    for cells, line, help_ in (
        (["a", "b", ""], 4, "fill the cell, or leave the line out"),
        (["a", "1", "b"], 2, "a target has numbers alone, or labels none of which is a number"),
    ):
        text = "n,t\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells))
        with pytest.raises(GraphError) as caught:
            opened(tmp_path, text, test=0).train["t"].load()
        (problem,) = caught.value.diagnostics
        assert (problem.line, problem.name) == (line, "t")
        assert problem.help.startswith(help_)


def test_labels_may_hold_digits_and_dates(tmp_path):
    for cells in (["1a", "2b"], ["2024-01-01", "2024-01-02"], ["v1.2.3", "v1.2.4"], ["0-9", "10-19"]):
        text = "n,t\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells))
        assert opened(tmp_path, text, test=0).train["t"].load().tolist() == [0, 1]
