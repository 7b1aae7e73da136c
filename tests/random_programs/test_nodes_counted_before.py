"""Nodes that are counted before a random program is unrolled are no more than it makes."""

from __future__ import annotations

import random

import pytest
from random_program import random_program

from tests.resolve.created_nodes import least_and_created


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_no_program_is_counted_to_have_more_nodes_than_it_makes(start: int) -> None:
    for seed in range(start, start + 20):
        least, created = least_and_created(random_program(random.Random(seed)).text)
        assert least <= created, seed
