"""GL713, GL716 and GL720: files beside the data, such as specs, inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from graphlang.diagnostics.base import OfFile, wording
from graphlang.diagnostics.extras import EXTRAS, installing

LOAD_TEXT = "a spec that is at hand as text is loaded by `gl.loads(text)`; the command line reads it from `-`"


class UnreadableFile(OfFile):
    """A file that was named cannot be read.

        graphlang run aple.graph

    Fix: correct the path. Specs are text in UTF-8; inputs are a JSON object or an npz.
    """

    code = "GL713"

    spec_as_text = wording("this is no name of a file, but the text of a spec", LOAD_TEXT)
    no_name = wording(
        "this is no name of a file",
        "a name of a file is a text without NUL characters, and is not empty",
    )
    folder = wording("this is a folder, not a file", "name a file in it")
    stdin_closed = wording(
        "standard input is closed", "send something into it, as in `echo 'y = x**2' | graphlang run -`"
    )


class NoSuchFile(UnreadableFile):
    message = "there is no such file"
    help = "look at the spelling; a name without a folder is looked for in the current one"

    value_for_file = wording(
        help="a value is given by `--set {file}` on the command line, by `set={{...}}` from Python"
    )
    json_for_file = wording(help="JSON is read from a file, or with `--inputs -` from stdin")
    spec_as_text = wording(help=LOAD_TEXT)


class SimilarFile(NoSuchFile):
    help = "did you mean `{similar}`?"
    similar: str


class NoSuchLesson(UnreadableFile):
    message = "there is no lesson `{name}`"
    help = "`graphlang lessons` lists them"
    name: str


class SimilarLesson(NoSuchLesson):
    help = "did you mean `lesson:{similar}`?"
    similar: str


class FileRefused(UnreadableFile):
    message = "the file cannot be read: {refusal}"
    help = "name a regular file that you may read; a spec and `--inputs` are read from a pipe with `-`"
    refusal: str


class UnusableFile(UnreadableFile):
    message = "the system refuses it: {refusal}"
    help = "see that the file may be used, or name another one"
    refusal: str


def unreadable(file: str, error: OSError) -> UnreadableFile:
    """What to say where the operating system refuses to read a file."""
    if isinstance(error, IsADirectoryError):
        return UnreadableFile.folder(file)
    return FileRefused(file, (error.strerror or str(error)).lower())


# ---- what is written --------------------------------------------------------------------------------


class UnwritableFile(OfFile):
    """A file cannot be written where it was named, or not in the format that its suffix names.

        graphlang predict net.graph --weights net.npz --inputs x.npz -o nowhere/y.npz

    Fix: make the folder, name a file that you may write, or one with a suffix that can hold what is written.
    """

    code = "GL716"


class FolderMissing(UnwritableFile):
    message = "`{file}` cannot be written: there is no folder `{folder}`"
    help = "make the folder, or name another"
    folder: str


class FolderInPlace(UnwritableFile):
    message = "`{file}` cannot be written: this is a folder"
    help = "name a file in it: {example}"
    example: str


class WritingRefused(UnwritableFile):
    message = "`{file}` cannot be written: {refusal}"
    help = "name a file that you may write"
    refusal: str


class NoRoom(WritingRefused):
    help = "make room there, or name another place; a file that was there before is as it was"


class OtherFileInPlace(UnwritableFile):
    message = "`{file}` cannot be written: another file is there"
    help = "name a folder without such files: what is there is not overwritten"


class SpecInPlace(UnwritableFile):
    message = "`{file}` cannot be written: it is there already"
    help = "take another name, or write over it with `--force`"


class WrongSuffix(UnwritableFile):
    message = (
        "`{file}` cannot be written: weights are written as npz or safetensors, "
        "and `{suffix}` is the suffix of something else"
    )
    help = "name it `{renamed}`"
    suffix: str
    renamed: str


class PackageMissing(UnwritableFile):
    message = "`{file}` cannot be written: it needs the package `{package}`, which is not installed"
    help = "install it with `{install}`, or name an npz"
    package: str

    @property
    def install(self) -> str:
        return installing(EXTRAS.get(self.package, self.package))

    to_read = wording(
        "`{file}` cannot be read: it needs the package `{package}`, which is not installed",
        "install it with `{install}`, or convert the file to an npz",
    )


class FormatTooSmall(UnwritableFile):
    help = "name a file that can hold it: `{renamed}`"
    renamed: str

    rows_differ = wording(
        "`{file}` cannot be written: a csv has one number of rows, and the outputs differ in theirs"
    )


class SeveralArrays(FormatTooSmall):
    message = "`{file}` cannot be written: an npy file holds one array, and the outputs are {names}"
    names: Sequence[str]


class TooManyAxes(FormatTooSmall):
    message = "`{file}` cannot be written: a csv is a table, and `{name}` has the shape [{shape:bare}]"
    name: str
    shape: Sequence[int]


# ---- what is in a file of inputs --------------------------------------------------------------------


class WrongInputsFile(OfFile):
    """A file of inputs was read, but does not hold what inputs are.

    `--inputs` takes a JSON object or an npz, with a value for each input by its name; `--set x=@x.npy` takes
    one array without a name.

        graphlang run net.graph --inputs list.json      # which holds [1, 2]

    Fix: write the file as the help says.
    """

    code = "GL720"

    nothing_after_at = wording("there is no name after the @", "name an npy file: `--set x=@x.npy`")
    archive_for_array = wording(
        "this is an archive (npz), not one array (npy)", "give it with `--inputs FILE`"
    )
    array_without_name = wording("this is one array (npy) without a name", "use `--set NAME=@{file}`")


class ColumnsOfNoInputs(WrongInputsFile):
    """A csv whose columns have other names than the inputs."""

    message = "no column of it has the name of an input: the columns are {columns:and}"
    help = "the columns of a csv are inputs of their names: {inputs:and}"
    columns: Sequence[str]
    inputs: Sequence[str]

    rows = wording(help="rows of a table, as the `data` section takes them, go with `--data {file}`")


class DamagedArrays(WrongInputsFile):
    message = "this is not a sound {form}: {problem}"
    help = "write it with `{call}`"

    format: Literal["an npy file", "an npz file"]
    problem: str

    @property
    def form(self) -> str:
        return f"{self.format.split()[1]} file of numbers"

    @property
    def call(self) -> str:
        return "numpy.save(file, x)" if self.format == "an npy file" else "numpy.savez(file, x=x)"


class JsonNumberTooLarge(WrongInputsFile):
    message = "`{text}` is larger than what a float can hold"
    help = "write `Infinity` where that is meant"
    text: str


class InputTwice(WrongInputsFile):
    message = "`{name}` is there twice"
    help = "give every input once"
    name: str


class NoInputsObject(WrongInputsFile):
    help = (
        'write an object such as {{"x": [[1, 2]], "t": [0]}}, or save an npz: `numpy.savez(file, x=x, t=t)`'
    )

    json_without_names = wording("this is JSON, but no object with the names of inputs")


class OtherJson(NoInputsObject):
    message = "this is not read as JSON: {problem}"
    problem: str


class LongJson(NoInputsObject):
    message = "this is JSON of {size:,} bytes, or neither JSON nor an npz; the limit of JSON is {limit:,}"
    help = "save large arrays as an npz: `numpy.savez(file, x=x, t=t)`"
    size: int
    limit: int


class NoJson(NoInputsObject):
    message = "this is not JSON: {problem} at line {row}, column {number}"
    problem: str
    row: int
    number: int


class NoNumbers(NoInputsObject):
    message = "the value of `{name}` is {kind}, not a number or a list of numbers"
    name: str
    kind: Literal["a text", "null", "an object"]
