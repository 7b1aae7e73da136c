"""Shared fixtures and options: golden files, which `--update-golden` rewrites; `--quick`, which runs a choice of
quick files; and settings of property tests, which draw the same examples on every machine and have no deadline."""

from __future__ import annotations

import compileall
import os
import signal
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent
QUICK = (
    "test_api.py",
    "test_layering.py",
    "catalog/test_nothing_is_lost.py",
    "diagnostics/test_bad.py",
    "engine/test_tape.py",
    "functions/test_infinities.py",
    "inputs/test_calls_from_python.py",
    "kernels/test_routine.py",
    "language/test_language.py",
    "layers/test_gradients_by_hand.py",
    "lessons/test_specs.py",
    "syntax/test_notation.py",
    "syntax/test_operators.py",
    "trace/test_calls.py",
    "trace/test_recording.py",
    "training/test_own_loop.py",
)
"""The files of `--quick`: some twenty seconds in which whatever breaks much shows."""

os.environ["GRAPHLANG_CALIBRATION"] = (
    "off"  # the same threads on every machine, and no file in a user's cache
)

QUICK_XLA = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    " --xla_cpu_use_fusion_emitters=false"
)
"""XLA compiles in a third of the time. `backends/test_rules_on_jax.py` holds rules to a full compilation too, and
`backends/test_several_processes.py` a training."""
if QUICK_XLA not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {QUICK_XLA}".strip()

NEEDED = {
    "backends/test_operations_on_jax.py": "jax",
    "backends/test_rules_on_jax.py": "jax",
    "diagnostics/test_sarif.py": "jsonschema",
    "onnx_export": "onnx",
}
"""Files and folders that nothing can be collected of without a package of an extra; other tests skip themselves."""

TOGETHER = 40
"""So many tests of a file go to a worker at once, and all of a file whose fixtures are made once for the file."""

# A run under nohup or in the background ignores these signals, and so would the processes that it starts.
for _name in ("SIGINT", "SIGHUP"):
    if (_signal := getattr(signal, _name, None)) and signal.getsignal(_signal) is signal.SIG_IGN:
        signal.signal(_signal, signal.default_int_handler if _name == "SIGINT" else signal.SIG_DFL)

settings.register_profile("any machine", deadline=None, derandomize=True)
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files; review the difference"
    )
    parser.addoption(
        "--quick", action="store_true", help="only a choice of quick files, some twenty seconds in all"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Compiles the package before a run in several processes: where Python may not write what it compiles, each of the
    hundreds of processes that tests start would compile it anew."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        compileall.compile_dir(TESTS.parent / "graphlang", quiet=2)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out what needs a package that is not there. With `--quick`, no other file is even imported: collecting
    all tests takes longer than these."""
    if TESTS not in collection_path.parents:
        return None
    place = collection_path.relative_to(TESTS).as_posix()
    if place in NEEDED and find_spec(NEEDED[place]) is None:
        return True
    if not config.getoption("--quick") or collection_path.is_dir():
        return None
    return None if place in QUICK else True


def pytest_report_header() -> list[str]:
    """Says what is left out."""
    return [f"left out: tests/{p}, which needs {n}" for p, n in NEEDED.items() if find_spec(n) is None]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With several workers, what a fixture of a file makes is made once, not by every worker."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]
        seen: ClassVar[dict[str, list[str]]] = {}
        units: ClassVar[dict[str, str]] = {}

        def _split_scope(self, nodeid: str) -> str:
            if nodeid not in self.units:
                file = nodeid.split("::", 1)[0]
                tests = self.seen.setdefault(file, [])
                part = 0 if made_once(file) else len(tests) // TOGETHER
                tests.append(nodeid)
                self.units[nodeid] = f"{file} {part}"
            return self.units[nodeid]

    config.option.loadscopereorder = False
    return ByFile(config, log)


@cache
def made_once(file: str) -> bool:
    """Whether a file of tests has fixtures of a wider scope than a test."""
    text = (TESTS.parent / file).read_text(encoding="utf-8")
    return 'scope="module"' in text or 'scope="session"' in text


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)`: the text is what the file `golden/name` beside the test holds."""

    def check(name: str, text: str) -> None:
        path = request.path.parent / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        assert path.exists(), f"{path} is missing: run pytest with --update-golden and review it"
        assert text == path.read_bytes().decode(), f"{path.name} differs: --update-golden rewrites it"

    return check
