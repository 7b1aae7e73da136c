"""`GRU(hidden, reset=after)` is PyTorch's GRU: values, gradients, lengths, states, one kernel for all steps."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import normal

import graphlang as gl

SPEC = """input x: float[N, T, 3], n: int[N], h: float[N, 8], s: float[N, T, 4], u: float[N, 8]
layer m = GRU(2, layers=2, bidirectional=true, reset=after, return=state)
y, g = m(x, lengths=n, start=h)
total = sum(y * s) + sum(g * u)
"""


def test_values_states_and_gradients_are_those_of_torch():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.GRU(3, 2, 2, bidirectional=True, batch_first=True, dtype=torch.float64)
    graph = gl.loads(SPEC, dtype="float64", seed=3)
    for name, array in graph.params.items():
        graph.params[name] = array + normal(*array.shape) / 3
    state = {n.removeprefix("m."): torch.tensor(a) for n, a in graph.torch_state().items()}
    module.load_state_dict(state)
    x, h, s, u = normal(3, 5, 3), normal(3, 8, seed=1), normal(3, 5, 4, seed=2), normal(3, 8, seed=3)
    lengths = np.array([5, 2, 4])
    result = graph.run(x=x, n=lengths, h=h, s=s, u=u, of="total")

    tx, th = (torch.tensor(a, requires_grad=True) for a in (x, h))
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        tx, torch.tensor(lengths), batch_first=True, enforce_sorted=False
    )
    ys, ends = module(packed, th.reshape(3, 4, 2).transpose(0, 1).contiguous())
    ys, _ = torch.nn.utils.rnn.pad_packed_sequence(ys, batch_first=True, total_length=5)
    ends = ends.transpose(0, 1).reshape(3, 8)
    ((ys * torch.tensor(s)).sum() + (ends * torch.tensor(u)).sum()).backward()
    np.testing.assert_allclose(result["y"], ys.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(result["g"], ends.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(result.grad["x"], tx.grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(result.grad["h"], th.grad.numpy(), atol=1e-12)
    inner = module.bias_hh_l1_reverse.grad.numpy()
    np.testing.assert_allclose(result.grad["m.bn2_reverse"], inner[4:], atol=1e-12)
    outer = module.weight_hh_l0.grad.numpy()
    np.testing.assert_allclose(result.grad["m.Wh"][:, 4:], outer[4:].T, atol=1e-12)
    np.testing.assert_allclose(result.grad["m.Wh"][:, :2], -outer[2:4].T, atol=1e-12)


def test_a_scan_over_its_formula_gives_the_same():
    graph = gl.loads(
        """input x: float[N, T, 3]
layer m = GRU(2, reset=after)
y = m(x)
hs = scan a in x carry h = zeros(N, 2) {
  z = sigmoid(a @ m.Wx[:, :2] + h @ m.Wh[:, :2] + m.b[:2])
  r = sigmoid(a @ m.Wx[:, 2:4] + h @ m.Wh[:, 2:4] + m.b[2:4])
  n = tanh(a @ m.Wx[:, 4:] + m.b[4:] + r * (h @ m.Wh[:, 4:] + m.bn))
  h2 = (1 - z) * h + z * n
  next h = h2
  yield h2
}
expect y ~= hs within 1e-12
gap = sum((y - hs) ** 2)
""",
        dtype="float64",
    )
    for name, array in graph.params.items():
        graph.params[name] = array + normal(*array.shape) / 3
    assert graph.run(x=normal(4, 6, 3))["gap"] < 1e-24
