"""A recorded program with the arrays of its inputs: compiled at its first run, run on a device."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from graphlang.backends.jax.attention import FusedAttention
from graphlang.backends.jax.attention_pattern import find_attention
from graphlang.backends.jax.compiled_memory import memory_of_compiled
from graphlang.backends.jax.device_errors import device_errors
from graphlang.backends.jax.replay import converted, run
from graphlang.backends.jax.rules import RULES
from graphlang.backends.jax.scope import scope
from graphlang.contracts.backend import RecordedProgram
from graphlang.contracts.memory import Memory
from graphlang.engine.aligned import aligned
from graphlang.engine.executable import planned
from graphlang.engine.passes.common import common_subexpressions
from graphlang.engine.passes.loops import ON_DEVICES, move_out_of_loops
from graphlang.engine.program import Program, concrete
from graphlang.trace import SymbolicArray

Compile: TypeAlias = Callable[[Callable[..., Any], Sequence[Any], str], Any]
"""Compiles a function for arguments, after a sentence about it was announced."""


class JaxProgram:
    """What `engine.executable.Executable` is in NumPy, for a program without updates."""

    fails = False

    def __init__(
        self,
        compile_for: Compile,
        program: RecordedProgram,
        draws: Sequence[str],
        arrays: Mapping[str, Any],
    ) -> None:
        assert not program.updates, "a training step has a program of its own"
        self._compile_for = compile_for
        own = common_subexpressions(Program(program.inputs, program.outputs, {}))
        self._program = move_out_of_loops(own, ON_DEVICES)
        self.draws = tuple(draws)
        self.inputs: dict[str, Any] = {
            label: arrays[label] if label in arrays else aligned(concrete(x.shape), x.dtype)
            for label, x in program.inputs.items()
        }
        #: arrays of the caller that the next run reads in place of `inputs`
        self._given: dict[str, Any] = {}
        #: the labels of the inputs that come with a call
        self._fed = [label for label in program.inputs if label not in arrays and label not in draws]
        self._computed = {k: v for k, v in program.outputs.items() if isinstance(v, SymbolicArray)}
        self._results: dict[str, Any] = {
            k: np.asarray(v) for k, v in program.outputs.items() if k not in self._computed
        }
        self._compiled: Any = None

    # ---- inputs -----------------------------------------------------------------------------------------

    def give(self, label: str, array: Any) -> None:
        own = self._program.inputs[label]
        array = np.asarray(array)
        if array.shape != own.shape or not np.can_cast(array.dtype, own.dtype, "same_kind"):
            raise ValueError(f"`{label}` is {own}, not {array.dtype} of shape {array.shape}")
        self._given[label] = np.asarray(array, own.dtype)

    def renew(self) -> None:
        """Nothing to do: results lie in memory of their own."""

    def fill(self, generator: np.random.Generator) -> None:
        for label in self.draws:
            generator.random(dtype=self.inputs[label].dtype, out=self.inputs[label])

    # ---- running ----------------------------------------------------------------------------------------

    def run(self) -> None:
        """Runs the program. Where an index or a whole number is wrong, NumPy's engine runs it again, and
        raises the error that names the place."""
        arrays = {**self.inputs, **self._given}
        self._given = {}
        if not self._computed:
            return
        arguments = [arrays[label] for label in self._program.inputs]
        with device_errors("the graph"):
            compiled = self._compile(arguments)
            with scope():
                outputs, wrong = jax.block_until_ready(compiled(*arguments))
        self._results.update(zip(self._computed, outputs, strict=True))
        if wrong is not None and bool(wrong):
            self._run_in_numpy(arrays)

    def _compile(self, arguments: Sequence[Any]) -> Any:
        if self._compiled is None:
            self._compiled = self._compile_for(self._replayed, arguments, self._announcement())
        return self._compiled

    def memory(self, parameters: Collection[str]) -> Memory | None:
        """What XLA says of the program, which is compiled for that where it has not run yet."""
        arrays = {**self.inputs, **self._given}
        own = sum(arrays[label].nbytes for label in self._program.inputs if label in parameters)
        return memory_of_compiled(self._compile([arrays[label] for label in self._program.inputs]), own)

    def _replayed(self, *arguments: Any) -> tuple[list[Any], Any]:
        """The outputs, and whether something is wrong with the numbers; None where nothing can be."""
        program = self._program
        values = {x.number: a for x, a in zip(program.inputs.values(), arguments, strict=True)}
        wrong: list[Any] = []
        attention = FusedAttention(find_attention(program.steps, program.results), cudnn=False)
        run(program.steps, values, RULES, wrong, None, attention)
        outputs = [
            values[x.number] if isinstance(x, SymbolicArray) else converted(x, None)
            for x in (program.outputs[label] for label in self._computed)
        ]
        return outputs, jnp.any(jnp.stack(wrong)) if wrong else None

    def _run_in_numpy(self, arrays: Mapping[str, Any]) -> None:
        program = planned(Program(self._program.inputs, self._program.outputs, {}), arrays)
        program.run()
        self._results.update({label: program.take(label) for label in self._computed})

    def _announcement(self) -> str:
        shapes = [self._program.inputs[label].shape for label in self._fed]
        texts = [" × ".join(map(str, shape)) for shape in dict.fromkeys(shapes) if shape]
        return f"compiling for {', '.join(texts)}" if texts else "compiling"

    # ---- outputs ----------------------------------------------------------------------------------------

    @property
    def outputs(self) -> Collection[str]:
        return self._program.outputs.keys()

    def output(self, label: str) -> Any:
        return np.asarray(self._results[label])

    def take(self, label: str) -> Any:
        return np.array(self._results[label])
