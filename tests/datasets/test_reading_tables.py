"""Tables are read from their bytes, by this package and by Arrow: both as Python's reader and `float` do."""

import csv
import math
import random
import re
import tracemalloc

import numpy as np
import pytest

from graphlang.datasets import arrow_numbers, csv_blocks, reading, table, table_pieces
from graphlang.datasets.csv import csv as csv_source
from graphlang.datasets.csv_blocks import Form
from graphlang.datasets.csv_table import read_csv
from graphlang.datasets.decimal_cells import Words, read_decimals
from graphlang.datasets.table import NumberColumns, number_matrix, texts
from graphlang.diagnostics import GraphError
from graphlang.files.regular import open_regular

NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
WHOLE = re.compile(r"\s*[+-]?\d{1,18}\s*", re.ASCII)


# ---- what the readers are held against ---------------------------------------------------------------------


def by_python(text, form):
    """The names, and for each column its numbers and texts, or the line of its first bad cell."""
    lines = csv.reader(
        text.splitlines(keepends=True),
        strict=True,
        skipinitialspace=form.delimiter != " ",
        delimiter=form.delimiter,
    )
    rows, start = [], 1
    for row in lines:
        if row:
            rows.append((start, row))
        start = lines.line_num + 1
    names = [name.strip() for name in rows[0][1]]
    return names, {
        name: column_by_python([(at, row[i]) for at, row in rows[1:]], form) for i, name in enumerate(names)
    }


def column_by_python(cells, form):
    numbers = []
    kept = ["" if cell.strip() in form.missing else cell.strip() for _, cell in cells]
    for at, cell in cells:
        written = cell.replace(",", ".") if form.decimal == "," and "." not in cell else cell
        if cell.strip() in form.missing:
            numbers.append(math.nan)
        elif (
            NUMBER.fullmatch(written)
            and not (form.decimal == "," and "." in cell)
            and math.isfinite(float(written))
        ):
            numbers.append(int(written) if WHOLE.fullmatch(written) else float(written))
        else:
            return kept, at
    return kept, np.array(numbers, np.int64 if all(isinstance(n, int) for n in numbers) else np.float64)


def by_package(path, form):
    with open_regular(path) as file:
        read = read_csv("a.csv", file, form, 10**9)
    columns = {}
    for name in read.names:
        try:
            numbers = NumberColumns(read, read.names).of(name)
        except GraphError as error:
            (problem,) = error.diagnostics
            assert problem.name == name
            numbers = problem.line
        columns[name] = texts(read, name), numbers
    return read, columns


# ---- made tables -------------------------------------------------------------------------------------------


def number(random_, decimal):
    kinds = (
        lambda: str(random_.randrange(-1000, 1000)),
        lambda: repr(random_.gauss(0, 10)),
        lambda: f"{random_.gauss(0, 1):.3e}",
        lambda: str(random_.randrange(10**17, 10**20)),
        lambda: f"{random_.gauss(0, 0.1):.2f}",
        lambda: random_.choice(["+5", ".5", "5.", "-0", "007", "1E+05", "1e-400", "0" * 20 + "1"]),
    )
    return random_.choices(kinds, (4, 4, 1, 1, 4, 1))[0]().replace(".", decimal)


def cell(random_, form, kind):
    if kind == "text":
        written = random_.choice(
            ["pear", "é ü", "x y", "NA", "", "-999", 'a"b', '5" pipe', "two\nlines", "0x10"]
        )
    elif kind == "missing" and random_.random() < 0.4:
        written = random_.choice(["", "NA", "-999"])
    elif kind == "bad" and random_.random() < 0.1:
        written = random_.choice(["nan", "1e999", " ", "1_0", "0x10", "inf", "1.2.3", "\t5"])
    elif kind == "whole":
        written = str(random_.randrange(100))
    else:
        written = number(random_, form.decimal)
    quoted = (
        form.delimiter in written or "\n" in written or written.startswith('"') or random_.random() < 0.04
    )
    if quoted or ('"' in written and random_.random() < 0.5):
        return '"' + written.replace('"', '""') + '"'
    return (
        random_.choice([" {}", "{} "]).format(written)
        if random_.random() < 0.04 and form.delimiter != " "
        else written
    )


def made(seed):
    """A table as text, and how it is written."""
    random_ = random.Random(seed)
    missing = random_.choice([[], ["", "NA"], ["NA", "-999"]])
    form = Form(
        random_.choice([",", ",", ";", "\t", "|", " ", "é"]),
        random_.choice([".", ".", ","]),
        frozenset(missing),
    )
    kinds = [
        random_.choice(["number", "number", "whole", "text", "missing", "bad"])
        for _ in range(random_.randrange(1, 6))
    ]
    rows = [form.delimiter.join(f"c{i}" for i in range(len(kinds)))]
    for _ in range(random_.randrange(1, 40)):
        rows.append(form.delimiter.join(cell(random_, form, kind) for kind in kinds) or '""')
        if random_.random() < 0.03:
            rows.append("")
    return "\n".join(rows) + random_.choice(["\n", ""]), form, random_


@pytest.mark.parametrize("with_arrow", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_both_readers_read_what_python_reads(tmp_path, monkeypatch, seed, with_arrow):
    if with_arrow:
        pytest.importorskip("pyarrow")
        monkeypatch.setattr(arrow_numbers, "WORTH", 0)
    else:
        monkeypatch.setattr(arrow_numbers, "_arrow", lambda: None)
    text, form, random_ = made(seed)
    monkeypatch.setattr(table_pieces, "PIECE", random_.choice([40, 200, 2**19]))
    monkeypatch.setattr(csv_blocks, "ROWS", 5)
    ends = random_.choice(["\n", "\r\n", "\r"])
    content = random_.choice([b"", b"\xef\xbb\xbf"]) + text.replace("\n", ends).encode()
    (tmp_path / "a.csv").write_bytes(content)
    read, columns = by_package(tmp_path / "a.csv", form)
    names, expected = by_python(text, form)
    assert read.names == names
    for name, (cells, numbers) in expected.items():
        assert columns[name][0] == cells
        assert type(columns[name][1]) is type(numbers), (columns[name][1], numbers)
        np.testing.assert_array_equal(columns[name][1], numbers)
        assert np.asarray(columns[name][1]).dtype == np.asarray(numbers).dtype
    fine = [name for name in names if not isinstance(expected[name][1], int)]
    if fine:
        matrix = np.stack([expected[name][1] for name in fine], axis=1).astype(float)
        np.testing.assert_array_equal(number_matrix(read, fine), matrix)


def test_numbers_of_every_form_are_rounded_as_float_rounds_them():
    random_ = random.Random(0)
    forms = (
        lambda: repr(random_.gauss(0, 1) * 10.0 ** random_.randrange(-30, 30)),
        lambda: f"{random_.gauss(0, 1) * 10.0 ** random_.randrange(-280, 280):.{random_.randrange(18)}e}",
        lambda: str(2**53 + random_.randrange(-5, 5)),
        lambda: f"{2**52 + random_.randrange(9)}.5",
        lambda: str(random_.randrange(10 ** random_.randrange(1, 19))),
        lambda: f"0.{'0' * random_.randrange(6)}{random_.randrange(10**16)}",
        lambda: "".join(random_.choice("0123456789.+-eE") for _ in range(random_.randrange(8))),
    )
    cells = [random_.choice(forms)() for _ in range(20_000)]
    lengths = np.array([len(c) for c in cells])
    ends = np.cumsum(lengths + 1) - 1
    decimals = read_decimals(Words((",".join(cells) + "\n").encode()), ends - lengths, ends, ".")
    numbers = [bool(NUMBER.fullmatch(c)) for c in cells]
    assert not (decimals.read & ~np.array(numbers)).any()
    assert decimals.read.sum() > 0.7 * sum(numbers)  # a number between two floats is left to `float`
    for i in np.flatnonzero(decimals.read).tolist():
        assert decimals.floats[i] == float(cells[i]), cells[i]
        assert bool(decimals.whole[i]) == bool(WHOLE.fullmatch(cells[i])), cells[i]
        assert not decimals.whole[i] or decimals.ints[i] == int(cells[i])


# ---- what goes wrong far below -----------------------------------------------------------------------------


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(table_pieces, "PIECE", 64)


def refusal(folder, text, **options):
    (folder / "a.csv").write_text(text)
    with pytest.raises(GraphError) as caught:
        csv_source(path="a.csv", test=0, **options).open(folder).train["x"].load()
    (problem,) = caught.value.diagnostics
    return problem


@pytest.mark.usefixtures("small_pieces")
def test_a_bad_cell_in_a_later_piece_is_named_by_its_line(tmp_path):
    rows = [f"{i},{i / 3}" for i in range(100)]
    rows[70] = "70,oops"
    problem = refusal(tmp_path, "a,b\n" + "\n".join(rows) + "\n")
    assert problem.message == "line 72, column `b` of `a.csv`: `oops` is not a finite number"


@pytest.mark.usefixtures("small_pieces")
def test_ragged_lines_in_later_pieces_are_counted(tmp_path):
    rows = [f"{i},{i / 3}" for i in range(100)]
    rows[50] = rows[90] = "1,2,3"
    problem = refusal(tmp_path, "a,b\n" + "\n".join(rows) + "\n")
    assert (
        problem.message
        == "line 52 of `a.csv` has 3 cells, the header has 2, and one more line does not fit either"
    )


@pytest.mark.usefixtures("small_pieces")
def test_lines_that_are_too_long_and_too_short_by_the_same_are_noticed(tmp_path):
    for other in ("1,2,3\n4\n", "4\n1,2,3\n"):
        problem = refusal(tmp_path, "a,b\n" + "1,2.5\n" * 50 + other)
        assert (problem.code, problem.line) == ("GL614", 52)


@pytest.mark.usefixtures("small_pieces")
def test_a_quote_that_opens_far_below_is_named_by_its_line(tmp_path):
    problem = refusal(tmp_path, "a,b\n" + "1,2.5\n" * 50 + '1,"2\n' + "1,2.5\n" * 50)
    assert problem.message.endswith("line 52: a quote is opened there, and closed nowhere")


@pytest.mark.usefixtures("small_pieces")
def test_a_byte_that_is_no_text_is_named_by_its_line(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a,b\r\n" + b"1,2.5\r\n" * 50 + b"1,\xff\r\n")
    with pytest.raises(GraphError, match="line 52 has the byte ff at offset 357"):
        csv_source(path="a.csv").open(tmp_path)


# ---- how much is read, and what it takes -------------------------------------------------------------------


def test_a_mark_that_is_a_number_stands_for_no_value(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,-999\n-999,2.5\n-999.0,3\n")
    train = csv_source(path="a.csv", missing=["-999"], test=0).open(tmp_path).train
    np.testing.assert_array_equal(train["a"].load(), [1, np.nan, -999])
    np.testing.assert_array_equal(train["b"].load(), [np.nan, 2.5, 3])


def test_only_the_columns_that_are_used_are_parsed_and_those_together(tmp_path, monkeypatch):
    parsed = []
    read = table._read_columns
    monkeypatch.setattr(
        table,
        "_read_columns",
        lambda t, names, target: parsed.append(sorted(names)) or read(t, names, target),
    )
    (tmp_path / "a.csv").write_text("a,b,c,kind\n1,2,3,x\n4,5,6,y\n")
    train = csv_source(path="a.csv", test=0).open(tmp_path, (), {"a", "c", "kind"}).train
    assert parsed == []
    assert train["a"].load().tolist() == [1, 4]
    assert train["c"].load().tolist() == [3, 6]
    assert train["kind"].texts() == ["x", "y"]
    assert parsed == [["a", "c"]]


@pytest.mark.parametrize("with_arrow", [False, True])
def test_a_table_takes_at_most_four_times_its_size_in_memory(tmp_path, monkeypatch, with_arrow):
    if with_arrow:
        pytest.importorskip("pyarrow")
        monkeypatch.setattr(arrow_numbers, "WORTH", 0)
    else:
        monkeypatch.setattr(arrow_numbers, "_arrow", lambda: None)
    monkeypatch.setattr(table, "_cores", lambda: 2)
    values = np.random.default_rng(0).normal(size=(500, 20))
    rows = "".join(",".join(f"{v:.6f}" for v in row) + "\n" for row in values) * 120
    (tmp_path / "a.csv").write_text(",".join(f"c{i}" for i in range(20)) + "\n" + rows)
    size = (tmp_path / "a.csv").stat().st_size
    tracemalloc.start()
    try:
        data = csv_source(path="a.csv").open(tmp_path)
        for split in data.splits.values():
            split["x"].load()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - 2**24 < 4 * size  # less what has glibc keep freed memory, which is never touched


def test_who_listens_is_told_how_far_a_slow_file_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_AFTER", 0.0)
    monkeypatch.setattr(reading, "_EVERY", 0.0)
    monkeypatch.setattr(table_pieces, "PIECE", 100)
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 500)
    told = []
    with reading.listening(lambda path, share: told.append((path, share))):
        csv_source(path="a.csv").open(tmp_path).train["a"].load()
    shares = [share for _, share in told]
    assert {path for path, _ in told} == {"a.csv"}
    assert shares[0] < 0.1
    assert shares.count(1.0) == 3  # reading, counting rows, reading numbers
    monkeypatch.undo()
    with reading.listening(lambda path, share: told.append(path)):
        csv_source(path="a.csv").open(tmp_path).train["a"].load()
    assert len(told) == len(shares)
