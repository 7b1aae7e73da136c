"""The simple recurrent layer."""

from graphlang.kernels.recurrence import rnn
from graphlang.layers._recurrent import _Recurrent


class RNN(_Recurrent):
    """h[t] = tanh(x[t] @ Wx + h[t-1] @ Wh + b), y[t] = h[t]

    Gradient: derived, back through time from the last step to the first; gradients of gradients too.
    Shapes: x [N, T, D], Wx [D, H], Wh [H, H], b [H] -> y [N, T, H], or [N, H] with `return=last`.
    Source: Deep Learning from Scratch 2, 5.3; Elman, Finding structure in time, 1990.
    Convention: the hidden vector starts as zeros. Every further layer has weights of its own, `Wx2`, `Wh2`,
    `b2` and so on. `bidirectional` adds a run from the end to the start with the weights `Wx_reverse` ...
    (`Wx2_reverse` ...), and joins both results: y [N, T, 2*H]; the last step of that run is at the start.
    """

    cell = rnn
