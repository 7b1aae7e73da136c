"""The workflow of GitHub Actions runs on what `pyproject.toml` supports, and calls what there is."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphlang import cli

yaml = pytest.importorskip("yaml", reason="PyYAML, which mkdocs requires, reads the workflow")
pytest.importorskip("packaging")

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "versions"))

from bounds import Requirement, project, supported  # noqa: E402

WORKFLOW: dict[Any, Any] = yaml.safe_load(
    (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
)
JOBS: dict[str, Any] = WORKFLOW["jobs"]
MATRIX = re.compile(r"\$\{\{ matrix\.(\w+) \}\}")
MAJORS = {"actions/checkout": 5, "actions/setup-python": 6, "actions/setup-node": 5}
COMMANDS_OF_DEV = ("mkdocs", "mypy", "pytest", "ruff")
OF_THE_RUNNER = ("pip", "venv")
"""Modules that every Python brings along."""


def steps(key: str) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """The job, the value of the key and the whole step, for each step that has the key."""
    for name, job in JOBS.items():
        for step in job["steps"]:
            if key in step:
                yield name, step[key], step


def commands(job: str | None = None) -> list[list[str]]:
    """The commands of all jobs, or of one, as words."""
    lines = [line for name, text, _ in steps("run") if job in (None, name) for line in text.splitlines()]
    return [shlex.split(part) for line in lines for part in line.split("&&")]


def test_it_may_read_the_repository_and_nothing_else() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert [name for name, job in JOBS.items() if "permissions" in job] == []
    assert all(
        step["with"]["persist-credentials"] is False
        for _, action, step in steps("uses")
        if action.startswith("actions/checkout@")
    )


def test_it_runs_for_pushes_to_main_and_pull_requests_and_a_newer_run_ends_an_older_one() -> None:
    triggers = WORKFLOW[True]  # YAML reads `on` as a truth value
    assert triggers["push"] == {"branches": ["main"]}
    assert "pull_request" in triggers
    assert (
        "pull_request_target" not in triggers
    )  # it would give a stranger's code the rights of the repository
    assert WORKFLOW["concurrency"] == {
        "group": "${{ github.workflow }}-${{ github.ref }}",
        "cancel-in-progress": True,
    }


def test_every_action_is_one_of_these_majors() -> None:
    assert {action for _, action, _ in steps("uses")} == {
        f"{name}@v{major}" for name, major in MAJORS.items()
    }


def test_every_job_ends_in_time_and_each_member_of_a_matrix_goes_on_where_another_fails() -> None:
    assert [name for name, job in JOBS.items() if not 0 < job["timeout-minutes"] <= 120] == []
    assert [name for name, job in JOBS.items() if job.get("strategy", {}).get("fail-fast", False)] == []
    assert [name for name, job in JOBS.items() if "continue-on-error" in job] == []


def test_every_name_of_a_matrix_is_in_the_matrix_of_its_job_and_used() -> None:
    for name, job in JOBS.items():
        matrix = set(job.get("strategy", {}).get("matrix", {}))
        assert set(MATRIX.findall(str(job))) == matrix, name
        uses = [
            expression
            for expression in re.findall(r"\$\{\{.*?\}\}", str(job))
            if not MATRIX.match(expression)
        ]
        assert set(uses) <= {"${{ runner.temp }}"}, name


@pytest.mark.parametrize("job", ["linux", "other-systems"])
def test_the_versions_of_python_are_those_of_the_classifiers(job: str) -> None:
    assert JOBS[job]["strategy"]["matrix"]["python"] == supported()


def test_the_free_threaded_builds_are_those_of_versions_of_the_classifiers() -> None:
    builds = JOBS["free-threaded"]["strategy"]["matrix"]["python"]
    assert builds == [f"{version}t" for version in supported() if version not in ("3.11", "3.12")]
    assert any("Free Threading" in classifier for classifier in project()["classifiers"])


def test_versions_are_texts_for_a_number_loses_its_last_zero() -> None:
    for _, _, step in steps("uses"):
        for key, value in step.get("with", {}).items():
            assert not key.endswith("-version") or isinstance(value, str), step
    for job in JOBS.values():
        assert all(
            isinstance(version, str)
            for version in job.get("strategy", {}).get("matrix", {}).get("python", [])
        )


def test_linux_macos_and_windows_each_run_the_tests_and_the_wheel() -> None:
    systems = ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert JOBS["linux"]["runs-on"] == "ubuntu-latest"
    assert JOBS["other-systems"]["strategy"]["matrix"]["os"] == systems[1:]
    assert JOBS["wheel"]["strategy"]["matrix"]["os"] == systems
    assert WORKFLOW["defaults"]["run"]["shell"] == "bash"  # whose words the commands are


def test_windows_uses_the_wheel_with_the_encoding_that_it_has() -> None:
    assert "PYTHONUTF8" not in f"{WORKFLOW.get('env')} {JOBS['wheel']}"
    assert JOBS["other-systems"]["env"] == {"PYTHONUTF8": "1"}


def test_linux_runs_the_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^(python3 .*pytest.*)$", readme, re.MULTILINE)
    assert [text for name, text, _ in steps("run") if name == "linux"] == [command]


def test_what_runs_on_windows_has_no_path_of_a_posix_environment() -> None:
    for job in ("other-systems", "wheel"):
        assert not re.search(r"\.venv/|python3\b|/bin/|sudo|apt-get", str(JOBS[job])), job


def test_the_checks_are_those_that_contributing_asks_for() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^(ruff check .*)$", contributing, re.MULTILINE)
    checks = commands("checks")
    assert [shlex.split(part) for part in line.split("&&") if shlex.split(part) not in checks] == []
    for platform in ("win32", "darwin"):
        assert ["mypy", "--strict", "--platform", platform, "graphlang"] in checks


def test_every_module_and_command_comes_from_the_repository_or_from_an_extra() -> None:
    dev = {Requirement(line).name for line in project()["optional-dependencies"]["dev"]}
    dev |= {"mkdocs"} if "mkdocs-material" in dev else set()
    for words in commands():
        program, *rest = words
        if Path(program).name in ("python", "python3"):
            assert rest[0] == "-m", words
            module = rest[1]
            ours = (ROOT / module.replace(".", "/") / "__main__.py").exists()
            assert ours or module in OF_THE_RUNNER or module in dev, words
        else:
            name = Path(program).name
            assert name in (*COMMANDS_OF_DEV, "graphlang", "npm", "pip"), words
            assert name not in COMMANDS_OF_DEV or name in dev, words


def test_every_extra_is_one_of_the_project() -> None:
    extras = [extra for words in commands() for word in words for extra in re.findall(r"^\.\[(.*)\]$", word)]
    assert extras
    assert {name for extra in extras for name in extra.split(",")} <= set(project()["optional-dependencies"])


def test_every_path_is_in_the_repository() -> None:
    for _, _, step in steps("run"):
        folder = step.get("working-directory", ".")
        assert folder == "${{ runner.temp }}" or (ROOT / folder).is_dir(), step
    for _, _, step in steps("uses"):
        path = step.get("with", {}).get("cache-dependency-path", "pyproject.toml")
        assert (ROOT / path).is_file(), step
    paths = [word for words in commands() for word in words if word.startswith("tests") and "." not in word]
    assert "tests/editors" in paths
    assert [path for path in paths if not (ROOT / path).is_dir()] == []
    assert (
        ROOT / "editors" / "vscode" / "package-lock.json"
    ).is_file()  # without which `npm ci` does nothing


def test_the_options_of_our_own_tools_are_there() -> None:
    text = (ROOT / "tests" / "versions" / "__main__.py").read_text(encoding="utf-8")
    ours = [words for words in commands() if "tests.versions" in words]
    assert len(ours) == 2
    for words in ours:
        own = words[: words.index("--")] if "--" in words else words
        options = [word for word in own if word.startswith("--")]
        assert options, words
        assert [option for option in options if f'"{option}"' not in text] == []


def test_the_lines_that_use_the_wheel_do_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [words for words in commands("wheel") if words[0] == "graphlang"]
    assert len(lines) > 4
    for words in lines:
        try:
            status = cli.main(words[1:])
        except SystemExit as end:  # `--version`
            status = int(end.code or 0)
        assert status == 0, (words, capsys.readouterr().err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["apple.html", "first"]
