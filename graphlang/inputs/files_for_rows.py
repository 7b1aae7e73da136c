"""The name of a file where a Python call takes rows: how it is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphlang.inputs.frames import is_frame
from graphlang.spec.network import Network

READING = {
    ".csv": "pandas.read_csv({})",
    ".tsv": 'pandas.read_csv({}, sep="\\t")',
    ".parquet": "pandas.read_parquet({})",
    ".jsonl": "pandas.read_json({}, lines=True)",
    ".npz": "numpy.load({})",
}
NAMES = frozenset("data dataset df dataframe frame table rows file path filename csv inputs".split())
"""What data is called as a keyword."""


def refuse_file(method: str, value: Any) -> None:
    """Raises TypeError for the name of a file, or an open one, in the place of rows."""
    if isinstance(value, bytes) or not (isinstance(value, str | os.PathLike) or hasattr(value, "read")):
        return
    name = str(getattr(value, "name", "FILE") if hasattr(value, "read") else os.fspath(value))
    call = READING.get(Path(name).suffix.lower(), READING[".csv"]).format(f'"{name}"')
    takes = "columns, rows or a data frame"
    more = {
        "fit": ", or name the file in the `data` section and write fit()",
        "predict": f"; at the command line `graphlang predict SPEC --data {name}` reads it",
        "evaluate": f"; at the command line `graphlang evaluate SPEC --data {name}` reads it",
    }
    if method not in more:
        takes = "arrays by the names of inputs"
    raise TypeError(f"{method} takes {takes}, not a file: write {method}({call}){more.get(method, '')}")


def refuse_named_rows(method: str, network: Network, named: Mapping[str, Any]) -> None:
    """Raises TypeError for rows or a file that are given by a keyword such as `data`."""
    for name, value in named.items():
        if name in network.inputs or name not in NAMES:
            continue
        if not isinstance(value, str) or Path(value).suffix.lower() in READING:
            refuse_file(method, value)
        if is_frame(value) or isinstance(value, Mapping):
            raise TypeError(
                f"{method} has no option `{name}`, rows are given by position: write {method}(rows)"
            )
