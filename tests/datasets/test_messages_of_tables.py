"""What stands between cells is guessed and the setting named; a number that is not finite names its call, row and way out."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphlang as gl
from graphlang.diagnostics import Diagnostic

ROWS = [
    ("area", "gap", "price"),
    ("20", "0.5", "100"),
    ("30", "-1.5", "300"),
    ("10", "0", "150"),
    ("900", "2", "400"),
]
NET = """\
input x: float[N, 2], t: float[N]
y    = x -> Affine(1)
loss = mean((y[:, 0] - t)**2)
output y
train {{ minimize = loss; optimizer = SGD(lr=0.0001); batch = 2; epochs = 1 }}
data {{ source = {source}; x = [{field}, area]; t = price }}
"""


def trained(folder: Path, source: str, field: str = "gap") -> list[Diagnostic]:
    (folder / "net.graph").write_text(NET.format(source=source, field=field), encoding="utf-8")
    try:
        gl.load(folder / "net.graph").fit()
    except gl.GraphError as error:
        return error.diagnostics
    return []


def table(folder: Path, between: str, decimal: str = ".") -> None:
    lines = (between.join(cell.replace(".", decimal) for cell in row) for row in ROWS)
    (folder / "houses.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("between", "decimal", "said", "options"),
    [
        (";", ".", "", 'delimiter=";"'),
        (";", ",", "", 'delimiter=";", decimal=","'),
        ("\t", ".", "", 'delimiter="\\t"'),
        ("\t", ",", "", 'delimiter="\\t", decimal=","'),
        ("|", ".", "", 'delimiter="|"'),
        (" ", ".", "", 'delimiter=" "'),
        (",", ".", ', delimiter=";"', 'delimiter=","'),
        ("|", ".", ', delimiter=";"', 'delimiter="|"'),
        (";", ".", ', delimiter="|"', 'delimiter=";"'),
    ],
)
def test_what_stands_between_cells_is_named_with_the_options_that_read_it(
    between: str, decimal: str, said: str, options: str, tmp_path: Path
) -> None:
    table(tmp_path, between, decimal)
    (problem,) = trained(tmp_path, f'csv("houses.csv"{said})')
    assert problem.code == "GL624"
    written = (problem.help or "").split("`")[1]
    assert written.endswith(f'houses.csv", {options})')
    assert not trained(tmp_path, f'csv("houses.csv", {options})')


@pytest.mark.parametrize(
    ("field", "made", "line", "mended"),
    [
        ("log(gap)", "`log(gap)` for gap = -1.5", 3, "log(maximum(gap, 1e-6))"),
        ("log10(gap + 1)", "`log10(gap + 1)` for gap + 1 = -0.5", 3, "log10(maximum(gap + 1, 1e-6))"),
        ("sqrt(gap)", "`sqrt(gap)` for gap = -1.5", 3, "sqrt(maximum(gap, 0))"),
        ("area / gap", "`area / gap` for area = 10 and gap = 0", 4, "area / maximum(gap, 1e-6)"),
        ("1 / (gap - 2)", "`1 / (gap - 2)` for gap - 2 = 0", 5, "1 / maximum(gap - 2, 1e-6)"),
        ("exp(area)", "`exp(area)` for area = 900", 5, "exp(minimum(area, 3))"),
        ("arcsin(gap)", "`arcsin(gap)` for gap = -1.5", 3, "arcsin(clip(gap, -1, 1))"),
        ("standardize(log(gap))", None, None, "standardize(log(maximum(gap, 1e-6)))"),
    ],
)  # fmt: skip
def test_a_number_that_is_not_finite_names_its_call_its_row_and_a_way_out(
    field: str, made: str | None, line: int | None, mended: str, tmp_path: Path
) -> None:
    table(tmp_path, ",")
    (problem,) = trained(tmp_path, 'csv("houses.csv")', field)
    if made is not None:
        assert f"in line {line} of" in problem.message
        assert problem.message.endswith(made)
        assert "or leave that row out" in (problem.help or "")
    assert not trained(tmp_path, 'csv("houses.csv")', mended)


def test_a_gap_of_the_table_itself_is_no_fault_of_a_call(tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_text("area,gap,price\n1,nan,3\n2,1,4\n", encoding="utf-8")
    (problem,) = trained(tmp_path, 'csv("houses.csv")', "exp(gap)")
    assert " for gap = " not in problem.message


def test_columns_that_nothing_takes_are_named_where_a_column_is_missing(tmp_path: Path) -> None:
    table(tmp_path, ",")
    net = NET.replace("float[N, 2]", "float[N, 3]").replace("[{field}, area]", "[area]")
    (tmp_path / "net.graph").write_text(net.format(source='csv("houses.csv")'), encoding="utf-8")
    with pytest.raises(gl.GraphError, match="choose other columns: nothing takes `gap`"):
        gl.load(tmp_path / "net.graph").fit()
    net = NET.replace("; t = price", "").format(source='csv("houses.csv")', field="log(area)")
    (tmp_path / "net.graph").write_text(net, encoding="utf-8")
    with pytest.raises(gl.GraphError, match="nothing takes `gap` and `price` yet"):
        gl.load(tmp_path / "net.graph").fit()
