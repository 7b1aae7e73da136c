# ruff: noqa: Q001 - a function within quotes has a docstring of its own
"""The recurrent kernels as functions of a generated file, in the words of NumPy.

Another library says the same with some words replaced.
"""

from __future__ import annotations

RECURRENCES = {
    "rnn": '''
def rnn(x, Wx, Wh, b, start=None):
    """The hidden vectors of all steps; time is axis 0."""
    h = np.zeros((x.shape[1], len(Wh)), x.dtype) if start is None else start
    hs = []
    for x_t in x:
        h = np.tanh(x_t @ Wx + h @ Wh + b)
        hs.append(h)
    return np.stack(hs)
''',
    "rnn_gradient": '''
def rnn_gradient(dhs, hs, Wh):
    """The gradient of what goes into tanh in all steps: backpropagation through time."""
    das, da = [], 0
    for dh, h in zip(dhs[::-1], hs[::-1]):
        da = (dh + (da @ Wh.T if das else 0)) * (1 - h**2)
        das.append(da)
    return np.stack(das[::-1])
''',
    "rnn_weight_gradient": '''
def rnn_weight_gradient(dpre, hs, x):
    """The gradients of Wx, Wh and b, as rows."""
    return weight_rows(x, [(before(hs), slice(None))], dpre)
''',
    "lstm": '''
def lstm(x, Wx, Wh, b, start=None):
    """The states [h, c, f, g, i, o] of all steps, side by side; time is axis 0."""
    H = len(Wh)
    zeros = np.zeros((x.shape[1], 2 * H), x.dtype)
    h, c = np.split(zeros if start is None else start[:, : 2 * H], 2, axis=1)
    states = []
    for x_t in x:
        f, g, i, o = np.split(x_t @ Wx + h @ Wh + b, 4, axis=1)
        f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
        c = f * c + g * i
        h = o * np.tanh(c)
        states.append(np.concatenate([h, c, f, g, i, o], axis=1))
    return np.stack(states)
''',
    "lstm_gradient": '''
def lstm_gradient(ds, states, Wh):
    """The gradient of what goes into the gates in all steps."""
    ds, H = with_zeros(ds, states), len(Wh)
    das, da, dc, f_next = [], None, 0, 0
    for d, state, last in zip(ds[::-1], states[::-1], before(states)[::-1]):
        h, c, f, g, i, o = np.split(state, 6, axis=1)
        dh = d[:, :H] + (da @ Wh.T if das else 0)
        dc = dh * (o - h * np.tanh(c)) + dc * f_next + d[:, H : 2 * H]
        df, dg, di, do = np.split(d[:, 2 * H :], 4, axis=1)
        df = (df + dc * last[:, H : 2 * H]) * f * (1 - f)
        dg = (dg + dc * i) * (1 - g**2)
        di = (di + dc * g) * i * (1 - i)
        do = (do * o + dh * h) * (1 - o)
        da, f_next = np.concatenate([df, dg, di, do], axis=1), f
        das.append(da)
    return np.stack(das[::-1])
''',
    "lstm_weight_gradient": '''
def lstm_weight_gradient(dpre, states, x):
    """The gradients of Wx, Wh and b, as rows."""
    H = states.shape[2] // 6
    return weight_rows(x, [(before(states)[:, :, :H], slice(None))], dpre)
''',
    "gru": '''
def gru(x, Wx, Wh, b, start=None):
    """The states [h, z, r, n] of all steps, side by side; time is axis 0."""
    H = len(Wh)
    h = np.zeros((x.shape[1], H), x.dtype) if start is None else start[:, :H]
    states = []
    for x_t in x:
        z, r, n = np.split(x_t @ Wx + b, 3, axis=1)
        z, r = sigmoid(z + h @ Wh[:, :H]), sigmoid(r + h @ Wh[:, H : 2 * H])
        n = np.tanh(n + (r * h) @ Wh[:, 2 * H :])
        h = (1 - z) * h + z * n
        states.append(np.concatenate([h, z, r, n], axis=1))
    return np.stack(states)
''',
    "gru_gradient": '''
def gru_gradient(ds, states, Wh):
    """The gradient of what goes into the gates in all steps."""
    ds, H = with_zeros(ds, states), len(Wh)
    das, dh = [], 0
    for d, state, last in zip(ds[::-1], states[::-1], before(states)[::-1]):
        z, r, n = np.split(state[:, H:], 3, axis=1)
        h = last[:, :H]
        dh = dh + d[:, :H]
        dz, dr, dn = np.split(d[:, H:], 3, axis=1)
        dn = (dn + dh * z) * (1 - n**2)
        drh = dn @ Wh[:, 2 * H :].T
        dz = (dz + dh * (n - h)) * z * (1 - z)
        dr = (dr + drh * h) * r * (1 - r)
        dgates = np.concatenate([dz, dr], axis=1)
        dh = dh * (1 - z) + drh * r + dgates @ Wh[:, : 2 * H].T
        das.append(np.concatenate([dgates, dn], axis=1))
    return np.stack(das[::-1])
''',
    "gru_weight_gradient": '''
def gru_weight_gradient(dpre, states, x):
    """The gradients of Wx, Wh and b, as rows."""
    H = states.shape[2] // 4
    h, r = before(states)[:, :, :H], states[:, :, 2 * H : 3 * H]
    return weight_rows(x, [(h, slice(2 * H)), (r * h, slice(2 * H, None))], dpre)
''',
    "gru_after": '''
def gru_after(x, Wx, Wh, b, start=None):
    """The states [h, z, r, n, m] of all steps, side by side; time is axis 0."""
    H = len(Wh)
    h = np.zeros((x.shape[1], H), x.dtype) if start is None else start[:, :H]
    states = []
    for x_t in x:
        z, r, m, n = np.split(x_t @ Wx + h @ Wh + b, 4, axis=1)
        z, r = sigmoid(z), sigmoid(r)
        n = np.tanh(n + r * m)
        h = (1 - z) * h + z * n
        states.append(np.concatenate([h, z, r, n, m], axis=1))
    return np.stack(states)
''',
    "gru_after_gradient": '''
def gru_after_gradient(ds, states, Wh):
    """The gradient of what goes into the gates in all steps."""
    ds, H = with_zeros(ds, states), len(Wh)
    das, dh = [], 0
    for d, state, last in zip(ds[::-1], states[::-1], before(states)[::-1]):
        z, r, n, m = np.split(state[:, H:], 4, axis=1)
        dh = dh + d[:, :H]
        dz, dr, dn, dm = np.split(d[:, H:], 4, axis=1)
        dn = (dn + dh * z) * (1 - n**2)
        dz = (dz + dh * (n - last[:, :H])) * z * (1 - z)
        dr = (dr + dn * m) * r * (1 - r)
        da = np.concatenate([dz, dr, dm + dn * r, dn], axis=1)
        dh = dh * (1 - z) + da @ Wh.T
        das.append(da)
    return np.stack(das[::-1])
''',
    "gru_after_weight_gradient": '''
def gru_after_weight_gradient(dpre, states, x):
    """The gradients of Wx, Wh and b, as rows."""
    H = states.shape[2] // 5
    return weight_rows(x, [(before(states)[:, :, :H], slice(None))], dpre)
''',
}
