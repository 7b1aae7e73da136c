"""Any table gives a spec that checks and trains, or a diagnostic: tables are drawn, odd names and gaps included."""

from __future__ import annotations

import contextlib
import csv
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphlang.cli import main
from graphlang.formatting import laid_out

NAMES = st.one_of(
    st.sampled_from(
        ["x", "t", "target", "if", "log", "price", "1st", "données", "a b", "date", "validation", "Id"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf"]), min_size=1, max_size=8),
)
WORDS = st.sampled_from(["red", "green", "blue", "none", "-", "NA", "7", 'a "b"', "d, e", "ß\nö"])
CELLS = st.one_of(
    st.just(st.integers(-5, 5).map(str)),
    st.just(st.floats(-1e6, 1e6).map(str)),
    st.just(st.floats(allow_nan=True).map(repr)),
    st.just(WORDS),
    st.just(st.sampled_from(["yes", "no"])),
    st.just(st.integers(1, 3).map(str)),
    st.just(st.integers(10, 26).map(lambda n: f"w{n}")),
    st.just(st.sampled_from(["3", "4.5", "", "?", "NA", "n/a"])),
    st.just(st.sampled_from(["u", "v", "", "7"])),
    st.just(st.dates().map(str)),
    st.just(st.one_of(st.just(""), st.dates().map(str))),
    st.just(st.text(max_size=4)),
    st.just(st.just("5")),
    st.just(st.lists(st.sampled_from("the food was not so bad".split()), max_size=9).map(" ".join)),
)


@st.composite
def tables(draw) -> tuple[str, list[list[str]]]:
    """What stands between cells, and the rows, of which the first names the columns."""
    names = draw(st.lists(NAMES, min_size=3, max_size=6, unique_by=str.strip))
    rows = draw(st.sampled_from([2, 5, 12, 24, 70]))
    columns = [draw(st.lists(draw(CELLS), min_size=rows, max_size=rows)) for _ in names[1:]]
    columns.insert(
        draw(st.integers(0, len(columns))), draw(st.permutations([f"{n / 8}" for n in range(rows)]))
    )
    return draw(st.sampled_from(",;\t|")), [names, *map(list, zip(*columns, strict=True))]


@given(tables())
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_table_has_a_spec_that_trains_or_a_diagnostic(table: tuple[str, list[list[str]]]) -> None:
    delimiter, rows = table
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(rows)
    said = io.StringIO()
    with (
        tempfile.TemporaryDirectory() as name,
        contextlib.redirect_stderr(said),
        contextlib.redirect_stdout(said),
    ):
        folder = Path(name)
        (folder / "a.csv").write_bytes(written.getvalue().encode("utf-8", "surrogatepass"))
        spec = str(folder / "net")
        status = main(["new", spec, "--from", str(folder / "a.csv")])
        if status == 1:
            assert "error[GL6" in said.getvalue()
            assert "help: " in said.getvalue()
            return
        assert status == 0, said.getvalue()
        text = (folder / "net.graph").read_text(encoding="utf-8")
        assert laid_out(text) == text
        once = ["--set", "train.epochs=1", "--run", str(folder / "run")]
        assert main(["check", f"{spec}.graph"]) == 0, said.getvalue()
        assert main(["train", f"{spec}.graph", *once]) == 0, f"{said.getvalue()}\n{text}\n{rows}"
