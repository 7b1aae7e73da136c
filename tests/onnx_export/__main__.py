"""The table of operations in ONNX: `python -m tests.onnx_export`, with `--write` into the documentation."""

import sys

from tests.onnx_export.operation_table import table, write

if "--write" in sys.argv:
    write(table())
else:
    sys.stdout.write(table() + "\n")
