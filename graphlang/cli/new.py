"""`graphlang new`: a spec to begin with, from a template."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from graphlang.cli import console, options
from graphlang.cli.shell_words import shell_line


def parser() -> options.CommandParser:
    from graphlang.scaffold.templates import DEFAULT_TEMPLATE, TEMPLATES

    command = options.CommandParser(
        "new",
        "[NAME]",
        "Writes NAME.graph, a spec with comments that is ready to run, and says what to do next: from\n"
        "a template, whose data is put beside it, in the folder `data`, or for a table of yours, of which\n"
        "it predicts a column. No file that is there is overwritten.",
        """
        graphlang new first
        graphlang new digits --template mlp
        graphlang new flats --from flats.csv --target price
        graphlang new smaller --from flats.csv --target price --without area
        """,
    )
    command.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        type=options.named,
        help="the new file, without `.graph` (with `--from`: by default the name of the table)",
    )
    shown = "; ".join(f"{name}: {template.shows}" for name, template in TEMPLATES.items())
    command.add_argument(
        "--template",
        choices=tuple(TEMPLATES),
        metavar="TEMPLATE",
        help=f"what to begin with (default: {DEFAULT_TEMPLATE}); {shown}",
    )
    command.add_argument(
        "--from",
        dest="table",
        metavar="FILE",
        type=options.path,
        help="a table (csv, tsv, jsonl, parquet): data, network and training are proposed by its columns",
    )
    command.add_argument(
        "--target",
        metavar="COLUMN",
        type=options.named,
        help="the column of the table to predict (default: one with a likely name, else the last)",
    )
    command.add_argument(
        "--without",
        metavar="COLUMN",
        action="append",
        default=[],
        type=options.named,
        help="a column of the table to predict nothing from, as one that new rows lack (may be repeated)",
    )
    command.add_argument(
        "--as",
        dest="taken",
        choices=("classes", "number"),
        help="what the column is predicted as (default: whole numbers as classes where they are few, others\n"
        "as a number)",
    )
    command.add_argument("--force", action="store_true", help="write over a spec of that name")
    options.limits(command)
    options.form(command)
    return command


def run(arguments: argparse.Namespace) -> int:
    from graphlang.scaffold.spec_names import file_of_new_spec, why_no_name

    name = _name(arguments)
    why = why_no_name(name)
    if why is not None:
        raise options.Usage(why)
    file = file_of_new_spec(name)
    _check_free(file, force=arguments.force)
    if arguments.table is None:
        _from_template(file, arguments)
    else:
        _from_table(file, arguments)
    return 0


def _name(arguments: argparse.Namespace) -> str:
    """The name of the spec; raises Usage where there is none, or options do not go together."""
    table: Path | None = arguments.table
    if table is None:
        if arguments.target is not None:
            raise options.Usage("--target is a column of a table: add --from FILE")
        if arguments.without:
            raise options.Usage("--without is a column of a table: add --from FILE")
        if arguments.taken is not None:
            raise options.Usage("--as is about the column of a table: add --from FILE")
        if arguments.name is None:
            raise options.Usage("name the new file, as in `graphlang new first`")
        return str(arguments.name)
    if arguments.template is not None:
        raise options.Usage("a new spec is from a template or from a table: leave --template or --from out")
    if arguments.target in arguments.without:
        raise options.Usage(f"`{arguments.target}` is to be predicted, and cannot be left out too")
    return str(arguments.name or table.stem)


def _from_template(file: Path, arguments: argparse.Namespace) -> None:
    from graphlang.cli.lesson_copies import copied
    from graphlang.scaffold.templates import (
        DEFAULT_TEMPLATE,
        TEMPLATES,
        filled_in,
        template_data,
        template_text,
    )

    template = arguments.template or DEFAULT_TEMPLATE
    data = template_data(template)
    copied(data, file.parent)
    _write(file, template_text(template, file.stem, _quoted), force=arguments.force)
    _tell(file, [file.parent / path for path in data])
    _tell_next(file, [filled_in(line, file.stem, _quoted) for line in TEMPLATES[template].next])


def _from_table(file: Path, arguments: argparse.Namespace) -> None:
    from graphlang.cli.table_copies import copy_table, path_below
    from graphlang.scaffold.proposal import Wish, proposal
    from graphlang.scaffold.table_spec import table_spec
    from graphlang.scaffold.templates import filled_in

    table: Path = arguments.table
    path, elsewhere = path_below(table, file.parent)
    wish = Wish(arguments.target, arguments.taken, arguments.without)
    found = proposal(table, path, wish, options.limits_of(arguments))
    copies = [copy_table(table, path, file.parent)] if elsewhere else []
    _write(file, table_spec(found, file.stem, _quoted), force=arguments.force)
    _tell(file, copies)
    next_ = ("train FILE", "evaluate FILE --weights RUN") if found.splits.test else ("train FILE",)
    _tell_next(file, [filled_in(line, file.stem, _quoted) for line in next_])


def _quoted(path: str) -> str:
    return shell_line([path])


# ---- writing ---------------------------------------------------------------------------------------------


def _check_free(file: Path, *, force: bool) -> None:
    """Raises GraphError where a file is there, before any other is written."""
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.files import FolderMissing, SpecInPlace

    if not force and (file.is_symlink() or file.exists()):
        raise GraphError([SpecInPlace(str(file))])
    if not file.parent.is_dir():
        raise GraphError([FolderMissing(str(file), str(file.parent))])


def _write(file: Path, text: str, *, force: bool) -> None:
    from graphlang.diagnostics import GraphError
    from graphlang.diagnostics.files import SpecInPlace, WritingRefused
    from graphlang.files.replace import write_new, write_text

    if force:
        write_text(file, text)
        return
    try:
        write_new(file, text.encode())
    except FileExistsError:  # since it was looked for
        raise GraphError([SpecInPlace(str(file))]) from None
    except OSError as error:
        raise GraphError([WritingRefused(str(file), (error.strerror or str(error)).lower())]) from None


# ---- what is said ----------------------------------------------------------------------------------------


def _tell(file: Path, beside: Sequence[Path]) -> None:
    console.out(f"wrote {' and '.join(console.file_name(path) for path in (file, *beside))}")


def _tell_next(file: Path, lines: Sequence[str]) -> None:
    """The commands to go on with, in the folder of the spec."""
    console.out("next:")
    if file.parent != Path():
        console.out(f"  {shell_line(['cd', str(file.parent)])}")
    for line in lines:
        console.out(f"  graphlang {line}")
