"""Runs recorded values as a planned program, as training does, with every fusable step fused in small
blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from unittest.mock import patch

import numpy as np
from helpers import every_division_pays

from graphlang.engine import fusion
from graphlang.engine.executable import Executable
from graphlang.engine.passes import optimised
from graphlang.engine.plan import plan
from graphlang.engine.program import Program


def planned(values: Sequence[Any], feeds: Mapping[Any, Any]) -> list[Any]:
    """The symbolic values at the numbers of `feeds`."""
    inputs = {f"input {i}": symbol for i, symbol in enumerate(feeds)}
    given = {label: np.array(feeds[symbol]) for label, symbol in inputs.items()}
    program = Program(inputs, {f"output {i}": v for i, v in enumerate(values)}, {})
    with patch.object(fusion, "FUSE_FROM", 2), every_division_pays():
        executable = Executable(plan(optimised(program)), given, threads=2)
        executable.run()
    return [np.array(executable.output(f"output {i}")) for i in range(len(values))]
