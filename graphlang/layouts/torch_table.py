"""The layers of PyTorch: what their parameters are called, and how each becomes one of ours.

The table of docs/explanation/conventions.md is held to this one by a test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from graphlang.layouts.slots import (
    Gates,
    ParameterSlot,
    Shape,
    columns,
    gate_bias,
    gate_matrix,
    optional,
    same,
    single,
    stacked,
    turned,
)

MODULES = {
    "Affine": "Linear",
    "Conv": "Conv1d, Conv2d, Conv3d",
    "DepthwiseConv": "Conv1d, Conv2d, Conv3d",
    "ConvTranspose": "ConvTranspose1d, ConvTranspose2d, ConvTranspose3d",
    "Embedding": "Embedding",
    "BatchNorm": "BatchNorm1d, BatchNorm2d, BatchNorm3d",
    "LayerNorm": "LayerNorm",
    "GroupNorm": "GroupNorm",
    "InstanceNorm": "InstanceNorm1d, InstanceNorm2d, InstanceNorm3d",
    "RMSNorm": "RMSNorm",
    "PRelu": "PReLU",
    "RNN": "RNN",
    "LSTM": "LSTM",
    "GRU": "GRU",
    "Attention": "MultiheadAttention",
}
"""Which layers of PyTorch a layer corresponds to."""
DROPPED = ("num_batches_tracked",)
"""What BatchNorm keeps there and needs nowhere."""

_WEIGHT_AND_BIAS = {"W": same("weight"), "b": same("bias")}
_NORM = {"gamma": same("weight"), "beta": same("bias")}
_PLAIN: dict[str, dict[str, ParameterSlot]] = {
    "Affine": {"W": turned("weight"), "b": same("bias")},
    "Conv": _WEIGHT_AND_BIAS,
    "DepthwiseConv": _WEIGHT_AND_BIAS,
    "ConvTranspose": _WEIGHT_AND_BIAS,
    "Embedding": {"W": same("weight")},
    "BatchNorm": {**_NORM, "mean": same("running_mean"), "var": same("running_var")},
    "LayerNorm": _NORM,
    "GroupNorm": _NORM,
    "InstanceNorm": _NORM,
    "RMSNorm": {"gamma": same("weight")},
    "PRelu": {"alpha": single("weight")},
}
_GATES = {
    "RNN": Gates((0,), (1,), ""),
    "LSTM": Gates((1, 2, 0, 3), (1, 1, 1, 1), "; i, f, g, o become f, g, i, o"),
    "GRU": Gates((1, 0, 2), (-1, 1, 1), "; r, z, n become -z, r, n"),
}


def torch_slots(operation: str, shapes: Mapping[str, Shape]) -> dict[str, ParameterSlot]:
    """For each parameter of a layer, by its role, where it comes from; empty for an unknown layer."""
    if operation in _PLAIN:
        return {role: _PLAIN[operation][role] for role in shapes}
    make = _MADE.get(operation)
    return {} if make is None else make(operation, shapes)


def _recurrent(operation: str, shapes: Mapping[str, Shape]) -> dict[str, ParameterSlot]:
    gates = _GATES[operation]
    slots: dict[str, ParameterSlot] = {}
    if operation == "GRU" and "bn" not in shapes:
        return {}
    for role in shapes:
        kind, number, back = _parts_of_role(role)
        end = f"_l{number - 1}{back}"
        if kind == "bn":
            slots[role] = columns(f"bias_hh{end}", 3, 2, 1, matrix=False)
        elif operation == "GRU" and kind == "b":
            slots[role] = gate_bias(f"bias_ih{end}", f"bias_hh{end}", gates, inside=1)
        elif kind == "b":
            slots[role] = gate_bias(f"bias_ih{end}", f"bias_hh{end}", gates)
        else:
            slots[role] = gate_matrix(f"weight_{'ih' if kind == 'Wx' else 'hh'}{end}", gates)
    return slots


def _parts_of_role(role: str) -> tuple[str, int, str]:
    """`Wx2_reverse` as its kind, the number of the layer from 1, and the ending for the direction."""
    match = re.fullmatch(r"([A-Za-z]+?)(\d*)(_reverse)?", role)
    assert match is not None, role
    return match[1], int(match[2] or 1), match[3] or ""


def _attention(_: str, shapes: Mapping[str, Shape]) -> dict[str, ParameterSlot]:
    last = {"Wo": turned("out_proj.weight"), "bo": optional("out_proj.bias")}
    weight, bias = "in_proj_weight", "in_proj_bias"
    if "Wqkv" in shapes:
        return {"Wqkv": turned(weight), "bqkv": optional(bias), **last}
    first = {
        "bq": columns(bias, 3, 0, 1, matrix=False),
        "bkv": columns(bias, 3, 1, 2, matrix=False),
    }
    if shapes["Wq"][0] == shapes["Wkv"][0]:
        first["Wq"] = columns(weight, 3, 0, 1, matrix=True)
        first["Wkv"] = columns(weight, 3, 1, 2, matrix=True)
    else:
        first["Wq"] = turned("q_proj_weight")
        first["Wkv"] = stacked(("k_proj_weight", "v_proj_weight"))
    return {**first, **last}


_MADE: dict[str, Callable[[str, Mapping[str, Shape]], dict[str, ParameterSlot]]] = {
    "RNN": _recurrent,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "Attention": _attention,
}


def torch_table() -> str:
    """The table as a page has it: a row for each parameter."""
    lines = ["| layer | PyTorch | parameter | from |", "|---|---|---|---|"]
    for operation, modules in MODULES.items():
        for role, slot in _every_slot(operation).items():
            first = role == next(iter(_every_slot(operation)))
            layer = f"`{operation}` | {modules}" if first else " |"
            lines.append(f"| {layer} | `{role}` | {slot.told} |")
    return "\n".join(lines) + "\n"


def _every_slot(operation: str) -> dict[str, ParameterSlot]:
    if operation in _PLAIN:
        return _PLAIN[operation]
    if operation != "Attention":
        more = {"bn": (1,)} if operation == "GRU" else {}
        return torch_slots(operation, {"Wx": (1, 1), "Wh": (1, 1), "b": (1,), **more})
    over_itself = torch_slots(operation, {"Wqkv": (1, 3)})
    return over_itself | torch_slots(operation, {"Wq": (1, 1), "Wkv": (1, 2)})
