"""What names from mathematics and other frameworks mean here, used only for the help of error messages.

Keys are in lower case, without `_`. A name that the language itself defines is never a key.
"""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """What to write for a name that the language does not have."""

    #: the name here, which takes the same arguments unless `note` says otherwise
    name: str | None = None
    #: an expression for a call with the arguments `{0}`, `{1}`, ...
    formula: str | None = None
    note: str | None = None


def lookup_key(name: str) -> str:
    return name.replace("_", "").casefold()


_RENAMED = {
    # mathematics
    "log": "ln", "tan": "tg", "sinh": "sh", "cosh": "ch", "tanh": "th", "arctan": "atan arctg",
    "sign": "sgn signum", "abs": "absolute fabs modulus", "square": "sqr", "sqrt": "root",
    # NumPy, PyTorch, TensorFlow, JAX
    "sum": "reducesum nansum total", "mean": "reducemean average avg", "max": "reducemax amax",
    "min": "reducemin amin", "prod": "reduceprod product", "var": "variance", "std": "stddev stdev sd",
    "clip": "clamp clipbyvalue", "arcsin": "asin", "arccos": "acos", "arctan2": "atan2",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "log10": "lg", "log2": "lb ld",
    "ceil": "ceiling", "round": "rint", "trunc": "fix", "deg2rad": "radians", "sort": "sorted",
    "inv": "inverse", "det": "determinant",
    "random_normal": "randn standardnormal", "random_uniform": "rand", "random_like": "randnlike randlike",
    "random_bernoulli": "bernoulli",
    "where": "ifelse iif cond", "concat": "concatenate cat",
    "expand_dims": "unsqueeze", "transpose": "permute", "take": "gather indexselect",
    "reshape": "view", "repeat_axis": "repeatinterleave", "broadcast_to": "expand",
    "split": "chunk", "eye": "identitymatrix", "full": "fill",
    "stop_gradient": "detach nograd",
    "grad": "gradient derivative deriv", "silu": "swish", "matmul": "mm bmm", "einsum": "einsummation",
    "argmax": "whichmax", "argmin": "whichmin", "cumsum": "cumulativesum",
}  # fmt: skip
_LAYERS = {
    "Affine": "linear dense fullyconnected fc innerproduct lazylinear",
    "Conv": "conv1d conv2d conv3d convolution convolution2d convolutional",
    "ConvTranspose": "convtranspose1d convtranspose2d convtranspose3d conv2dtranspose deconvolution deconv",
    "MaxPool": "maxpool1d maxpool2d maxpool3d maxpooling1d maxpooling2d maxpooling3d maxpooling",
    "AvgPool": "avgpool1d avgpool2d avgpool3d averagepooling1d averagepooling2d averagepooling3d averagepool",
    "GlobalAvgPool": "globalaveragepooling1d globalaveragepooling2d globalaveragepooling3d adaptiveavgpool2d "
    "globalaveragepool",
    "GlobalMaxPool": "globalmaxpooling1d globalmaxpooling2d globalmaxpooling3d adaptivemaxpool2d",
    "BatchNorm": "batchnorm1d batchnorm2d batchnorm3d batchnormalization",
    "LayerNorm": "layernormalization", "GroupNorm": "groupnormalization",
    "InstanceNorm": "instancenorm1d instancenorm2d instancenormalization", "RMSNorm": "rmsnormalization",
    "Attention": "multiheadattention selfattention", "RNN": "simplernn",
    "Dropout": "dropout1d dropout2d spatialdropout2d", "SoftmaxWithLoss": "crossentropyloss crossentropy "
    "softmaxcrossentropy softmaxcrossentropywithlogits sparsecategoricalcrossentropy categoricalcrossentropy",
    "BinaryCrossEntropy": "bcewithlogitsloss sigmoidwithloss sigmoidcrossentropy "
    "binarycrossentropywithlogits",
    "MeanSquaredError": "mseloss l2loss", "HuberLoss": "smoothl1loss huber",
    "L1Loss": "maeloss meanabsoluteerror absoluteerror",
    "FocalLoss": "sigmoidfocalloss categoricalfocalcrossentropy",
    "KLDivergence": "kldivloss kldiv kullbackleibler kullbackleiblerdivergence",
    "TripletLoss": "tripletmarginloss", "CosineEmbeddingLoss": "cosinesimilarityloss",
    "Silu": "swishlayer", "Embedding": "embeddingbag",
}  # fmt: skip


def names_elsewhere(name: str) -> list[str]:
    """What an operation is called in mathematics and other frameworks, in lower case."""
    return (_LAYERS.get(name) or _RENAMED.get(name) or "").split()


_FORMULAS = {
    "cot ctg": "1 / tan({0})", "sec": "1 / cos({0})",
    "csc cosec": "1 / sin({0})",
    "rsqrt": "1 / sqrt({0})",
    "pow": "{0} ** {1}", "div truedivide": "{0} / {1}",
    "mul times": "{0} * {1}", "sub minus": "{0} - {1}", "neg": "-{0}", "plus": "{0} + {1}",
    "remainder": "{0} % {1}", "erfc": "1 - erf({0})", "vdot": "sum({0} * {1})",
    "inner": "sum({0} * {1}, axis=-1)",
    "cross": "roll({0}, -1, axis=-1) * roll({1}, -2, axis=-1) "
    "- roll({0}, -2, axis=-1) * roll({1}, -1, axis=-1)",
    "relu6": "clip({0}, 0, 6)", "hardtanh": "clip({0}, -1, 1)",
    "softsign": "{0} / (1 + abs({0}))", "logsigmoid": "-softplus(-{0})", "logit": "log({0} / (1 - {0}))",
    "heaviside": "where({0} > 0, 1, 0)", "lerp": "{0} + {2} * ({1} - {0})",
    "zeroslike": "0 * {0}", "oneslike": "0 * {0} + 1", "fulllike": "0 * {0} + {1}",
    "degrees rad2deg": "{0} * 57.29577951308232",
    "mse": "mean(({0} - {1}) ** 2)",
    "ptp": "max({0}) - min({0})",
    "astype": "cast({0}, to={1})", "array asarray": "{0}", "t": "{0}.T",
}  # fmt: skip
_MISSING = "is not in this version"
_OUTSIDE = f"{_MISSING}; compute it before, and hand the result in as an `input`"
_NOTES = {
    "pinv": f"the pseudoinverse {_OUTSIDE}",
    "eig": f"the eigenvalues {_OUTSIDE}",
    "svd": f"a singular value decomposition {_OUTSIDE}",
    "fft": f"the Fourier transform {_OUTSIDE}",
    **dict.fromkeys(("param", "parameter", "variable", "weight"), "write `param W: float[3, 4]`"),
    "factorial": f"the factorial {_MISSING}; `prod([1, 2, 3])` is 3!",
    "moveaxis": 'name the axes: `rearrange(x, "n c h w -> n h w c")`',
    "movedim": 'name the axes: `rearrange(x, "n c h w -> n h w c")`',
    "shape": "a size has a name in the type of the input: `input x: float[N, 3]`, and `N` is the length",
    "size": "a size has a name in the type of the input: `input x: float[N, 3]`, and `N` is the length",
    "sequential": "write `x -> layers { Affine(50); Relu; Affine(10) }`",
    "activation": "an activation is a layer of its own: `-> Relu`", "input": "write `input x: float[N, 784]`",
    "nllloss": "`SoftmaxWithLoss(y, t)` takes the scores `y` before `log_softmax`",
    "nll": "`SoftmaxWithLoss(y, t)` takes the scores `y` before `log_softmax`",
    "hessian": "take `grad` of a gradient: `grad(sum(grad(y, x)), x)`",
    "jacobian": "`grad(y, x)` is the gradient of a scalar `y`; take it for each element",
    "int": "a whole number is an `input n: int`; to round down, write `x // 1`",
    **dict.fromkeys(
        ("randint", "randominteger", "randomint", "integers", "choice", "multinomial"),
        "`argmax(random_uniform(n, k), axis=1)` draws n whole numbers from 0 to k - 1",
    ),
    "float": "numbers are floats already", "str": "there are no texts among the values of a graph",
    "lstmcell": "write the steps with `scan`, or use `LSTM(hidden)`",
    **dict.fromkeys(
        ("bce", "bceloss", "binarycrossentropyloss"),
        "`BinaryCrossEntropy(y, t)` takes the scores `y` before `sigmoid`; of probabilities p it is "
        "`-mean(t * log(p) + (1 - t) * log(1 - p))`",
    ),
    "adamw": "an optimizer stands in `train`: `optimizer = AdamW(lr=0.001)`",
}  # fmt: skip

_LAYER_NOTES = {
    "Affine": "`Affine(units)` takes the number of outputs alone: the input's is known from its shape",
    "Conv": "`Conv(channels, kernel)` takes the number of outputs alone: the input's is known from its shape",
}


def _table() -> dict[str, Meaning]:
    meanings = {key: Meaning(name=name) for name, keys in _RENAMED.items() for key in keys.split()}
    for name, keys in _LAYERS.items():
        meanings.update({key: Meaning(name=name, note=_LAYER_NOTES.get(name)) for key in keys.split()})
    meanings.update({key: Meaning(formula=f) for keys, f in _FORMULAS.items() for key in keys.split()})
    meanings.update({key: Meaning(note=note) for key, note in _NOTES.items()})
    return meanings


OPERATIONS = _table()
_NONE = Meaning(note="`none` is the word, and it stands only for an argument that is left out")
VALUES = {
    "π": Meaning(name="pi"),
    "tau": Meaning(formula="6.283185307179586"), "e": Meaning(note="Euler's number is `exp(1)`"),
    "infinity": Meaning(name="inf"), "newaxis": Meaning(name="none"),
    "null": _NONE, "nil": _NONE, "undefined": _NONE, "yes": Meaning(name="true"), "no": Meaning(name="false"),
}  # fmt: skip
ATTRIBUTES = {
    "padding": "pad", "kernelsize": "kernel", "filtersize": "kernel", "filters": "channels",
    "outchannels": "channels", "outfeatures": "units", "numoutput": "units", "outputdim": "dim",
    "numembeddings": "vocab", "embeddingdim": "dim", "inputdim": "vocab",
    "learningrate": "lr", "stepsize": "lr",
    "p": "ratio", "rate": "ratio", "dropprob": "ratio", "batchsize": "batch", "usebias": "bias",
    "numheads": "heads", "nheads": "heads", "nhead": "heads", "hiddensize": "hidden", "numlayers": "layers",
    "poolsize": "size", "strides": "stride", "dilationrate": "dilation", "negativeslope": "slope",
    "epsilon": "eps", "decay": "weight_decay", "keepdim": "keepdims", "dim": "axis", "axes": "axis",
    "correction": "ddof", "labelsmoothing": "smoothing", "ignoreindex": "ignore",
    "paddingidx": "padding",
    "sampleweights": "sample_weight", "classweight": "weight",
    "classweights": "weight", "numclasses": "classes",
    "kernelinitializer": "init", "weightinit": "init", "numgroups": "groups", "returnsequences": "return",
    # settings
    "nepochs": "epochs", "numepochs": "epochs", "maxepochs": "epochs", "steps": "iterations",
    "maxiter": "iterations", "niter": "iterations", "numiterations": "iterations", "loss": "minimize",
    "objective": "minimize", "criterion": "minimize", "optim": "optimizer", "solver": "optimizer",
    "scheduler": "schedule", "lrscheduler": "schedule", "randomstate": "seed", "randomseed": "seed",
    "gradclip": "clip_norm", "gradientclip": "clip_norm", "maxgradnorm": "clip_norm", "precision": "dtype",
    "tolerance": "tol", "atol": "tol", "file": "source", "path": "source", "dataset": "source",
    "metric": "metrics", "eta": "lr", "earlystopping": "stop", "savebest": "keep", "restorebest": "keep",
    "gradientaccumulation": "accumulate", "accumulationsteps": "accumulate", "loginterval": "log_every",
    "gradientaccumulationsteps": "accumulate", "accumulategradbatches": "accumulate",
    "evalevery": "log_every", "reportevery": "log_every", "printevery": "log_every",
    "logeverynsteps": "log_every",
    "paramgroups": "groups", "parametergroups": "groups", "emadecay": "ema", "polyak": "ema",
    "clip": "clip_norm", "clipnorm": "clip_norm", "clipvalue": "clip_value", "validationsplit": "validation",
}  # fmt: skip
"""Attributes and settings: the name here, which helps where the operation or section has it."""
_KNOWN = "leave it out: what comes in is known from the shape of the value"
ATTRIBUTE_NOTES = {
    **dict.fromkeys(("infeatures", "inchannels", "inputsize", "inputshape", "inputlength"), _KNOWN),
    "activation": "an activation is a layer of its own, as in `Affine(50) -> Relu`",
    "momentum": "momentum is an optimizer of its own: `Momentum(lr=0.01, momentum=0.9)`",
    "nesterov": "it is an optimizer of its own: `Nesterov(lr=0.01, momentum=0.9)`",
    "maskzero": "`padding=0` keeps the vector of id 0 at zero; `GRU(..., lengths=n)` skips what fills up",
    "batchfirst": "leave it out: the first axis is the batch",
    "name": "a label names a layer: `layers { fc1: Affine(50) }`, or `layer fc1 = Affine(50)`",
}
"""Attributes that have no counterpart here, with what to write instead."""
MEMBERS = {
    "sgdm": "Momentum", "nag": "Nesterov", "heuniform": "he", "henormal": "he", "kaiming": "he",
    "kaimingnormal": "he", "kaiminguniform": "he", "glorotuniform": "glorot",
    "glorotnormal": "xavier", "xavieruniform": "glorot", "xaviernormal": "xavier", "gaussian": "normal",
    "randn": "normal", "truncatednormal": "normal", "randomnormal": "normal", "rand": "uniform",
    "randomuniform": "uniform", "const": "constant", "zero": "zeros", "one": "ones", "lecunnormal": "lecun",
    "amsgrad": "Adam(amsgrad=true)", "reducelronplateau": "plateau", "reduceonplateau": "plateau",
    "onecyclelr": "one_cycle", "polynomiallr": "polynomial",
    "polynomialdecay": "polynomial", "linearlr": "linear", "constantlr": "constant",
    "piecewiseconstantdecay": "milestones", "piecewiseconstant": "milestones", "earlystopping": "early",
    "modelcheckpoint": "best", "steplr": "step", "multisteplr": "milestones",
    "cosineannealinglr": "cosine", "cosinedecay": "cosine", "cosineannealing": "cosine",
    "cosineschedule": "cosine", "cosinelr": "cosine", "stepdecay": "step", "lineardecay": "linear",
    "linearschedule": "linear", "reducelr": "plateau", "multistep": "milestones",
    "exponentiallr": "exponential", "exponentialdecay": "exponential", "load": "npz", "numpy": "npz",
}  # fmt: skip
"""Initializers, optimizers, schedules and data sources: the name here."""
METRICS = {
    "acc": "accuracy", "auroc": "auc", "rocauc": "auc", "f1score": "f1", "confusionmatrix": "confusion",
    "meanabsoluteerror": "mae", "rsquared": "r2", "r2score": "r2", "topk": "top_k",
}  # fmt: skip
"""Metrics that are named in quotes: the name here."""
MODULES = frozenset("np numpy math torch tf tensorflow jnp jax keras nn F scipy K".split())
"""Modules whose functions other code calls, as in `np.exp`."""


def operation_meant(name: str) -> Meaning | None:
    return OPERATIONS.get(lookup_key(name))


def attribute_meant(name: str) -> str | None:
    return ATTRIBUTES.get(lookup_key(name))


def attribute_note(name: str) -> str | None:
    return ATTRIBUTE_NOTES.get(lookup_key(name))


def member_meant(name: str) -> str | None:
    return MEMBERS.get(lookup_key(name))


def metric_meant(name: str) -> str | None:
    return METRICS.get(lookup_key(name))


def value_meant(name: str) -> Meaning | None:
    return VALUES.get(name.casefold())
