"""Where the arrays of a training lie: the one place that says how state, data and batches are put.

On one device everything lies there. On several they form a mesh with named axes: the rows of a batch are
divided over the axis `data`, and a parameter lies whole on every device unless a pattern divides it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec, Sharding, SingleDeviceSharding

from graphlang.backends.jax.scope import scope
from graphlang.spec.sharding import ROWS, Pattern, axes_of

DATA_SHARE = 0.25
"""The share of a device's memory up to which the data of a training is kept there."""
DATA_ON_HOST = 2**30
"""Bytes up to which the data is copied where the device has the memory of the host."""


class Placement:
    """Puts arrays on the devices of a training and gets them back."""

    def __init__(
        self, devices: Sequence[Any], mesh: Mapping[str, int] | None = None, shard: Sequence[Pattern] = ()
    ) -> None:
        self.device = next(d for d in devices if d.process_index == jax.process_index())
        self._mesh: Mesh | None = None
        self._shard = shard
        if mesh:
            kinds = (AxisType.Auto,) * len(mesh)
            self._mesh = Mesh(np.array(devices).reshape(*mesh.values()), tuple(mesh), axis_types=kinds)
        #: whether other processes compute on a part of the devices
        self.is_shared = len({d.process_index for d in devices}) > 1

    @property
    def on_host(self) -> bool:
        """Whether the devices compute in the memory of the host."""
        return bool(self.device.platform == "cpu")

    # ---- what lies where ----------------------------------------------------------------------------------

    def state(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Arrays of the state, by label: parameters, the optimizer's memory.

        They are copies: a device that shares the host's memory would otherwise write into the originals.
        """
        return {label: self._put(np.array(a), self._of_state(label, a.shape)) for label, a in arrays.items()}

    def whole(self, array: Any) -> Any:
        """An array that lies whole on every device: a column of the data, an input that all batches share."""
        return self._put(np.ascontiguousarray(array) if np.ndim(array) else array, self._everywhere)

    def batches(self, shape: tuple[int, ...], dtype: Any, gather: Callable[[int, slice, Any], None]) -> Any:
        """The rows of several batches, [batches, rows, ...]: `gather` writes some rows of a batch into an
        array. It is called for the rows that the devices of this process have."""

        def part(index: Any) -> Any:
            first, last, _ = index[1].indices(shape[1])
            rows = np.zeros((shape[0], last - first, *shape[2:]), dtype)
            for i in range(shape[0]):
                gather(i, slice(first, last), rows[i])
            return rows

        place = self._of_rows(shape, 1)
        with scope():
            if self._mesh is None:
                return jax.device_put(part((slice(None),) * len(shape)), place)
            return jax.make_array_from_callback(shape, place, part)

    def rows(self, array: Any) -> Any:
        """Within a program: rows of a batch, divided over the devices."""
        if self._mesh is None:
            return array
        return jax.lax.with_sharding_constraint(array, self._of_rows(array.shape, 0))

    def kept(self, label: str, array: Any) -> Any:
        """Within a program: an array of the state, where the state has it."""
        if self._mesh is None:
            return array
        return jax.lax.with_sharding_constraint(array, self._of_state(label, array.shape))

    def result(self, array: Any) -> Any:
        """Within a program: numbers that the host reads."""
        return array if self._mesh is None else jax.lax.with_sharding_constraint(array, self._everywhere)

    @property
    def _everywhere(self) -> Sharding:
        if self._mesh is None:
            return SingleDeviceSharding(self.device)
        return NamedSharding(self._mesh, PartitionSpec())

    def _of_state(self, label: str, shape: tuple[int, ...]) -> Sharding:
        if self._mesh is None:
            return self._everywhere
        return NamedSharding(self._mesh, PartitionSpec(*axes_of(label, shape, self._shard, self._mesh.shape)))

    def _of_rows(self, shape: tuple[int, ...], axis: int) -> Sharding:
        """Rows that cannot be divided evenly go whole to every device."""
        count = 1 if self._mesh is None else self._mesh.shape.get(ROWS, 1)
        if self._mesh is None or count == 1 or shape[axis] % count:
            return self._everywhere
        return NamedSharding(self._mesh, PartitionSpec(*[None] * axis, ROWS))

    def _put(self, array: Any, place: Sharding) -> Any:
        with scope():
            if self._mesh is None:
                return jax.device_put(array, place)
            array = np.asarray(array)
            return jax.make_array_from_callback(array.shape, place, lambda index: array[index])

    # ---- memory, and the way back -------------------------------------------------------------------------

    def holds_data(self, nbytes: int) -> bool:
        """Whether so many bytes of data may stay on the device. Of several processes each reads its rows."""
        if self.is_shared:
            return False
        stats = None if self.on_host else self.device.memory_stats()
        return nbytes <= (DATA_ON_HOST if not stats else DATA_SHARE * stats["bytes_limit"])

    def fetch(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Arrays of the state as arrays of NumPy, which the device may go on to overwrite.

        Where an array is divided over processes, all of them have to call this.
        """
        if self.is_shared:
            with scope():
                places = jax.tree.map(lambda _: self._everywhere, dict(arrays))
                arrays = jax.jit(lambda x: x, out_shardings=places)(dict(arrays))
        for array in arrays.values():
            array.copy_to_host_async()
        return {label: np.array(array) for label, array in arrays.items()}
