"""What JAX raises while a device computes, as a diagnostic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import jax

from graphlang.diagnostics import GraphError
from graphlang.diagnostics.backends import DeviceFailed


@contextmanager
def device_errors(subject: str) -> Iterator[None]:
    """Turns the errors of a device, such as too little memory, into GraphError."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        reason = str(error).strip().split("\n")[0]
        raise GraphError([DeviceFailed(subject, reason)]) from error
