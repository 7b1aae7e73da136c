"""Nothing of a spec is executed, and nothing is opened but the files below its folder and those that were named.

`audit.py` watches by Python's audit events. Every hostile spec is watched in `test_hostile_specs.py`; here the
lessons are, with every command that computes, and specs whose names look like Python.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "specs").glob("*.graph"))
FEW = ["--set", "train.iterations=2"]
FOR_TRAINING = 2 * 2**30
"""The address space that several trainings in one process may take: they are no hostile files."""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="the guard reads its size from /proc"
)


def python(words: list[str], folder: Path) -> str:
    """What a Python process writes that ends well."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 300}
    done = subprocess.run([sys.executable, *words], check=False, cwd=folder, env=environment, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def watched(code: str, folder: Path) -> list[str]:
    """What a piece of Python does that no spec may do; it has a `watch`, and starts it."""
    head = "import json\nfrom tests.hostile.audit import Watch\nwatch = Watch()\n"
    return json.loads(python(["-c", f"{head}{code}\nprint(json.dumps(watch.stop()))"], folder))  # type: ignore[no-any-return]


# ---- the watch sees what it is there for ---------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("open('/etc/hostname')", "open"),
        ("open('beside.txt', 'w')", "open"),
        ("import os; os.close(os.open('/etc', os.O_RDONLY))", "open"),
        ("import os; os.listdir('/etc')", "os.listdir"),
        ("import os; os.system('true')", "os.system"),
        ("import os; os.remove('mine.txt')", "os.remove"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import socket; socket.socket()", "socket.__new__"),
        ("import pickle; pickle.loads(b'cos\\ngetcwd\\n.')", "pickle.find_class"),
        ("import marshal; marshal.loads(marshal.dumps(1))", "marshal.loads"),
        ("import ctypes; ctypes.CDLL(None)", "ctypes.dlopen"),
        ("import mine", "import"),
        ("import sys; sys.modules['graphlang.fake'] = type(sys)('graphlang.fake')\n"
         "exec(\"eval('1 + 1')\", {'__name__': 'graphlang.fake'})", "exec"),
    ],
)  # fmt: skip
def test_the_watch_sees_it(code: str, event: str, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    (tmp_path / "mine.py").write_text("")
    seen = watched(f"watch.start()\n{code}", tmp_path)
    assert any(each.startswith(event) for each in seen), seen


def test_the_watch_lets_a_command_read_and_write_where_it_is_told(tmp_path: Path) -> None:
    for name in ("given", "made"):
        (tmp_path / name).mkdir()
    (tmp_path / "given" / "a.txt").write_text("")
    code = "watch.start(['given'], ['made'])\nopen('given/a.txt').close()\nopen('made/b.txt', 'w').close()"
    assert watched(code, tmp_path) == []
    (tmp_path / "given" / "link.txt").symlink_to(ROOT / "README.md")
    assert len(watched("watch.start(['given'])\nopen('given/link.txt').close()", tmp_path)) == 1


# ---- specs ---------------------------------------------------------------------------------------


def test_the_lessons_touch_nothing_but_their_data_and_the_folder_of_their_runs(tmp_path: Path) -> None:
    lists = [["check", f"lesson:{name}"] for name in NAMES]
    lists += [
        [command, f"lesson:{name}"]
        for command in ("run", "summary")
        for name in ("apple", "newton", "affine")
    ]
    lists += [["view", "lesson:softmax_with_loss", "-o", "page.html"], ["test", "lesson:chain_rule"]]
    for name in ("attention", "word2vec", "two_layer_net", "char_rnn"):
        weights = ["--weights", f"runs/{name}-1"]
        lists += [["train", f"lesson:{name}", *FEW], ["evaluate", f"lesson:{name}", *weights]]
        lists.append(["train", f"lesson:{name}", "--resume", f"runs/{name}-1", *FEW])
    lists += [["report", "runs/two_layer_net-1", "-o", "report.html"]]
    lists.append(
        ["predict", "lesson:char_rnn", "--weights", "runs/char_rnn-1", "--text", "Once", "--length", "3"]
    )
    places = {"reads": [str(ROOT / "specs")], "writes": [str(tmp_path)]}
    cases = [{"name": " ".join(words), "words": words, **places} for words in lists]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    rows = [
        json.loads(line)
        for line in python(
            ["-m", "tests.hostile.guarded", "cases.json", str(FOR_TRAINING)], tmp_path
        ).splitlines()
    ]
    assert [row["name"] for row in rows] == [case["name"] for case in cases]
    assert {row["name"]: row["stderr"] for row in rows if row["status"] != 0} == {}
    assert {row["name"]: row["touched"] for row in rows if row["touched"]} == {}


PYTHON = """
import numpy.random  # which looks for a package of its own in some versions
import graphlang as gl
names = ["__class__", "__import__", "model_config", "__builtins__", "eval", "lambda_", "self", "os", "import_", "_t"]
text = "input " + ", ".join(f"{name} = {i}" for i, name in enumerate(names, 2))
text += "\\n__dict__ = " + " * ".join(names) + "\\n__globals__ = exp(__dict__ / 1e7)\\noutput __globals__\\n"
gl.loads("y = x + 1").compile(wrt="x")(x=1.0)  # imports what dependencies look for
watch.start()
graph = gl.loads(text)
first = graph.run()
assert graph.run() == first
assert graph.run(__class__=2) == first
value, gradients = graph.compile(wrt=names)(**dict.fromkeys(names, 1.0))
assert list(gradients) == names
again = gl.Graph.from_spec(graph.spec.model_dump_json())
assert again.run() == first
"""


def test_names_that_look_like_python_are_ordinary_and_reach_no_code(tmp_path: Path) -> None:
    assert watched(PYTHON, tmp_path) == []
