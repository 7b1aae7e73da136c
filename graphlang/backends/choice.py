"""Which backend runs a graph: "numpy", "jax", "auto", or `gl.Jax(...)`."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphlang.contracts.no_rule import NoRule
from graphlang.diagnostics import Diagnostic, GraphError
from graphlang.engine.model import without_rule
from graphlang.spec.network import Network

if TYPE_CHECKING:
    from graphlang.backends.options import Jax
    from graphlang.contracts.backend import Backend

# A graph that NumPy computes is loaded without what only other backends need.


class Choice(NamedTuple):
    """A backend, None for NumPy, and for "auto" a note that says which it is and why."""

    backend: Backend | None
    notes: tuple[Diagnostic, ...] = ()


def choice(backend: Any, network: Network, dtype: np.dtype[Any]) -> Choice:
    """The backend that the option means for a graph; raises GraphError where that cannot run here."""
    if backend is None or backend == "numpy":
        return Choice(None)
    made = _chosen(backend, network)
    if made.backend is not None:
        from graphlang.engine.symbolic_steps import symbolic_steps

        try:
            made.backend.check(symbolic_steps(network, dtype))
        except NoRule as missing:
            raise without_rule(network, missing) from missing
    return made


def _chosen(backend: Any, network: Network) -> Choice:
    from graphlang.backends.options import Jax

    file = network.spec.sources[0].name if network.spec.sources else None
    if backend == "auto":
        return _automatic(network, file)
    if backend == "jax":
        backend = Jax()
    if not isinstance(backend, Jax):
        error = ValueError if isinstance(backend, str) else TypeError
        raise error(f'backend is "numpy", "jax", "auto" or gl.Jax(...), not {backend!r}')
    return Choice(_on_jax(backend, file))


def _on_jax(options: Jax, file: str | None) -> Backend:
    if find_spec("jax") is None:
        from graphlang.diagnostics.backends import JaxMissing

        raise GraphError([JaxMissing(file)])
    from graphlang.backends.jax.backend import JaxBackend

    return JaxBackend(options, file)


def _automatic(network: Network, file: str | None) -> Choice:
    """JAX where it finds a GPU or TPU for a graph of arrays, else NumPy."""
    from graphlang.backends.options import Jax
    from graphlang.diagnostics.backends import AcceleratorTaken, BackendTaken

    if find_spec("jax") is None:
        return Choice(None, (BackendTaken.without_jax(file),))
    if not network.params and all(spec.shape == () for spec in network.inputs.values()):
        return Choice(None, (BackendTaken.single_numbers(file),))
    backend = _on_jax(Jax(), file)
    if backend.platform == "cpu":
        return Choice(None, (BackendTaken.cpu_alone(file),))
    return Choice(backend, (AcceleratorTaken(file, backend.device_name),))
