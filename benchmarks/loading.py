"""From text to a graph: cold start, a file of 50,000 statements, and the cost per node as graphs grow."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from benchmarks import subject, subject_command
from benchmarks.harness import ROOT
from benchmarks.work import Command, Measured, Skip, Work

STATEMENTS = 50_000


# ---- cold start ---------------------------------------------------------------------------------------


def cold_run() -> Command:
    return subject_command.graphlang("run", str(ROOT / "specs" / "apple_orange.graph"))


def cold_imports() -> Command:
    return Command((sys.executable, "-c", "import numpy, pydantic, lark, networkx"))


# ---- 50,000 statements --------------------------------------------------------------------------------


def statements(count: int) -> str:
    lines = [f"v{i} = v{i - 1} * w + x" for i in range(1, count)]
    return "\n".join(["input x = 1.5, w = 0.5", "v0 = x", *lines, f"output v{count - 1}"]) + "\n"


def load_graphlang() -> Callable[[], Any]:
    text = statements(STATEMENTS)
    subject.load(statements(100), "float64")

    def step() -> None:
        subject.load(text, "float64")

    return step


def parse_graphlang() -> Callable[[], Any]:
    from graphlang.syntax import parse

    text = statements(STATEMENTS)
    parse(statements(100))

    def step() -> None:
        parse(text)

    return step


def parse_lark() -> Callable[[], Any]:
    """Lark on the same grammar, with its own lexer, building its own trees; no callbacks."""
    from lark import Lark

    from graphlang.syntax.parse_table import GRAMMAR

    bare = Lark(GRAMMAR.read_text("utf-8"), parser="lalr", lexer="contextual")
    text = statements(STATEMENTS)
    bare.parse(statements(100))

    def step() -> None:
        bare.parse(text)

    return step


# ---- growing graphs -----------------------------------------------------------------------------------


def layered(nodes: int) -> str:
    """Vectors of 8 through `tanh(v * 0.9 + x)`, three nodes a line."""
    count = max(1, nodes // 3)
    lines = [f"v{i} = tanh(v{i - 1} * 0.9 + x)" for i in range(1, count + 1)]
    return "\n".join(["input x: float[8]", "v0 = x", *lines, f"y = sum(v{count})", "output y"]) + "\n"


def stages(nodes: int) -> Callable[[], Any]:
    """Seconds per node, from the text to the gradients."""
    text, x = layered(nodes), np.linspace(-1, 1, 8)
    _stages(layered(100), x)

    def step() -> Measured:
        # Else the garbage of the round before would be collected during this one.
        gc.collect()
        spent = _stages(text, x)
        per_node = {name: seconds / nodes for name, seconds in spent.items()}
        return Measured(sum(per_node.values()), per_node)

    return step


def _stages(text: str, x: Any) -> dict[str, float]:
    from graphlang import Graph, Limits
    from graphlang.catalog.finder import Catalog
    from graphlang.resolve import resolve
    from graphlang.spec.network import build
    from graphlang.syntax import parse

    spent: dict[str, float] = {}

    def timed(stage: str, call: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = call()
        spent[stage] = time.perf_counter() - started
        return result

    catalog, limits = Catalog(), Limits.trusted()
    tree = timed("parse", lambda: parse(text, limits=limits))
    spec = timed("resolve", lambda: resolve(tree, catalog, limits=limits).spec)
    timed("order", lambda: build(spec, catalog, limits))
    graph = Graph(spec, catalog, dtype="float64", limits=limits)
    with suppress(Skip):
        run = subject.compiled(graph, wrt=["x"])
        timed("record and plan", lambda: run(x=x))
        timed("run", lambda: run(x=x))
        # The first call not only plans, it also runs.
        spent["record and plan"] -= min(spent["run"], spent["record and plan"])
    timed("g.run", lambda: graph.run(x=x).grad["x"])
    return spent


SIZES = (100_000, 10_000, 1_000, 100)

WORKS = [
    Work(
        "cold_start",
        "Cold start: `graphlang run specs/apple_orange.graph`, whole process",
        {"graphlang": cold_run, "importing what it needs": cold_imports},
        {"importing what it needs": 1.35},
        rounds=20,
        processes=True,
        parallel=False,
        note="what it needs: numpy, pydantic, lark, networkx",
    ),
    Work(
        "load",
        "Loading 50,000 statements",
        {"graphlang": load_graphlang, "lark alone": parse_lark, "graphlang's parser": parse_graphlang},
        {"lark alone": 3.0},
        limit=45,
        long=True,
        warm_up=False,
        parallel=False,
        same_value=False,
    ),
    Work(
        "growth",
        "Cost per node from text to gradients, as the graph grows",
        {f"{size:,} nodes": partial(stages, size) for size in SIZES},
        {"1,000 nodes": 2.0},
        limit=45,
        long=True,
        warm_up=False,
        parallel=False,
        same_value=False,
        note="times are per node; the ratio is that of 100,000 nodes to the smaller graph",
    ),
]
