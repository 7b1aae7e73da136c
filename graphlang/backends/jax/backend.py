"""The backend on JAX: its device, how a program is compiled for it, and the announcement of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from graphlang.backends.jax.array_steps import StepsOnArrays
from graphlang.backends.jax.bound_program import JaxProgram
from graphlang.backends.jax.compilation_cache import kept_in
from graphlang.backends.jax.placement import Placement
from graphlang.backends.jax.random_numbers import STREAM
from graphlang.backends.jax.rules import check_rules
from graphlang.backends.jax.scope import scope
from graphlang.backends.jax.training import StepsOnDevice
from graphlang.backends.options import Jax
from graphlang.contracts.backend import RecordedProgram
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.backends import (
    AxisMissing,
    DeviceMissing,
    DevicesLeftOut,
    DevicesMissing,
    MeshOfOtherSize,
)
from graphlang.spec.sharding import ROWS, NoSuchAxis, Pattern, device_count, mesh_of, patterns_of
from graphlang.trace import Step
from graphlang.training.batches import BatchSource
from graphlang.training.state import TrainingState


class JaxBackend:
    """What runs a graph on JAX."""

    name = "jax"

    def __init__(self, options: Jax, file: str | None = None) -> None:
        self.options = options
        self.device = _device(options.device, file)

    def __repr__(self) -> str:
        return f"<JAX on {self.device_name}>"

    @property
    def platform(self) -> str:
        """The kind of the device: cpu, gpu or tpu."""
        return str(self.device.platform)

    @property
    def device_name(self) -> str:
        """The device as JAX calls it, such as `NVIDIA H100 80GB HBM3`."""
        return str(self.device.device_kind)

    def check(self, steps: Sequence[Step]) -> None:
        check_rules(steps)

    def bound(self, program: RecordedProgram, draws: Sequence[str], arrays: Mapping[str, Any]) -> JaxProgram:
        self.check(program.steps)
        return JaxProgram(self.compiled, program, draws, arrays)

    def training_steps(self, training: TrainingState, data: BatchSource, batch: int) -> StepsOnDevice:
        return StepsOnDevice(self.options, self.placement(training), training, data, batch)

    def array_steps(self, training: TrainingState) -> StepsOnArrays:
        return StepsOnArrays(self.options, self.placement(training), training)

    def placement(self, training: TrainingState) -> Placement:
        """The devices of a training: those that the options name, else those of the file, else one."""
        options, section, file = self.options, training.section, training.model.file
        mesh = dict(options.mesh or mesh_of(section.mesh))
        count = options.devices
        if count is None and not mesh and jax.process_count() > 1:
            count = jax.device_count()
        if count is not None and not mesh:
            mesh = {ROWS: count}
        shard = self._patterns(section.shard if options.shard is None else options.shard, mesh, file)
        if not mesh:
            return Placement([self.device])
        if count not in (None, device_count(mesh)):
            raise GraphError([MeshOfOtherSize(file, mesh, str(count))])
        devices = jax.devices(self.device.platform)
        if device_count(mesh) > len(devices):
            raise GraphError([DevicesMissing(file, device_count(mesh), len(devices), self.platform)])
        if jax.process_count() > 1 and device_count(mesh) != len(devices):
            raise GraphError([DevicesLeftOut(file, mesh, str(len(devices)))])
        return Placement(devices[: device_count(mesh)], mesh, shard)

    @staticmethod
    def _patterns(shard: Sequence[str], mesh: Mapping[str, int], file: str | None) -> tuple[Pattern, ...]:
        try:
            return patterns_of(shard, mesh)
        except NoSuchAxis as error:
            raise GraphError([AxisMissing(file, error.pattern, error.axis, list(mesh) or [ROWS])]) from None

    def about(self) -> dict[str, str]:
        drawn = STREAM if self.options.draws == "device" else "NumPy"
        return {
            "name": self.name,
            "version": jax.__version__,
            "platform": self.platform,
            "device": self.device_name,
            "random": drawn,
        }

    def compiled(self, function: Callable[..., Any], arguments: Sequence[Any], what: str) -> Any:
        """A function compiled for arguments of these shapes and types, after it was announced."""
        if self.options.on_compile is not None:
            self.options.on_compile(what)
        place = jax.sharding.SingleDeviceSharding(self.device)
        shapes = [jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place) for x in arguments]
        with scope(), kept_in(self.options.cache):
            return jax.jit(function).lower(*shapes).compile()


def _device(kind: str | None, file: str | None) -> Any:
    """The first device of a kind, by default of the kind that JAX prefers."""
    try:
        return jax.local_devices(backend=kind)[0]
    except RuntimeError:
        raise GraphError([DeviceMissing(file, str(kind), _kinds())]) from None


def _kinds() -> list[str]:
    """The kinds of devices that there are."""
    kinds = []
    for kind in ("cpu", "gpu", "tpu"):
        try:
            kinds += [kind] if jax.local_devices(backend=kind) else []
        except RuntimeError:
            continue
    return kinds
