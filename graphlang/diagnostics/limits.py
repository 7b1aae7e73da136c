"""How large a file, its tree and its graph may be; what is larger is refused with an explanation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of one load; every one can be raised: `gl.load(path, limits=gl.Limits(nodes=10**7))`.

    >>> Limits().calls
    200
    """

    #: size of one file, in bytes of UTF-8; a file of 50,000 statements has about one million
    source_bytes: int = 16 * 2**20
    #: brackets of any kind that are open at once
    nesting: int = 200_000
    #: syntax errors that are reported before reading stops
    errors: int = 20
    #: nodes of the finished graph, after `repeat`, `for` and calls of a `def` are written out
    nodes: int = 1_000_000
    #: numbers in all parameters together: 2**31 of them take 8 GiB in float32
    parameters: int = 2**31
    #: copies that one `repeat` or `for` may make
    unrolled: int = 100_000
    #: calls of a `def` within a `def`
    calls: int = 200
    #: calls of `def`s altogether, once everything is written out
    expansions: int = 200_000
    #: files that one file may import, directly and indirectly
    imports: int = 1_000


DEFAULT = Limits()
