"""`graphlang export`: a graph as a picture, as data, or for other runtimes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from graphlang.cli import console, options, weight_options


def parser() -> options.CommandParser:
    from graphlang.exports.targets import TARGETS

    command = options.CommandParser(
        "export",
        "SPEC",
        "The graph as a program, as formulas, as a picture or for other runtimes: to stdout, or into a file.",
        """
        graphlang export lesson:apple --to dot
        graphlang export lesson:two_layer_net --to json --set hidden=20 -o net.json
        graphlang export net.graph --weights runs/net-1 --to onnx -o net.onnx
        graphlang export net.graph --weights runs/net-1 --to numpy -o net.py
        """,
    )
    options.spec(command)
    whats = "; ".join(f"{name}: {target.what}" for name, target in TARGETS.items())
    command.add_argument(
        "--to", metavar="TARGET", type=_target, choices=tuple(TARGETS), help=f"{whats} (default: as -o ends)"
    )
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=options.named,
        help="the file, or a folder, where it is named after the spec (default: stdout)",
    )
    weight_options.weights(command)
    onnx = command.add_argument_group("with --to onnx")
    onnx.add_argument(
        "--opset",
        metavar="N",
        type=options.positive,
        help="the version of ONNX's operations (default: the newest that onnxruntime runs, without it 22)",
    )
    onnx.add_argument(
        "--training",
        action="store_true",
        help="the step of the `train` section too: gradients and updates as functions of the model",
    )
    onnx.add_argument(
        "--no-verify",
        dest="verify",
        action="store_false",
        help="write the file without running it and comparing it with the graph",
    )
    options.settings(command)
    options.precision(command)
    options.seed(command)
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    from graphlang.exports.targets import TARGETS, exported

    arguments.to = arguments.to or _target_of(arguments.output)
    target = TARGETS[arguments.to]
    to_stdout = arguments.output in (None, "-")
    if target.binary and to_stdout:
        raise options.Usage(f"--to {arguments.to} writes no text: name a file with -o")
    if arguments.to != "onnx" and (arguments.opset or arguments.training or not arguments.verify):
        raise options.Usage("--opset, --training and --no-verify belong to --to onnx")
    graph, _ = options.load_graph(arguments)
    content = exported(graph, arguments.to, **_options_of_onnx(arguments))
    if target.weights_come and arguments.weights:
        console.err(f"the weights are not in it: {target.weights_come}")
    if to_stdout:
        assert isinstance(content, str), arguments.to
        console.document(content)
        if target.reads_weights and arguments.weights:
            console.err(
                'the weights are not in it: `net.load("weights.npz")` reads them; with -o both are written'
            )
        return 0
    path = _written(arguments, content, target.suffix)
    console.err(f"wrote {console.file_name(path)}")
    if target.reads_weights and arguments.weights:
        graph.save(path.with_suffix(".npz"))
        own = console.file_name(path.with_suffix(".npz"))
        console.err(f'wrote {own}: `net.load("{path.stem}.npz")` reads these weights')
    return 0


def _target(text: str) -> str:
    """The name of a target."""
    from graphlang.diagnostics import did_you_mean
    from graphlang.exports.targets import ELSEWHERE, TARGETS

    if text in TARGETS:
        return text
    meant = ELSEWHERE.get(text.lower())
    close = f"write `{meant}`" if meant else did_you_mean(text, TARGETS) or f"there are {', '.join(TARGETS)}"
    raise argparse.ArgumentTypeError(f"there is no target `{text}`; {close}")


def _target_of(output: str | None) -> str:
    """The target whose files have the suffix of a name."""
    from graphlang.exports.targets import TARGETS

    suffix = Path(output or "").suffix.lower()
    fitting = [name for name, target in TARGETS.items() if target.suffix == suffix]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        *others, last = [f"--to {name}" for name in fitting]
        raise options.Usage(f"several targets write {suffix}: add {', '.join(others)} or {last}")
    raise options.Usage(f"name the target: --to {', '.join(TARGETS)}")


def _options_of_onnx(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.to != "onnx":
        return {}
    precision = {"dtype": arguments.dtype} if arguments.dtype else {}
    how = {"opset": arguments.opset, "training": arguments.training, "verify": arguments.verify}
    return {**how, **precision, "tell": console.note}


def _written(arguments: argparse.Namespace, content: str | bytes, suffix: str) -> Path:
    from graphlang.files.replace import write_text
    from graphlang.syntax.lessons import stem_of_spec

    path = Path(arguments.output)
    if path.is_dir():
        path /= f"{'graph' if arguments.spec == '-' else stem_of_spec(arguments.spec)}{suffix}"
    if isinstance(content, bytes):
        from graphlang.files.replace import replaced

        with replaced(path) as file:
            file.write(content)
    else:
        write_text(path, content)
    return path
