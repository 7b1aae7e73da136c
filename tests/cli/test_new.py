"""`graphlang new`: what it writes, never over anything, which names it refuses, and what it says to do next."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from graphlang.cli import main
from graphlang.files import replace


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_formula_is_what_one_begins_with(folder: Path, capsys) -> None:
    assert main(["new", "first"]) == 0
    out, err = capsys.readouterr()
    assert (out.splitlines()[:3], err) == (
        ["wrote first.graph", "next:", "  graphlang run first.graph"],
        "",
    )
    assert [path.name for path in folder.iterdir()] == ["first.graph"]


@pytest.mark.skipif(sys.platform == "win32", reason="quoted for a POSIX shell")
def test_the_commands_to_go_on_with_begin_in_the_folder_of_the_spec(folder: Path, capsys) -> None:
    (folder / "my nets").mkdir()
    assert main(["new", "my nets/a net.graph", "--template", "rnn"]) == 0
    wrote, _, *lines = capsys.readouterr().out.splitlines()
    assert wrote == "wrote my nets/a net.graph and my nets/data/reviews.npz"
    assert [shlex.split(line) for line in lines] == [
        ["cd", "my nets"],
        ["graphlang", "train", "a net.graph"],
        ["graphlang", "evaluate", "a net.graph", "--weights", "runs/a net-1"],
    ]


def test_what_is_there_is_written_over_with_force_alone(folder: Path, capsys) -> None:
    (folder / "net.graph").write_text("y = x")
    assert main(["new", "net"]) == 1
    assert (folder / "net.graph").read_text() == "y = x"
    err = capsys.readouterr().err
    assert err.startswith("error[GL716]: `net.graph` cannot be written: it is there already\n")
    assert "--force" in err
    assert main(["new", "net", "--force"]) == 0
    assert (folder / "net.graph").read_text().startswith("# net: ")


def test_a_link_to_nowhere_is_something_that_is_there(folder: Path, capsys) -> None:
    try:
        (folder / "net.graph").symlink_to("elsewhere")
    except OSError:
        pytest.skip("links need a right on this system")
    assert main(["new", "net"]) == 1
    assert not (folder / "elsewhere").exists()


def test_a_file_that_appears_meanwhile_is_not_written_over(folder: Path, monkeypatch, capsys) -> None:
    named = replace._named

    def late(temporary: Path, path: Path) -> None:
        path.write_text("mine")
        named(temporary, path)

    monkeypatch.setattr(replace, "_named", late)
    assert main(["new", "net"]) == 1
    assert (folder / "net.graph").read_text() == "mine"
    assert "it is there already" in capsys.readouterr().err


def test_data_that_is_there_is_kept_and_other_data_is_never_written_over(folder: Path, capsys) -> None:
    assert main(["new", "a", "--template", "rnn"]) == 0
    assert main(["new", "b", "--template", "rnn"]) == 0
    (folder / "data" / "reviews.npz").write_bytes(b"mine")
    assert main(["new", "c", "--template", "rnn", "--force"]) == 1
    assert (folder / "data" / "reviews.npz").read_bytes() == b"mine"
    assert not (folder / "c.graph").exists()
    assert "another file is there" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_told_before_anything_is_written(folder: Path, capsys) -> None:
    assert main(["new", "nowhere/net", "--template", "mlp"]) == 1
    assert "there is no folder `nowhere`" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("net.py", "a spec ends in `.graph`, not in `.py`: write `net`"),
        ("flats.csv", "`graphlang new --from flats.csv`"),
        ("lesson:apple", "names of lessons"),
        ("nets/", "names a folder"),
        ("..", "names a folder"),
        (" ", "names a folder"),
        ("a:b?", "not every system"),
        ("a\tb", "not every system can have '\\t' in a name"),
        (".graph", "no name for a file"),
        (".hidden", "no name for a file"),
        ("CON", "no name for a file"),
        ("nul.graph", "no name for a file"),
        ("net.", "no name for a file"),
    ],
)
def test_a_name_that_cannot_be_is_refused_kindly(name: str, says: str, folder: Path, capsys) -> None:
    assert main(["new", name]) == 2
    assert says in capsys.readouterr().err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["net", "net.graph", "net.v2", "a-b_c", "ネット", "réseau 2"])
def test_a_name_that_every_system_has_is_taken(name: str, folder: Path) -> None:
    assert main(["new", name]) == 0
    assert [path.name for path in folder.iterdir()] == [f"{name.removesuffix('.graph')}.graph"]


# ---- from a table ------------------------------------------------------------------------------------------

TABLE = "size,kind,price\n" + "".join(f"{n * n % 17},{'ab'[n % 2]},{n}.5\n" for n in range(30))


def test_a_table_gives_the_new_spec_its_name_and_its_data(folder: Path, capsys) -> None:
    (folder / "flats.csv").write_text(TABLE, encoding="utf-8")
    assert main(["new", "--from", "flats.csv"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "wrote flats.graph",
        "next:",
        "  graphlang train flats.graph",
        "  graphlang evaluate flats.graph --weights runs/flats-1",
    ]
    assert 'csv("flats.csv", test=0.2)' in (folder / "flats.graph").read_text(encoding="utf-8")
    assert main(["new", "--from", "flats.csv"]) == 1
    assert "it is there already" in capsys.readouterr().err


def test_a_table_that_lies_elsewhere_is_copied_beside_the_new_spec(folder: Path, capsys) -> None:
    (folder / "flats.csv").write_text(TABLE, encoding="utf-8")
    (folder / "nets").mkdir()
    assert main(["new", "nets/net", "--from", "flats.csv", "--target", "kind"]) == 0
    assert "wrote nets/net.graph and nets/data/flats.csv" in capsys.readouterr().out
    assert (folder / "nets" / "data" / "flats.csv").read_text(encoding="utf-8") == TABLE
    assert main(["check", "nets/net.graph"]) == 0
    (folder / "nets" / "data" / "flats.csv").write_text("mine", encoding="utf-8")
    assert main(["new", "nets/other", "--from", "flats.csv"]) == 1
    assert "another file is there" in capsys.readouterr().err
    assert not (folder / "nets" / "other.graph").exists()


def test_nothing_is_written_where_nothing_is_proposed(folder: Path, capsys) -> None:
    (folder / "flats.csv").write_text("size\n1\n2\n", encoding="utf-8")
    (folder / "nets").mkdir()
    assert main(["new", "nets/net", "--from", "flats.csv"]) == 1
    assert "error[GL632]: `flats.csv` has one column" in capsys.readouterr().err
    assert list((folder / "nets").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "name the new file"),
        (["net", "--target", "a"], "add --from FILE"),
        (["net", "--from", "flats.csv", "--template", "mlp"], "leave --template or --from out"),
        (["--from", "nul.csv"], "no name for a file"),
        (["net", "--from", "a\tb.csv"], None),
        (["net", "--from", "a\u202eb.csv"], "rename the table"),
    ],
)
def test_options_that_do_not_go_together_are_told(
    words: list[str], says: str | None, folder: Path, capsys
) -> None:
    for word in words:
        if word.endswith(".csv"):
            (folder / word).write_text(TABLE, encoding="utf-8")
    assert main(["new", *words]) == (2 if says else 0)
    assert says is None or says in capsys.readouterr().err


def test_a_table_may_not_be_larger_than_the_limit(folder: Path, capsys) -> None:
    (folder / "flats.csv").write_text(TABLE, encoding="utf-8")
    assert main(["new", "--from", "flats.csv", "--limit", "table_cells=10"]) == 1
    assert "more than the limit of 10" in capsys.readouterr().err
