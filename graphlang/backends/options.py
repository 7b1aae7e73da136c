"""The options of the backend on JAX, for Python: `gl.load(file, backend=gl.Jax(device="gpu"))`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from graphlang.spec.sharding import mesh_of, pattern_of

Device = Literal["cpu", "gpu", "tpu"]
DEVICES: tuple[Device, ...] = get_args(Device)


@dataclass(frozen=True)
class Jax:
    """How a graph runs on JAX. `backend="jax"` is `backend=gl.Jax()`."""

    #: where to compute; by default on the GPU or TPU that JAX finds, else on the CPU
    device: Device | None = None
    #: where compiled programs are kept from process to process: True is a folder in the user's cache folder
    cache: bool | str | os.PathLike[str] = True
    #: called with a sentence such as "compiling for 100 × 784" before a program is compiled
    on_compile: Callable[[str], Any] | None = field(default=None, compare=False)
    #: how many steps of a training one call takes; by default several where a step is short
    steps_per_call: int | None = None
    #: how products of a training step are rounded; by default as `train.precision` says
    precision: Literal["float32", "tf32", "bfloat16"] | None = None
    #: how many devices share the rows of each batch; by default one
    devices: int | None = None
    #: the devices as a mesh with named axes, `{"data": 4, "model": 2}`; by default as `train.mesh` says
    mesh: Mapping[str, int] | None = None
    #: parameters that are divided over an axis of the mesh, `["*.W: model"]`; by default as `train.shard`
    shard: Sequence[str] | None = None
    #: whether forward values are computed again for the gradients, within nodes (True) or within each copy
    #: of a `repeat` and use of a `def` ("block"); by default as `train.remat` says
    remat: bool | Literal["block"] | None = None
    #: where the random numbers of a training come from: drawn on the device, or the ones that NumPy draws
    draws: Literal["device", "numpy"] = "device"

    def __post_init__(self) -> None:
        if self.device is not None and self.device not in DEVICES:
            raise ValueError(f'device is "cpu", "gpu" or "tpu", not {self.device!r}')
        if not isinstance(self.cache, bool | str | os.PathLike):
            raise TypeError(f"cache is True, False or the path of a folder, not {self.cache!r}")
        count = self.steps_per_call
        if count is not None and (type(count) is not int or count < 1):
            raise ValueError(f"steps_per_call is a whole number from 1 on, not {count!r}")
        if self.precision not in (None, "float32", "tf32", "bfloat16"):
            raise ValueError(f'precision is "float32", "tf32" or "bfloat16", not {self.precision!r}')
        self._check_mesh()
        if not (self.remat is None or isinstance(self.remat, bool) or self.remat == "block"):
            raise ValueError(f'remat is True, False or "block", not {self.remat!r}')
        if self.draws not in ("device", "numpy"):
            raise ValueError(f'draws is "device" or "numpy", not {self.draws!r}')
        if self.on_compile is not None and not callable(self.on_compile):
            raise TypeError(f"on_compile is a function that takes a sentence, not {self.on_compile!r}")

    def _check_mesh(self) -> None:
        if self.devices is not None and (type(self.devices) is not int or self.devices < 1):
            raise ValueError(f"devices is a whole number from 1 on, not {self.devices!r}")
        if self.mesh is not None:
            mesh_of([f"{name}: {size}" for name, size in self.mesh.items()])
        if self.shard is not None and (
            isinstance(self.shard, str) or not all(isinstance(s, str) for s in self.shard)
        ):
            raise TypeError(f'shard is a list of patterns such as ["*.W: model"], not {self.shard!r}')
        for line in self.shard or ():
            pattern_of(line)

    def __reduce__(self) -> Any:
        """A pickle holds the options, but no function of the program that made it."""
        kept = replace(self, on_compile=None)
        return Jax, tuple(getattr(kept, option.name) for option in fields(self))
