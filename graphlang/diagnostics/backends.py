"""GL731 to GL734: what goes wrong between a graph and the backend that is to run it."""

from __future__ import annotations

from collections.abc import Sequence

from graphlang.diagnostics.base import Diagnostic, wording
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
    help = 'install it with `pip install "graphlang-dsl[jax]"`'

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
