"""What the engines run: a network with its parameters, and the precision, seed and threads to run it with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphlang.catalog.operation import WrongForward
from graphlang.contracts.no_rule import NoRule
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.arguments import WrongBackward
from graphlang.diagnostics.python_arguments import text_of
from graphlang.diagnostics.running import CannotRun, NothingToStartFrom
from graphlang.diagnostics.too_large import MemoryExceeded
from graphlang.engine.derived import Derived
from graphlang.engine.failures import OperationFailed, WrongGradients
from graphlang.engine.parameters import Params
from graphlang.engine.result import unknown_value
from graphlang.engine.run_state import GRADIENT_OF
from graphlang.resolve.failures import layer_failed
from graphlang.spec.models import OutputSpec, Spec
from graphlang.spec.network import Network
from graphlang.spec.recently_used import RecentlyUsed
from graphlang.trace import TraceError, UndecidedError, Unrecorded
from graphlang.trace.errors import TooLarge
from graphlang.trace.whole_numbers import NoInt

if TYPE_CHECKING:
    from graphlang.contracts.backend import Backend

_OF_THE_VALUES = (ValueError, TypeError, IndexError, ArithmeticError, MemoryError, TraceError)
"""What operations raise for values that do not fit; the text of the exception is enough for the user."""


@dataclass(frozen=True, eq=False)
class Model:
    """A network, its parameters and how to run it. `Graph` is the public side of one.

    The fields stay as they are; the arrays in `params` change as the model is trained.
    """

    network: Network
    params: Params
    dtype: np.dtype[Any]
    #: every random stream is derived from it
    seed: int
    #: how many threads its programs may use; None is all cores that the process may use
    threads: int | None = None
    #: the folder that the spec may take data from
    folder: Path | None = None
    #: what runs its programs; None is NumPy
    backend: Backend | None = None
    #: the gradients that were derived by recording, kept from run to run
    derived: Derived = field(default_factory=Derived, repr=False)
    #: what preparing the data learned from the training split, by the text of what learned it
    learned: dict[str, Any] = field(default_factory=dict, repr=False)
    #: the programs of a backend for whole runs, by what they are recorded for
    runs: RecentlyUsed[Any] = field(default_factory=lambda: RecentlyUsed(16), repr=False)

    def __post_init__(self) -> None:
        self.network.seed = self.seed

    @property
    def spec(self) -> Spec:
        return self.network.spec

    @property
    def outputs(self) -> dict[str, OutputSpec]:
        """The outputs in order, with their types."""
        return self.network.outputs

    @property
    def file(self) -> str | None:
        """The name of the file that it came from."""
        sources = self.network.spec.sources
        return sources[0].name if sources else None

    @property
    def described(self) -> str:
        """Its file and what it consists of, for a `repr`."""
        network = self.network
        counts = f"{len(network.inputs)} inputs, {len(self.params)} parameters, {len(network.nodes)} nodes"
        return f"{self.file or 'from a spec'}: {counts}, {self.dtype}"

    def __repr__(self) -> str:
        return f"Model({self.described})"

    # ---- where backward starts --------------------------------------------------------------------------

    def start(self, of: str | None) -> str:
        """The value that backward starts from; raises GraphError where it is not clear."""
        if of is not None:
            if text_of("of", of) not in self.network.numbers:
                raise unknown_value(of, self.network.names, self.file)
            return of
        if self.spec.train is not None:
            return self.spec.train.minimize
        starts = self.starts
        if len(starts) == 1:
            return starts[0]
        raise GraphError(
            [
                (NothingToStartFrom.several_outputs if starts else NothingToStartFrom.no_output)(
                    starts, self.file
                )
            ]
        )

    @property
    def starts(self) -> list[str]:
        """The outputs that backward may start from: those with a gradient, or all where none has one."""
        network, outputs = self.network, list(self.spec.outputs)
        if len(outputs) == 1:
            return outputs
        varying = network.varying()
        return [name for name in outputs if varying[network.numbers[name]]] or outputs

    @property
    def may_start(self) -> bool:
        """Whether it is clear which value backward starts from, and that value has gradients."""
        starts = self.starts
        return self.spec.train is not None or (len(starts) == 1 and self.is_float(starts[0]))

    def is_float(self, name: str) -> bool:
        """Whether the type of a value is float."""
        return self.network.spec_of(name).dtype == "float"

    # ---- what to say of a failure -----------------------------------------------------------------------

    @contextmanager
    def diagnosed(self) -> Iterator[None]:
        """Turns the failures of operations, shapes and missing gradients into GraphError.

        Constants are computed while a program is recorded, and may be infinite or nan.
        """
        try:
            with np.errstate(all="ignore"):
                yield
        except OperationFailed as failed:
            raise self.failed(failed) from failed.error
        except TooLarge as error:
            raise self.too_large(error) from None
        except TraceError as error:
            raise GraphError([CannotRun("the graph", str(error))]) from error
        except NoRule as missing:
            raise without_rule(self.network, missing) from missing

    @contextmanager
    def running(self) -> Iterator[None]:
        """Turns what a program raises for its numbers into GraphError."""
        try:
            yield
        except NoInt as error:
            raise self.no_int(error) from error
        except (ValueError, IndexError, TypeError, ArithmeticError) as error:
            raise GraphError([CannotRun.for_inputs("the graph", str(error))]) from error

    def failed(self, failed: OperationFailed) -> GraphError:
        """What to tell the user of an operation that failed."""
        node, error, span = failed.node, failed.error, self.network.span(failed.node.name)
        who = f"{'the backward of ' if failed.backward else ''}`{node.name}` ({node.spec.operation})"
        if isinstance(error, Unrecorded | UndecidedError | WrongForward):
            return GraphError([layer_failed(who, span, error)])
        if isinstance(error, WrongGradients):
            return GraphError([WrongBackward(span, who, str(error))])
        what = str(failed) if isinstance(error, _OF_THE_VALUES) else f"{type(error).__name__}: {error}"
        return GraphError([CannotRun(who, what, span)])

    def too_large(self, error: TooLarge) -> GraphError:
        """What to tell the user of a program that takes too much memory."""
        name = error.origin.removeprefix(GRADIENT_OF).removeprefix("update of ")
        span = self.network.span(name)
        problem = MemoryExceeded.of_program("memory", span, error.size, error.limit)
        return GraphError([problem if span is not None else problem.replaced(file=self.file)])

    def no_int(self, error: NoInt) -> GraphError:
        """What to tell the user of a whole number that does not fit into an int, in a planned program."""
        node = self.network.find(error.value)
        if node is not None:
            return self.failed(OperationFailed(node, NoInt(error.what)))
        return GraphError([CannotRun("the graph", str(error))])


def without_rule(network: Network, missing: NoRule) -> GraphError:
    """What to tell the user of a primitive that the backend cannot compute."""
    from graphlang.diagnostics.backends import NoRuleForPrimitive

    origin = missing.origin.removeprefix(GRADIENT_OF)
    node = network.find(origin)
    name = f"`{origin}`" if node is None else f"`{node.name}` ({node.spec.operation})"
    return GraphError([NoRuleForPrimitive(name, missing.primitive, missing.backend, network.span(origin))])
