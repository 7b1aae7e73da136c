"""A training by several processes, on one host or several: how they find each other."""

from __future__ import annotations

import socket
import time
from typing import NamedTuple

import jax

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.backends import ProcessesMissing

HEARTBEAT = 10
"""Seconds without a sign of life after which a process counts as dead, and the others end."""
PATIENCE = 120
"""Seconds that a process waits for the others to start."""


class Processes(NamedTuple):
    """Which of how many processes this one is; `coordinator` is HOST:PORT of the first, or `auto` where
    SLURM, Kubernetes or another cluster tells all of it."""

    coordinator: str
    process: int | None = None
    processes: int | None = None


def join(own: Processes, patience: float = PATIENCE) -> None:
    """Waits until all processes are there; raises GraphError where they are not in time.

    It has to come before JAX is asked for a device.
    """
    if jax.distributed.is_initialized():
        return
    address = None if own.coordinator == "auto" else own.coordinator
    if address is not None and own.process:
        _wait_for(address, patience)
    try:
        jax.distributed.initialize(
            address,
            own.processes,
            own.process,
            initialization_timeout=int(patience),
            heartbeat_timeout_seconds=HEARTBEAT,
        )
    except (RuntimeError, ValueError) as error:
        raise GraphError([ProcessesMissing(None, own.coordinator, _first_line(error))]) from None


def is_first() -> bool:
    """Whether this process writes and prints: of several, the first one does."""
    return jax.process_index() == 0


def _wait_for(address: str, patience: float) -> None:
    """Waits for the first process. JAX itself would end the program where it cannot be reached."""
    host, _, port = address.rpartition(":")
    end = time.monotonic() + patience
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=2).close()
        except OSError as error:
            if time.monotonic() > end:
                raise GraphError([ProcessesMissing(None, address, str(error))]) from None
            time.sleep(0.2)
        else:
            return


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
