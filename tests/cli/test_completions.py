"""`graphlang --completions`: in real shells, what is completed is what the commands take."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import subprocess
import sys
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from graphlang.cli import COMMANDS, main
from graphlang.cli.command_table import commands_of
from graphlang.cli.explain import codes
from graphlang.syntax.lessons import lesson_names

SHELLS = ("bash", "zsh", "fish")
LESSONS = lesson_names()


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    files = {}
    for shell in SHELLS:
        with redirect_stdout(StringIO()) as written:
            assert main(["--completions", shell]) == 0
        files[shell] = tmp_path_factory.mktemp("scripts") / f"graphlang.{shell}"
        files[shell].write_text(written.getvalue(), encoding="utf-8")
    return files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("folder")
    for name in ("net.graph", "a net.graph", "notes.txt"):
        (folder / name).touch()
    (folder / "runs").mkdir()
    return folder


ASK_BASH = """
source {script}
COMP_LINE={line}
COMP_POINT=${{#COMP_LINE}}
_graphlang
((${{#COMPREPLY[@]}})) && printf '%s\\n' "${{COMPREPLY[@]}}"
exit 0
"""


def ask_bash(script: Path, folder: Path, line: str) -> set[str]:
    text = ASK_BASH.format(script=script, line=shlex.quote(line))
    done = subprocess.run(
        ["bash", "--norc", "-c", text], cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    # What stands before the last `:` or `=` stays in the line.
    last = line.rsplit(maxsplit=1)[-1] if not line.endswith(" ") else ""
    kept = last[: max(last.rfind(":"), last.rfind("=")) + 1]
    return {kept + word for word in done.stdout.splitlines()}


def ask_fish(script: Path, folder: Path, line: str) -> set[str]:
    text = f"source {script}; complete -C {shlex.quote(line)}"
    environment = {**os.environ, "HOME": str(folder.parent), "XDG_CONFIG_HOME": str(folder.parent)}
    done = subprocess.run(
        ["fish", "-N", "-c", text],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=environment,
    )
    assert done.stderr == ""
    return {row.partition("\t")[0].rstrip("/") for row in done.stdout.splitlines()}


ASK = {"bash": ask_bash, "fish": ask_fish}
FILES = {"net.graph", "a net.graph", "runs"}
CASES = [
    ("graphlang lay", {"layers"}),
    ("graphlang help trai", {"train"}),
    ("graphlang --completions ", set(SHELLS)),
    ("graphlang run --see", {"--seed", "--seed-gradient"}),
    ("graphlang run --dtype ", {"float32", "float64"}),
    ("graphlang run --dtype=float3", {"--dtype=float32"}),
    ("graphlang check ", FILES),
    ("graphlang check net.graph n", {"net.graph"}),
    ("graphlang run lesson:apple", {f"lesson:{name}" for name in LESSONS if name.startswith("apple")}),
    ("graphlang run --of y lesson:word", {"lesson:word2vec"}),
    ("graphlang run net.graph --inputs n", {"net.graph", "notes.txt"}),
    ("graphlang train net.graph --resume ", {"runs"}),
    ("graphlang report ", {"runs"}),
    ("graphlang layers Aff", {"Affine"}),
    ("graphlang layers Adam", {"Adam", "AdamW"}),
    ("graphlang explain GL20", {code for code in codes() if code.startswith("GL20")}),
    ("graphlang lessons ", {"copy"}),
    ("graphlang lessons copy ", {"runs"}),
    ("graphlang lessons copy mine apple tw", {name for name in LESSONS if name.startswith("tw")}),
    ("graphlang run --of ", set()),
]  # fmt: skip


@pytest.mark.parametrize("shell", [pytest.param(shell, marks=needs(shell)) for shell in ASK])
@pytest.mark.parametrize(("line", "expected"), CASES, ids=[line for line, _ in CASES])
def test_a_shell_completes(
    shell: str, line: str, expected: set[str], scripts: dict[str, Path], folder: Path
) -> None:
    assert ASK[shell](scripts[shell], folder, line) == expected


@pytest.mark.parametrize("shell", [pytest.param(shell, marks=needs(shell)) for shell in ASK])
def test_every_command_and_every_option_of_one_is_offered(
    shell: str, scripts: dict[str, Path], folder: Path
) -> None:
    ask, script = ASK[shell], scripts[shell]
    assert set(COMMANDS) <= ask(script, folder, "graphlang ")
    (train,) = (command for command in commands_of(COMMANDS) if command.name == "train")
    options = {name for option in train.options for name in option.names if name.startswith("--")}
    assert ask(script, folder, "graphlang train --") == options


@pytest.mark.parametrize("shell", [pytest.param(shell, marks=needs(shell)) for shell in SHELLS])
def test_the_script_is_sound(shell: str, scripts: dict[str, Path]) -> None:
    done = subprocess.run(
        [shell, "-n", str(scripts[shell])], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def typed(words: list[str], folder: Path, lines: list[tuple[str, str]]) -> str:
    """What a shell at a terminal shows: each text is typed, and what must then appear is waited for."""
    import pty

    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(TERM="dumb", PS1="> ", LC_ALL="C.UTF-8", HOME=str(folder.parent))
        os.execvp(words[0], words)
    shown = ""
    try:
        for text, awaited in lines:
            os.write(terminal, text.encode())
            before, end = len(shown), time.monotonic() + 30
            while awaited not in shown[before:]:
                ready, _, _ = select.select([terminal], [], [], 1)
                shown += os.read(terminal, 4096).decode(errors="replace") if ready else ""
                assert time.monotonic() < end, shown
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)
    return shown


@needs("bash")
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_the_tab_key_completes_in_bash(scripts: dict[str, Path], folder: Path) -> None:
    start = f"bind 'set enable-bracketed-paste off'; source {scripts['bash']}; echo rea''dy\n"
    shown = typed(
        ["bash", "--norc", "--noprofile", "-i"],
        folder,
        [
            (start, "ready"),
            ("graphlang lay\t", "layers "),
            ("Affi\t", "Affine "),
            ("\x15graphlang run lesson:word\t", "lesson:word2vec "),
            ("\x15graphlang check a\t", "a\\ net.graph "),
        ],
    )
    assert "graphlang run lesson:word2vec " in shown


@needs("zsh")
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_the_tab_key_completes_in_zsh(scripts: dict[str, Path], folder: Path) -> None:
    start = f"autoload -Uz compinit; compinit -u -D; source {scripts['zsh']}; unset zle_bracketed_paste; print rea''dy\n"
    typed(
        ["zsh", "-f", "-i"],
        folder,
        [
            (start, "ready"),
            ("graphlang lay\t", "ers"),
            (" Affi\t", "ne"),
            ("\x15graphlang run lesson:word\t", "2vec"),
            ("\x15graphlang run --dtype float3\t", "2"),
            ("\x15graphlang train ne\t", "t.graph"),
            ("\x15graphlang explain GL72\t\t", "GL727"),
            ("\x15graphlang lessons copy mine two_layer_net_e\t", "xplicit"),
            ("\x15graphlang train --resume ru\t", "ns"),
            ("\x15graphlang train --checkp\t", "oint-every"),
        ],
    )


@pytest.mark.parametrize(
    "words", [["--completions"], ["--completions", "tcsh"], ["--completions", "bash", "zsh"]]
)
def test_another_shell_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "bash, zsh or fish" in capsys.readouterr().err


def test_the_option_may_have_its_shell_behind_an_equals_sign(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--completions=fish"]) == 0
    assert "complete -c graphlang" in capsys.readouterr().out


def test_a_usual_command_loads_nothing_of_it() -> None:
    code = (
        "import sys; from graphlang.cli import main; main(['--version'])\n"
        "print([m for m in sys.modules if 'completions' in m or 'command_table' in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"
