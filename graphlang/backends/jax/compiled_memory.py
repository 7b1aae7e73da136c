"""What XLA says of the memory of a compiled program."""

from __future__ import annotations

from typing import Any

from graphlang.contracts.memory import Memory


def memory_of_compiled(compiled: Any, parameters: int, optimizer: int = 0) -> Memory | None:
    """The bytes of a program on its device, where so many are parameters and the optimizer's; None where XLA
    does not tell. What a program writes over its inputs is counted once, as inputs.

    Inputs that the program does not read take no memory, so it may be less than what the program is given.
    """
    sizes = compiled.memory_analysis()
    if sizes is None:
        return None
    inputs = max(0, int(sizes.argument_size_in_bytes) - parameters - optimizer)
    results = max(0, int(sizes.output_size_in_bytes) - int(sizes.alias_size_in_bytes))
    return Memory(inputs, parameters, optimizer, results, int(sizes.temp_size_in_bytes))
