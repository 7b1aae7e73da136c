"""ONNX files that are broken or meant to harm, with a part of what is to be said of each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx

h = onnx.helper
F, I, S = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.STRING


class HostileModel(NamedTuple):
    name: str
    #: a model, or the bytes of a file
    content: Any
    part: str
    #: makes what lies beside it
    beside: Callable[[Path], Any] | None = None

    def build(self, folder: Path) -> Path:
        """Writes the file."""
        if self.beside is not None:
            self.beside(folder)
        file = folder / "net.onnx"
        content = self.content
        file.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
        return file


def model(
    nodes: list[Any], constants: Any = (), x: Any = None, y: str = "y", opset: int = 17, **more: Any
) -> Any:
    x = h.make_tensor_value_info("x", F, [2, 3]) if x is None else x
    graph = h.make_graph(nodes, "g", [x], [h.make_tensor_value_info(y, F, None)], list(constants))
    return h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], **more)


def node(op: str, *inputs: str, y: str = "y", **attributes: Any) -> Any:
    return h.make_node(op, list(inputs) or ["x"], [y], **attributes)


def image(*sizes: int) -> Any:
    return h.make_tensor_value_info("x", F, sizes)


def announced(dims: list[int], kind: int = F, raw: bytes = b"") -> Any:
    return onnx.TensorProto(name="w", data_type=kind, dims=dims, raw_data=raw)


def outside(location: str, **more: Any) -> Any:
    tensor = announced([2])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def ints(name: str, *values: int) -> Any:
    return h.make_tensor(name, I, [len(values)], values)


def floats(name: str, *shape: int) -> Any:
    return onnx.numpy_helper.from_array(np.ones(shape, np.float32), name)


def files() -> Iterator[HostileModel]:
    """Bytes that are no model."""
    whole = model([node("Relu")]).SerializeToString()
    yield HostileModel("empty", b"", "it is empty")
    yield HostileModel("no protobuf", b"\xff" * 50, "no message of ONNX")
    yield HostileModel("a text", b"hello, this is no model", "")
    yield HostileModel("a pickle", b"\x80\4cos\nsystem\n.", "")
    yield HostileModel("ten megabytes of zeros", bytes(10_000_000), "")
    yield HostileModel("ten megabytes of 0xff", b"\xff" * 10_000_000, "no message of ONNX")
    for share in (3, 5, 9):
        yield HostileModel(f"cut off at {share}/10", whole[: len(whole) * share // 10], "")
    yield HostileModel("no graph", onnx.ModelProto(ir_version=8).SerializeToString(), "it holds no model")
    deep = b""
    for _ in range(3000):  # a type of sequences of sequences
        deep = b"\x22" + _length(deep) + deep
    yield HostileModel("messages in one another", deep, "")


def _length(content: bytes) -> bytes:
    n, digits = len(content), b""
    while n > 127:
        digits, n = digits + bytes([n & 127 | 128]), n >> 7
    return digits + bytes([n])


def graphs() -> Iterator[HostileModel]:
    """Graphs that are none."""
    yield HostileModel("unknown operator", model([node("Frobnicate")]), "not among those")
    foreign = node("Relu")
    foreign.domain = "com.evil"
    yield HostileModel("unknown domain", model([foreign]), "com.evil")
    yield HostileModel("missing input", model([node("Relu", "nowhere")]), "nothing gives its input")
    yield HostileModel("missing output", model([node("Relu", y="z")]), "nothing gives it")
    yield HostileModel("circle", model([node("Relu", "y"), node("Relu", "y", y="z")]), "its own result")
    two = [node("Relu", "b", y="a"), node("Relu", "a", y="b"), node("Add", "a", "b")]
    yield HostileModel("circle of two", model(two), "its own result")
    chain = [node("Relu", f"v{k}", y=f"v{k + 1}") for k in range(20_000)]
    yield HostileModel(
        "long circle", model([*chain, node("Relu", "v20000", y="v0")], y="v1"), "its own result"
    )
    yield HostileModel("given twice", model([node("Relu"), node("Tanh")]), "is given twice")
    yield HostileModel("no inputs", model([h.make_node("Relu", [], ["y"])]), "it has no input 0")
    yield HostileModel("an input of sequences", _sequences(), "it is no tensor")
    long = [node("Relu", "x" if k == 0 else f"v{k}", y=f"v{k + 1}") for k in range(30_000)]
    yield HostileModel("too many nodes", model(long, y="v30000"), "more than 20,000 nodes")
    forged = node("Frobnicate", name="a\nerror[GL000]: \x1b[31mfine\u202e")
    yield HostileModel("a name that forges a message", model([forged]), "Frobnicate")
    yield HostileModel("a name of a million letters", model([node("F" * 1_000_000)]), "cannot be imported")
    sparse = model([node("Relu")])
    sparse.graph.sparse_initializer.add()
    yield HostileModel("sparse weights", sparse, "sparse tensors")


def _sequences() -> Any:
    kind = h.make_sequence_type_proto(h.make_tensor_type_proto(F, [2]))
    return model([node("Relu")], x=h.make_value_info("x", kind))


def tensors() -> Iterator[HostileModel]:
    """Weights that lie about themselves, or lie elsewhere."""
    add = [node("Add", "x", "w")]
    for dims in ([2**40], [2**20, 2**20], [-1], [1] * 40, [2**62, 4], [0, 2**62]):
        yield HostileModel(f"constant of {dims[:2]}", model(add, [announced(dims)]), "")
    yield HostileModel("constant of texts", model(add, [announced([1], S)]), "texts")
    yield HostileModel("constant of an unknown type", model(add, [announced([1], 99, b"1234")]), "type 99")
    yield HostileModel("constant of complex numbers", model(add, [announced([1], 14, bytes(8))]), "type 14")
    yield HostileModel("half of its numbers", model(add, [announced([4], F, bytes(8))]), "")
    for place in ("../../etc/passwd", "/etc/passwd", "", "none.bin", "a\0b", ".", "a/" * 5000 + "b"):
        yield HostileModel(f"numbers in {place[:20]!r}", model(add, [outside(place)]), "")
    yield HostileModel("offset below 0", model(add, [outside("w.bin", offset=-8)]), "")
    yield HostileModel("offset no number", model(add, [outside("w.bin", offset="far")]), "is no number")
    yield HostileModel("offset of many digits", model(add, [outside("w.bin", offset="9" * 5000)]), "")
    yield HostileModel("other length", model(add, [outside("w.bin", length=2**60)]), "")

    def short(folder: Path) -> None:
        (folder / "w.bin").write_bytes(b"1234")

    def link(folder: Path) -> None:
        (folder / "w.bin").symlink_to("/etc/passwd")

    def pipe(folder: Path) -> None:
        os.mkfifo(folder / "w.bin")

    def endless(folder: Path) -> None:
        (folder / "w.bin").symlink_to("/dev/zero")

    for name, beside in (("short", short), ("a link", link), ("a pipe", pipe), ("endless", endless)):
        yield HostileModel(
            f"numbers in a file that is {name}", model(add, [outside("w.bin")]), "w.bin", beside
        )
    yield HostileModel("huge input", model([node("Relu")], x=image(2**50)), "the size")
    texts = h.make_tensor_value_info("x", S, [2])
    yield HostileModel("input of texts", model([node("Relu")], x=texts), "it holds texts")
    bare = h.make_tensor_value_info("x", F, None)
    yield HostileModel("input without axes", model([node("Relu")], x=bare), "how many axes")


def operators() -> Iterator[HostileModel]:
    """Operators with inputs or attributes that they do not have, or that ask for more than there is."""
    yield HostileModel("shapes that do not fit", model([node("Add", "x", "w")], [floats("w", 5)]), "")
    yield HostileModel("other sizes", model([node("Reshape", "x", "s")], [ints("s", 7, 7)]), "reshape")
    yield HostileModel("reshape by the data", model([node("Reshape", "x", "x")]), "before running")
    yield HostileModel("axis that is not there", model([node("Softmax", axis=9)]), "its axis is 9")
    yield HostileModel("axes too many", model([node("ReduceSum", "x", "s")], [ints("s", 17)]), "its axes are")
    yield HostileModel("window of nothing", model([node("MaxPool")]), "its window is")
    yield HostileModel(
        "window of zeros", model([node("MaxPool", kernel_shape=[0, 0])], x=image(1, 1, 4, 4)), ""
    )
    wide = node("MaxPool", kernel_shape=[2**40, 2**40])
    yield HostileModel("huge window", model([wide], x=image(1, 1, 4, 4)), "")
    padded = node("AveragePool", kernel_shape=[3, 3], pads=[2**40] * 4)
    yield HostileModel("huge pads of a pool", model([padded], x=image(1, 1, 4, 4)), "")
    yield HostileModel("kernel of an input", model([node("Conv", "x", "x")]), "")
    yield HostileModel(
        "slice of steps of 0", model([node("Slice", "x", "s", "s", "s", "s")], [ints("s", 0)]), ""
    )
    window = h.make_tensor("s", I, [], [2**40])
    yield HostileModel("long window", model([node("HannWindow", "s")], [window]), "its size is")
    ends = [h.make_tensor(n, F, [], [v]) for n, v in (("a", 0.0), ("b", 1e12), ("c", 0.5))]
    yield HostileModel("many numbers", model([node("Range", "a", "b", "c")], ends), "numbers")
    wrong = {"axis": "one", "perm": 3, "kernel_shape": 1.5, "to": "float", "equation": 7, "blocksize": [2]}
    for op, word in (
        ("Concat", "axis"), ("Transpose", "perm"), ("MaxPool", "kernel_shape"), ("Cast", "to"),
        ("Einsum", "equation"), ("DepthToSpace", "blocksize"), ("Softmax", "axis"),
    ):  # fmt: skip
        several = ("x", "x") if op == "Concat" else ("x",)
        other = node(op, *several, **{word: wrong[word]})
        yield HostileModel(f"{op} with another `{word}`", model([other]), "not those of this operator")
    yield HostileModel("a turn of one axis twice", model([node("Transpose", perm=[0, 0])]), "")
    yield HostileModel("a turn of axes there are not", model([node("Transpose", perm=[5, 9])]), "")
    yield HostileModel("letters that are none", model([node("Einsum", equation="?!->")]), "")
    parts = h.make_node("Split", ["x"], ["y"], num_outputs=2**40)
    yield HostileModel("parts without number", model([parts], opset=18), "")
    for op, count in (("Tile", 2**40), ("Expand", 2**40), ("ConstantOfShape", 2**40)):
        inputs: tuple[str, ...] = ("s",) if op == "ConstantOfShape" else ("x", "s")
        yield HostileModel(f"{op} to {count}", model([node(op, *inputs)], [ints("s", count, count)]), "")
    yield HostileModel("huge pads", model([node("Pad", "x", "s")], [ints("s", *[2**40] * 4)]), "")
    edge = node("Pad", "x", "s", mode="edge")
    yield HostileModel("huge pads of the edge", model([edge], [ints("s", *[2**40] * 4)]), "")
    grown = h.make_tensor("s", F, [4], [1, 1, 1e9, 1e9])
    yield HostileModel("huge image", model([node("Resize", "x", "", "s")], [grown], x=image(1, 1, 4, 4)), "")
    classes = [h.make_tensor("d", I, [], [2**40]), ints("v", 0, 1)]
    yield HostileModel("classes without number", model([node("OneHot", "x", "d", "v")], classes), "")
    back = [ints("s", 2**20, 2**20), ints("b", 2, 2)]
    yield HostileModel(
        "columns of a huge image", model([node("Col2Im", "x", "s", "b")], back, image(1, 4, 9)), ""
    )
    turned = [h.make_tensor("n", I, [], [2**30])]
    yield HostileModel("transform of a billion", model([node("DFT", "x", "n")], turned, image(1, 8, 1)), "")
    more = [floats("w", 1, 7, 3), floats("r", 1, 7, 5)]
    yield HostileModel(
        "gates that do not fit", model([node("LSTM", "x", "w", "r")], more, image(2, 1, 3)), ""
    )
    affine = node("AffineGrid", "x", "s")
    yield HostileModel(
        "grid of a huge image", model([affine], [ints("s", 1, 1, 2**30, 2**30)], image(1, 2, 3), opset=20), ""
    )


def control() -> Iterator[HostileModel]:
    """Graphs and functions in one another."""
    yes, many = h.make_tensor("c", onnx.TensorProto.BOOL, [], [True]), h.make_tensor("n", I, [], [16])
    body = [node("Identity", "x", y="b0")]
    for k in range(8):  # 16 ** 8 nodes
        body = [_loop(body, k)]
    yield HostileModel("loops in one another", model(body, [yes, many], y="b8"), "")
    endless = h.make_tensor("n", I, [], [2**62])
    yield HostileModel(
        "a loop without end", model([_loop([node("Identity", "x", y="b0")], 0)], [yes, endless], y="b1"), ""
    )
    calls = [
        _function(f"f{k}", [_call(f"f{k + 1}", "a", "t"), _call(f"f{k + 1}", "t", "b")]) for k in range(60)
    ]
    calls = [*calls[:22], _function("f22", [node("Relu", "a", y="b")])]
    yield HostileModel("functions that double", _with_functions(calls, "f0"), "more than 20,000 nodes")
    yield HostileModel(
        "a function that calls itself",
        _with_functions([_function("f0", [_call("f0", "a", "b")])], "f0"),
        "deep",
    )
    nested = [node("Relu", "x", y="z0")]
    for k in range(28):
        nested = [_if(nested, k)]
    yield HostileModel("branches in one another", model(nested, [yes], y="z28"), "deep")
    text = h.make_node("If", ["c"], ["y"], then_branch="x", else_branch="x")
    yield HostileModel("a branch that is a text", model([text], [yes]), "")
    yield HostileModel("a loop without a body", model([node("Loop", "n", "c")], [yes, many]), "")


def _loop(body: list[Any], k: int) -> Any:
    ok = h.make_tensor_value_info(f"on{k}", onnx.TensorProto.BOOL, [])
    inputs = [h.make_tensor_value_info(f"k{k}", I, []), ok]
    outputs = [ok, h.make_tensor_value_info(f"b{k}", F, None)]
    graph = h.make_graph(body, f"body{k}", inputs, outputs)
    return h.make_node("Loop", ["n", "c"], [f"b{k + 1}"], body=graph)


def _if(body: list[Any], k: int) -> Any:
    graph = h.make_graph(body, f"branch{k}", [], [h.make_tensor_value_info(f"z{k}", F, None)])
    plain = h.make_graph(
        [node("Relu", "x", y=f"e{k}")], "else", [], [h.make_tensor_value_info(f"e{k}", F, None)]
    )
    return h.make_node("If", ["c"], [f"z{k + 1}"], then_branch=graph, else_branch=plain)


def _call(name: str, a: str, b: str) -> Any:
    return h.make_node(name, [a], [b], domain="own")


def _function(name: str, nodes: list[Any]) -> Any:
    return h.make_function(
        "own", name, ["a"], ["b"], nodes, [h.make_opsetid("", 17), h.make_opsetid("own", 1)]
    )


def _with_functions(functions: list[Any], name: str) -> Any:
    made = model([_call(name, "x", "y")], functions=functions)
    made.opset_import.append(h.make_opsetid("own", 1))
    return made


CASES = {case.name: case for made in (files, graphs, tensors, operators, control) for case in made()}
