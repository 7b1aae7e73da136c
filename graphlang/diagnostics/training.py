"""What goes wrong while a network is trained, told from what was measured (GL901 to GL907)."""

from __future__ import annotations

from graphlang.diagnostics.base import Diagnostic
from graphlang.diagnostics.places import Span


class TrainingWarning(Diagnostic):
    """A sign of a training that fails; training goes on."""

    severity = "warning"

    #: the value or the parameter that the sentence is about
    name: str
    span: Span | None


class VanishingGradients(TrainingWarning):
    """The gradient shrinks from layer to layer on its way back, so that the first layers hardly learn.

        h = x -> repeat 6 { Affine(50, init=normal(0.01)) -> Sigmoid }

    The backward of every operation multiplies the gradient by its slope, and a product of many small factors
    is tiny. The slope of `Sigmoid` is at most 1/4; an `Affine` with small weights makes the gradient smaller
    too. The message compares the norms of the gradient at the last and at the first layer of the path, and
    names the operation with the smallest factor.

    Fix: start with larger weights (`init = he` before Relu, `init = xavier` before Tanh and Sigmoid), take
    Relu in place of Sigmoid, normalise between the layers (`BatchNorm`), or add a shortcut `x + f(x)`.
    """

    code = "GL901"
    message = (
        "the gradient vanishes on its way to `{parameter}`: its norm falls from {before:.2g} at `{last}` to "
        "{after:.2g} at `{first}`, to {factor:.2g} of it per layer; most of all at `{name}` ({operation}), "
        "to {worst:.2g}"
    )

    parameter: str
    operation: str
    first: str
    last: str
    before: float
    after: float
    factor: float
    worst: float

    @property
    def help(self) -> str:
        if self.operation in ("Sigmoid", "Tanh"):
            slope = "1/4" if self.operation == "Sigmoid" else "1, and far less where it is saturated"
            return (
                f"the slope of {self.operation} is at most {slope}: try Relu, with `init = he` in front of it"
            )
        if self.operation in ("Affine", "Conv", "matmul"):
            return (
                "its weights are too small: start with `init = he` before Relu, `init = xavier` before others"
            )
        return "start with `init = he` or `init = xavier`, or put `BatchNorm` between the layers"


class BlockedGradients(VanishingGradients):
    message = (
        "no gradient arrives at `{parameter}`: its norm is {before:.2g} at `{last}` and exactly 0 in front "
        "of `{name}` ({operation})"
    )


class ExplodingGradients(TrainingWarning):
    """The gradient grows from layer to layer on its way back, so that the first layers take huge steps.

        h = x -> repeat 6 { Affine(50, init=normal(1)) -> Relu }

    The backward of every operation multiplies the gradient by its slope; weights that are too large multiply
    it by more than 1 in every layer. The message compares the norms of the gradient at the last and at the
    first layer of the path, and names the operation with the largest factor.

    Fix: start with smaller weights (`init = he`, `init = xavier`), normalise between the layers
    (`BatchNorm`), or set `clip_norm`.
    """

    code = "GL902"
    message = (
        "the gradient explodes on its way to `{parameter}`: its norm grows from {before:.2g} at `{last}` to "
        "{after:.2g} at `{first}`, {factor:.2g} times per layer; most of all at `{name}` ({operation}), "
        "{worst:.2g} times"
    )
    help = "start with smaller weights (`init = he` or `init = xavier`), or set `clip_norm = 1`"

    parameter: str
    operation: str
    first: str
    last: str
    before: float
    after: float
    factor: float
    worst: float


class DeadLayer(TrainingWarning):
    """All units of a Relu are 0 for every row of the data, so nothing in front of it can learn.

        param b: float[50] = constant(-100)
        h = Relu(x @ W + b)

    The slope of Relu is 0 where its argument is 0 or less. Where that is so for all rows, no gradient passes,
    and the weights in front of it stay as they are.

    Fix: if it is so from the start, look at the start of the weights and biases in front of it; if it happens
    in training, make the learning rate smaller.
    """

    code = "GL903"

    peak: float
    rows: int


class DeadFromStart(DeadLayer):
    message = (
        "`{name}` (Relu) is dead from the start: all its units are 0 in each of {rows} rows, as its "
        "argument is {peak:.3g} at most{bias}"
    )
    help = "no gradient passes: start the bias in front of it with zeros, and the weights with `he`"

    #: the bias in front of it, and its mean
    parameter: str | None = None
    mean: float | None = None

    @property
    def bias(self) -> str:
        return "" if self.parameter is None else f", where the mean of `{self.parameter}` is {self.mean:.3g}"


class DiedInTraining(DeadLayer):
    message = (
        "`{name}` (Relu) has died in training: all its units are 0 in each of {rows} rows, as its argument "
        "is {peak:.3g} at most{step}"
    )

    parameter: str
    ratio: float
    rate: float
    #: whether the step was large enough to be the reason
    large: bool

    @property
    def step(self) -> str:
        return f"; one step changed `{self.parameter}` by {self.ratio:.2g} of its norm" if self.large else ""

    @property
    def help(self) -> str:
        if self.large:
            return f"no gradient passes: try a learning rate below {self.rate:.2g}"
        return "no gradient passes: try another start of the layers in front of it, or `LeakyRelu`"


class LossStuck(TrainingWarning):
    """The loss is what it was at the start, but for the noise between steps.

        train { minimize = loss; optimizer = SGD(lr=1e-9); batch = 100; epochs = 5 }

    The first fifth of the steps is compared with the last one. Their difference is small against the loss,
    and against the noise, which is how far the losses of single steps are apart. What was measured says why:
    the gradient is 0, the steps are too small to change the weights, or the start is on a plateau, where
    neither is so.

    Fix: for a gradient of 0, find the operation that does not pass it; for steps that are too small, raise
    the learning rate; for a plateau, try another start or other features, and see whether the inputs tell
    the target at all.
    """

    code = "GL904"

    records: int
    steps: int
    moved: float
    noise: float

    @property
    def still(self) -> str:
        return (
            f"`{self.name}` has not moved in {self.steps:,} steps ({self.records} records): it changed by "
            f"{self.moved:.2g}, and from step to step it varies by {self.noise:.2g}"
        )


class StuckWithoutGradient(LossStuck):
    message = "{still}; the norm of all gradients is 0"
    help = "no parameter can learn: look for an operation that does not pass the gradient"


class StuckBySmallSteps(LossStuck):
    message = (
        "{still}; one step changes `{parameter}` by {ratio:.2g} of its norm, which is too little to matter"
    )
    help = "try a larger learning rate than {rate:.2g}"

    parameter: str
    ratio: float
    rate: float


class StuckOnPlateau(LossStuck):
    message = (
        "{still}; the norm of all gradients is {gradient:.2g} and a step changes the weights by {ratio:.2g} "
        "of their norm, so it is a plateau"
    )
    help = (
        "see whether the inputs tell the target at all; try another start of the weights, or other features"
    )

    gradient: float
    ratio: float


class LossRises(TrainingWarning):
    """The loss rises above its start while the steps are large: the learning rate is too high.

        train { minimize = loss; optimizer = SGD(lr=100); batch = 100; epochs = 5 }

    A step goes along the slope at one place. Where it is longer than the slope reaches, it lands higher than
    it started. As a rule of thumb, a step changes weights by a thousandth of their norm; the message says
    what it was here.

    Where the numbers of the target are large, as prices are, so are the gradients: no rate is good for all
    weights then, and the target is to be scaled.

    Fix: divide the learning rate by 10 until the loss falls; `(price - 800) / 300` in the loss, and
    `800 + 300 * z` as the output, scale a target.
    """

    code = "GL905"
    message = (
        "the loss rises, from {start:.4g} to {now:.4g} after {steps:,} steps, and {change}: the learning "
        "rate of {rate:.2g} is too high"
    )

    start: float
    now: float
    steps: int
    parameter: str
    ratio: float
    rate: float
    #: whether the ratio is that of the norm of all weights to what it was at the start, not of a single step
    grown: bool = False
    #: a target that the loss compares with as it is, its mean and its spread, where its numbers are large
    target: tuple[str, float, float] | None = None

    @property
    def help(self) -> str:
        if self.target is None:
            return f"try a learning rate of {self.lower:.1g}"
        name = self.target[0]
        mean, spread = (_two_digits(number) for number in self.target[1:])
        less = f"{name} + {mean[1:]}" if mean.startswith("-") else f"{name} - {mean}"
        return (
            f"the numbers of `{name}` are large, about {mean} with a spread of {spread}: "
            f"compare `({less}) / {spread}` in the loss, and let the output be `{mean} + {spread} * z`, with "
            "`z` what the network gives"
        )

    @property
    def change(self) -> str:
        if self.grown:
            return f"the norm of `{self.parameter}` is {self.ratio:.2g} times what it was at the start"
        return f"one step changed `{self.parameter}` by {self.ratio:.2g} of its norm"

    @property
    def lower(self) -> float:
        return self.rate * (0.1 if self.grown else min(0.1, 0.01 / self.ratio))


class ConstantData(TrainingWarning):
    """All rows of the data are the same, so the network can give one answer only.

        graph.fit(x=np.ones((100, 4)), t=t)

    Nothing in such an input tells one row from another. The loss falls until the answer fits the mean of the
    targets, and no further.

    Fix: look at how the data was read, scaled or chosen.
    """

    code = "GL906"
    message = "all {rows:,} rows of {names:and} are the same: nothing in {them} tells one row from another"
    help = "look at how the data was read, scaled or chosen"

    names: tuple[str, ...]
    rows: int

    @property
    def them(self) -> str:
        return "it" if len(self.names) == 1 else "them"


class EqualUnits(TrainingWarning):
    """All units of a layer started with the same weights, and so they stay the same.

        h = x -> Affine(50, init=zeros) -> Tanh

    Units with equal weights compute equal results and get equal gradients, so that a layer of fifty
    learns no more than one of a single unit. Where the weights are 0, not even a gradient passes.

    Fix: start the weights with random numbers: `init = he`, `init = xavier`, `init=normal(0.01)`.
    """

    code = "GL907"
    message = (
        "after {steps:,} steps all {units} units of `{name}` are the same{zero}: nothing makes them differ"
    )
    help = "start it with random numbers: `init = he` before Relu, `init = xavier` before others"

    units: int
    steps: int
    norm: float

    @property
    def zero(self) -> str:
        return ", all their weights being 0" if self.norm == 0 else ""


def _two_digits(number: float) -> str:
    return f"{float(f'{number:.2g}'):g}"
