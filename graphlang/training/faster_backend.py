"""Whether the other backend would probably train faster on this machine, from the size of a step alone."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from graphlang.diagnostics.extras import DISTRIBUTION
from graphlang.engine.workers import usable_threads

ON_GPU, ON_CORES = 1e8, 3e8
"""Arithmetic operations of a step from which on a GPU, or XLA on several cores, is probably faster."""
CORES = 8
"""Cores from which on XLA is probably faster: NumPy divides less of a step among them."""
WORTH = 3e12
"""Operations of a whole training below which starting JAX and compiling would take as long: half a minute."""


class Machine(NamedTuple):
    """What there is to compute with besides NumPy."""

    cores: int
    has_jax: bool
    has_gpu: bool
    #: whether the JAX that is installed computes on it
    jax_has_gpu: bool


def this_machine(threads: int | None) -> Machine:
    """What is here, by looking at files: importing JAX would take a second."""
    has_jax = find_spec("jax") is not None
    gpu = any(Path(f"/dev/{name}").exists() for name in ("nvidia0", "nvidiactl"))
    plugin = any(find_spec(f"jax_cuda{version}_plugin") is not None for version in (12, 13))
    return Machine(usable_threads(threads)[0], has_jax, gpu, has_jax and gpu and plugin)


def faster_backend(flops: float, steps: int, machine: Machine) -> str | None:
    """A sentence on what would probably be faster for so many steps of so many operations; None where it is
    NumPy, or where it makes no difference."""
    if flops * steps < WORTH:
        return None
    if machine.jax_has_gpu and flops >= ON_GPU:
        return "`--backend jax` would probably be faster here: it computes on the GPU"
    if machine.has_gpu and flops >= ON_GPU:
        missing = "" if machine.has_jax else f'"{DISTRIBUTION}[jax]" '
        install = f'`pip install {missing}"jax[cuda13]"`'
        return f"`--backend jax` would probably be faster here, on the GPU: it needs {install}"
    if machine.has_jax and machine.cores >= CORES and flops >= ON_CORES:
        return f"`--backend jax` would probably be faster here: it uses all {machine.cores} cores better"
    return None
