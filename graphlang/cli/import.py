"""`graphlang import`: a spec and its weights from an ONNX file."""  # noqa: N999

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from graphlang.cli import console, options
from graphlang.cli.shell_words import shell_line


def parser() -> options.CommandParser:
    command = options.CommandParser(
        "import",
        "FILE",
        "The model of an ONNX file as a spec, and its weights beside it: layers and chains where the file\n"
        "has them, other operators as functions. Shapes, axes and the like have to be constants of the\n"
        "file; --set makes an input one. Needs the package onnx, extra [onnx].",
        """
        graphlang import digits.onnx -o imported.graph
        graphlang import digits.onnx -o small.graph --weights small.npz --force
        """,
    )
    command.add_argument("model", metavar="FILE", type=options.path, help="an ONNX file")
    command.add_argument(
        "-o", "--output", metavar="SPEC", type=options.path, help="the new .graph file (default: FILE.graph)"
    )
    command.add_argument(
        "--weights",
        metavar="FILE",
        type=options.path,
        help="where the weights go: .npz or .safetensors (default: beside the spec)",
    )
    command.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=options.pair,
        help="an input that is to be a constant; a number, a list or @file.npy (may be repeated)",
    )
    command.add_argument("--force", action="store_true", help="write over files that are there")
    options.limits(command)
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    from graphlang.onnx.importing.loading import graph_of, import_file

    spec = arguments.output or arguments.model.with_suffix(".graph")
    if spec.suffix != ".graph":
        raise options.Usage(f"the spec is written to a file that ends in .graph, not to `{spec.name}`")
    weights = arguments.weights or spec.with_suffix(".npz")
    limits = options.limits_of(arguments)
    imported = import_file(arguments.model, inputs=dict(map(_value, arguments.set)), limits=limits)
    graph = graph_of(imported, spec.name, dtype=imported.dtype, limits=limits)
    files = [spec, weights] if imported.weights else [spec]
    _check_free(files, force=arguments.force)
    if imported.weights:
        graph.save(weights)
    _write(spec, imported.text)
    console.out(f"wrote {' and '.join(map(console.file_name, files))}")
    more = ["--weights", str(weights)] if imported.weights else []
    console.out(f"next: {shell_line(['graphlang', 'summary', str(spec)])}")
    if more:
        console.out(f"      {shell_line(['graphlang', 'predict', str(spec), *more, '--inputs', 'FILE'])}")
    return 0


def _value(given: tuple[str, str]) -> tuple[str, Any]:
    name, text = given
    if text.startswith("@"):
        from graphlang.cli.values import read_array

        return name, read_array(text[1:])
    try:
        return name, options.number_or_list(text)
    except argparse.ArgumentTypeError as wrong:
        raise options.Usage(f"--set {name}: {wrong}") from None


def _check_free(files: list[Path], *, force: bool) -> None:
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.files import FolderMissing, SpecInPlace

    for file in files:
        if not force and (file.is_symlink() or file.exists()):
            raise GraphError([SpecInPlace(str(file))])
        if not file.parent.is_dir():
            raise GraphError([FolderMissing(str(file), str(file.parent))])


def _write(spec: Path, text: str) -> None:
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.files import WritingRefused
    from graphlang.files.replace import write_text

    try:
        write_text(spec, text)
    except OSError as error:
        raise GraphError([WritingRefused(str(spec), (error.strerror or str(error)).lower())]) from None
