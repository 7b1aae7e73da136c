"""On JAX too, a run that goes on has the bits of one that was not stopped, with every optimizer and setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backends.test_training_on_jax import JAX
from tests.training.resumable_runs import Case, parameters, resumed, write_rows


@pytest.mark.parametrize("case", parameters(("objectives",)))
def test_a_run_on_jax_that_was_stopped_ends_with_the_same_bits(case: Case, tmp_path: Path) -> None:
    write_rows(tmp_path)
    resumed(case, tmp_path, JAX, stops=(4,))
