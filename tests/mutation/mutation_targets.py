"""Which files are mutated, in which functions, and which tests have to notice."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]


class Target(NamedTuple):
    """Files of one kind. Of `tests`, each line is one run of pytest; the first that fails has killed the mutant.

    In a line, `{classes}` stands for the classes of the file, as `-k` takes them.
    """

    group: str
    files: str
    functions: Callable[[str], bool]
    tests: tuple[str, ...]


def _is_backward(function: str) -> bool:
    return function.endswith(".backward")


def _any(function: str) -> bool:
    return True


CONTRACTS = "tests/contracts/test_contracts.py -k ({classes}) and (hand_written or gradients_are_the_slopes)"
LEFT = "tests/training/test_what_saving_leaves.py"
LOCK, SAVER = "tests/training/test_run_lock.py", "tests/training/test_run_saver.py"
TIMES, TRAINING = "tests/training/test_saving_times.py", "tests/training/test_training.py"
WEIGHTS, REPLACE = "tests/training/test_weight_files.py", "tests/files/test_replace.py"
SAVING = {
    "files/locks.py": (LOCK,),
    "files/replace.py": (REPLACE, SAVER),
    "files/seal.py": (SAVER, f"{REPLACE} {WEIGHTS}"),
    "files/write_archive.py": (WEIGHTS, SAVER),
    "training/checkpoint.py": (SAVER, "tests/training/test_exact_resume.py"),
    "training/next_folder.py": (TRAINING,),
    "training/run_folder.py": (SAVER, TRAINING),
    "training/run_lock.py": (LOCK,),
    "training/run_saver.py": (f"{SAVER} {TIMES}", TRAINING),
    "training/saving_times.py": (TIMES, SAVER),
    "training/state.py": (f"{TRAINING} tests/training/test_own_loop.py", SAVER),
    "training/weight_files.py": (WEIGHTS, f"{SAVER} {TRAINING}"),
}
"""The files by which a training is saved and goes on, and their tests after `LEFT`."""
TARGETS = (
    Target(
        "backward",
        "graphlang/layers/*.py",
        _is_backward,
        (CONTRACTS, "tests/layers/test_gradients_by_hand.py"),
    ),
    Target("backward", "graphlang/losses/*.py", _is_backward, (CONTRACTS, "tests/losses/test_losses.py")),
    Target(
        "passes",
        "graphlang/engine/passes/loops.py",
        _any,
        ("tests/engine/test_work_out_of_loops.py", "tests/engine/test_recorded_scans.py"),
    ),
    Target(
        "passes",
        "graphlang/engine/passes/stacking.py",
        _any,
        ("tests/engine/test_work_out_of_loops.py", "tests/engine/test_recorded_scans.py"),
    ),
    Target(
        "passes",
        "graphlang/engine/passes/*.py",
        _any,
        ("tests/engine/test_passes.py tests/engine/test_rules_of_passes.py",),
    ),
    *(Target("checkpoints", f"graphlang/{file}", _any, (LEFT, *tests)) for file, tests in SAVING.items()),
)


def target_of(file: str) -> Target:
    """The first target that the file belongs to."""
    return next(target for target in TARGETS if fnmatch(file, target.files))


def all_mutants(root: Path = ROOT) -> dict[str, list[Mutant]]:
    """The mutants of every group."""
    groups: dict[str, list[Mutant]] = {}
    for path in _files(root):
        file = path.relative_to(root).as_posix()
        target = target_of(file)
        found = mutants(path.read_text(encoding="utf-8"), file, target.functions)
        groups.setdefault(target.group, []).extend(found)
    return groups


def _files(root: Path) -> Iterator[Path]:
    paths = {path for target in TARGETS for path in root.glob(target.files)}
    yield from sorted(paths)


def commands(file: str, root: Path = ROOT) -> list[list[str]]:
    """The arguments of pytest for each of the target's lines."""
    tree = ast.parse((root / file).read_text(encoding="utf-8"))
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    return [_words(line, " or ".join(classes)) for line in target_of(file).tests]


def _words(line: str, classes: str) -> list[str]:
    paths, _, expression = line.partition(" -k ")
    return [*paths.split(), *(["-k", expression.format(classes=classes)] if expression else [])]
