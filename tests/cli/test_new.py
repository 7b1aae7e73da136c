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
