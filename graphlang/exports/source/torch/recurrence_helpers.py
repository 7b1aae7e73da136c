# ruff: noqa: Q001 - a function within quotes has a docstring of its own
"""The recurrent kernels, as functions of a generated file of PyTorch."""

from __future__ import annotations

RECURRENCES = {
    "before": '''
def before(states):
    """For each step the state of the one before it; zeros for the first."""
    return torch.cat([torch.zeros_like(states[:1]), states[:-1]])
''',
    "with_zeros": '''
def with_zeros(ds, states):
    """The gradient of the states, where it is that of their first columns alone."""
    return F.pad(ds, (0, states.shape[2] - ds.shape[2]))
''',
    "weight_rows": '''
def weight_rows(x, left, dpre):
    """The gradients of Wx, of Wh and of b, as rows of one matrix."""
    rows = dpre.reshape(-1, dpre.shape[-1])
    dWx = x.reshape(-1, x.shape[-1]).T @ rows
    dWh = [a.reshape(-1, a.shape[-1]).T @ rows[:, own] for a, own in left]
    return torch.cat([dWx, torch.cat(dWh, dim=1), torch.sum(rows, dim=0)[None]])
''',
    "rnn": '''
def rnn(x, Wx, Wh, b, start=None):
    """The hidden vectors of all steps; time is axis 0."""
    h = x.new_zeros(x.shape[1], len(Wh)) if start is None else start
    hs = []
    for x_t in x:
        h = torch.tanh(x_t @ Wx + h @ Wh + b)
        hs.append(h)
    return torch.stack(hs)
''',
    "rnn_gradient": '''
def rnn_gradient(dhs, hs, Wh):
    """The gradient of what goes into tanh in all steps: backpropagation through time."""
    das, da = [], 0
    for dh, h in zip(dhs.flip(0), hs.flip(0)):
        da = (dh + (da @ Wh.T if das else 0)) * (1 - h**2)
        das.append(da)
    return torch.stack(das[::-1])
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
    zeros = x.new_zeros(x.shape[1], 2 * H)
    h, c = (zeros if start is None else start[:, : 2 * H]).chunk(2, dim=1)
    states = []
    for x_t in x:
        f, g, i, o = (x_t @ Wx + h @ Wh + b).chunk(4, dim=1)
        f, g, i, o = torch.sigmoid(f), torch.tanh(g), torch.sigmoid(i), torch.sigmoid(o)
        c = f * c + g * i
        h = o * torch.tanh(c)
        states.append(torch.cat([h, c, f, g, i, o], dim=1))
    return torch.stack(states)
''',
    "lstm_gradient": '''
def lstm_gradient(ds, states, Wh):
    """The gradient of what goes into the gates in all steps."""
    ds, H = with_zeros(ds, states), len(Wh)
    das, da, dc, f_next = [], None, 0, 0
    for d, state, last in zip(ds.flip(0), states.flip(0), before(states).flip(0)):
        h, c, f, g, i, o = state.chunk(6, dim=1)
        dh = d[:, :H] + (da @ Wh.T if das else 0)
        dc = dh * (o - h * torch.tanh(c)) + dc * f_next + d[:, H : 2 * H]
        df, dg, di, do = d[:, 2 * H :].chunk(4, dim=1)
        df = (df + dc * last[:, H : 2 * H]) * f * (1 - f)
        dg = (dg + dc * i) * (1 - g**2)
        di = (di + dc * g) * i * (1 - i)
        do = (do * o + dh * h) * (1 - o)
        da, f_next = torch.cat([df, dg, di, do], dim=1), f
        das.append(da)
    return torch.stack(das[::-1])
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
    h = x.new_zeros(x.shape[1], H) if start is None else start[:, :H]
    states = []
    for x_t in x:
        z, r, n = (x_t @ Wx + b).chunk(3, dim=1)
        z, r = torch.sigmoid(z + h @ Wh[:, :H]), torch.sigmoid(r + h @ Wh[:, H : 2 * H])
        n = torch.tanh(n + (r * h) @ Wh[:, 2 * H :])
        h = (1 - z) * h + z * n
        states.append(torch.cat([h, z, r, n], dim=1))
    return torch.stack(states)
''',
    "gru_gradient": '''
def gru_gradient(ds, states, Wh):
    """The gradient of what goes into the gates in all steps."""
    ds, H = with_zeros(ds, states), len(Wh)
    das, dh = [], 0
    for d, state, last in zip(ds.flip(0), states.flip(0), before(states).flip(0)):
        z, r, n = state[:, H:].chunk(3, dim=1)
        h = last[:, :H]
        dh = dh + d[:, :H]
        dz, dr, dn = d[:, H:].chunk(3, dim=1)
        dn = (dn + dh * z) * (1 - n**2)
        drh = dn @ Wh[:, 2 * H :].T
        dz = (dz + dh * (n - h)) * z * (1 - z)
        dr = (dr + drh * h) * r * (1 - r)
        dgates = torch.cat([dz, dr], dim=1)
        dh = dh * (1 - z) + drh * r + dgates @ Wh[:, : 2 * H].T
        das.append(torch.cat([dgates, dn], dim=1))
    return torch.stack(das[::-1])
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
    h = x.new_zeros(x.shape[1], H) if start is None else start[:, :H]
    states = []
    for x_t in x:
        z, r, m, n = (x_t @ Wx + h @ Wh + b).chunk(4, dim=1)
        z, r = torch.sigmoid(z), torch.sigmoid(r)
        n = torch.tanh(n + r * m)
        h = (1 - z) * h + z * n
        states.append(torch.cat([h, z, r, n, m], dim=1))
    return torch.stack(states)
''',
    "gru_after_gradient": '''
def gru_after_gradient(ds, states, Wh):
    """The gradient of what goes into the gates in all steps."""
    ds, H = with_zeros(ds, states), len(Wh)
    das, dh = [], 0
    for d, state, last in zip(ds.flip(0), states.flip(0), before(states).flip(0)):
        z, r, n, m = state[:, H:].chunk(4, dim=1)
        dh = dh + d[:, :H]
        dz, dr, dn, dm = d[:, H:].chunk(4, dim=1)
        dn = (dn + dh * z) * (1 - n**2)
        dz = (dz + dh * (n - last[:, :H])) * z * (1 - z)
        dr = (dr + dn * m) * r * (1 - r)
        da = torch.cat([dz, dr, dm + dn * r, dn], dim=1)
        dh = dh * (1 - z) + da @ Wh.T
        das.append(da)
    return torch.stack(das[::-1])
''',
    "gru_after_weight_gradient": '''
def gru_after_weight_gradient(dpre, states, x):
    """The gradients of Wx, Wh and b, as rows."""
    H = states.shape[2] // 5
    return weight_rows(x, [(before(states)[:, :, :H], slice(None))], dpre)
''',
}
