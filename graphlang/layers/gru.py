"""The gated recurrent unit."""

from graphlang.kernels.recurrence import gru
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
    book (PyTorch resets after it, and its z is 1 - this one). The hidden vector starts as zeros. Every
    further layer has weights of its own, `Wx2`, `Wh2`, `b2` and so on. `bidirectional` adds a run from the
    end to the start with the weights `Wx_reverse` ... (`Wx2_reverse` ...), and joins both results:
    y [N, T, 2*H]; the last step of that run is at the start.
    With `lengths=n` steps from n[k] on leave the state of row k alone and give 0, and the run from the end
    starts at the row's own. `start=h` is the state before the first step, instead of zeros, and with
    `return=state` the results are `y, h`: y, and the state after the last step
    [N, layers*directions*H], in the order layer 1, layer 1 from the end, layer 2, ... .
    Example: input x: float[N, T, 3], n: int[N]; y = GRU(x, 2, bidirectional=true, lengths=n)
    Example: input x: float[N, 2, 3], n: int[N], h: float[N, 2]; \
y, g = GRU(x, 2, lengths=n, start=h, return=state); out = sum(sin(y)) + sum(sin(g))
    """

    cell = gru
