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
    With `lengths=n` steps from n[k] on leave the state of row k alone and give 0, and the run from the end
    starts at the row's own. `start=h` is the state before the first step, instead of zeros, and with
    `return=state` the results are `y, h`: y, and the state after the last step
    [N, layers*directions*H], in the order layer 1, layer 1 from the end, layer 2, ... .
    Example: input x: float[N, T, 3], n: int[N]; y = RNN(x, 2, bidirectional=true, lengths=n)
    Example: input x: float[N, 2, 3], n: int[N], h: float[N, 2]; \
y, g = RNN(x, 2, lengths=n, start=h, return=state); out = sum(sin(y)) + sum(sin(g))
    """

    cell = rnn
