"""Every optimizer, schedule and setting is part of exact resume: a run that goes on has the bits of one that was
not stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.resumable_runs import Case, check_coverage, parameters, resumed, write_rows


def test_every_setting_of_the_section_is_tried() -> None:
    check_coverage()


@pytest.mark.parametrize("case", parameters())
def test_a_run_that_was_stopped_ends_with_the_same_bits(case: Case, tmp_path: Path) -> None:
    write_rows(tmp_path)
    resumed(case, tmp_path, "numpy")
