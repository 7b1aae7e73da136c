"""Digests of a graph and of arrays: equal where the numbers of a run are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from math import prod
from typing import Any

import numpy as np
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from graphlang.spec.network import Network, Node, Ref

_BLOCK = 2**22
"""How many bytes of an array with gaps are copied at a time."""
_OF_THE_TEXT = ("at", "region", "group", "named")
"""What a node says of its place in the text."""


def graph_digests(network: Network, wanted: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """A digest for what each of the wanted values is computed from, by label; and a digest for each node.

    The names of values play no part, but for inputs, which the data is bound to, parameters, and random
    values.
    """
    lines = [_described_leaf(network, name) for name in network.names[: network.first_node]]
    lines += [_described(node) for node in network.nodes]
    nodes = {name: _digest([line]) for name, line in zip(network.names, lines, strict=True)}
    graph: dict[str, str] = {}
    for label, name in wanted.items():
        needed = network.ancestors([network.numbers[name]])
        order = {number: i for i, number in enumerate(n for n, there in enumerate(needed) if there)}
        parts = [f"{lines[number]} {_operands(network, number, order)}" for number in order]
        graph[label] = _digest(parts)
    return graph, nodes


def _described_leaf(network: Network, name: str) -> str:
    """An input or a parameter; what an input starts from is part of the data."""
    left_out = {*_OF_THE_TEXT, "default"}
    dumped = network.spec_of(name).model_dump(mode="json", exclude=left_out)
    param = network.params.get(name)
    if param is not None:
        init = network.member("initializers", param.init)
        dumped["init"] = [param.init.name, init.model_dump(mode="json")]
    return json.dumps(dumped, sort_keys=True)


def _described(node: Node) -> str:
    """An operation with all its attributes, also those that the file leaves out."""
    dumped = node.spec.model_dump(mode="json", exclude={"name", "operands", *_OF_THE_TEXT})
    inner = [dumped.get("body")]
    while inner:
        body = inner.pop()
        for part in () if body is None else (*body["inputs"], *body["nodes"]):
            inner.append(part.get("body"))
            for name in _OF_THE_TEXT:
                part.pop(name, None)
    if "stream" in node.supplied:
        dumped["stream"] = node.spec.stream or node.name
    if isinstance(node.operation, BaseModel):
        defaults = {n: f.default for n, f in type(node.operation).model_fields.items()}
        left_out = {n: v for n, v in defaults.items() if v is not PydanticUndefined}
        dumped["attributes"] = {**left_out, **dumped["attributes"]}
    return json.dumps(dumped, sort_keys=True, default=str)


def _operands(network: Network, number: int, order: Mapping[int, int]) -> str:
    """The operands of a node, by their place among the values that are needed."""
    if number < network.first_node:
        return ""
    operands = network.nodes[number - network.first_node].operands
    return " ".join(f"#{order[o.number]}" if type(o) is Ref else repr(o) for o in operands)


def _digest(lines: list[str]) -> str:
    return blake2b("\n".join(lines).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def digest_of_array(array: Any) -> str:
    """The type and shape of an array, and a digest of its numbers as they are stored."""
    hashed = blake2b(digest_size=12)
    for part in _parts(array):
        hashed.update(part)
    return f"{array.dtype}[{', '.join(map(str, array.shape))}] {hashed.hexdigest()}"


def _parts(array: Any) -> Any:
    """The bytes of an array; of windows that overlap, each byte once."""
    if array.flags.c_contiguous:
        yield memoryview(array.reshape(-1).view(np.uint8)) if array.size else b""
        return
    low, high = np.lib.array_utils.byte_bounds(array)
    if high - low < array.nbytes and all(stride >= 0 for stride in array.strides):
        count = (high - low) // array.itemsize
        if all(stride % array.itemsize == 0 for stride in array.strides):
            yield str(array.strides).encode()
            strides = (array.itemsize,)
            yield np.lib.stride_tricks.as_strided(array, (count,), strides, writeable=False)
            return
    rows = max(1, _BLOCK // max(1, array.itemsize * prod(array.shape[1:])))
    for start in range(0, len(array), rows):
        yield np.ascontiguousarray(array[start : start + rows])
