"""The prices of the machine: measured once, kept in a cache folder, and never a disturbance."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graphlang.engine import calibration
from graphlang.engine.calibration import CREDIBLE, MEASURED, describe_machine, known_prices, measured_prices
from graphlang.kernels.thread_cost import Prices

DEAR = Prices(handover=9e-5)


@pytest.fixture
def measurements(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry for each measurement, all of which give the same prices."""
    made: list[None] = []

    def measured() -> Prices:
        made.append(None)
        return DEAR

    monkeypatch.setattr(calibration, "measured_prices", measured)
    return made


def cache_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_measured_prices_are_positive_and_within_what_is_credible() -> None:
    measured, usual = measured_prices()._asdict(), Prices()._asdict()
    for name in MEASURED:
        assert usual[name] / CREDIBLE <= measured[name] <= usual[name] * CREDIBLE


def test_the_prices_of_a_machine_are_measured_once(tmp_path: Path, measurements: list[None]) -> None:
    folder = tmp_path / "cache" / "graphlang"
    assert known_prices(folder) == DEAR
    assert known_prices(folder) == DEAR
    assert len(measurements) == 1
    assert [f.name[:8] for f in folder.iterdir()] == ["threads-"]


def test_another_machine_is_measured_anew_and_has_a_file_of_its_own(
    tmp_path: Path, measurements: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    known_prices(tmp_path)
    other = {**describe_machine(), "processor": "another"}
    monkeypatch.setattr(calibration, "describe_machine", lambda: other)
    known_prices(tmp_path)
    assert len(measurements) == len(list(tmp_path.iterdir())) == 2


def test_what_was_measured_on_a_busy_machine_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = Prices(handover=Prices().handover * CREDIBLE)
    monkeypatch.setattr(calibration, "measured_prices", lambda: busy)
    assert known_prices(tmp_path) == busy
    assert list(tmp_path.iterdir()) == []


BROKEN = {
    "nothing": "",
    "half a file": '{"machine": {"vers',
    "no object": "[1, 2]",
    "numbers alone": "3",
    "deep": "[" * 3000,
    "too long": " " * 10_000,
    "bytes that are no text": "\udcff",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_measured_anew_and_mended(
    text: str, tmp_path: Path, measurements: list[None]
) -> None:
    known_prices(tmp_path)
    cache_file(tmp_path).write_bytes(text.encode(errors="surrogateescape"))
    assert known_prices(tmp_path) == DEAR
    assert known_prices(tmp_path) == DEAR
    assert len(measurements) == 2


FOREIGN: dict[str, Any] = {
    "not a number": {"handover": "soon"},
    "nan": {"handover": math.nan},
    "infinite": {"handover": math.inf},
    "negative": {"handover": -1e-5},
    "incredible": {"handover": 1e3},
    "null": {"handover": None},
}


@pytest.mark.parametrize("change", FOREIGN.values(), ids=FOREIGN)
def test_a_file_with_other_prices_than_were_measured_does_not_count(
    change: dict[str, Any], tmp_path: Path, measurements: list[None]
) -> None:
    known_prices(tmp_path)
    file = cache_file(tmp_path)
    data = json.loads(file.read_text(encoding="utf-8"))
    data["prices"] |= change
    file.write_text(json.dumps(data), encoding="utf-8")
    assert known_prices(tmp_path) == DEAR
    assert len(measurements) == 2


def test_a_file_of_another_machine_under_this_one_s_name_does_not_count(
    tmp_path: Path, measurements: list[None]
) -> None:
    known_prices(tmp_path)
    file = cache_file(tmp_path)
    data = json.loads(file.read_text(encoding="utf-8"))
    data["machine"]["cores"] += 1
    file.write_text(json.dumps(data), encoding="utf-8")
    known_prices(tmp_path)
    assert len(measurements) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
def test_a_fifo_in_place_of_the_file_is_not_opened(tmp_path: Path, measurements: list[None]) -> None:
    known_prices(tmp_path)
    file = cache_file(tmp_path)
    file.unlink()
    os.mkfifo(file)
    assert known_prices(tmp_path) == DEAR


def test_where_no_folder_can_be_written_the_prices_are_measured_and_nothing_is_said(
    tmp_path: Path, measurements: list[None]
) -> None:
    file = tmp_path / "a file"
    file.touch()
    for folder in (file / "graphlang", None):
        assert known_prices(folder) == DEAR
    assert len(measurements) == 2
    assert file.read_bytes() == b""


def test_a_full_disk_leaves_no_file_behind(
    tmp_path: Path, measurements: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert known_prices(tmp_path) == DEAR
    assert list(tmp_path.iterdir()) == []


LARGE = "import graphlang as gl, numpy as np; gl.loads('input x: float[N]\\ny = exp(x)').compile(threads=2)(x=np.ones(4**10))"


@pytest.mark.parametrize(("switch", "files"), [("off", [0]), ("", [0, 1])])
def test_the_environment_can_switch_the_measurement_and_its_file_off(
    switch: str, files: list[int], tmp_path: Path
) -> None:
    environ = {**os.environ, "GRAPHLANG_CALIBRATION": switch}
    environ |= dict.fromkeys(("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"), str(tmp_path))
    subprocess.run([sys.executable, "-c", LARGE], env=environ, check=True, timeout=120)
    assert len(list(tmp_path.rglob("threads-*.json"))) in files


def test_a_program_too_small_to_divide_measures_nothing(tmp_path: Path) -> None:
    environ = {**os.environ, "GRAPHLANG_CALIBRATION": ""}
    environ |= dict.fromkeys(("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"), str(tmp_path))
    small = LARGE.replace("4**10", "4")
    subprocess.run([sys.executable, "-c", small], env=environ, check=True, timeout=120)
    assert list(tmp_path.rglob("threads-*.json")) == []
