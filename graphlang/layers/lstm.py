"""Long short-term memory."""

from typing import Any

from graphlang.catalog.operation import Array
from graphlang.kernels.recurrence import lstm
from graphlang.layers._recurrent import _Recurrent


class LSTM(_Recurrent):
    """y[t] = h[t] = o * tanh(c[t]), c[t] = f * c[t-1] + g * i; f, g, i, o from x[t] @ Wx + h[t-1] @ Wh + b

    The gates f, i and o go through sigmoid, the new content g through tanh.

    Gradient: derived, back through time from the last step to the first; gradients of gradients too.
    Shapes: x [N, T, D], Wx [D, 4*H], Wh [H, 4*H], b [4*H] -> y [N, T, H], or [N, H] with `return=last`.
    Source: Hochreiter and Schmidhuber, Long short-term memory, 1997; Deep Learning from Scratch 2, 6.3.
    Convention: the columns of the weights are f, g, i, o, as in the book (PyTorch has i, f, g, o). The
    hidden vector and the cell start as zeros. Every further layer has weights of its own, `Wx2`, `Wh2`,
    `b2` and so on. `bidirectional` adds a run from the end to the start with the weights `Wx_reverse` ...
    (`Wx2_reverse` ...), and joins both results: y [N, T, 2*H]; the last step of that run is at the start.
    With `lengths=n` steps from n[k] on leave the state of row k alone and give 0, and the run from the end
    starts at the row's own. `start=(h, c)` is the state before the first step, instead of zeros, and with
    `return=state` the results are `y, h, c`: y, and the state after the last step
    [N, layers*directions*H], in the order layer 1, layer 1 from the end, layer 2, ... .
    Example: input x: float[N, T, 3], n: int[N]; y = LSTM(x, 2, bidirectional=true, lengths=n)
    Example: input x: float[N, 2, 3], n: int[N], h: float[N, 2], c: float[N, 2]; \
y, g, d = LSTM(x, 2, lengths=n, start=(h, c), return=state); out = sum(sin(y)) + sum(sin(g)) + sum(d**2)
    """

    cell = lstm
    handed_on = 2

    def forward(
        self,
        x: Array,
        lengths: Array = None,
        start: Array = None,
        start_cell: Array = None,
        *,
        Wx: Array,
        Wh: Array,
        b: Array,
        **more: Array,
    ) -> tuple[Any, None]:
        return self._forward(x, lengths, [start, start_cell], {"Wx": Wx, "Wh": Wh, "b": b, **more})
