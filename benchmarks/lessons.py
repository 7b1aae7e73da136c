"""The training step of every lesson, for `--lessons`: with more threads it is never slower than with one."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import ROOT
from benchmarks.work import Work

TRAIN = re.compile(r"^\s*train\s*\{", re.MULTILINE)
ITERATIONS = 10**6
"""More than are ever measured, for schedules that run over the whole training."""


def step(name: str) -> Callable[[], Any]:
    """A step of a lesson with its own settings, on random numbers of the shapes of its data."""
    import graphlang as gl
    from benchmarks import subject
    from graphlang.inputs.stand_ins import fill_with_random

    graph = gl.load(ROOT / "specs" / f"{name}.graph", threads=subject.threads())
    section = graph.spec.train
    assert section is not None, name
    inputs = fill_with_random(graph.network, {}, np.random.default_rng(0), section.batch or 100)
    take_step = graph.compile(train=True, iterations=ITERATIONS)
    return lambda: take_step(**inputs)


def works() -> list[Work]:
    files = sorted((ROOT / "specs").glob("*.graph"))
    names = [file.stem for file in files if TRAIN.search(file.read_text("utf-8"))]
    return [
        Work(f"lesson_{name}", f"A step of the lesson {name}", {"graphlang": partial(step, name)})
        for name in names
    ]


WORKS = works()
