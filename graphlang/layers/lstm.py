"""Long short-term memory."""

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
    """

    cell = lstm
