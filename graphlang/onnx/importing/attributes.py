"""The attributes and tensors of a file as plain data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.onnx.importing.element_types import NUMPY, STRING, WORDS
from graphlang.onnx.importing.refusals import NotImported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import onnx

MOST_BYTES = 8 * 2**30


def array_of(tensor: onnx.TensorProto, external: Callable[[Any], bytes] | None = None) -> Any:
    """The numbers of a tensor, as float64 or float32, int64 or bool."""
    from onnx import numpy_helper

    _check(tensor)
    if tensor.data_location == 1:
        if external is None:
            raise NotImported("an attribute has its numbers in another file")
        raw: Any = type(tensor)()
        raw.CopyFrom(tensor)
        raw.raw_data = external(tensor)
        raw.data_location = 0
        tensor = raw
    try:
        array = numpy_helper.to_array(tensor)
    except Exception as error:
        raise NotImported(f"its tensor cannot be read: {str(error).splitlines()[0][:200]}") from error
    return as_known(array, tensor.data_type)


def as_known(array: Any, elem: int) -> Any:
    """An array of NumPy's own types: floats as they are, everything whole as int64."""
    word = WORDS[elem]
    array = np.asarray(array)
    if word == "float" and array.dtype in (np.float32, np.float64):
        return array
    return array.astype(np.float32 if word == "float" else NUMPY[word])


def _check(tensor: onnx.TensorProto) -> None:
    """Sizes before memory: a tensor of a few bytes may announce any shape."""
    if tensor.data_type not in WORDS:
        kind = "texts" if tensor.data_type == STRING else f"numbers of the type {tensor.data_type}"
        raise NotImported(f"it holds {kind}")
    if any(n < 0 for n in tensor.dims) or len(tensor.dims) > 32:
        raise NotImported(f"a tensor has the shape {list(tensor.dims)[:40]}")
    count = math.prod(tensor.dims)
    if count > MOST_BYTES:
        raise NotImported(f"a tensor announces {count:,} numbers")
    if tensor.data_location == 1:
        return
    stored = len(tensor.raw_data) * 4 or max(
        len(getattr(tensor, f"{kind}_data")) * 4 for kind in ("float", "int32", "int64", "double", "uint64")
    )
    if count > stored:
        raise NotImported(f"a tensor announces {count:,} numbers, and has fewer")


def node_attributes(node: onnx.NodeProto, bound: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a node by name, in a function those of its call; graphs stay as they are."""
    attributes = {a.name: bound_attribute(a, bound) for a in node.attribute}
    return {name: _attribute(a) for name, a in attributes.items() if a is not None}


def bound_attribute(attribute: onnx.AttributeProto, bound: Mapping[str, Any]) -> Any:
    """An attribute, or the one of the call that it refers to, None if the call has none."""
    return bound.get(attribute.ref_attr_name) if attribute.ref_attr_name else attribute


def _attribute(attribute: onnx.AttributeProto) -> Any:
    kind = attribute.type
    if kind == 1:
        return _short(attribute.f)
    if kind == 2:
        return attribute.i
    if kind == 3:
        return attribute.s.decode("utf-8", "replace")
    if kind == 4:
        return array_of(attribute.t)
    if kind == 5:
        return attribute.g
    if kind == 6:
        return [_short(f) for f in attribute.floats]
    if kind == 7:
        return list(attribute.ints)
    if kind == 8:
        return [s.decode("utf-8", "replace") for s in attribute.strings]
    raise NotImported(f"the attribute `{attribute.name[:60]}` has a type that is not read")


def _short(number: float) -> float:
    """A float32 by its shortest digits: 1e-05, and not 9.999999747378752e-06."""
    return float(str(np.float32(number)))
