"""GL704, GL717 and GL728: a training whose loss, gradients or parameters are no finite numbers."""

from __future__ import annotations

from collections.abc import Mapping

from graphlang.diagnostics.base import Diagnostic, wording
from graphlang.diagnostics.places import Span


class NotFinite(Diagnostic):
    """The loss is no longer a number; the message names the first value where that happened.

    Where it came with the data, that is the row to look at. Else the usual reasons are a learning rate that
    is too large, the logarithm of zero, a division by zero.
    """

    code = "GL704"
    message = "the loss is {loss} {when}; the first value that is not finite is `{name}` ({operation}){holds}"

    name: str
    operation: str
    loss: str
    when: str
    span: Span | None
    #: of an input: the number in it that is not finite, and its place
    number: tuple[float, str] | None = None

    @property
    def holds(self) -> str:
        return "" if self.number is None else f", which holds {self.number[0]}{self.number[1]}"

    @property
    def help(self) -> str:
        if self.number is not None:
            return "mend the data, or leave that row out; rows count from 0"
        if self.when == "at iteration 1":  # no step has been taken: the learning rate is not at fault
            return "look for very large numbers in the data, `log(0)` or a division by zero"
        return "try a smaller learning rate or `clip_norm = 1`; look for `log(0)` or a division by zero"


class NotFiniteElsewhere(NotFinite):
    message = (
        "the loss or a gradient is not finite {when} on {backend}, though NumPy finds all of them finite: "
        "numbers are near the largest that their precision can hold"
    )

    backend: str = ""

    @property
    def help(self) -> str:
        return "try a smaller learning rate or `clip_norm = 1`, or float64"


class GradientNotFinite(Diagnostic):
    """The loss is a number, but a gradient is not; the message names the operation that it comes from.

        graphlang train net.graph       # with `loss = sum(sqrt(w * w))`, and a 0 in w

    The step is not taken: the parameters, what the optimizer remembers, running statistics and the number
    of steps stay as they were, and the random numbers of a step depend on its number alone.

    Usual reasons: `sqrt`, `log`, a quotient or a power has an infinite slope at 0, and what its argument is
    made of has a slope of 0 there; or the gradients grow from layer to layer until they overflow.

    Fix: keep the argument away from 0, as in `sqrt(x + 1e-12)`, or make the steps of training smaller.
    """

    code = "GL717"
    message = "{gradients} {when}, though the loss is {loss:.6g}{first}"
    help = (
        "the step was not taken, nothing has changed; keep what reaches this operation away from where "
        "its slope is infinite, as in `sqrt(x + 1e-12)`, or try a smaller learning rate"
    )

    parameters: Mapping[str, str]
    name: str | None
    operation: str | None
    loss: float
    when: str
    span: Span | None

    @property
    def is_empty(self) -> bool:
        """Whether it names neither a parameter nor an operation: all numbers are finite."""
        return self.name is None and not self.parameters

    def elsewhere(self, backend: str) -> NotFiniteElsewhere:
        """The same of a step that is finite in NumPy, and was not on a backend."""
        return NotFiniteElsewhere("", "", "", self.when, None, None, backend)

    @property
    def first(self) -> str:
        if self.name is None:
            return ""
        operation = f"`{self.name}` ({self.operation})"
        return f"; the first operation, in backward order, whose gradient is not finite is {operation}"

    @property
    def gradients(self) -> str:
        names = list(self.parameters)
        if len(names) == 1:
            return f"the gradient of `{names[0]}` is {self.parameters[names[0]]}"
        if not names:
            return "a gradient is not finite"
        listed, more = ", ".join(f"`{n}`" for n in names[:3]), len(names) - 3
        return f"the gradients of {listed}{f' and {more} more' if more > 0 else ''} are not finite"


class StateNotFinite(Diagnostic):
    """A parameter, or what the optimizer remembers of one, is no longer finite, though the loss and all
    gradients were: an update went beyond what the precision can hold.

        train { minimize = loss; optimizer = SGD(lr=1e30); batch = 100; epochs = 1; dtype = float32 }

    Such parameters are no result, so they are not saved: the last checkpoint of the run stays as it was.
    Before the first step, the parameters themselves were not finite.

    Fix: make the steps smaller (a smaller learning rate, `clip_norm = 1`), or compute in float64.
    """

    code = "GL728"
    message = "{what} holds {value}{at} since {since}, though its gradient was finite"
    help = "nothing of it is saved; try a smaller learning rate or `clip_norm = 1`, or float64"

    name: str
    #: what an optimizer remembers of the parameter; None for the parameter itself
    slot: str | None
    value: float
    at: str
    since: str
    span: Span | None

    at_start = wording("{what} holds {value}{at} before the first step", "start from finite numbers")

    @property
    def what(self) -> str:
        return f"`{self.name}`" if self.slot is None else f"`{self.slot}`, remembered of `{self.name}`,"
