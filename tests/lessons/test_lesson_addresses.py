"""`lesson:NAME` stands for a lesson wherever a spec is named, and `graphlang lessons` lists and copies them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.syntax import lessons

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "specs").glob("*.graph"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def own_lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose only lesson imports a file and reads data."""
    folder = tmp_path / "package" / "specs"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "twice.graph").write_text("def Twice(x) = 2 * x\n")
    (folder / "fit.graph").write_text(
        "# Fitting (a book, page 1)\n#\n# One number. It is the mean of the others: so what?\n# More.\n#\n#     code\n\n"
        'import "parts/twice.graph" as parts\n'
        "input x: float[N]\nparam m: float = 0\nloss = mean((parts.Twice(x) - m)**2)\n"
        'data { source = npz("numbers.npz"); x = x }\n'
        "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 2; epochs = 1 }\n"
    )
    np.savez(folder / "numbers.npz", x=np.arange(4.0))
    monkeypatch.setattr(lessons, "_PACKAGE", folder.parent)
    return folder


# ---- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_lesson_is_loaded_by_its_address_from_any_folder(name: str) -> None:
    graph = gl.load(f"lesson:{name}")
    assert graph.file == f"lesson:{name}"
    assert graph.folder == ROOT / "specs"


def test_a_run_of_an_address_gives_the_numbers_of_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    results = []
    for spec in ("lesson:apple_orange", str(ROOT / "specs" / "apple_orange.graph")):
        assert main(["run", spec, "--json"]) == 0
        results.append(capsys.readouterr().out)
    assert results[0] == results[1]


def test_a_lesson_reads_its_own_data_and_its_runs_go_into_the_current_folder(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = ["--set", "train.iterations=3"]
    assert main(["train", "lesson:attention", *steps]) == 0
    assert (elsewhere / "runs" / "attention-1" / "weights.npz").is_file()
    weights = ["--weights", "runs/attention-1"]
    assert main(["evaluate", "lesson:attention", *weights]) == 0
    capsys.readouterr()
    assert (
        main(["train", "lesson:attention", "--set", "train.iterations=5", "--resume", "runs/attention-1"])
        == 0
    )
    assert "5 iterations" in capsys.readouterr().out
    assert not (ROOT / "specs" / "runs").exists()


def test_a_report_of_a_run_finds_the_data_of_its_lesson(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "lesson:attention", "--set", "train.iterations=3"]) == 0
    capsys.readouterr()
    assert main(["report", "runs/attention-1"]) == 0
    assert "left out" not in capsys.readouterr().err


def test_a_page_is_named_after_its_lesson(elsewhere: Path) -> None:
    assert main(["view", "lesson:apple"]) == 0
    assert (elsewhere / "apple.html").is_file()


def test_the_prefix_alone_stands_for_all_lessons(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "lesson:"]) == 0
    assert capsys.readouterr().err == f"{len(NAMES)} files checked: no mistakes\n"


def test_two_lessons_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "lesson:apple", "lesson:apple_orange"]) == 1
    assert "they differ in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("lesson:aple", "lesson:apple"),
        ("lesson:two_layer_nt", "lesson:two_layer_net"),
        ("lesson:apple.graph", "lesson:apple"),
        ("specs/apple.graph", "lesson:apple"),
        ("apple", "lesson:apple"),
    ],
)
def test_a_misspelt_lesson_is_answered_with_the_one_that_is_meant(written: str, meant: str) -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.load(written)
    (found,) = caught.value.diagnostics
    assert (found.code, found.help) == ("GL713", f"did you mean `{meant}`?")


@pytest.mark.parametrize(
    "name", ["", "nothing_like_it", "../specs/apple", "/etc/passwd", "data/fables.txt", "a\0b", "*"]
)
def test_what_is_no_lesson_opens_nothing(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", f"lesson:{name}"]) == 1
    err = capsys.readouterr().err
    assert "error[GL713]: there is no lesson" in err
    assert "help: `graphlang lessons` lists them" in err


def test_a_file_of_such_a_name_is_reached_by_its_path(elsewhere: Path) -> None:
    (elsewhere / "lesson:mine").write_text("y = 2 * 3\n")
    assert gl.load("./lesson:mine").run()["y"] == 6


def test_an_option_that_is_meant_for_a_hyper_of_a_lesson_is_told_how_it_is_set(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["train", "lesson:two_layer_net", "--hidden", "20"]) == 2
    assert "help: write `--set hidden=20`" in capsys.readouterr().err


def test_a_lesson_imports_what_lies_beside_it(own_lessons: Path) -> None:
    assert gl.load("lesson:fit").run(x=[1.0, 2.0])["loss"] == 10


# ---- the list ------------------------------------------------------------------------------------


def test_the_list_has_every_lesson_with_its_title_and_what_it_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["lessons", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [lesson["name"] for lesson in listed] == NAMES
    for lesson in listed:
        assert lesson["title"], lesson
        assert "(" not in lesson["title"], lesson
        assert lesson["shows"].endswith((".", "?")), lesson
        assert len(lesson["shows"]) > 40, lesson
    assert sum("Deep Learning from Scratch" in lesson["source"] for lesson in listed) > 15


def test_a_comment_gives_title_source_and_first_sentences(
    own_lessons: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lessons", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "name": "fit",
            "title": "Fitting",
            "source": "a book, page 1",
            "shows": "One number. It is the mean of the others: so what?",
        }
    ]


@pytest.mark.parametrize("width", [45, 80, 120])
def test_the_list_keeps_to_the_width(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["lessons"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= min(width, 100)
    assert [line.split()[0] for line in out.splitlines() if not line.startswith(" ")] == NAMES


# ---- copies --------------------------------------------------------------------------------------


def test_a_copy_of_all_lessons_is_complete_and_runs(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lessons", "copy", "mine"]) == 0
    texts = "".join((ROOT / "specs" / f"{name}.graph").read_text(encoding="utf-8") for name in NAMES)
    used = {*re.findall(r'= \w+\("data/([^"]+)"', texts), *re.findall(r"specs/data/(\w+\.txt)", texts)}
    files = [f"{name}.graph" for name in NAMES] + [f"data/{name}" for name in used]
    copies = sorted(p.relative_to("mine").as_posix() for p in Path("mine").rglob("*") if p.is_file())
    assert copies == sorted(files)
    assert len(used) > 5
    assert capsys.readouterr().out == f"copied {len(files)} files into mine\n"
    for name in copies:
        assert (elsewhere / "mine" / name).read_bytes() == (ROOT / "specs" / name).read_bytes()
    assert main(["train", "mine/attention.graph", "--set", "train.iterations=2"]) == 0


def test_a_copy_holds_what_the_lesson_imports_and_its_data(own_lessons: Path, elsewhere: Path) -> None:
    assert main(["lessons", "copy", "new/folder", "fit"]) == 0
    copies = sorted(p.relative_to("new/folder").as_posix() for p in Path("new/folder").rglob("*.*"))
    assert copies == ["fit.graph", "numbers.npz", "parts/twice.graph"]
    assert main(["train", "new/folder/fit.graph"]) == 0


def test_only_the_named_lessons_are_copied(elsewhere: Path) -> None:
    assert main(["lessons", "copy", "mine", "apple", "lesson:sigmoid"]) == 0
    assert sorted(p.name for p in (elsewhere / "mine").iterdir()) == ["apple.graph", "sigmoid.graph"]


def test_a_copy_overwrites_nothing_and_writes_nothing_then(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = elsewhere / "mine" / "apple.graph"
    mine.parent.mkdir()
    mine.write_text("y = 1\n")
    assert main(["lessons", "copy", "mine", "sigmoid", "apple"]) == 1
    assert "`mine/apple.graph` cannot be written: another file is there" in capsys.readouterr().err
    assert mine.read_text() == "y = 1\n"
    assert [p.name for p in mine.parent.iterdir()] == ["apple.graph"]


def test_a_copy_follows_no_link_that_is_there(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "mine").mkdir()
    (elsewhere / "mine" / "apple.graph").symlink_to(elsewhere / "target")
    assert main(["lessons", "copy", "mine", "apple"]) == 1
    assert "another file is there" in capsys.readouterr().err
    assert not (elsewhere / "target").exists()


def test_copies_that_are_there_already_are_left_as_they_are(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lessons", "copy", "mine", "attention"]) == 0
    assert main(["lessons", "copy", "mine", "attention", "apple"]) == 0
    assert (
        capsys.readouterr().out.splitlines()[1] == "copied 1 file into mine; 2 files had been copied before"
    )


def test_a_copy_that_cannot_be_written_says_why(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "file").write_text("")
    assert main(["lessons", "copy", "file", "apple"]) == 1
    assert "error[GL716]: `file/apple.graph` cannot be written" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is one of POSIX")
def test_a_copy_that_finds_no_room_leaves_no_half_of_it(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import resource
    import signal

    before, most = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, most[1]))
    try:
        assert main(["lessons", "copy", "mine", "apple"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
        signal.signal(signal.SIGXFSZ, before)
    assert "`mine/apple.graph` cannot be written: file too large" in capsys.readouterr().err
    assert list((elsewhere / "mine").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["copy", "mine", "aple"], 1, "did you mean `lesson:apple`?"),
        (["copy"], 2, "name the folder for the copies"),
        (["list"], 2, "`lessons` lists them and `lessons copy DIR` copies them, not `list`"),
        (["copy", "mine", "--json"], 2, "--json is for the list of lessons"),
    ],
)
def test_what_cannot_be_copied_is_told_and_makes_no_folder(
    words: list[str], status: int, told: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lessons", *words]) == status
    assert told in capsys.readouterr().err
    assert list(elsewhere.iterdir()) == []
