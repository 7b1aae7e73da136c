"""GL781 to GL788: what keeps a graph from becoming a file in the format ONNX."""

from __future__ import annotations

from graphlang.diagnostics.base import Diagnostic
from graphlang.diagnostics.extras import installing
from graphlang.diagnostics.places import Span


class OnnxWriterMissing(Diagnostic):
    """A graph is to be written as ONNX, and the package that knows the format is not installed.

        graphlang export net.graph --to onnx -o net.onnx

    It is an extra, so that graphlang itself stays small.

    Fix: install it with `pip install "graphlang-dsl[onnx]"`.
    """

    code = "GL781"
    message = "the format ONNX needs the package `onnx`, which is not installed"
    help = f"install it with `{installing('onnx')}`"

    file: str | None


class NothingInOnnx(Diagnostic):
    """A graph has something that ONNX, or the version of it that is asked for, does not have.

        input A: float[3, 3]
        y = inv(A)

    ONNX has no inverse of a matrix. What it has no operation for is composed of others where it can be.

    Fix: leave it out of what the outputs need, or compute it where the file is used.
    """

    code = "GL782"
    message = "{name} cannot become ONNX: {reason}"
    help = "take another output, or compute it where the file is used"

    #: the value and its operation, as "`y` (inv)"
    name: str
    reason: str
    span: Span | None = None


class UnknownOpset(Diagnostic):
    """A file is to be written for a version of the operations of ONNX that graphlang does not write.

        graphlang export net.graph --to onnx --opset 9 -o net.onnx

    Older versions lack what graphs are made of, newer ones are not known to the package `onnx` that is
    installed.

    Fix: take one of those that there are, or leave the option out.
    """

    code = "GL783"
    message = "the opset {opset} cannot be written: {least} to {most} can"
    help = "take one of these, or leave it out for the newest that onnxruntime runs"

    file: str | None
    opset: int
    least: int
    most: int


class OnnxDiffers(Diagnostic):
    """The file that was to be written computes something else than the graph.

        graphlang export net.graph --to onnx -o net.onnx

    Every export is run, on several inputs, and each value that the spec names is compared with the graph's
    own. The first one that differs is named. No file is written.

    Fix: report it. With `--no-verify` the file is written all the same, to look at it.
    """

    code = "GL784"
    message = "{name} is not the same in {runtime}: {theirs} at {place}, and here {ours}, on {inputs} inputs"
    help = (
        "this is a fault of the export or of {runtime}; with `--no-verify` the file is written all the same"
    )

    #: the value and its operation, as "`y` (Gelu)"
    name: str
    runtime: str
    ours: str
    theirs: str
    place: str
    #: which ones, as "random"
    inputs: str
    span: Span | None = None


class OnnxNotRun(Diagnostic):
    """The file that was to be written could not be run to compare it with the graph.

        graphlang export net.graph --to onnx -o net.onnx

    A runtime may lack an operation for the types of this graph. No file is written.

    Fix: take another opset, or write the file with `--no-verify`, if another runtime is to use it.
    """

    code = "GL785"
    message = "{runtime} cannot run the file: {reason}"
    help = "take another `--opset`, or write it with `--no-verify`, for another runtime"

    file: str | None
    runtime: str
    reason: str


class NothingToCompare(Diagnostic):
    """No inputs were found on which the graph runs, so that the file could not be compared with it.

        input x: float[N]
        output y = x[7]

    Inputs are drawn at random, for small sizes.

    Fix: give the sizes in Python, as `gl.onnx.export(graph, path, sizes=dict(N=8))`, or write the file
    with `--no-verify`.
    """

    code = "GL786"
    message = "the graph runs on none of the inputs that were drawn to compare the file with it: {reason}"
    help = "fix the sizes in Python, as `sizes=dict(N=8)`, or write the file with `--no-verify`"

    file: str | None
    reason: str


class NoTrainingInFile(Diagnostic):
    """The training step of a file is asked for that has none.

        gl.onnx.training_step("net.onnx")

    A file has a training step if it was exported with `--training`, from a spec with a `train` section.

    Fix: `graphlang export net.graph --to onnx --training -o net.onnx`.
    """

    code = "GL788"
    message = "the file has no training step"
    help = "export it with `--training`, or in Python with `training=True`"

    file: str | None
