"""The gated recurrent unit."""

from typing import Literal

import numpy as np
from pydantic import Field

from graphlang.catalog.operation import Array, Parameter
from graphlang.initializers.zeros import zeros
from graphlang.kernels.recurrence import Recurrence, gru, gru_after
from graphlang.layers._recurrent import _Recurrent


class GRU(_Recurrent):
    """y[t] = h[t] = (1 - z) * h[t-1] + z * n; z and r from x[t] @ Wx + h[t-1] @ Wh + b, n from r * h[t-1]

    The gates z and r go through sigmoid; the new content is n = tanh(x[t] @ Wx + (r * h[t-1]) @ Wh + b).
    Each has its own columns of the weights.

    Gradient: derived, back through time from the last step to the first; gradients of gradients too.
    Shapes: x [N, T, D], Wx [D, 3*H], Wh [H, 3*H], b [3*H] -> y [N, T, H], or [N, H] with `return=last`.
    Source: Cho et al., Learning phrase representations using RNN encoder-decoder, 2014; Deep Learning from
    Scratch 2, appendix C.
    Convention: the columns of the weights are z, r, n, and the reset r comes before the product, as in the
    book (PyTorch's z is 1 - this one). With `reset=after`, as in PyTorch, the new content is
    n = tanh(x[t] @ Wx + b + r * (h[t-1] @ Wh + bn)), with one more bias, bn [H]. The hidden vector starts
    as zeros. Every further layer has weights of its own, `Wx2`, `Wh2`, `b2` and so on. `bidirectional` adds
    a run from the end to the start with the weights `Wx_reverse` ... (`Wx2_reverse` ...), and joins both
    results: y [N, T, 2*H]; the last step of that run is at the start.
    With `lengths=n` steps from n[k] on leave the state of row k alone and give 0, and the run from the end
    starts at the row's own. `start=h` is the state before the first step, instead of zeros, and with
    `return=state` the results are `y, h`: y, and the state after the last step
    [N, layers*directions*H], in the order layer 1, layer 1 from the end, layer 2, ... .
    Example: input x: float[N, T, 3], n: int[N]; y = GRU(x, 2, bidirectional=true, lengths=n)
    Example: input x: float[N, 2, 3], n: int[N], h: float[N, 2]; \
y, g = GRU(x, 2, lengths=n, start=h, return=state); out = sum(sin(y)) + sum(sin(g))
    Example: input x: float[N, T, 3]; y = GRU(x, 2, reset=after)
    """

    cell = gru

    reset: Literal["before", "after"] = Field(
        "before", description="whether r comes before the product with h[t-1], or after it"
    )

    @property
    def kernel(self) -> Recurrence:
        return gru if self.reset == "before" else gru_after

    def parameters(self, x: Array, *more: Array) -> dict[str, Parameter]:
        own = super().parameters(x, *more)
        if self.reset == "after":
            biases = [role for role in own if role.startswith("b")]
            own |= {f"bn{role[1:]}": Parameter((self.hidden,), zeros()) for role in biases}
        return own

    def _weights(self, own: dict[str, Array], suffix: str) -> list[Array]:
        Wx, Wh, b = super()._weights(own, suffix)
        if self.reset == "before":
            return [Wx, Wh, b]
        # The columns are z, r, m, n: m is what r multiplies, of h alone, and n is of x alone.
        H = self.hidden
        Wx = np.concatenate([Wx[:, : 2 * H], np.zeros_like(Wx[:, :H]), Wx[:, 2 * H :]], axis=1)
        Wh = np.concatenate([Wh, np.zeros_like(Wh[:, :H])], axis=1)
        return [Wx, Wh, np.concatenate([b[: 2 * H], own["bn" + suffix], b[2 * H :]])]
