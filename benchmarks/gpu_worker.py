"""The process of one row of `benchmarks.gpu`: one network, one precision, one contender.

It prints one line of JSON: what was measured, or the reason why nothing was. `probe` prints what there is to
compute with.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from benchmarks.gpu_networks import BATCHES, GpuNetwork, find_network, flops_of, source_of
from benchmarks.work import Skip, Step
from benchmarks.worker import peak_mib

GROUPS = 7
"""The time of a step is the median over so many groups of steps; the device is waited for after each."""
FIRST = 3
"""So many first losses are compared: the third depends on two updates, and so on all gradients."""
SEVERAL = 20
GRAPHLANG, GRAPHLANG_SEVERAL = "graphlang", f"graphlang, {SEVERAL} steps a call"
EAGER, COMPILED = "pytorch", "torch.compile"
CONTENDERS = (GRAPHLANG, GRAPHLANG_SEVERAL, EAGER, COMPILED)


class OnJax:
    """The training of a network by graphlang on JAX, as `graphlang train` takes its steps."""

    def __init__(self, network: GpuNetwork, precision: str, device: str, per_call: int) -> None:
        import graphlang as gl

        options: dict[str, Any] = {"device": "gpu" if device == "cuda" else "cpu", "precision": precision}
        self.graph = network.graph(backend=gl.Jax(steps_per_call=per_call, cache=False, **options))
        self.source = source_of(self.graph, network.data())
        self.batch, self.per_call, self._taken = network.batch, per_call, 0
        self._steps = self._training()

    def _training(self) -> Any:
        from graphlang.training.state import TrainingState
        from graphlang.training.step import steps_of

        section = self.graph.spec.train
        state = TrainingState(self.graph.model, section, section.iterations)
        return steps_of(state, self.source, self.batch)

    def step(self) -> None:
        """Starts a step on the next batch."""
        import numpy as np

        first = self._taken % BATCHES * self.batch
        self._taken += 1
        self._steps.take(np.arange(first, first + self.batch))

    def losses(self) -> list[float]:
        """Waits for all steps; their losses since the last call."""
        self._steps.finish()
        losses = [loss for (loss,) in self._steps.known]  # of the one objective
        self._steps.known.clear()
        return losses

    def is_default(self) -> bool:
        """Whether `graphlang train` would take as many steps in a call."""
        from graphlang.backends.jax.several_steps import steps_per_call

        placement = self.graph.model.backend.placement(self._steps._training)
        program = self._steps._program(self.batch).program
        return min(steps_per_call(program, placement), BATCHES) == self.per_call

    def peak_memory(self) -> int | None:
        stats = self.graph.model.backend.device.memory_stats()
        return int(stats["peak_bytes_in_use"]) if stats else None


def on_jax(network: GpuNetwork, precision: str, device: str, per_call: int, seconds: float) -> dict[str, Any]:
    started = time.perf_counter()
    own = OnJax(network, precision, device, per_call)
    for _ in range(max(FIRST, per_call)):
        own.step()
    losses = own.losses()[:FIRST]
    ready = time.perf_counter() - started
    times = timed(Step(own.step, own.losses), seconds, per_call)
    about = {"default": own.is_default(), "flops": flops_of(own.graph, own.source, own.batch)}
    return {"losses": losses, "ready_s": ready, "peak": own.peak_memory(), **times, **about}


def in_torch(
    network: GpuNetwork, precision: str, device: str, seconds: float, *, compiled: bool
) -> dict[str, Any]:
    from benchmarks import gpu_torch

    started = time.perf_counter()
    step = gpu_torch.torch_step(network, precision, device, compiled=compiled)
    losses = [float(step()) for _ in range(FIRST)]
    ready = time.perf_counter() - started
    times = timed(step, seconds)
    peak = gpu_torch.peak_memory(device)
    graph = network.graph()
    flops = flops_of(graph, source_of(graph, network.data()), network.batch)
    return {"losses": losses, "ready_s": ready, "peak": peak, **times, "flops": flops}


def timed(step: Step, seconds: float, multiple: int = 1) -> dict[str, Any]:
    """Seconds of a step: the median over groups of some steps, and the least."""
    run = group_of(step)
    run(multiple)  # warm-up
    run(multiple)
    count = max(1, round(seconds / GROUPS / max(run(multiple), 1e-6))) * multiple
    times = [run(count) / count for _ in range(GROUPS)]
    return {"seconds": statistics.median(times), "least": min(times), "steps": count * GROUPS}


def group_of(step: Step) -> Callable[[int], float]:
    """Takes so many steps and waits for them; the seconds."""

    def run(count: int) -> float:
        started = time.perf_counter()
        for _ in range(count):
            step()
        step.finish()
        return time.perf_counter() - started

    return run


def row(name: str, precision: str, contender: str, device: str, size: str, seconds: str) -> dict[str, Any]:
    network, limit = find_network(name, tiny=size == "tiny"), float(seconds)
    try:
        if contender in (GRAPHLANG, GRAPHLANG_SEVERAL):
            per_call = 1 if contender == GRAPHLANG else SEVERAL
            result = on_jax(network, precision, device, per_call, limit)
        else:
            result = in_torch(network, precision, device, limit, compiled=contender == COMPILED)
    except Skip as reason:
        return {"skipped": str(reason)}
    except ImportError as error:
        return {"skipped": f"{(error.name or str(error)).partition('.')[0]} is not installed"}
    return {**result, "host_peak_mib": peak_mib()}


def probe() -> dict[str, Any]:
    """What there is: versions, and the name of the card as each library sees it."""
    found: dict[str, Any] = {"jax": None, "torch": None, "jax_card": None, "torch_card": None}
    try:
        import jax
    except ImportError:
        pass
    else:
        found["jax"] = jax.__version__
        with suppress(RuntimeError):
            found["jax_card"] = str(jax.devices("gpu")[0].device_kind)
    try:
        import torch
    except ImportError:
        pass
    else:
        found["torch"] = torch.__version__
        found["torch_card"] = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return found


def main(words: list[str]) -> None:
    answer = probe() if words == ["probe"] else row(*words)
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
