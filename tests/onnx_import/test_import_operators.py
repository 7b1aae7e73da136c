"""Operators that are written with several functions give what the reference of ONNX gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra `onnx`")
reference = pytest.importorskip("onnx.reference", reason="the extra `onnx`")

from graphlang.onnx.importing.loading import graph_of, import_model  # noqa: E402

h = onnx.helper
RNG = np.random.default_rng(0)
KINDS = {"f": onnx.TensorProto.FLOAT, "i": onnx.TensorProto.INT64, "b": onnx.TensorProto.BOOL}


def normal(*shape: int) -> Any:
    return RNG.standard_normal(shape).astype(np.float32)


def made(op: str, arrays: list[Any], outputs: int = 1, opset: int = 22, **attributes: Any) -> Any:
    """A model of one node, whose inputs have the shapes and types of the arrays."""
    names, results = [f"x{k}" for k in range(len(arrays))], [f"y{k}" for k in range(outputs)]
    node = h.make_node(op, [n if a is not None else "" for n, a in zip(names, arrays, strict=True)], results)
    node.attribute.extend(h.make_attribute(n, v) for n, v in attributes.items())
    given = [
        h.make_tensor_value_info(n, KINDS[a.dtype.kind], a.shape)
        for n, a in zip(names, arrays, strict=True)
        if a is not None
    ]
    graph = h.make_graph([node], "g", given, [h.make_tensor_value_info(n, 1, None) for n in results])
    return h.make_model(graph, opset_imports=[h.make_opsetid("", opset)])


def compare(model: Any, arrays: list[Any], constants: Any = ()) -> str:
    """Holds that both give the same numbers; the spec."""
    values = {f"x{k}": a for k, a in enumerate(arrays) if a is not None}
    theirs = reference.ReferenceEvaluator(model).run(None, values)
    imported = import_model(model, "net.onnx", inputs={f"x{k}": values[f"x{k}"] for k in constants})
    given = {imported.inputs[n]: a for n, a in values.items() if n in imported.inputs}
    results = graph_of(imported, "net.graph").predict(given)
    names = [imported.outputs[o.name] for o in model.graph.output]
    results = results if isinstance(results, dict) else {names[0]: results}
    for name, expected in zip(names, theirs, strict=True):
        assert results[name].shape == expected.shape
        np.testing.assert_allclose(results[name], expected, atol=1e-5)
    return imported.text


POOLS = [
    {"kernel_shape": [2, 3], "strides": [2, 1]},
    {"kernel_shape": [3, 3], "pads": [1, 0, 1, 1], "strides": [2, 2]},
    {"kernel_shape": [2, 2], "dilations": [2, 1]},
]


@pytest.mark.parametrize("attributes", POOLS)
def test_the_places_of_a_pool_count_through_all_rows_and_channels(attributes: dict[str, Any]) -> None:
    x = normal(2, 3, 6, 5)
    compare(made("MaxPool", [x], 2, **attributes), [x])


def test_a_mean_may_have_more_than_half_of_its_window_outside() -> None:
    x = normal(2, 3, 6, 5)
    compare(made("AveragePool", [x], kernel_shape=[3, 2], pads=[2, 1, 2, 0]), [x])


def test_a_largest_number_may_have_more_than_half_of_its_window_outside() -> None:
    x = normal(1, 1, 3, 3)
    model = import_model(made("MaxPool", [x], kernel_shape=[3, 3], pads=[2, 2, 2, 2]), "net.onnx")
    y = graph_of(model, "net.graph").predict({model.inputs["x0"]: x})
    y = y["y0"] if isinstance(y, dict) else y
    assert y[0, 0, 0, 0] == x[0, 0, 0, 0]
    assert y[0, 0, 2, 2] == x.max()


CONVOLUTIONS = [
    ((2, 4, 6, 5), (6, 4, 3, 2), {}),
    ((2, 4, 6, 5), (6, 2, 3, 2), {"group": 2, "strides": [2, 1], "pads": [1, 0, 2, 1]}),
    ((2, 4, 9), (3, 4, 3), {"dilations": [2], "auto_pad": "SAME_UPPER"}),
    ((1, 2, 4, 5, 4), (3, 2, 2, 2, 2), {"strides": [1, 2, 2]}),
]


@pytest.mark.parametrize(("x", "weight", "attributes"), CONVOLUTIONS)
def test_the_weights_of_a_convolution_may_come_with_the_data(
    x: tuple[int, ...], weight: tuple[int, ...], attributes: dict[str, Any]
) -> None:
    arrays = [normal(*x), normal(*weight), normal(weight[0])]
    text = compare(made("Conv", arrays, **attributes), arrays)
    assert "input x1" in text


GRIDS = [
    (mode, padding, aligned)
    for mode in ("linear", "nearest", "cubic")
    for padding in ("zeros", "border", "reflection")
    for aligned in (0, 1)
]


@pytest.mark.parametrize(("mode", "padding", "aligned"), GRIDS)
def test_an_image_is_sampled_at_any_points(mode: str, padding: str, aligned: int) -> None:
    arrays = [normal(2, 3, 4, 5), 1.5 * normal(2, 3, 2, 2)]
    options = {"mode": mode, "padding_mode": padding, "align_corners": aligned}
    compare(made("GridSample", arrays, opset=20, **options), arrays)


@pytest.mark.parametrize("mode", ["avg", "max"])
@pytest.mark.parametrize("place", ["half_pixel", "output_half_pixel"])
def test_regions_are_cut_out_of_their_own_rows(mode: str, place: str) -> None:
    rois = np.array([[0, 0, 3, 3], [1, -2, 9, 4], [0.5, 1.5, 0.7, 5]], np.float32)
    arrays = [normal(2, 3, 5, 6), rois, np.array([1, 0, 1])]
    size = {"output_height": 2, "output_width": 3, "sampling_ratio": 2, "spatial_scale": 0.7}
    compare(made("RoiAlign", arrays, mode=mode, coordinate_transformation_mode=place, **size), arrays)


def test_a_convolution_with_offsets_has_groups_of_channels() -> None:
    arrays = [normal(2, 4, 5, 5), normal(6, 2, 2, 3), normal(2, 24, 4, 3), normal(6), normal(2, 12, 4, 3)]
    model = made("DeformConv", arrays, group=2, offset_group=2)
    assert "-> Conv(6, [2, 3], stride=[2, 3], groups=2)" in compare(model, arrays, constants=(1, 3))


COLUMNS = [
    ([6, 5], [2, 3], {}),
    ([6, 5], [2, 2], {"strides": [2, 1], "pads": [1, 0, 1, 1]}),
    ([7, 6], [2, 3], {"dilations": [2, 1], "strides": [1, 2]}),
]


@pytest.mark.parametrize(("image", "block", "attributes"), COLUMNS)
def test_columns_are_added_up_in_an_image(
    image: list[int], block: list[int], attributes: dict[str, Any]
) -> None:
    strides, dilations = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    pads = attributes.get("pads", [0] * 4)
    count = 1
    for a in range(2):
        count *= (image[a] + pads[a] + pads[a + 2] - dilations[a] * (block[a] - 1) - 1) // strides[a] + 1
    arrays = [normal(2, 3 * block[0] * block[1], count), np.array(image), np.array(block)]
    compare(made("Col2Im", arrays, **attributes), arrays, constants=(1, 2))


def bits(to: int, x: Any) -> Any:
    """A model that reads bits as those of another type; NumPy says what comes of it."""
    kind = h.np_dtype_to_tensor_dtype(x.dtype)
    given = h.make_tensor_value_info("x", kind, x.shape)
    node = h.make_node("BitCast", ["x"], ["y"], to=to)
    graph = h.make_graph([node], "g", [given], [h.make_tensor_value_info("y", to, None)])
    imported = import_model(h.make_model(graph, opset_imports=[h.make_opsetid("", 26)]), "net.onnx")
    plain = x.astype(np.float64 if x.dtype.kind == "f" else np.int64)
    y = graph_of(imported, "net.graph", dtype="float64").predict({imported.inputs["x"]: plain})
    return next(iter(y.values())) if isinstance(y, dict) else y


SIZES = [
    0.0,
    1.0,
    1.5,
    2.0,
    2 - 2**-23,
    2**-126,
    2**-126 - 2**-149,
    2**-149,
    3e38,
    np.inf,
    1.1e-39,
    8192.1,
    1e20,
]
FLOATS = np.array([*SIZES, *(-s for s in SIZES), *(2.0**k for k in range(-149, 128))], np.float32)


def test_the_bits_of_a_float_are_those_of_the_processor() -> None:
    whole = bits(onnx.TensorProto.INT32, FLOATS)
    np.testing.assert_array_equal(whole, FLOATS.view(np.int32))
    back = bits(onnx.TensorProto.FLOAT, FLOATS.view(np.int32))
    np.testing.assert_array_equal(back.astype(np.float32).view(np.int32), FLOATS.view(np.int32))


@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
def test_a_shift_by_more_places_than_there_are_leaves_the_sign_alone(direction: str) -> None:
    arrays = [np.array([5, -7, 2**40, -1, 3]), np.array([1, 2, 3, 70, -1])]
    compare(made("BitShift", arrays, opset=26, direction=direction), arrays)


RECURRENT = [
    ("GRU", {"linear_before_reset": 1}, "GRU(hidden=5, reset=after"),
    ("GRU", {"linear_before_reset": 1, "direction": "bidirectional"}, "bidirectional=true, reset=after"),
    ("GRU", {}, "GRU(hidden=5"),
    ("LSTM", {}, "LSTM(hidden=5"),
    ("LSTM", {"clip": 0.2}, "scan"),
    ("LSTM", {"input_forget": 1}, "scan"),
]


@pytest.mark.parametrize(("op", "attributes", "words"), RECURRENT)
def test_a_recurrent_node_is_the_layer_that_does_the_same(
    op: str, attributes: dict[str, Any], words: str
) -> None:
    gates = {"GRU": 3, "LSTM": 4}[op] * 5
    d = 2 if attributes.get("direction") == "bidirectional" else 1
    arrays = [normal(4, 2, 3), normal(d, gates, 3), normal(d, gates, 5), normal(d, 2 * gates)]
    model = made(op, arrays, 2, hidden_size=5, **attributes)
    if attributes.keys() & {"clip", "input_forget"}:  # which the reference does not look at
        assert words in import_model(model, "n.onnx", inputs={f"x{k}": arrays[k] for k in (1, 2, 3)}).text
    else:
        assert words in compare(model, arrays, constants=(1, 2, 3))


def test_steps_beyond_the_length_of_a_row_leave_a_peephole_alone() -> None:
    arrays = [normal(4, 2, 3), normal(1, 20, 3), normal(1, 20, 5), normal(1, 40), np.array([2, 4])]
    arrays += [normal(1, 2, 5), normal(1, 2, 5), normal(1, 15)]
    model = made("LSTM", arrays, 3, hidden_size=5)
    known = {f"x{k}": arrays[k] for k in (1, 2, 3, 7)}
    imported = import_model(model, "net.onnx", inputs=known)
    given = {imported.inputs[n]: arrays[int(n[1:])] for n in imported.inputs}
    graph = graph_of(imported, "net.graph", dtype="float64")
    whole = graph.predict(given)
    short = graph.predict(
        {**given, imported.inputs["x0"]: np.where(np.arange(4)[:, None, None] < 2, arrays[0], 9.0)}
    )
    y, end = (imported.outputs[n] for n in ("y0", "y1"))
    np.testing.assert_array_equal(whole[y][2:, :, 0], 0)
    np.testing.assert_array_equal(
        whole[y][:, :, 0], np.where(np.arange(4)[:, None, None] < 2, short[y][:, :, 0], 0)
    )
    np.testing.assert_array_equal(whole[end][:, 0], whole[y][1, :, 0])


@pytest.mark.parametrize(
    "op", ["ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceLogSum", "ReduceL2"]
)
def test_what_is_reduced_over_nothing_is_one_number(op: str) -> None:
    arrays = [np.zeros((2, 0, 3), np.float32), np.array([1])]
    with np.errstate(divide="ignore"):
        compare(made(op, arrays, opset=20), arrays, constants=(1,))
