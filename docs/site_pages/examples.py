"""An example for each entry of the catalog: a spec, which runs when the site is built, and what it gives.

A function without a row here is shown at usual numbers: `exp([0.5, 1, 2])`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import graphlang as gl

SCORES = "y = {}([[2, 0.5, 1], [0, 3, 1], [1, 2, 0]], [0, 1, 0])"
NUMBERS = "y = {}([2.5, 0.0, 2.0], [3.0, -0.5, 2.0])"
FUNCTIONS = {
    "cast": "y = cast([0.5, 1, 2], to=int)",
    **dict.fromkeys(("accuracy", "confusion", "f1", "precision", "recall"), SCORES),
    **dict.fromkeys(("mae", "mape", "r2", "rmse"), NUMBERS),
    **dict.fromkeys(("inv", "det", "cholesky", "trace", "transpose", "diag"), "y = {}([[2, 1], [1, 3]])"),
    **dict.fromkeys(("all", "any"), "y = {}([1, 0, 1] > [0, 0, 0])"),
    **dict.fromkeys(
        ("logical_and", "logical_or"), "a = [1, 0, 1] > [0, 0, 0]\nb = [1, 1, 0] > [0, 0, 0]\ny = {}(a, b)"
    ),
    "logical_not": "y = logical_not([1, 0, 1] > [0, 0, 0])",
    "abs": "y = abs([-1.5, 0, 2])",
    "arange": "y = arange(2, 10, 3)",
    "arccosh": "y = arccosh([1, 1.5, 2])",
    "arctanh": "y = arctanh([-0.5, 0, 0.5])",
    **dict.fromkeys(("arcsin", "arccos"), "y = {}([-0.5, 0, 1])"),
    "auc": "y = auc([0.9, 0.2, 0.6, 0.4], [1, 0, 1, 0])",
    "broadcast_to": "y = broadcast_to([1, 2], 3, 2)",
    "causal_mask": "y = causal_mask(zeros(3, 3))",
    "clip": "y = clip([-2, 0.5, 3], 0, 1)",
    "concat": "y = concat([1, 2], [3, 4, 5])",
    "cumsum": "y = cumsum([1, 2, 3])",
    "dot": "y = dot([1, 2, 3], [4, 5, 6])",
    "einsum": 'y = einsum([[1, 2], [3, 4]], [10, 1], "i k, k -> i")',
    "expand_dims": "y = expand_dims([1, 2], 0)",
    "eye": "y = eye(2)",
    "full": "y = full(2, 3, value=7)",
    "indexed": "x = [[1, 2], [3, 4]]\ny = x[[0, 1], [1, 0]]",
    "linspace": "y = linspace(0, 1, 5)",
    "matmul": "y = [[1, 2], [3, 4]] @ [10, 1]",
    "matrix_transpose": "input x: float[2, 2] = [[1, 2], [3, 4]]\ny = x.T",
    **dict.fromkeys(("isfinite", "isnan"), "x = log([1, -1, 0])\ny = {}(x)"),
    "log": "y = log([0.5, 1, 2])",
    "negative": "y = -[1, -2]",
    "norm": "y = norm([3, 4])",
    "one_hot": "y = one_hot([2, 0], 3)",
    "ones": "y = ones(2, 2)",
    "outer": "y = outer([1, 2], [3, 4])",
    "pad": "y = pad([1, 2], 1)",
    "quantile": "y = quantile([1, 2, 3, 4], 0.25)",
    "random_bernoulli": "y = random_bernoulli(6, p=0.5)",
    "random_like": 'y = random_like([0, 0, 0], "normal")',
    "random_normal": "y = random_normal(3)",
    "random_uniform": "y = random_uniform(3, low=-1, high=1)",
    "rearrange": 'y = rearrange([[1, 2], [3, 4]], "a b -> b a")',
    "repeat_axis": "y = repeat_axis([1, 2], 2, 0)",
    "reshape": "y = reshape([1, 2, 3, 4], 2, 2)",
    "roll": "y = roll([1, 2, 3], 1)",
    **dict.fromkeys(("round", "floor", "ceil", "trunc"), "y = {}([-1.7, 0.4, 2.6])"),
    "sign": "y = sign([-3, 0, 2])",
    "slogdet": "s, y = slogdet([[2, 1], [1, 3]])",
    "solve": "y = solve([[2, 1], [1, 3]], [3, 5])",
    **dict.fromkeys(("sort", "argsort", "argmax", "argmin", "max", "min", "cummax"), "y = {}([3, 1, 2])"),
    "split": "a, y = split([1, 2, 3, 4], 2)",
    "squeeze": "y = squeeze([[1, 2]])",
    "stack": "y = stack([1, 2], [3, 4])",
    "stop_gradient": "x = [1, 2]\ny = stop_gradient(x)",
    "subscript": "input x: float[4] = [1, 2, 3, 4]\ny = x[1:3]",
    "sum": "y = sum([[1, 2], [3, 4]], axis=0)",
    "mean": "y = mean([[1, 2], [3, 4]], axis=0)",
    "swapaxes": "y = swapaxes([[1, 2, 3]], 0, 1)",
    "take": "y = take([10, 20, 30], [2, 0])",
    "tile": "y = tile([1, 2], 2)",
    "perplexity": "input t: int[2] = [0, 1]\ny = perplexity([[2, 0.5, 1], [0, 3, 1]], t)",
    "top_k": "input t: int[2] = [2, 1]\ny = top_k([[2, 0.5, 1], [0, 3, 1]], t, 2)",
    "topk": "y, places = topk([3, 1, 2], 2)",
    **dict.fromkeys(("tril", "triu"), "y = {}([[1, 2], [3, 4]])"),
    "where": "x = [-1, 2, -3]\ny = where(x > 0, x, 0.1 * x)",
    "zeros": "y = zeros(2, 2)",
}
IMAGE = "input x: float[N, 3, 32, 32]"
ROWS = "input x: float[N, 8]"
STEPS = "input x: float[N, T, 8]"
LAYERS = {
    "Affine": f"{ROWS}\ny = x -> Affine(50)",
    "Attention": f"{STEPS}\ny = x -> Attention(heads=2, causal=true)",
    "BatchNorm": f"{ROWS}\ny = x -> Affine(50) -> BatchNorm -> Relu",
    "Conv": f"{IMAGE}\ny = x -> Conv(16, 3, pad=1)",
    "ConvTranspose": f"{IMAGE}\ny = x -> ConvTranspose(16, 2, stride=2)",
    "DepthwiseConv": f"{IMAGE}\ny = x -> DepthwiseConv(3, pad=same)",
    "Embedding": "input x: int[N, T]\ny = x -> Embedding(1000, 16)",
    "Flatten": f"{IMAGE}\ny = x -> Flatten",
    "GaussianNoise": f"{ROWS}\ny = x -> GaussianNoise(0.1)",
    "GroupNorm": "input x: float[N, 8, 16, 16]\ny = x -> GroupNorm(4)",
    "LayerNorm": f"{STEPS}\ny = x -> LayerNorm",
    "RMSNorm": f"{STEPS}\ny = x -> RMSNorm",
    "RandomCrop": f"{IMAGE}\ny = x -> RandomCrop(4)",
    "Upsample": f"{IMAGE}\ny = x -> Upsample(2)",
    **{n: f"{IMAGE}\ny = x -> {n}(2)" for n in ("AvgPool", "MaxPool")},
    **{n: f"{IMAGE}\ny = x -> {n}" for n in ("GlobalAvgPool", "GlobalMaxPool", "InstanceNorm", "RandomFlip")},
    **{n: f"{STEPS}\ny = x -> {n}(32, return=last)" for n in ("GRU", "LSTM", "RNN")},
}
"""The layers whose example is not `x -> NAME` on rows."""
TWO = "input x: float[N, 5], t: float[N, 5]\nloss = {}(x, t)"
LOSSES = {
    "BinaryCrossEntropy": "input x: float[N], t: int[N]\nloss = BinaryCrossEntropy(x, t)",
    "CosineEmbeddingLoss": "input x: float[N, 5], u: float[N, 5], t: int[N]\nloss = CosineEmbeddingLoss(x, u, t)",
    "CrossEntropyError": "input x: float[N, 5], t: int[N]\nloss = CrossEntropyError(softmax(x), t)",
    "FocalLoss": "input x: float[N, 5], t: int[N]\nloss = FocalLoss(x, t)",
    "KLDivergence": "input x: float[N, 5], t: float[N, 5]\nloss = KLDivergence(log_softmax(x), t)",
    "SoftmaxWithLoss": "input x: float[N, 5], t: int[N]\nloss = SoftmaxWithLoss(x, t)",
    "TripletLoss": "input a: float[N, 5], p: float[N, 5], n: float[N, 5]\nloss = TripletLoss(a, p, n)",
}
ARGUMENTS = {
    "constant": {"initializer": "(0.1)", "schedule": ""},
    "normal": {"initializer": "(0.01)"},
    "uniform": {"initializer": "(-0.1, 0.1)"},
    "exponential": {"schedule": "(0.95)"},
    "milestones": {"schedule": "(at=[50, 80])"},
    "step": {"schedule": "(every=30)"},
    "warmup_cosine": {"schedule": "(warmup=10)"},
    "linear": {"schedule": "(warmup=10)"},
}
"""What an initializer or a schedule is shown with, where it needs or deserves something."""
SOURCES = {
    "csv": 'csv("houses.csv", target="price")',
    "folder": 'folder("images/", size=[32, 32])',
    "idx": 'idx("train-images.gz", "train-labels.gz")',
    "json_lines": 'json_lines("rows.jsonl", target="price")',
    "mnist": "mnist()",
    "npz": 'npz("arrays.npz", normalize=true)',
    "parquet": 'parquet("rows.parquet", target="price")',
    "text": 'text("book.txt", 40)',
}


def of_record(record: Mapping[str, Any]) -> tuple[str, str]:
    """An example of an entry, and what it gives; both are read from running it."""
    kind, name = record["kind"], record["name"]
    if kind == "function":
        return _function(name)
    if kind in ("layer", "loss"):
        return _network(name, kind)
    if kind == "initializer":
        return _initializer(name)
    if kind == "schedule":
        return _schedule(name)
    if kind == "source":
        return f"data {{ source = {SOURCES[name]}; ... }}", ""
    if kind == "monitor":
        setting = {"early": "stop", "best": "keep"}[name]
        return _section(f"{setting} = {name}(monitor=train.loss)"), ""
    if kind == "optimizer":
        return _section(f"optimizer = {name}(lr=0.01)"), ""
    return "", ""


def _function(name: str) -> tuple[str, str]:
    usual = ("y = {}([0.5, 1, 2])", "y = {}([1, 2, 3], [3, 2, 1])")
    texts = [FUNCTIONS[name]] if name in FUNCTIONS else usual
    for text in texts:
        spec = text.format(name) if "{}" in text else text
        try:
            graph = gl.loads(spec)
        except gl.GraphError:
            if text is texts[-1]:
                raise
            continue
        value = graph.forward()["y"]
        return spec, f"y = {_written(value)}"
    raise AssertionError(name)


def _written(value: Any) -> str:
    with np.printoptions(precision=4, suppress=True):
        text = np.array2string(np.asarray(value), separator=", ")
    return text.replace("\n", "\n    ")


def _network(name: str, kind: str) -> tuple[str, str]:
    text = LAYERS.get(name, f"{ROWS}\ny = x -> {name}") if kind == "layer" else LOSSES.get(name, TWO)
    spec = text.format(name) if "{}" in text else text
    graph = gl.loads(spec)
    lines = [f"{name}: {_type(output)}" for name, output in graph.outputs.items()]
    lines += [f"{name}: {list(array.shape)}" for name, array in graph.params.items()]
    return spec, "\n".join(lines)


def _type(output: Any) -> str:
    return output.dtype if not output.shape else f"{output.dtype}[{', '.join(map(str, output.shape))}]"


def _initializer(name: str) -> tuple[str, str]:
    if name == "zero_row":
        return _network("Embedding", "layer")[0].replace("16)", "16, padding=0)"), ""
    written = name + ARGUMENTS.get(name, {}).get("initializer", "")
    spec = f"param W: float[100, 50] = {written}\ny = sum(W)"
    array = gl.loads(spec).params["W"]
    return spec, f"W between {array.min():.3g} and {array.max():.3g}, standard deviation {array.std():.3f}"


def _schedule(name: str) -> tuple[str, str]:
    written = name + ARGUMENTS.get(name, {}).get("schedule", "")
    spec = _section(f"optimizer = SGD(lr=0.1)\n  schedule = {written}")
    if name == "plateau":
        return spec, ""
    used = gl.loads(spec).spec.train
    assert used is not None
    schedule = getattr(gl.schedules, name)(**used.schedule.attributes)
    factors = [f"{t}: {schedule.multiplier(t, 100):.3g}" for t in (1, 10, 25, 50, 75, 100)]
    return spec, f"factors of 100 steps: {', '.join(factors)}"


def _section(setting: str) -> str:
    """A small spec whose `train` section has a setting."""
    name = setting.partition(" ")[0]
    rest = [] if name == "optimizer" else ["  optimizer = SGD(lr=0.1)"]
    lines = ["param w = 1", "loss = (w - 3)**2", "train {", "  minimize = loss", *rest, f"  {setting}"]
    return "\n".join([*lines, "  iterations = 100", "}"])
