"""`graphlang weights`: what it lists, what it writes, and how it says that a file is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.cli import main

NET = "input x: float[N, 3]\ny = x -> Affine(4) -> Relu -> Affine(2)\noutput y\n"
NAMES = ["Affine1.W", "Affine1.b", "Affine2.W", "Affine2.b"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.graph").write_text(NET)
    gl.loads(NET, seed=1).save("net.npz")
    return tmp_path


def listed(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    assert main([*words, "--json"]) == 0
    return {row["name"]: row for row in json.loads(capsys.readouterr().out)["arrays"]}


def test_the_statistics_are_those_of_the_finite_numbers(folder, capsys):
    array = np.array([[0.0, 1.0, np.nan], [-3.0, np.inf, 0.0]], np.float32)
    words = np.array(["a", "b"])
    np.savez("a.npz", array=array, words=words, nothing=np.zeros((0, 2)), bad=np.full(2, np.nan))
    rows = listed(["weights", "a.npz"], capsys)
    row = rows["array"]
    assert (row["shape"], row["dtype"], row["bytes"]) == ([2, 3], "float32", 24)
    assert (row["min"], row["max"], row["mean"]) == (-3.0, 1.0, -0.5)
    assert row["std"] == pytest.approx(np.std([0, 1, -3, 0]))
    assert (row["zeros"], row["not_finite"]) == (pytest.approx(2 / 6), 2)
    assert rows["words"]["min"] is None
    assert rows["nothing"]["max"] is None
    assert (rows["bad"]["mean"], rows["bad"]["not_finite"]) == (None, 2)


def test_numbers_near_the_largest_have_a_deviation(folder, capsys):
    np.savez("a.npz", a=np.array([1e300, -1e300]))
    assert listed(["weights", "a.npz"], capsys)["a"]["std"] == 1e300


def test_a_long_list_is_cut_and_full_lists_all(folder, capsys):
    np.savez("a.npz", **{f"a{n}": np.zeros(1) for n in range(203)})
    assert main(["weights", "a.npz"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 200 + 3
    assert "3 more arrays are not listed" in err
    assert out.splitlines()[-1] == "203 arrays, 203 numbers, 1,624 bytes"
    assert main(["weights", "a.npz", "--full"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 203 + 3


def test_other_names_and_another_format_are_written(folder, capsys):
    pytest.importorskip("safetensors")
    words = ["weights", "net.npz", "--rename", "Affine*.W=layers.{1-1}.weight", "-o", "a.safetensors"]
    assert main(words) == 0
    assert set(listed(["weights", "a.safetensors"], capsys)) == {
        "layers.0.weight",
        "Affine1.b",
        "layers.1.weight",
        "Affine2.b",
    }


def test_to_torch_and_back_is_the_same(folder, capsys):
    assert main(["weights", "net.npz", "--for", "net.graph", "--to", "torch", "-o", "state.npz"]) == 0
    state, net = np.load("state.npz"), np.load("net.npz")
    np.testing.assert_array_equal(state["Affine1.weight"], net["Affine1.W"].T)
    words = ["weights", "state.npz", "--layout", "torch", "--for", "net.graph"]
    assert list(listed(words, capsys)) == NAMES
    assert main([*words, "-o", "again.npz"]) == 0
    again = np.load("again.npz")
    assert all(np.array_equal(again[name], net[name]) for name in NAMES)


def test_renaming_works_wherever_weights_are_loaded(folder, capsys):
    assert main(["weights", "net.npz", "--rename", "*=old.*", "-o", "old.npz"]) == 0
    rename = ["--weights", "old.npz", "--rename", "old.*=*"]
    np.savez("x.npz", x=np.ones((1, 3)))
    expected = ["predict", "net.graph", "--inputs", "x.npz", "--weights", "net.npz"]
    assert main(expected) == 0
    output = capsys.readouterr().out
    assert main(["predict", "net.graph", "--inputs", "x.npz", *rename]) == 0
    assert capsys.readouterr().out == output
    assert main(["run", "net.graph", "--inputs", "x.npz", "--json", *rename]) == 0
    assert main(["summary", "net.graph", *rename]) == 0
    assert main(["gradcheck", "net.graph", *rename]) == 0


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--layout", "torch"], "--layout torch needs --for SPEC"),
        (["--to", "torch", "-o", "a.npz"], "--to torch needs --for SPEC"),
        (["--json", "-o", "a.npz"], "give one of them"),
        (["--rename", "a"], "write it as"),
    ],
)
def test_options_that_do_not_go_together_are_told(folder, capsys, words, part):
    assert main(["weights", "net.npz", *words]) == 2
    assert part in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rename", "part"),
    [
        ("Affine*.W=a.{2}", "`{2}` is none of the `*`"),
        ("Affine*=a.{1+1}", "counts on from `1.W`, which is no number"),
        ("*.*=*", "the same number of `*`"),
        ("fc.*=a.*", "no array has a name like `fc.*`"),
        ("Affine*.*={1}*", "the same number of `*`"),
    ],
)
def test_a_pattern_that_cannot_rename_says_why(folder, capsys, rename, part):
    assert main(["weights", "net.npz", "--rename", rename]) == 1
    assert part in capsys.readouterr().err


def test_two_arrays_cannot_have_one_name(folder, capsys):
    np.savez("a.npz", **{"fc1.W": np.zeros(1), "a.1": np.zeros(1)})
    assert main(["weights", "a.npz", "--rename", "fc*.W=a.*"]) == 1
    assert "`fc1.W` and `a.1` would both be `a.1`" in capsys.readouterr().err


def test_the_first_pattern_that_fits_decides_and_parts_may_change_places(folder, capsys):
    np.savez("a.npz", **{"enc.0.self.w": np.zeros(1), "enc.1.self.w": np.zeros(2), "top": np.zeros(3)})
    rules = ["--rename", "enc.*.*.w={2}_{1+1}.W", "--rename", "*=rest.*"]
    assert set(listed(["weights", "a.npz", *rules], capsys)) == {"self_1.W", "self_2.W", "rest.top"}


def test_names_that_would_forge_output_are_listed_harmlessly(folder, capsys):
    pytest.importorskip("safetensors")
    from safetensors.numpy import save_file

    save_file({"a\nb\x1b[31m\u202e": np.zeros(1), "x" * 5000: np.zeros(1)}, "a.safetensors")
    assert main(["weights", "a.safetensors"]) == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2 + 3
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert len(out) < 1500


def test_a_pattern_of_many_stars_takes_no_time():
    from graphlang.training.renaming import RenameRule

    stars = RenameRule("*a" * 40 + "b", "{1}")
    assert stars.renamed("a" * 100_000) is None
