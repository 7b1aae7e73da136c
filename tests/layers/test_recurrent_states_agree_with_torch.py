"""Recurrent layers with lengths, a state to start from and the state at the end, next to PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_kernels_agree_with_torch import check, in_their_order, normal, own
from test_recurrent_layers import STEPS

import graphlang as gl
from graphlang.layers._recurrent import _Recurrent
from graphlang.layers.gru import GRU
from graphlang.layers.lstm import LSTM
from graphlang.layers.rnn import RNN
from graphlang.report.explained_plan import explained
from graphlang.trace import Trace, gradient, replay

torch = pytest.importorskip("torch")
LENGTHS = np.array([3, 6, 1, 5])
FORMS: list[dict[str, Any]] = [
    {},
    {"bidirectional": True},
    {"layers": 2},
    {"layers": 2, "bidirectional": True},
]


def theirs(layer: _Recurrent, names: list[str], lengths: Any, x: Any, weights: Any, start: Any) -> list[Any]:
    """y, h and c of PyTorch, on a packed sequence where there are lengths; states as [N, layers * ... * H]."""
    lstm = isinstance(layer, LSTM)
    options = {"dtype": torch.float64, "batch_first": True, "bidirectional": layer.bidirectional}
    module = (torch.nn.LSTM if lstm else torch.nn.RNN)(x.shape[2], layer.hidden, layer.layers, **options)
    state = {}
    for name, w in zip(names, weights, strict=True):
        role, reverse = name.removesuffix("_reverse"), "_reverse" if name.endswith("_reverse") else ""
        number = f"_l{int(role.lstrip('Wxhb') or 1) - 1}{reverse}"
        w = in_their_order(name, w, type(layer))
        if role.startswith("b"):
            state["bias_ih" + number], state["bias_hh" + number] = w, torch.zeros_like(w)
        else:
            state[("weight_ih" if role.startswith("Wx") else "weight_hh") + number] = w
    begun = [s.reshape(len(s), -1, layer.hidden).transpose(0, 1).contiguous() for s in start]
    hx = (tuple(begun) if lstm else begun[0]) if begun else None
    packed = x
    if lengths is not None:
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            x, torch.tensor(lengths), batch_first=True, enforce_sorted=False
        )
    y, ends = torch.func.functional_call(module, state, (packed, hx))
    if lengths is not None:
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
    ends = ends if isinstance(ends, tuple) else (ends,)
    return [y, *[e.transpose(0, 1).reshape(len(x), -1) for e in ends]]


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "lengths"])
@pytest.mark.parametrize("starts", [False, True], ids=["zeros", "start"])
@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("kind", [RNN, LSTM])
def test_states_and_lengths_agree(kind: Any, form: dict[str, Any], starts: bool, lengths: Any) -> None:
    layer, x = kind(hidden=2, **{"return": "state"}, **form), normal(4, 6, 3)
    parameters = own(layer, x)
    width = 2 * layer.layers * (1 + layer.bidirectional)
    start = [normal(4, width + k)[:, :width] for k in range(2 if kind is LSTM else 1)] if starts else []
    arrays = [x, *parameters.values(), *start]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    own_ts, start_ts = ts[1 : 1 + len(parameters)], ts[1 + len(parameters) :]
    expected = theirs(layer, list(parameters), lengths, ts[0], own_ts, start_ts)
    seeds = [normal(*e.shape) for e in expected]
    torch.autograd.backward(expected, [torch.tensor(s) for s in seeds])

    trace = Trace()
    inputs = [trace.input(a.shape) for a in arrays]
    rows = [] if lengths is None else [trace.input(lengths.shape, lengths.dtype)]
    with trace:
        own_inputs = dict(zip(parameters, inputs[1 : 1 + len(parameters)], strict=True))
        more = [*(rows or [None]), *inputs[1 + len(parameters) :]]
        results = layer.forward(inputs[0], *more, **own_inputs)[0]
        total = sum(np.sum(r * s) for r, s in zip(results, seeds, strict=True))
        gradients = gradient(total, inputs)
    feeds = dict(zip([*inputs, *rows], [*arrays, *([] if lengths is None else [lengths])], strict=True))
    wanted = [*(e.detach().numpy() for e in expected), *(t.grad.numpy() for t in ts)]
    check(replay(trace, [*results, *gradients], feeds), wanted)


@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
def test_a_layer_starts_from_a_state_by_its_formula(kind: type[_Recurrent]) -> None:
    layer, x = kind(hidden=3), normal(2, 4, 5)
    weights = own(layer, x)
    h, c = normal(2, 3), normal(3, 3)[:2]
    y, _ = layer.forward(x, None, h, *([c] if kind is LSTM else []), **weights)
    for t in range(4):
        h, c = STEPS[kind](x[:, t], h, c, **weights)
        np.testing.assert_allclose(y[:, t], h, rtol=1e-12)


@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
def test_two_halves_with_the_state_handed_on_are_the_whole(kind: type[_Recurrent]) -> None:
    whole, layer = kind(hidden=3), kind(hidden=3, **{"return": "state"})
    x = normal(20, 8, 4)
    weights = own(whole, x)
    first, *state = layer.forward(x[:, :3], **weights)[0]
    second = layer.forward(x[:, 3:], None, *state, **weights)[0][0]
    np.testing.assert_allclose(
        np.concatenate([first, second], axis=1), whole.forward(x, **weights)[0], rtol=1e-12
    )


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_what_stands_after_the_end_of_a_row_does_not_matter(kind: str) -> None:
    graph = gl.loads(
        f"input x: float[N, T, 2], n: int[N]\ny = {kind}(x, 3, bidirectional=true, lengths=n)\n"
        f"h = {kind}(x, 3, bidirectional=true, lengths=n, return=last)\ntotal = sum(y) + sum(h)\noutput y, h, total"
    )
    x, n = normal(3, 5, 2), [2, 5, 0]
    other = x.copy()
    other[0, 2:], other[2] = np.nan, np.inf
    before, after = (graph.forward({"x": v, "n": n}) for v in (x, other))
    np.testing.assert_array_equal(after["y"], before["y"])
    np.testing.assert_array_equal(after["h"], before["h"])
    assert np.all(before["y"][0, 2:] == 0)
    assert np.all(before["h"][2] == 0)
    gradients = after.backward(of="total").grad
    assert np.all(gradients["x"][0, 2:] == 0)
    assert all(np.isfinite(g).all() for name, g in gradients.items() if name.startswith(kind))


def test_lengths_beyond_the_sequence_are_refused() -> None:
    graph = gl.loads("input x: float[N, T, 2], n: int[N]\ny = LSTM(x, 3, lengths=n)")
    with pytest.raises(gl.GraphError, match="`n`"):
        graph.run(x=normal(2, 3, 2), n=[3, 4])


def test_a_planned_program_runs_a_layer_with_several_results_once() -> None:
    graph = gl.loads(
        "input x: float[N, T, 2]\ny, h, c = LSTM(x, 3, return=state)\nz = sum(y) + sum(h) + sum(c)"
    )
    steps = explained(graph.model, {"x": normal(2, 3, 2)}).steps
    assert sum("lstm(" in str(step) for step in steps) == 1
