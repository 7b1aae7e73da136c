"""A training by several processes, on one host or several: how they find each other."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import jax
from jax._src.distributed import global_state

from graphlang.backends.jax.companions import Companions, leave, own_streams
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.backends import ProcessesMissing

HEARTBEAT = 60
"""Seconds without a sign of life after which JAX ends all processes, without a word: the companions of a
process that has come to a stop say so before."""
PATIENCE = 120
"""Seconds that a process waits for the others to start."""
NOTICE = 5
"""Seconds within which the end of another process is noticed, where it is what made this one fail."""
SIGNALLED = 128
"""Statuses above this one tell of a signal."""

_companions: Companions | None = None


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
    global _companions  # noqa: PLW0603 - a process joins the others once, as it does in JAX
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
        count, number = global_state.num_processes, global_state.process_id
        if count > 1:
            own_streams()
            host = str(global_state.coordinator_address).rpartition(":")[0].strip("[]")
            _companions = Companions(global_state.client, host, number, count, patience)
    except (RuntimeError, ValueError, OSError) as error:
        raise GraphError([ProcessesMissing(None, own.coordinator, _first_line(error))]) from None


@contextmanager
def together() -> Iterator[None]:
    """Where another process has ended, this one says that, and not what it led to here."""
    try:
        yield
    except Exception as error:
        causes = (error, error.__cause__)
        if _companions is not None and any(isinstance(e, jax.errors.JaxRuntimeError) for e in causes):
            time.sleep(NOTICE)  # by then the companions have ended this process
        raise


def companions() -> Companions | None:
    """The connections to the other processes; None where there are none."""
    return _companions


def end(status: int) -> None:
    """Comes last in a program. With an error a process does not wait for the others, and they end too; where
    all have stopped after the same step, each has only its own end before it."""
    if _companions is None:
        return
    if status and not (status > SIGNALLED and _companions.stop.has_stopped):
        leave(status)
    _companions.done()


def is_first() -> bool:
    """Whether this process writes and prints: of several, the first one does."""
    return int(global_state.process_id) == 0


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
