"""Rules of linear algebra, which gives inf or nan for a singular matrix; `troubles.py` looks for that."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp


def solve(a: Any, b: Any) -> Any:
    lead = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (jnp.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (a, b))
    return jnp.linalg.solve(a, b)


def cholesky(x: Any) -> Any:
    return jnp.linalg.cholesky((x + jnp.swapaxes(x, -1, -2)) / 2)


def cofactors(x: Any) -> Any:
    u, s, v = jnp.linalg.svd(x)
    others = jnp.prod(jnp.where(jnp.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]), axis=-1)
    sign = jnp.rint(jnp.linalg.det(u) * jnp.linalg.det(v))
    return (sign[..., None, None] * u * others[..., None, :]) @ v
