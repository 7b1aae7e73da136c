"""The book's full run, 10,000 iterations on all of MNIST, as whole processes: wall time and memory."""

from __future__ import annotations

import sys
from functools import partial

from benchmarks import subject_command
from benchmarks.harness import ROOT
from benchmarks.mnist import folder
from benchmarks.work import Command, Work

ITERATIONS = 10_000
OPTIMIZER = "SGD(lr=0.1)"  # the book's; the lesson has other settings, for fewer images


def graphlang() -> Command:
    spec = str(ROOT / "specs" / "two_layer_net.graph")
    settings = (f"train.iterations={ITERATIONS}", f"train.optimizer={OPTIMIZER}")
    changes = [part for setting in settings for part in ("--set", setting)]
    return subject_command.graphlang("train", spec, "--data", str(folder()), "--seed", "0", *changes)


def loop(who: str) -> Command:
    arguments = (who, str(folder()), str(ITERATIONS))
    return Command((sys.executable, "-m", "benchmarks.mnist_loop", *arguments))


WORKS = [
    Work(
        "mnist",
        "The book's full run: MNIST, 10,000 iterations, accuracies each epoch, whole process",
        {
            "graphlang": graphlang,
            "the book, float32": partial(loop, "float32"),
            "the book, float64": partial(loop, "float64"),
            "pytorch": partial(loop, "pytorch"),
        },
        {"the book, float32": 0.15, "pytorch": 0.5, "the book, float64": 1.0},
        processes=True,
        memory_targets={"pytorch": 0.5},
        limit=100,
        long=True,
    ),
]
