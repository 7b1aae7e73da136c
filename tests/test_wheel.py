"""The wheel works in an empty environment: every example of every `--help` runs there, from another folder."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from graphlang import cli

ROOT = Path(__file__).parent.parent
NET = """\
hyper hidden = 4
input x: float[N, 2], t: int[N]
y    = x -> Affine(hidden) -> Relu -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("data.npz"); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.5); batch = 8; epochs = 2; metrics = [accuracy(y, t)] }
gradcheck { of = loss }
"""
FRUIT = {"apple": 100, "num": 2, "orange": 150, "onum": 3, "tax": 1.1}
FEW = "--set train.iterations=3"

pytestmark = [
    pytest.mark.skipif(
        find_spec("hatchling") is None, reason="hatchling, of the extra `dev`, builds the wheel"
    ),
    pytest.mark.skipif(find_spec("pip") is None, reason="pip builds and installs the wheel"),
    pytest.mark.skipif(os.name != "posix", reason="the examples are lines of a POSIX shell"),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip builds from the repository, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(ROOT)], check=True, timeout=300)
    (file,) = folder.glob("*.whl")
    return file


class Installed:
    """A folder of somebody who has the wheel and nothing of the repository."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        self.environment, self.folder = folder / "venv", folder / "home"
        venv.create(self.environment, with_pip=False)
        python = self.environment / "bin" / "python"
        ours = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
        theirs = subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
        # The dependencies are ours; what such a line names is searched after the environment's own packages.
        (Path(theirs) / "dependencies.pth").write_text("\n".join(ours))
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
        subprocess.run([*pip, "--quiet", str(wheel)], check=True, timeout=300)
        self.folder.mkdir()

    def __call__(self, line: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment = {
            **kept,
            "PATH": f"{self.environment / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "MPLCONFIGDIR": str(self.folder.parent),
            "BROWSER": "true",
            "GRAPHLANG_CALIBRATION": "off",
        }
        return subprocess.run(
            ["bash", "-c", line],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=environment,
            timeout=300,
        )


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The installed wheel in a folder with the files that the examples take for the user's own."""
    there = Installed(wheel, tmp_path_factory.mktemp("installed"))
    rng = np.random.default_rng(3)
    x = rng.standard_normal((40, 2))
    t = (x[:, 0] > 0).astype(np.int64)
    np.savez(there.folder / "data.npz", x_train=x[:32], t_train=t[:32], x_test=x[32:], t_test=t[32:])
    np.savez(there.folder / "more.npz", x=x, t=t)
    np.savez(there.folder / "x.npz", x=x)
    for name in ("net.graph", "mine.graph"):
        (there.folder / name).write_text(NET)
    (there.folder / "fruit.json").write_text(json.dumps(FRUIT))
    rents = (ROOT / "specs" / "data" / "rents.csv").read_text(encoding="utf-8")
    (there.folder / "flats.csv").write_text(rents.replace(",rent\n", ",price\n"), encoding="utf-8")
    digits(there.folder / "mnist", rng)
    models = ROOT / "tests" / "onnx_import" / "models"
    (there.folder / "digits.onnx").write_bytes((models / "mlp.onnx").read_bytes())
    for line in (
        f"graphlang train lesson:two_layer_net {FEW}",
        f"graphlang train lesson:two_layer_net {FEW} --seed 1",
        f"graphlang train lesson:transformer {FEW}",
        "graphlang train net.graph",
        "cp runs/net-1/weights.npz net.npz",
    ):
        done = there(line)
        assert done.returncode == 0, done.stderr
    return there


def digits(folder: Path, rng: np.random.Generator) -> None:
    """Four files as those of MNIST, with a few random images."""
    folder.mkdir()
    for part, count in (("train", 100), ("t10k", 20)):
        images = rng.integers(0, 256, (count, 28, 28), np.uint8)
        labels = np.arange(count).astype(np.uint8) % 10
        for array, kind in ((images, "images-idx3"), (labels, "labels-idx1")):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
            (folder / f"{part}-{kind}-ubyte").write_bytes(header + array.tobytes())


def examples() -> list[str]:
    """The lines below `examples:` in every help, in the order of the commands."""
    from importlib import import_module

    parsers = [import_module(f"graphlang.cli.{name.replace('-', '_')}").parser() for name in cli.COMMANDS]
    texts = [cli.help_text(), *(parser.format_help() for parser in parsers)]
    below = [text.partition("examples:\n")[2].partition("\n\n")[0] for text in texts]
    return list(dict.fromkeys(line.strip() for text in below for line in text.splitlines()))


def bounded(line: str) -> str:
    """An example that trains a lesson, for a few steps."""
    trains = line.startswith("graphlang train lesson:") and "train.epochs" not in line
    return f"{line} {FEW}" if trains else line


def test_every_help_has_examples_and_none_needs_the_repository() -> None:
    lines = examples()
    commands = {words[words.index("graphlang") + 1] for words in map(shlex.split, lines)}
    assert commands == set(cli.COMMANDS)
    assert [line for line in lines if "specs/" in line] == []


def test_every_example_of_a_help_runs_where_the_wheel_is_installed(installed: Installed) -> None:
    """In one test, for they build on one another: one resumes the run that the one before it has made."""
    draws = find_spec("matplotlib") is not None
    lines = [line for line in examples() if draws or not line.startswith("graphlang plot")]
    if find_spec("onnx") is None:
        lines = [line for line in lines if not line.startswith("graphlang import")]
    ended = {line: installed(bounded(line)) for line in lines}
    differs = {line: int(line.startswith(("graphlang diff", "graphlang compare runs/"))) for line in lines}
    assert {line: e.stderr for line, e in ended.items() if e.returncode != differs[line]} == {}
    assert [line for line, e in ended.items() if "Traceback" in e.stderr] == []


def test_the_installed_package_is_the_one_of_the_wheel(installed: Installed) -> None:
    done = installed("python -c 'import graphlang; print(graphlang.__file__)'")
    assert done.stdout.startswith(str(installed.environment))


def test_pygments_finds_the_lexer_where_the_wheel_is_installed(installed: Installed) -> None:
    code = "from pygments.lexers import get_lexer_by_name as by_name; print(*map(by_name, ('graph', 'graphlang')))"
    done = installed(f'python -c "{code}"')
    assert done.stdout.count("GraphlangLexer") == 2, done.stderr


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_man_finds_the_pages_where_the_wheel_is_installed(installed: Installed) -> None:
    done = installed("unset MANPATH; man -w graphlang graphlang-train")
    pages = installed.environment / "share" / "man" / "man1"
    assert done.stdout.splitlines() == [str(pages / "graphlang.1"), str(pages / "graphlang-train.1")], (
        done.stderr
    )


def test_the_wheel_has_the_lessons_with_their_data_and_neither_tests_nor_documents(wheel: Path) -> None:
    names = {Path(name) for name in zipfile.ZipFile(wheel).namelist()}
    suffixes = {".graph", ".npz", ".txt", ".csv"}
    ours = {p.relative_to(ROOT) for p in (ROOT / "specs").rglob("*") if p.suffix in suffixes}
    assert {Path("graphlang") / file for file in ours} <= names
    assert {name.parts[0].partition("-")[0] for name in names} == {"graphlang", "graphlang_dsl"}


def test_every_lesson_is_sound_where_the_wheel_is_installed(installed: Installed) -> None:
    done = installed("graphlang check lesson:")
    count = len(list((ROOT / "specs").glob("*.graph")))
    assert (done.returncode, done.stderr) == (0, f"{count} files checked: no mistakes\n")


def test_copied_lessons_train_on_their_copied_data(installed: Installed) -> None:
    done = installed(f"graphlang lessons copy copies && graphlang train copies/word2vec.graph {FEW}")
    assert done.returncode == 0, done.stderr
