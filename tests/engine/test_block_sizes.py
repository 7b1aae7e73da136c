"""Blocks of fused groups are cut by the second-level cache; NumPy's own blocks end with the run."""

from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.engine.cache_size import second_level_bytes
from graphlang.engine.fusion import block_bytes


def folder_of(path: Path, *caches: tuple[str, str, str]) -> Path:
    for number, texts in enumerate(caches):
        folder = path / f"index{number}"
        folder.mkdir(parents=True)
        for name, text in zip(("level", "type", "size"), texts, strict=True):
            (folder / name).write_text(f"{text}\n")
    return path


def test_the_second_level_is_found_among_the_caches(tmp_path: Path) -> None:
    caches = folder_of(
        tmp_path,
        ("1", "Data", "48K"),
        ("1", "Instruction", "32K"),
        ("2", "Unified", "2048K"),
        ("3", "Unified", "300M"),
    )
    assert second_level_bytes(caches) == 2**21


@pytest.mark.parametrize("size", ["", "big", "2048", "K", "2048X"])
def test_a_size_that_cannot_be_read_is_none_or_a_number(tmp_path: Path, size: str) -> None:
    assert second_level_bytes(folder_of(tmp_path, ("2", "Unified", size))) is None


def test_a_machine_that_does_not_tell_has_no_known_size(tmp_path: Path) -> None:
    assert second_level_bytes(tmp_path / "nothing") is None


def test_eight_operands_fit_into_a_large_cache_and_a_block_is_never_tiny() -> None:
    assert block_bytes(None) == block_bytes(2**19) == block_bytes(2**20) == 2**19
    assert block_bytes(2**21) == 2**18
    assert block_bytes(2**22) == block_bytes(2**24) == 2**19


def test_a_run_leaves_the_settings_of_numpy_as_they_were() -> None:
    before = np.getbufsize(), np.geterr()
    run = gl.loads("input x: float[N, 3]\ny = mean(log(x) * x)\noutput y").compile(wrt=["x"])
    run(x=np.zeros((4, 3)))
    assert (np.getbufsize(), np.geterr()) == before
