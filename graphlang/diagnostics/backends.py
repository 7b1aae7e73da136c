"""GL731 to GL739: what goes wrong between a graph and the backend that is to run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphlang.diagnostics.base import Diagnostic, wording
from graphlang.diagnostics.extras import installing
from graphlang.diagnostics.places import Span


class JaxMissing(Diagnostic):
    """A graph is to run on JAX, which is not installed.

        graphlang predict net.graph --backend jax

    JAX is an extra, so that graphlang itself stays small.

    Fix: install it with `pip install "graphlang-dsl[jax]"`; for an NVIDIA GPU also `pip install
    "jax[cuda13]"`, for a TPU `pip install "jax[tpu]"`. Without the option, NumPy computes.
    """

    code = "GL731"
    message = "the backend `jax` needs JAX, which is not installed"
    help = f"install it with `{installing('jax')}`"

    file: str | None


class DeviceMissing(Diagnostic):
    """JAX finds no device of the kind that was asked for.

        graphlang predict net.graph --backend jax --device gpu

    JAX sees a GPU or a TPU only with the package for it: alone it computes on the CPU.

    Fix: `pip install "jax[cuda13]"` for an NVIDIA GPU, `pip install "jax[tpu]"` for a TPU, or leave out the
    device.
    """

    code = "GL732"
    message = "JAX finds no {device} here, only {devices:bare and}"

    file: str | None
    device: str
    devices: Sequence[str]

    @property
    def help(self) -> str:
        extra, what = {"gpu": ("cuda13", "an NVIDIA GPU"), "tpu": ("tpu", "a TPU")}.get(self.device, ("", ""))
        install = f'; JAX sees {what} with `pip install "jax[{extra}]"`' if extra else ""
        return f"leave the device out to compute on what there is{install}"


class NoRuleForPrimitive(Diagnostic):
    """A backend cannot compute a primitive that a layer records.

        gl.load("net.graph", backend="jax")

    What NumPy's functions record runs on JAX by itself. A primitive of its own, as a kernel is, needs a rule
    there: a function of `jax.numpy` calls in `graphlang/backends/jax/rules.py`.

    Fix: write the layer with functions of NumPy, or run the graph with NumPy.
    """

    code = "GL733"
    message = "{name} cannot run on {backend}: it has no rule for the primitive `{primitive}`"
    help = "write it with functions of NumPy, or leave the backend out"

    #: the value and its operation, as "`h` (Wave)"
    name: str
    primitive: str
    backend: str
    span: Span | None = None


class DeviceFailed(Diagnostic):
    """A device could not compute what it was given; the message is that of JAX.

        graphlang train net.graph --backend jax

    Mostly its memory is too small for the arrays of a step.

    Fix: take a smaller batch, as `--set train.batch=32`, or a device with more memory.
    """

    code = "GL735"
    message = "{subject} failed on the device: {reason}"

    #: the training step, or another program
    subject: str
    reason: str

    @property
    def help(self) -> str | None:
        if "RESOURCE_EXHAUSTED" in self.reason or "memory" in self.reason.lower():
            return "the memory of the device is too small: take a smaller batch, as `--set train.batch=32`"
        return None


class DevicesMissing(Diagnostic):
    """A training is to use more devices than JAX finds.

        graphlang train net.graph --backend jax --devices 4

    JAX counts GPUs or TPUs; the CPU is one device. To try several without them, the CPU can be split:
    `XLA_FLAGS=--xla_force_host_platform_device_count=4 graphlang train ...`.

    Fix: ask for as many as there are.
    """

    code = "GL736"
    message = "the training asks for {asked} devices, but JAX finds {count} of the kind {platform} here"
    help = "write `--devices {count}`; a mesh in the file is left out with `--set train.mesh=[]`"

    file: str | None
    asked: int
    count: int
    platform: str


class ProcessesMissing(Diagnostic):
    """The processes of a training have not found each other.

        graphlang train net.graph --backend jax --coordinator 10.0.0.1:1234 --process 1 --processes 2

    Every process is started with the address of the first one, which listens there, and with its own number.

    Fix: start all of them within two minutes. The address is that of process 0, where the port has to be
    free; the others have to be able to reach it.
    """

    code = "GL738"
    message = "the processes of this training did not come together at {address}: {reason}"
    help = "start every process with the same address and number of processes, each with its own `--process`"

    file: str | None
    address: str
    reason: str


class MeshOfOtherSize(Diagnostic):
    """The number of devices is not the size of the mesh.

        graphlang train net.graph --backend jax --devices 4 --set train.mesh=["data: 4", "model: 2"]

    Fix: leave the number out, or make the sizes of the axes multiply to it.
    """

    code = "GL737"
    message = "`devices` is {count}, but the mesh has {axes} devices"
    help = "leave `devices` out, or make the sizes of the axes multiply to it"

    file: str | None
    mesh: Mapping[str, int]
    count: str

    @property
    def axes(self) -> str:
        return " × ".join(f"{size} ({name})" for name, size in self.mesh.items())


class DevicesLeftOut(MeshOfOtherSize):
    message = "the processes have {count} devices together, but the training uses {axes} of them"
    help = "several processes train on all of their devices: make the sizes of the axes multiply to {count}"


class AxisMissing(Diagnostic):
    """Parameters are to be divided over an axis that the mesh does not have.

        gl.load("net.graph", backend=gl.Jax(mesh={"data": 4}, shard=["*.W: model"]))

    A mesh names its axes: `data`, over which the rows of a batch are divided, and others for parameters.
    Devices that are given by their number alone are a mesh with the axis `data`.

    Fix: give the mesh such an axis, as `{"data": 2, "model": 2}`, or divide over one that it has.
    """

    code = "GL739"
    message = "`{pattern}` divides over `{axis}`, but the mesh has {axes:and}"
    help = "give the mesh an axis `{axis}`, or divide over one that it has"

    file: str | None
    pattern: str
    axis: str
    axes: Sequence[str]


class BackendTaken(Diagnostic):
    """Which backend `auto` has taken, and why.

        graphlang predict net.graph --backend auto

    `auto` takes JAX where that finds a GPU or a TPU, and the graph computes with arrays; else NumPy.

    Fix: nothing; name a backend where you want the other one.
    """

    code = "GL734"
    severity = "note"

    file: str | None

    without_jax = wording("backend: NumPy, since JAX is not installed")
    single_numbers = wording("backend: NumPy, since the graph computes with single numbers")
    cpu_alone = wording("backend: NumPy, since JAX finds no GPU and no TPU here")


class AcceleratorTaken(BackendTaken):
    message = "backend: JAX, since it finds a device here: {device}"

    device: str
