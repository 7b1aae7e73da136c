"""Runs a notebook and keeps what its cells show: `python docs/run_notebook.py chapter5.ipynb`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbclient
import nbformat

HERE = Path(__file__).parent


def executed(name: str) -> nbformat.NotebookNode:
    """The notebook after a run in a kernel of its own, without times and what else differs each time."""
    notebook = nbformat.read(HERE / name, as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(HERE)}})
    client.execute(env={**os.environ, "PYTHONPATH": str(HERE.parent), "PYDEVD_DISABLE_FILE_VALIDATION": "1"})
    for cell in notebook.cells:
        cell.metadata.clear()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def main() -> None:
    for name in sys.argv[1:]:
        nbformat.write(executed(name), HERE / name)
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
