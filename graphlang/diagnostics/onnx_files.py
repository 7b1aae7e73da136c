"""GL771 to GL774: what goes wrong when an ONNX file becomes a spec."""

from __future__ import annotations

from graphlang.diagnostics.base import OfFile
from graphlang.diagnostics.extras import installing


class OnnxMissing(OfFile):
    """An ONNX file is to be read, and the package `onnx` is not installed.

        graphlang import net.onnx -o net.graph

    ONNX is an extra, so that graphlang itself stays small.

    Fix: install it with `pip install "graphlang-dsl[onnx]"`.
    """

    code = "GL771"
    message = "ONNX files need the package `onnx`, which is not installed"
    help = f"install it with `{installing('onnx')}`"


class OnnxFileUnsound(OfFile):
    """An ONNX file cannot be read, or is no model.

        graphlang import net.onnx -o net.graph      # the download broke off

    Fix: name a file that `onnx.checker.check_model` accepts; get or write it again if it is cut off.
    """

    code = "GL772"
    message = "this is not a sound ONNX file: {problem}"
    help = "write or download it again, and see what `onnx.checker.check_model` says of it"

    problem: str


class NodeNotImported(OfFile):
    """A node of an ONNX file has no counterpart in the language, or contradicts itself.

        graphlang import tokenizer.onnx -o net.graph      # with the operator StringSplit

    Texts, sequences, quantised numbers, and operators whose result has a size that depends on the data (as
    NonZero) have none.

    Fix: export the model without the operator, for example the part between its first and last layers;
    where the message says what is wrong with the node, mend it where the file is made.
    """

    code = "GL773"
    message = "the {what} cannot be imported: {problem}"
    help = "export the model without it; `graphlang explain GL773` says what can be imported"

    op: str
    node: str
    problem: str

    @property
    def what(self) -> str:
        if self.op in ("input", "output", "initializer", "sparse_initializer"):
            return f"{self.op} `{self.node[:100]}`"
        return f"node `{self.node[:100]}` ({self.op[:60]})" if self.node else f"node {self.op[:60]}"


class OnnxValueWanted(OfFile):
    """A node takes a shape, an axis or the like from an input, which has to be known before running.

        graphlang import net.onnx -o net.graph      # Reshape takes the input `shape`

    In the language shapes are part of the text, so such an input becomes a constant on import.

    Fix: say its value, as in `--set shape=[2,12]`, or `inputs={"shape": [2, 12]}` from Python. Where it is
    computed from other inputs, say the value of these, or export the model with fixed sizes.
    """

    code = "GL774"
    message = "the node `{node}` ({op}) needs `{value}` before running, and it comes with the data"

    op: str
    node: str
    value: str

    @property
    def help(self) -> str:
        given = f"--set {self.value}=VALUE" if self.shell else f'inputs={{"{self.value}": ...}}'
        return f"make it a constant: `{given}`, or that of the inputs that it is computed from"
