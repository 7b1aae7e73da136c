"""Section 2 of the language, version 1.1, sentence by sentence: layers, losses and metrics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import codes

import graphlang as gl
from graphlang.catalog.finder import Catalog
from graphlang.cli import main

RNG = np.random.default_rng(7)


def normal(*shape: int) -> Any:
    return RNG.standard_normal(shape)


def run(text: str, **inputs: Any) -> Any:
    """The value `y` of a text."""
    return gl.loads(f"graphlang 1\n{text}\noutput y").run(**inputs)["y"]


# ---- padding --------------------------------------------------------------------------------------------


def test_pad_same_gives_the_size_divided_by_the_stride_rounded_up() -> None:
    """`Conv`, `ConvTranspose`, `MaxPool`, `AvgPool`: `pad=same` (output size = ceil(size / stride))."""
    x = normal(2, 3, 7, 8)
    for call in ("Conv(4, 3, stride=2, pad=same)", "MaxPool(3, stride=2, pad=same)"):
        assert run(f"input x: float[N, 3, 7, 8]\ny = x -> {call}", x=x).shape[2:] == (4, 4)
    assert run("input x: float[N, 3, 7, 8]\ny = AvgPool(x, 2, pad=same)", x=x).shape[2:] == (4, 4)
    again = "y = x -> Conv(4, 3, stride=2, pad=same) -> ConvTranspose(3, 3, stride=2, pad=same)"
    assert run(f"input x: float[N, 3, 8, 6]\n{again}", x=normal(2, 3, 8, 6)).shape == (2, 3, 8, 6)


def test_pad_same_has_the_odd_cell_after() -> None:
    """The odd cell after, as TensorFlow and ONNX `SAME_UPPER`."""
    x = np.arange(1.0, 5).reshape(1, 1, 4)
    np.testing.assert_array_equal(
        run("input x: float[N, 1, 4]\ny = MaxPool(x, 2, stride=1, pad=same)", x=x)[0, 0], [2, 3, 4, 4]
    )


def test_a_pad_is_a_list_of_before_and_after_per_axis() -> None:
    """And a list of `[before, after]` per axis."""
    x = normal(2, 3, 5, 6)
    declared = "input x: float[N, 3, 5, 6]\n"
    assert run(f"{declared}y = Conv(x, 4, 3, pad=[[2, 0], [0, 1]])", x=x).shape == (2, 4, 5, 5)
    assert run(f"{declared}y = MaxPool(x, 2, stride=1, pad=[[1, 0], [0, 0]])", x=x).shape == (2, 3, 5, 5)
    assert run(f"{declared}y = AvgPool(x, 2, stride=1, pad=[[1, 0], 1])", x=x).shape == (2, 3, 5, 7)
    assert run(f"{declared}y = ConvTranspose(x, 4, 3, pad=[[2, 0], [0, 1]])", x=x).shape == (2, 4, 5, 7)
    assert codes(f"{declared}y = Conv(x, 4, 3, pad=[[2, 0]])") == ["GL301"]


def test_pooling_with_ceil_keeps_what_a_whole_window_does_not_hold() -> None:
    """Pooling `ceil=true`."""
    x = np.arange(5.0).reshape(1, 1, 5)
    for layer, expected in (("MaxPool", [1, 3, 4]), ("AvgPool", [0.5, 2.5, 4])):
        y = run(f"input x: float[N, 1, 5]\ny = {layer}(x, 2, ceil=true)", x=x)
        np.testing.assert_array_equal(y[0, 0], expected)


def test_global_max_pool_upsample_and_depthwise_convolution() -> None:
    """`GlobalMaxPool`, `Upsample(scale, mode=nearest|linear)`, `DepthwiseConv`."""
    x = normal(2, 3, 4, 5)
    declared = "input x: float[N, 3, 4, 5]\n"
    np.testing.assert_array_equal(run(f"{declared}y = GlobalMaxPool(x)", x=x), x.max(axis=(2, 3)))
    nearest = run(f"{declared}y = Upsample(x, 2, mode=nearest)", x=x)
    np.testing.assert_array_equal(nearest, x.repeat(2, axis=2).repeat(2, axis=3))
    line = run("input x: float[N, 1, 2]\ny = Upsample(x, 2, mode=linear)", x=np.array([[[0.0, 4.0]]]))
    np.testing.assert_array_equal(line, [[[0, 1, 3, 4]]])
    assert run(f"{declared}y = DepthwiseConv(x, 3, pad=same, multiplier=2)", x=x).shape == (2, 6, 4, 5)


# ---- layers that act in training only -------------------------------------------------------------------


def test_noise_flips_and_crops_act_in_training_only() -> None:
    """`GaussianNoise(std)`, `RandomFlip(axis)`, `RandomCrop(pad)`: these act in training only, as Dropout does."""
    x = normal(20, 1, 4, 4)
    for call in ("GaussianNoise(0.1)", "RandomFlip(axis=2)", "RandomCrop(2)"):
        graph = gl.loads(f"input x: float[N, 1, 4, 4]\ny = x -> {call}\noutput y")
        np.testing.assert_array_equal(graph.forward({"x": x})["y"], x)
        assert not np.array_equal(graph.forward({"x": x}, training=True)["y"], x)


# ---- embeddings -----------------------------------------------------------------------------------------


def test_the_row_of_padding_is_zero_and_stays_zero() -> None:
    """`Embedding(vocab, dim, padding=0)` (that row is 0 and stays 0)."""
    graph = gl.loads(
        "input x: int[N, T], t: float[N, 3]\n"
        "y = mean(Embedding(x, 5, 3, padding=0), axis=1)\nloss = MeanSquaredError(y, t)\n"
        "train { minimize = loss; optimizer = AdamW(lr=0.1, weight_decay=0.1); batch = 4; iterations = 20 }"
    )
    assert np.all(graph.params["Embedding1.W"][0] == 0)
    before = graph.params["Embedding1.W"].copy()
    graph.fit(x=RNG.integers(0, 5, (4, 6)), t=normal(4, 3))
    assert np.all(graph.params["Embedding1.W"][0] == 0)
    assert np.all(graph.params["Embedding1.W"][1:] != before[1:])
    graph.params["Embedding1.W"] = np.ones((5, 3))
    np.testing.assert_array_equal(graph.forward({"x": [[0, 1]], "t": np.zeros((1, 3))})["y"], [[0.5] * 3])


# ---- losses ---------------------------------------------------------------------------------------------

SCORES, LABELS, WEIGHTS = normal(6, 4), np.array([0, 3, 1, 2, 1, 0]), np.array([1.0, 0, 2, 0.5, 1, 3])


def loss_of(call: str, **inputs: Any) -> Any:
    return run(f"input x: float[N, 4], t: int[N], s: float[N]\ny = {call}", **inputs)


def cross_entropies() -> Any:
    """Those of each row, by their formula."""
    log_y = SCORES - np.log(np.exp(SCORES).sum(axis=1, keepdims=True))
    return -log_y[np.arange(6), LABELS]


def test_classes_have_weights_and_the_mean_is_over_them() -> None:
    """Losses: `weight=w` for classes (`float[C]`) (mean over the weights, PyTorch's convention)."""
    classes = np.array([1.0, 2, 0.5, 4])
    w = classes[LABELS]
    expected = np.sum(w * cross_entropies()) / np.sum(w)
    written = loss_of("SoftmaxWithLoss(x, t, weight=[1, 2, 0.5, 4])", x=SCORES, t=LABELS, s=WEIGHTS)
    np.testing.assert_allclose(written, expected, rtol=1e-12)
    text = "input x: float[N, 4], t: int[N], w: float[4]\ny = SoftmaxWithLoss(x, t, w)"
    np.testing.assert_allclose(run(text, x=SCORES, t=LABELS, w=classes), expected, rtol=1e-12)


def test_rows_have_weights_in_every_loss() -> None:
    """And `sample_weight=` per row in every loss (mean over the weights, said in the docstring)."""
    expected = np.sum(WEIGHTS * cross_entropies()) / np.sum(WEIGHTS)
    values = {"x": SCORES, "t": LABELS, "s": WEIGHTS}
    np.testing.assert_allclose(
        loss_of("SoftmaxWithLoss(x, t, sample_weight=s)", **values), expected, rtol=1e-12
    )
    for entry in Catalog().entries():
        if entry.kind == "loss":
            assert "sample_weight" in entry.tensors, entry.name
            assert "over the weights" in " ".join((entry.target.__doc__ or "").split()) or (
                "sum of the weights" in " ".join((entry.target.__doc__ or "").split())
                or "as there" in (entry.target.__doc__ or "")
            ), entry.name


def test_new_losses_are_there() -> None:
    """`L1Loss`, `FocalLoss(gamma)`, `KLDivergence`, `TripletLoss(margin)`, `CosineEmbeddingLoss`."""
    x, u, v = normal(3, 4), normal(3, 4), normal(3, 4)
    declared = "input x: float[3, 4], u: float[3, 4], v: float[3, 4]\n"
    np.testing.assert_allclose(
        run(f"{declared}y = L1Loss(x, u) + 0 * sum(v)", x=x, u=u, v=v), np.abs(x - u).mean()
    )
    triplet = run(f"{declared}y = TripletLoss(x, u, v, margin=2)", x=x, u=u, v=v)
    d = [np.linalg.norm(x - w + 1e-6, axis=1) for w in (u, v)]
    np.testing.assert_allclose(triplet, np.maximum(d[0] - d[1] + 2, 0).mean())
    kl = run(f"{declared}y = KLDivergence(log_softmax(x), softmax(u)) + 0 * sum(v)", x=x, u=u, v=v)
    p, q = (np.exp(w) / np.exp(w).sum(axis=1, keepdims=True) for w in (u, x))
    np.testing.assert_allclose(kl, np.sum(p * np.log(p / q)) / 3)
    cosine = run(f"{declared}y = CosineEmbeddingLoss(x, u, [1, -1, 1]) + 0 * sum(v)", x=x, u=u, v=v)
    c = np.sum(x * u, axis=1) / np.linalg.norm(x, axis=1) / np.linalg.norm(u, axis=1)
    np.testing.assert_allclose(cosine, np.mean([1 - c[0], max(c[1], 0), 1 - c[2]]), rtol=1e-9)
    focal = loss_of("FocalLoss(x, t, gamma=3) + 0 * sum(s)", x=SCORES, t=LABELS, s=WEIGHTS)
    one = cross_entropies()
    np.testing.assert_allclose(focal, np.mean((1 - np.exp(-one)) ** 3 * one))


def test_the_reduction_is_the_mean_or_what_the_attribute_says() -> None:
    """One convention: reduction over the batch is the mean; `reduction=sum|none` as attribute."""
    values, one = {"x": SCORES, "t": LABELS, "s": WEIGHTS}, cross_entropies()
    np.testing.assert_allclose(loss_of("SoftmaxWithLoss(x, t) + 0 * sum(s)", **values), one.mean())
    np.testing.assert_allclose(
        loss_of("SoftmaxWithLoss(x, t, sample_weight=s, reduction=sum)", **values), one @ WEIGHTS
    )
    np.testing.assert_allclose(loss_of("SoftmaxWithLoss(x, t, reduction=none) * s", **values), one * WEIGHTS)
    for entry in Catalog().entries():
        if entry.kind == "loss":
            mean = "sum" if entry.name == "SumSquaredError" else "mean"
            assert entry.attributes["reduction"].default == mean, entry.name


def test_what_stands_third_in_a_loss_is_a_weight_only_where_it_is_a_value() -> None:
    """Files of version 1 keep their meaning: a number after the targets is an attribute."""
    values = {"x": SCORES, "t": LABELS, "s": WEIGHTS}
    third = loss_of("SoftmaxWithLoss(x, t, 1) + 0 * sum(s)", **values)
    np.testing.assert_allclose(third, cross_entropies()[LABELS != 1].mean())
    hyper = run(
        "hyper pad = 1\ninput x: float[N, 4], t: int[N]\ny = SoftmaxWithLoss(x, t, pad)", x=SCORES, t=LABELS
    )
    assert hyper == third
    huber = "input x: float[N, 4], t: float[N, 4]\ny = HuberLoss(x, t, 0.5)"
    assert run(huber, x=SCORES, t=SCORES + 3) == 0.5 * (3 - 0.25)


# ---- recurrent layers -----------------------------------------------------------------------------------

SEQUENCES = normal(3, 5, 2)


def test_steps_beyond_the_length_of_a_row_leave_the_state_alone_and_give_zero() -> None:
    """`LSTM(x, hidden, lengths=n)` with `n: int[N]` (steps beyond a row's length leave the state alone, give 0)."""
    declared = "graphlang 1\ninput x: float[N, T, 2], n: int[N]\n"
    for kind in ("RNN", "LSTM", "GRU"):
        graph = gl.loads(
            f"{declared}layer cell = {kind}(3)\nlayer ends = {kind}(3, return=last)\n"
            "y = cell(x, lengths=n)\nh = ends(x, lengths=n)\nz = ends(x)\noutput y, h, z"
        )
        whole = graph.forward({"x": SEQUENCES, "n": [5, 2, 0]})
        assert np.all(whole["y"][1, 2:] == 0)
        assert np.all(whole["y"][1, :2] != 0)
        assert np.all(whole["h"][2] == 0)
        cut = graph.forward({"x": SEQUENCES[:, :2], "n": [2, 2, 2]})
        np.testing.assert_allclose(whole["h"][1], cut["z"][1], rtol=1e-12)


def test_the_backward_direction_starts_at_the_end_of_the_row() -> None:
    """And the backward direction starts at the row's own end."""
    graph = gl.loads(
        "input x: float[N, T, 2], n: int[N]\ny = LSTM(x, 3, bidirectional=true, lengths=n)\noutput y"
    )
    padded = graph.forward({"x": SEQUENCES, "n": [2, 2, 2]})["y"][:, :2]
    np.testing.assert_allclose(
        padded, graph.forward({"x": SEQUENCES[:, :2], "n": [2, 2, 2]})["y"], rtol=1e-12
    )


def test_a_recurrent_layer_starts_from_a_state_and_gives_the_one_at_its_end() -> None:
    """`start=(h0, c0)`, and `return=state` gives `y, h` (`y, h, c`)."""
    for kind, names in (("RNN", "h"), ("GRU", "h"), ("LSTM", "h, c")):
        start = f"({names})" if "," in names else names
        graph = gl.loads(
            "input x: float[N, T, 2], u: float[N, S, 2]\n"
            f"layer cell = {kind}(3, return=state)\n"
            f"y, {names} = cell(x)\nz, {names.replace('h', 'g').replace('c', 'd')} = cell(u, start={start})\n"
            f"w, {names.replace('h', 'k').replace('c', 'e')} = cell(concat(x, u, axis=1))\noutput y, z, w, g, k"
        )
        r = graph.forward({"x": SEQUENCES[:, :2], "u": SEQUENCES[:, 2:]})
        np.testing.assert_allclose(np.concatenate([r["y"], r["z"]], axis=1), r["w"], rtol=1e-12)
        np.testing.assert_allclose(r["g"], r["k"], rtol=1e-12)
        np.testing.assert_array_equal(r["k"], r["w"][:, -1])


# ---- attention ------------------------------------------------------------------------------------------


def test_attention_takes_a_mask_of_places_or_of_pairs() -> None:
    """`Attention(x, heads, mask=m)` with `m: bool[N, T]` or `bool[N, T, T]`."""
    x = normal(2, 4, 6)
    graph = gl.loads(
        "input x: float[N, T, 6], m: bool[N, T], p: bool[N, T, T]\nlayer attend = Attention(2)\n"
        "y = attend(x, mask=m)\nz = attend(x, mask=p)\nw = attend(x[:, :3])\noutput y, z, w"
    )
    places = np.array([[True, True, True, False]] * 2)
    r = graph.forward({"x": x, "m": places, "p": np.repeat(places[:, None], 4, axis=1)})
    np.testing.assert_allclose(r["y"][:, :3], r["w"], rtol=1e-12)
    np.testing.assert_array_equal(r["y"], r["z"])


def test_attention_looks_at_another_sequence() -> None:
    """And `Attention(q, kv, heads)` for cross attention."""
    text = (
        "hyper heads = 2\ninput q: float[N, T, 6], kv: float[N, S, 4]\ny = Attention(q, kv, heads)\noutput y"
    )
    graph = gl.loads(text)
    assert {name: p.shape for name, p in graph.params.items()} == {
        "Attention1.Wq": (6, 6), "Attention1.bq": (6,), "Attention1.Wkv": (4, 12), "Attention1.bkv": (12,),
        "Attention1.Wo": (6, 6), "Attention1.bo": (6,),
    }  # fmt: skip
    assert graph.forward({"q": normal(2, 5, 6), "kv": normal(2, 3, 4)})["y"].shape == (2, 5, 6)
    assert (
        gl.loads(text.replace("Attention(q, kv, heads)", "q -> Attention(kv, 2)")).params.keys()
        == graph.params.keys()
    )


def test_a_row_in_which_nothing_may_be_seen_gives_0() -> None:
    """A row in which nothing may be seen gives 0, not nan."""
    text = "input x: float[N, T, 4], m: bool[N, T]\ny = Attention(x, 2, mask=m)"
    assert np.all(run(text, x=normal(1, 3, 4), m=[[False] * 3]) == 0)


# ---- metrics --------------------------------------------------------------------------------------------

KINDS = np.array([0, 1, 1, 0, 1, 0])


def test_accuracy_is_also_binary_and_of_one_hot_targets() -> None:
    """Metrics: `accuracy` (also binary, also one-hot)."""
    share = np.mean(SCORES.argmax(axis=1) == LABELS)
    one_hot = run("input x: float[N, 4], t: float[N, 4]\ny = accuracy(x, t)", x=SCORES, t=np.eye(4)[LABELS])
    assert one_hot == share
    binary = run("input x: float[N], t: int[N]\ny = accuracy(x, t)", x=SCORES[:, 0], t=KINDS)
    assert binary == np.mean((SCORES[:, 0] > 0) == KINDS)


def test_the_metrics_of_version_1_1_are_there() -> None:
    """`top_k`, `precision recall f1 (average=macro|micro|binary)`, `confusion`, `auc`, `r2 mae rmse mape`,
    `perplexity`."""
    declared = "input x: float[N, 4], t: int[N], s: float[N], k: int[N]\n"
    values = {"x": SCORES, "t": LABELS, "s": SCORES[:, 0], "k": KINDS}
    rest = " + 0 * (sum(x) + sum(t) + sum(s) + sum(k))"
    answers, hit = SCORES.argmax(axis=1), (SCORES[:, 0] > 0) & (KINDS == 1)
    pairs = SCORES[:, 0][KINDS == 1][:, None] > SCORES[:, 0][KINDS == 0]
    cases = {
        "top_k(x, t, 4)": 1.0,
        "f1(x, t, average=micro)": np.mean(answers == LABELS),
        "precision(s, k, average=binary)": hit.sum() / max((SCORES[:, 0] > 0).sum(), 1),
        "recall(s, k)": hit.sum() / 3,
        "sum(confusion(x, t))": 6,
        "auc(s, k)": pairs.mean(),
        "mae(s, k)": np.abs(SCORES[:, 0] - KINDS).mean(),
        "rmse(s, k)": np.sqrt(((SCORES[:, 0] - KINDS) ** 2).mean()),
        "mape(s, s + 1)": np.mean(1 / np.abs(SCORES[:, 0] + 1)),
        "r2(s, s + 1)": 1 - 6 / np.sum((SCORES[:, 0] - SCORES[:, 0].mean()) ** 2),
        "perplexity(x, t)": np.exp(cross_entropies().mean()),
    }
    for call, expected in cases.items():
        np.testing.assert_allclose(
            run(f"{declared}y = {call}{rest}", **values), expected, rtol=1e-9, err_msg=call
        )


def test_metrics_are_computed_exactly_over_a_whole_split() -> None:
    """Metrics, computed exactly over a whole split (never as a mean over blocks)."""
    graph = gl.loads(
        "input x: float[N], t: float[N]\ny = x -> expand_dims(1) -> Affine(1)\nloss = MeanSquaredError(y[:, 0], t)\n"
        "z = y[:, 0]\nbest = max(z)\n"
        "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 8; iterations = 1; dtype = float64\n"
        "metrics = [rmse(z, t), r2(z, t), auc(z, t > 0), best, sqrt(loss), confusion(z, t > 0)] }"
    )
    x, t = normal(3500), normal(3500)
    found = graph.evaluate(x=x, t=t)
    z = x * graph.params["Affine1.W"][0, 0] + graph.params["Affine1.b"][0]
    np.testing.assert_allclose(found["rmse"], np.sqrt(np.mean((z - t) ** 2)), rtol=1e-9)
    np.testing.assert_allclose(found["sqrt"], found["rmse"], rtol=1e-9)
    np.testing.assert_allclose(found["r2"], 1 - np.sum((z - t) ** 2) / np.sum((t - t.mean()) ** 2), rtol=1e-9)
    np.testing.assert_allclose(found["best"], z.max(), rtol=1e-9)
    pairs = z[t > 0][:, None] > z[t <= 0]
    np.testing.assert_allclose(found["auc"], pairs.mean(), rtol=1e-9)
    assert found["confusion"].sum() == 3500


def test_any_scalar_or_array_of_the_file_may_be_a_metric_and_confusion_is_an_array_in_the_record() -> None:
    """`confusion(y, t)` (an array in the record). Any scalar or array expression of the file may be a metric."""
    graph = gl.loads(
        "input x: float[N, 4], t: int[N]\ny = x -> Affine(4)\nloss = SoftmaxWithLoss(y, t)\n"
        "train { minimize = loss; optimizer = SGD(lr=0.1); batch = 3; epochs = 1\n"
        "metrics = [confusion(y, t), mean(y, axis=0), max(y)] }"
    )
    history = graph.fit(x=SCORES, t=LABELS)
    assert np.shape(history.epochs[-1].train["confusion"]) == (4, 4)
    assert np.sum(history.epochs[-1].train["confusion"]) == 6
    assert np.shape(history.epochs[-1].train["mean"]) == (4,)
    assert isinstance(history.epochs[-1].train["max"], float)


def test_the_catalog_declares_what_is_a_mean_over_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """What is a mean over rows is declared so by the catalog, and all else is computed on the whole split."""
    assert main(["layers", "accuracy"]) == main(["layers", "rmse"]) == 0
    assert capsys.readouterr().out.count("A mean over rows") == 1
    declared = {e.name for e in Catalog().entries() if e.is_mean_over_rows}
    assert declared == {"accuracy", "top_k", "mae", "mape"}
