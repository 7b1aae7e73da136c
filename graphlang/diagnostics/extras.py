"""How the packages are installed that a part of graphlang needs."""

from __future__ import annotations

DISTRIBUTION = "graphlang-dsl"
"""What pip calls this package."""

EXTRAS = {"pyarrow": "parquet", "pillow": "images"}
"""The extras that bring packages of other names."""


def installing(extra: str) -> str:
    """The command that installs graphlang with an extra."""
    return f'pip install "{DISTRIBUTION}[{extra}]"'
