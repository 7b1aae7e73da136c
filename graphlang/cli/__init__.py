"""The command line: finds the command, runs it, and turns errors into messages and an exit status."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from graphlang.spec.version import __version__

DONE, WRONG, USAGE, FAULT, INTERRUPTED, UNREAD = 0, 1, 2, 3, 130, 141

COMMANDS = {
    "run": "forward and backward: every named value and its gradient",
    "view": "the same as one offline HTML page, to step through",
    "check": "syntax, names, types and shapes; touches no data",
    "fmt": "specs in the one layout; comments stay in place",
    "gradcheck": "backpropagation against numerical differentiation",
    "test": "the `expect` lines, then `gradcheck` where the file has that section",
    "train": "the `train` section over the `data` section",
    "report": "runs of `train` as one offline HTML page, beside one another",
    "plot": "the curves of runs as PNG, PDF or SVG, by matplotlib",
    "predict": "the outputs, in evaluation mode",
    "evaluate": "the metrics over the test split",
    "summary": "a row per node: operation, shape, parameters, FLOPs",
    "weights": "the arrays of a file of weights; other names, PyTorch's layout, another format",
    "diff": "what differs between two specs or two runs",
    "compare": "whether two graphs compute the same from the same inputs, value by value",
    "where": "where the gradient dies on its way from the loss to a parameter",
    "export": "the graph as a picture or as data",
    "explain-plan": "the planned program of a step: operations, buffers, bytes, FLOPs",
    "lsp": "the language server, which an editor starts",
    "new": "a spec to begin with, from a template or for a table",
    "import": "a spec and its weights from an ONNX file",
    "lessons": "the lessons that come with graphlang: their list, and copies of them",
    "layers": "what the language knows: layers, functions, losses, optimizers, ...",
    "explain": "a diagnostic code: why, a wrong example, the fix",
}
OPTIONS = {
    "-h, --help": "this text; after a command: its options and examples",
    "-V, --version": "the version",
    "--completions SHELL": "a script that completes commands and names in bash, zsh or fish",
}
EXIT_STATUS = (
    "0 done; 1 the spec, data or weights are wrong, or a check failed; 2 usage; "
    "3 a fault of graphlang itself; 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP; "
    "141 the reader of the output has gone"
)


def main(argv: list[str] | None = None) -> int:
    """Runs a command and returns its exit status; never raises."""
    status = _status(argv)
    processes = sys.modules.get("graphlang.backends.jax.processes")
    if processes is not None:  # `train` has loaded it, for one of several processes
        processes.end(status)
    return status


def _status(argv: list[str] | None) -> int:
    words = sys.argv[1:] if argv is None else list(argv)
    # Pydantic's search for plugins reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if argv is None:
        # The threads of OpenBLAS wait for the next product without sleeping, by default for 2^26 cycles, some
        # 30 ms; where other processes want the cores too, a training step takes a hundred times as long. 2^18
        # cycles last from one product of a short step to the next. NumPy must not be loaded yet.
        os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "18")
        # A large file makes millions of objects that all stay alive; the garbage collector would take a
        # third of the time to look through them. `train`, which runs long, turns it on again.
        gc.disable()
    if sys.stderr is None:  # the caller closed it: `2>&-`
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    if sys.stdout is None:  # `>&-`
        return _say("error: standard output is closed, and the result is written there", WRONG)
    try:
        _write_anything()
        try:
            status = _dispatch(words)
        except SystemExit as asked:  # argparse: --help is 0, a wrong option is 2
            status = asked.code if isinstance(asked.code, int) else USAGE
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except OSError as error:
        return _refused(error)
    except MemoryError:
        return _say("error: there is not enough memory for this", WRONG)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        return _fault(error, words)
    return status


def _dispatch(words: list[str]) -> int:
    from graphlang.cli import console

    if not words:
        console.err(help_text())
        return USAGE
    name, rest = words[0], words[1:]
    if name in ("-h", "--help", "help"):
        if rest and rest[0] in COMMANDS:
            return _command(rest[0], ["--help"])
        if rest and name == "help":
            return _unknown(rest[0])
        console.out(help_text())
        return DONE
    if name in ("-V", "--version"):
        console.out(f"graphlang {__version__}")
        return DONE
    if name.partition("=")[0] == "--completions":
        return _completions(name.split("=")[1:] or rest)
    if name in COMMANDS:
        return _command(name, rest)
    return _unknown(name)


def _command(name: str, rest: list[str]) -> int:
    from importlib import import_module

    from graphlang.cli import console, options
    from graphlang.cli.reading_progress import reading_shown
    from graphlang.diagnostics import GraphError

    command = import_module(f"graphlang.cli.{name.replace('-', '_')}")
    parser: options.CommandParser = command.parser()
    arguments = parser.parse_args(rest)
    arguments.words = [name, *rest]
    try:
        with options.Threads(getattr(arguments, "threads", None)), reading_shown():
            return int(command.run(arguments))
    except options.Usage as wrong:
        parser.error(str(wrong))
    except GraphError as error:
        sys.stdout.flush()
        console.report(error.diagnostics, getattr(arguments, "format", "full"), sys.stderr)
        return WRONG


def _completions(shells: list[str]) -> int:
    from graphlang.cli import completions, console

    if len(shells) != 1 or shells[0] not in completions.SHELLS:
        console.err("graphlang --completions: error: name one shell: bash, zsh or fish")
        console.err("help: `source <(graphlang --completions bash)` turns them on in this shell")
        return USAGE
    console.document(completions.completion_script(shells[0], COMMANDS, OPTIONS).rstrip("\n") + "\n")
    return DONE


def _unknown(name: str) -> int:
    from graphlang.cli import console
    from graphlang.diagnostics import did_you_mean

    if name.startswith("-"):
        console.err(f"graphlang: error: unknown option `{name}`; options follow the command")
    else:
        console.err(f"graphlang: error: there is no command `{name}`")
    console.err(f"help: {did_you_mean(name, COMMANDS) or '`graphlang --help` lists the commands'}")
    return USAGE


def help_text() -> str:
    """What `graphlang --help` prints."""
    from graphlang.cli import console
    from graphlang.draw.prose import hanging

    width = console.reading_width()
    rows = "\n".join(
        line for name, text in COMMANDS.items() for line in hanging(f"  {name:<13}{text}", width, " " * 15)
    )
    options = "\n".join(
        line for name, text in OPTIONS.items() for line in hanging(f"  {name:<21}{text}", width, " " * 23)
    )
    status = console.prose(f"exit status: {EXIT_STATUS}")
    return f"""\
usage: graphlang COMMAND [OPTIONS] ...

{console.prose("Computational graphs from a few lines of text, with every value and every gradient.")}

commands:
{rows}

options:
{options}

examples:
  graphlang run lesson:apple_orange
  echo 'z = (x + y)**2' | graphlang run - --set x=3 --set y=4
  graphlang train lesson:two_layer_net

{status}"""


# ---- errors --------------------------------------------------------------------------------------


def _write_anything() -> None:
    """Makes a character that the terminal's encoding lacks appear as an escape, not raise an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _refused(error: OSError) -> int:
    """The exit status where the system refuses something that no reader or writer of files expected."""
    from graphlang.cli.lasting_stream import has_no_reader

    if has_no_reader(error):
        return _closed_pipe()
    reason = (error.strerror or str(error)).lower()
    if not error.filename:
        return _say(f"error: {reason}", WRONG)
    from graphlang.cli import console
    from graphlang.diagnostics.files import UnusableFile

    console.report([UnusableFile(str(error.filename), reason)], "full", sys.stderr)
    return WRONG


def _say(text: str, status: int) -> int:
    from graphlang.cli import console

    console.err(text)
    return status


def _closed_pipe() -> int:
    """The exit status where the reader of the output has gone, as in `graphlang run ... | head`: that of a
    program that SIGPIPE ends, since what was not read may have been a failure."""
    from graphlang.cli.lasting_stream import drop

    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            drop(stream)
    return UNREAD


def _fault(error: Exception, words: list[str]) -> int:
    if "--debug" in words or os.environ.get("GRAPHLANG_DEBUG"):
        import traceback

        traceback.print_exception(error)
        return FAULT
    from graphlang.cli.shell_words import shell_line

    what = " ".join(f"{type(error).__name__}: {error}".split())
    return _say(
        f"error: graphlang itself failed: {what[:300]}\n"
        "This is a fault of graphlang, not of your file. Please report it to the authors of graphlang-dsl,\n"
        f"with the file and what this prints: graphlang {shell_line(words)} --debug",
        FAULT,
    )
