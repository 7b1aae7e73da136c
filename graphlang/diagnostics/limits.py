"""How large a file, its tree, its graph and its runs may be; what is larger is refused with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Limits:
    """The limits of one load and of the runs of its graph.

    The defaults suit a file from a stranger. Each is raised by
    `gl.load(path, limits=gl.Limits(nodes=10**7))` or, on the command line, `--limit nodes=10000000`;
    `Limits.trusted()` is a preset for files of one's own.

    >>> Limits().nesting, Limits.trusted().nesting
    (1000, 200000)
    """

    #: size of a file and of all that it imports, in bytes of UTF-8
    source_bytes: int = 2**20
    #: words, numbers, signs and line ends of a file and of all that it imports
    tokens: int = 200_000
    #: brackets of any kind that are open at once
    nesting: int = 1_000
    #: mistakes that are reported; of the others only the number is told
    errors: int = 20
    #: values of the finished graph, after `repeat`, `for` and calls of a `def` are written out
    nodes: int = 100_000
    #: numbers in all parameters together: 2**31 of them take 8 GiB in float32
    parameters: int = 2**31
    #: copies that one `repeat` or `for` may make
    unrolled: int = 10_000
    #: calls of a `def` within a `def`
    calls: int = 200
    #: calls of `def`s altogether, once everything is written out
    expansions: int = 20_000
    #: files that one file may import, directly and indirectly
    imports: int = 1_000
    #: imports within imports
    import_depth: int = 16
    #: axes of an array
    rank: int = 8
    #: bytes that the parameters and the values of a run may take, as estimated before it
    memory: int = 4 * 2**30
    #: size of a file of a table in bytes; a `json_lines` may have a quarter of it
    table_bytes: int = 2**30
    #: cells of a table, names of columns included; a `json_lines` may have a fifth of them
    table_cells: int = 100_000_000
    #: nodes that `grad`s go back through, those that a `grad` of a `grad` adds included
    gradients: int = 250_000
    #: nodes that all steps of the `scan`s of a run compute
    scanned: int = 1_000_000

    def __post_init__(self) -> None:
        for name in NAMES:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"the limit `{name}` is a whole number, not {type(value).__name__}")
            if value < 0:
                raise ValueError(f"the limit `{name}` is 0 or more, not {value}")

    @classmethod
    def trusted(cls) -> Limits:
        """Limits for files of one's own: they stop a slip, such as one zero too many, and little else."""
        return cls(
            source_bytes=64 * 2**20,
            tokens=20_000_000,
            nesting=200_000,
            nodes=1_000_000,
            parameters=2**40,
            unrolled=100_000,
            expansions=200_000,
            import_depth=1_000,
            rank=32,
            memory=2**50,
            table_bytes=2**40,
            table_cells=2**37,
            gradients=100_000_000,
            scanned=2**40,
        )


NAMES = tuple(field.name for field in fields(Limits))
"""The names of all limits."""
IN_BYTES = ("source_bytes", "memory", "table_bytes")
"""The limits that may be told with a unit: `memory=8GiB`."""
DEFAULT = Limits()
TRUSTED = Limits.trusted()

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def read_limit(name: str, text: str) -> int:
    """The number that a limit is told as on the command line; raises ValueError that says how it is told."""
    match = re.fullmatch(r"([0-9]{1,18})(?:([kmgt])i?b)?", text.replace("_", "").strip().lower())
    if match is None or (match[2] and name not in IN_BYTES):
        example = "memory=8GiB" if name in IN_BYTES else f"{name}=1000000"
        raise ValueError(f"the limit `{name}` is a whole number, as in `--limit {example}`")
    return int(match[1]) * _UNITS[match[2] or ""]
