"""The options of commands that read weights."""

from __future__ import annotations

import argparse

from graphlang.cli import options


def weights(parser: options.CommandParser) -> None:
    """`--weights`, and what says how its arrays are called and laid out."""
    parser.add_argument(
        "--weights",
        metavar="FILE",
        type=options.named,
        help="parameters: an npz, a safetensors file or a run folder",
    )
    renaming(parser, "with --weights: ")


def renaming(parser: options.CommandParser, when: str = "") -> None:
    """How the arrays of a file are called and laid out."""
    name_rules(parser, when, "other names for arrays of the file")
    parser.add_argument(
        "--layout",
        choices=("torch",),
        help=f"{when}the file is the state of a PyTorch module, which is turned",
    )


def name_rules(parser: options.CommandParser, when: str, what: str) -> None:
    """`--rename` alone."""
    parser.add_argument(
        "--rename",
        metavar="OLD=NEW",
        type=_renaming,
        action="append",
        default=[],
        help=f'{when}{what}, as "enc.*=encoder.*" (may be repeated)',
    )


def _renaming(text: str) -> tuple[str, str]:
    """A pattern over the names of a file and what they are here."""
    old, sign, new = text.partition("=")
    if not (old and sign and new):
        raise argparse.ArgumentTypeError(f'write it as "enc.*=encoder.*", not {text!r}')
    return old, new
