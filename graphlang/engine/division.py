"""Who divides the work of a program: the program itself over its own threads, or BLAS its products alone.

After a product, the threads of BLAS wait for the next on their cores, without sleeping, so the two do not go
together: a program that divides work itself holds BLAS to one thread and cuts its large products too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from graphlang.engine.calibration import use_prices_of_this_machine
from graphlang.engine.divided_products import product_parts
from graphlang.engine.fusion import FusionGroup
from graphlang.engine.step_work import step_work
from graphlang.kernels.thread_cost import PAYS, Prices, Work, prices, seconds, seconds_on, threads_that_pay
from graphlang.trace import Step

_SHORT = 2e-5
"""Seconds up to which nothing of a program can pay on several threads, on any machine."""
_BLAS_ALONE = 2**19
"""Operations up to which OpenBLAS leaves a product to one thread, and gives every thread when it divides."""
_BLAS_HANDOVER = 1.5e-6
"""Seconds for every further thread of BLAS that takes part in a product: it has waited without sleeping."""
_BUSY = 4e-5
"""Seconds that handing over a job takes where the machine is busy with something else; then the waiting
threads of BLAS are not on a core either, and what a job takes longer a product takes longer too."""
_LIMITED_FROM = 1e-3
"""Seconds from which on a program may limit BLAS, which takes some 25 microseconds in every run."""
_BLAS_DIVIDES_FROM = 2**13
"""Elements of a matrix from which on BLAS may divide its product with a vector, a sum over rows included."""


class Division(NamedTuple):
    """The number of the program's own threads, and that of BLAS, of which one at least is 1."""

    own: int
    blas: int


def division(groups: Iterable[FusionGroup], threads: int) -> Division:
    """The division of a program's work that takes the shortest time, over up to some threads."""
    if threads < 2:
        return Division(1, 1)
    units = list(_repeated(groups))
    if sum(times * seconds(_work(g), Prices()) for times, g in units) < _SHORT:
        return Division(1, 1)
    use_prices_of_this_machine()
    works = [(times, _parts(g), _work(g)) for times, g in units]
    products = [(times, _work(g)) for times, g in units if _is_product(g)]
    own = sum(n * seconds_on(work, threads_that_pay(work, threads, parts), parts) for n, parts, work in works)
    alone = sum(n * seconds_on(work, 1, 1) for n, _, work in works)
    blas, saved = _blas(products, threads)
    # In doubt the program itself: threads of BLAS that wait without sleeping harm whatever else runs.
    if own < PAYS * alone and PAYS * own < alone - saved:
        return Division(threads, 1)
    return Division(1, blas if alone - saved < PAYS * alone else 1)


def unit_threads(group: FusionGroup, division: Division) -> int:
    """How many threads compute a group; those of a loop are its body's."""
    if group.loop is not None:
        return 1
    if division.own == 1 and _is_product(group):
        return max(1, min(division.blas, int(_work(group).flops // _BLAS_ALONE)))
    return threads_that_pay(_work(group), division.own, _parts(group))


def _repeated(groups: Iterable[FusionGroup]) -> Iterator[tuple[int, FusionGroup]]:
    """Every group, those in loops too, with how often it runs."""
    for group in groups:
        if group.loop is None:
            yield 1, group
        else:
            length = int(group.steps[0].params["length"])
            yield from ((length * times, inner) for times, inner in _repeated(group.loop.groups))


def _work(group: FusionGroup) -> Work:
    return group.work() if group.fused else step_work(group.steps[0])


def _parts(group: FusionGroup) -> int:
    """The parts that threads can share out."""
    step = group.steps[0]
    if group.fused:
        return len(group.parts())
    if step.primitive.kind == "matmul":
        return product_parts(step)
    return step.primitive.parts(*step.operands, **step.params)


def _is_product(group: FusionGroup) -> bool:
    return not group.fused and group.steps[0].primitive.kind == "matmul"


def _blas(products: Sequence[tuple[int, Work]], threads: int) -> tuple[int, float]:
    """The threads with which BLAS takes the shortest time for all products, each so many times, and what that
    saves."""
    alone = sum(n * seconds_on(work, 1, 1) for n, work in products)
    best, best_time = 1, alone
    for count in range(2, threads + 1):
        time = sum(n * _by_blas(work, count) for n, work in products)
        if time < best_time:
            best, best_time = count, time
    return best, alone - best_time


def _by_blas(work: Work, threads: int) -> float:
    used = min(threads, int(work.flops // _BLAS_ALONE))
    if used < 2:
        return seconds_on(work, 1, 1)
    each = max(_BLAS_HANDOVER, prices().handover - _BUSY)
    return seconds_on(work, used, used, prices()._replace(handover=each, job=each))


def uses_blas(groups: Iterable[FusionGroup]) -> bool:
    """Whether BLAS would divide something of a program that takes longer than changing its threads does."""
    units = list(_repeated(groups))
    if sum(times * seconds(_work(g), Prices()) for times, g in units) < _LIMITED_FROM:
        return False
    return any(_may_use_blas(s) for _, g in units for s in g.steps)


def _may_use_blas(step: Step) -> bool:
    if step.primitive.kind not in ("matmul", "reduction", "kernel"):
        return False
    return int(step.primitive.flops(*step.operands, **step.params)) >= _BLAS_DIVIDES_FROM
