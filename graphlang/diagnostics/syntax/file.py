"""What is wrong with a file as a whole: its version, its encoding."""

from __future__ import annotations

from graphlang.diagnostics.base import Located, OfFile


class MisplacedVersion(Located):
    """The line that states the language version is not the first statement.

        price = apple * num
        graphlang 1

    Fix: move `graphlang 1` to the top; only comments may stand before it.
    """

    code = "GL145"
    message = "`graphlang 1` must be the first statement"
    label = "not at the top"
    help = "move it to the top of the file, or remove it: it is optional"
    replacement = ""


class UnsupportedVersion(Located):
    """The file is written for another version of the language.

        graphlang 2

    Fix: this release reads versions 1 and 1.1; newer files need a newer graphlang.
    """

    code = "GL146"
    message = "version {span} of the language is not known to this release"
    label = "known are 1 and 1.1"
    help = "write `graphlang 1.1`, or install a newer graphlang"
    replacement = "1.1"


class NotUtf8(OfFile):
    """A file is not encoded in UTF-8.

    The message names the first byte that is not UTF-8. Most often the file was saved in an encoding of
    Windows, or is no text at all.

        graphlang run mnist.npz

    Fix: save it as UTF-8; every editor can. A `.graph` file is text: an npz is given to `--data`.
    """

    code = "GL147"
    message = "the file is not UTF-8 text: byte 0x{byte:02X} on line {row}"
    help = "save the file as UTF-8"

    row: int
    byte: int

    @property
    def line(self) -> int:
        return self.row
