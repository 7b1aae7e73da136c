"""The mutants are small changes of one place, chosen by a seed; and the command tells killed ones from survivors."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from equivalent_mutants import EQUIVALENT
from mutants import chosen, mutants
from mutation_targets import all_mutants, commands

ROOT = Path(__file__).parents[2]
SOURCE = '''
"""A module."""
LIMIT = 3


def clipped(x: float, size: "int" = 3) -> float:
    """Not more than the size."""
    if x < 0 and not size:
        raise ValueError("below 0", 1 + 2)
    log(x)
    total = "é" and x * size
    return [-y for y in total if y]
'''


def changes(source: str) -> set[tuple[str, str]]:
    return {(m.before, m.after) for m in mutants(source, "m.py")}


def test_operators_numbers_conditions_calls_and_results_are_changed() -> None:
    assert changes(SOURCE) == {
        ("x < 0", "(x <= 0)"),
        ("x < 0 and not size", "(x < 0 or not size)"),
        ("x < 0 and not size", "(not (x < 0 and (not size)))"),
        ("not size", "(size)"),
        ("0", "(1)"),
        ("log(x)", "pass"),
        ('"é" and x * size', "('é' or x * size)"),
        ("x * size", "(x / size)"),
        ("-y", "(y)"),
        ("y", "(not (y))"),
        ("return [-y for y in total if y]", "return None"),
    }


def test_a_change_leaves_the_other_lines_as_they_are() -> None:
    for mutant in mutants(SOURCE, "m.py"):
        changed = mutant.applied(SOURCE)
        ast.parse(changed)
        before, after = SOURCE.splitlines(), changed.splitlines()
        assert [i for i, (a, b) in enumerate(zip(before, after, strict=True), 1) if a != b] == [mutant.line]


def test_only_the_functions_that_are_wanted_are_changed() -> None:
    source = "def f():\n    return 1\nclass A:\n    def backward(self):\n        return 2\n"
    assert {m.function for m in mutants(source, "m.py", lambda name: name.endswith("backward"))} == {
        "A.backward"
    }


def test_equal_changes_of_one_function_have_keys_of_their_own() -> None:
    keys = [m.key for m in mutants("def f(x):\n    return x + x + (x + x)\n", "m.py")]
    assert len(keys) == len(set(keys))


def test_the_choice_depends_on_the_seed_and_not_on_the_rest_of_the_file() -> None:
    more = "def other():\n    return 7\n\n\n" + SOURCE
    first = {m.key for m in chosen(mutants(SOURCE, "m.py"), 4, 0)}
    assert first == {m.key for m in chosen(mutants(SOURCE, "m.py"), 4, 0)}
    assert first != {m.key for m in chosen(mutants(SOURCE, "m.py"), 4, 1)}
    assert len(first & {m.key for m in chosen(mutants(more, "m.py"), 4, 0)}) >= 2


def test_every_mutant_can_be_parsed_and_has_tests_that_are_there() -> None:
    for group in all_mutants().values():
        assert group
        for mutant in group[::7]:
            ast.parse(mutant.applied((ROOT / mutant.file).read_text(encoding="utf-8")))
        for file in {mutant.file for mutant in group}:
            paths = [word for words in commands(file) for word in words if word.endswith(".py")]
            assert paths
            assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_mutant_that_is_called_equivalent_is_there() -> None:
    keys = {mutant.key for group in all_mutants().values() for mutant in group}
    assert [key for key in EQUIVALENT if key not in keys] == []
    assert all(EQUIVALENT.values())


@pytest.mark.skipif(not hasattr(sys, "getwindowsversion") and not Path("/proc").exists(), reason="it forks")
def test_the_command_kills_a_mutant() -> None:
    words = ["--only", "layers/relu.py: Relu.backward: return", "--at-least", "100"]
    run = subprocess.run(
        [sys.executable, "-m", "tests.mutation", *words],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 of 1 mutants killed: 100.0 %" in run.stdout
