"""How primitives that arrange or create arrays are written in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphlang.exports.source.expressions import Expression
from graphlang.exports.source.language import SourceCall, SourceRule
from graphlang.exports.source.numpy import table as of_numpy
from graphlang.exports.source.torch.operands import (
    dtype_text,
    in_torch,
    is_number_text,
    on_device,
    plain_number_text,
    plain_operands,
    typed_operand,
)

# ---- arrangement


def transpose(call: SourceCall) -> Expression:
    axes, count = call.params["axes"], len(call.params["axes"])
    if axes == tuple(range(count)):
        return call.x
    if count == 2:
        return call.fill("{0}.T")
    if axes == (*range(count - 2), count - 1, count - 2):
        return call.fill("{0}.transpose(-1, -2)")
    return call.fill("{0}.permute({axes})", axes=", ".join(map(str, axes)))


def broadcast_to(call: SourceCall) -> Expression:
    x = typed_operand(call, 0, tensor=True)
    return call.fill("torch.broadcast_to({0}, {shape})", x, shape=call.shape(call.params["shape"]))


def concatenate(call: SourceCall) -> Expression:
    axis = of_numpy.last_as_minus_one(call.params["axis"], len(call.output.shape))
    parts = ", ".join(x.text for x in plain_operands(call, tensor=True))
    return Expression(f"torch.cat([{parts}], dim={axis})")


def pad(call: SourceCall) -> Expression:
    widths = [call.size(n) for pair in reversed(call.params["widths"]) for n in pair]
    while widths[-2:] == ["0", "0"] and len(widths) > 2:
        widths = widths[:-2]
    value = call.params.get("value", 0)
    fill = "" if value == 0 else f", value={plain_number_text(value)}"
    return Expression(f"F.pad({call.x.text}, ({', '.join(widths)}){fill})")


def roll(call: SourceCall) -> Expression:
    return call.fill("torch.roll({0}, {shift}, dims={axis})", **call.params)


def _is_backward(part: Any) -> bool:
    return isinstance(part, slice) and part.step is not None and part.step < 0


def slice_(call: SourceCall) -> Expression:
    """PyTorch has no negative steps: `flip`, or a list of the places."""
    key, x = list(call.params["key"]), call.x
    for axis, part in enumerate(key):
        if _is_backward(part):
            if part.start is None and part.stop is None and part.step == -1:
                x = call.fill("{0}.flip({axis})", x, axis=axis)
            else:
                own = ", ".join([":"] * axis + [_places(call, part, call.shapes[0][axis])])
                x = call.fill("{0}[{own}]", x, own=own)
            key[axis] = slice(None)
    if all(part == slice(None) for part in key):
        return x
    return call.fill("{0}[{key}]", x, key=of_numpy.key_text(call, tuple(key)))


def _places(call: SourceCall, part: slice, n: Any) -> str:
    """The places of a slice as a list."""
    return f"list(range({call.size(n)})[{of_numpy.key_text(call, (part,))}])"


def unslice(call: SourceCall) -> Expression:
    """Zeros, to which each part is added at its place."""
    writer, shape = call.writer, call.params["shape"]
    total = writer.named("dx", _zeros(call, shape))
    for part, key in zip(call.operands, call.params["keys"], strict=True):
        if any(_is_backward(k) for k in key):
            texts = [
                _places(call, k, n) if _is_backward(k) else of_numpy.key_text(call, (k,))
                for k, n in zip(key, shape, strict=False)
            ]
            writer.line(f"{total.text}[{', '.join(texts)}] += {part.text}")
        else:
            writer.line(f"{total.text}[{of_numpy.key_text(call, key)}] += {part.text}")
    return total


def _zeros(call: SourceCall, shape: Any) -> str:
    return f"torch.zeros({call.shape(shape)}, dtype={dtype_text(call.output.dtype)}{on_device(call)})"


def take(call: SourceCall) -> Expression:
    key = ", ".join([":"] * call.params["axis"] + [call.operands[1].text])
    return call.fill("{0}[{key}]", key=key)


def take_along_axis(call: SourceCall) -> Expression:
    axis = of_numpy.last_as_minus_one(call.params["axis"], len(call.shapes[0]))
    return call.fill("torch.take_along_dim({0}, {1}, dim={axis})", axis=axis)


def scatter_add(call: SourceCall) -> Expression:
    axis = call.params["axis"]
    size = call.size(call.output.shape[axis])
    return call.helper("add_rows", *(x.text for x in call.operands), f"dim={axis}", f"size={size}")


def add_along_axis(call: SourceCall) -> Expression:
    axis, size = call.params["axis"], call.size(call.params["size"])
    return call.helper("add_along_axis", *(x.text for x in call.operands), f"dim={axis}", f"size={size}")


# ---- creation


def full(call: SourceCall) -> Expression:
    shape, dtype, value = call.params["shape"], call.params["dtype"], call.step.operands[0]
    kind = f"dtype={dtype_text(dtype)}{on_device(call)}"
    if call.dtype_of(0) is not None and not is_number_text(call.x):
        x = typed_operand(call, 0, dtype=dtype)
        return x if shape == () else Expression(f"torch.broadcast_to({x.text}, {call.shape(shape)})")
    if shape == ():
        return Expression(f"torch.tensor({in_torch(call.x.text)}, {kind})")
    text = call.shape(shape)
    if isinstance(value, bool | int | float) and value in (0, 1):
        return Expression(f"torch.{'ones' if value else 'zeros'}({text}, {kind})")
    return Expression(f"torch.full({text}, {in_torch(call.x.text)}, {kind})")


def arange(call: SourceCall) -> Expression:
    start, stop, step, dtype = (call.params[name] for name in ("start", "stop", "step", "dtype"))
    parts = [call.size(stop)] if start == 0 and step == 1 else [call.size(start), call.size(stop)]
    parts += [call.size(step)] if step != 1 else []
    parts += [] if dtype == np.int64 else [f"dtype={dtype_text(dtype)}"]
    return Expression(f"torch.arange({', '.join(parts)}{on_device(call)})")


def one_hot(call: SourceCall) -> Expression:
    n, dtype = call.size(call.params["n"]), dtype_text(call.params["dtype"])
    ids = "{0}[..., None]" if call.dtype_of(0) is not None else "{0}"
    device = on_device(call)
    return call.fill(f"({ids} == torch.arange({{n}}{device})).to({{dtype}})", n=n, dtype=dtype)


def same(call: SourceCall) -> Expression:
    """The operand; a number becomes a tensor."""
    if not is_number_text(call.x):
        return call.x
    kind = dtype_text(call.output.dtype)
    return Expression(f"torch.tensor({in_torch(call.x.text)}, dtype={kind}{on_device(call)})")


def random_numbers(call: SourceCall) -> Expression:
    params = call.params
    words = f"[{params['seed']}, {params['key']}{''.join(f', {x.text}' for x in call.operands)}]"
    settings = [dtype_text(params["dtype"]), f"normal={bool(params['normal'])}"]
    device = on_device(call).removeprefix(", ")
    return call.helper(
        "random_numbers", words, call.shape(params["shape"]), *settings, *([device] if device else [])
    )


ARRAY_RULES: dict[str, SourceRule] = {
    "reshape": of_numpy.reshape, "transpose": transpose, "broadcast_to": broadcast_to,
    "concatenate": concatenate, "pad": pad, "roll": roll,
    "slice": slice_, "unslice": unslice,
    "take": take, "take_along_axis": take_along_axis, "scatter_add": scatter_add,
    "add_along_axis": add_along_axis, "full": full, "arange": arange,
    "one_hot": one_hot,
    "random_numbers": random_numbers,
}  # fmt: skip
