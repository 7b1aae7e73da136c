"""GL601 to GL623: data files, where they are and what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from graphlang.diagnostics.base import Diagnostic, OfFile, first_of, wording
from graphlang.diagnostics.spelling import closest, did_you_mean

Refusal = Literal["is no file name", "is a URL", "is absolute", "leads out of the spec's folder"]


class PathOutside(Diagnostic):
    """A path in a spec leaves the spec's folder.

    A spec is data that one can open without reading it first, so it reaches no file outside its own folder:
    no absolute path, no URL, no way up, and no symbolic link that leads out.

        data { source = npz("../private.npz"); x = x }

    Put the file below the spec's folder, or name it on the command line: `--data PATH` may be anywhere.
    """

    code = "GL601"
    message = "the path `{path}` {reason}; a spec reads only files below its own folder"
    help = first_of("{from_shell}", "put the file below the spec's folder")

    path: str
    reason: Refusal

    @property
    def from_shell(self) -> str | None:
        return (
            "put the file below the spec's folder, or name it from outside with `--data PATH`"
            if self.shell
            else None
        )


BROUGHT = {"mnist_12k.npz": "mlp", "reviews.npz": "rnn", "fables.txt": "transformer", "rents.csv": "csv"}
"""Data that comes with graphlang, and the template of `graphlang new` that brings it."""


class FileMissing(OfFile):
    """A data file is not there.

    Paths in a spec are relative to the folder that the spec is in, not to the current folder.

        data { source = npz("mnist_12.npz"); x = x; t = t }

    Correct the name, or name the data from outside with `--data PATH`.
    """

    code = "GL602"
    message = "there is no file `{own_file}`, looked for from the folder `{folder}`"

    folder: str
    neighbours: Sequence[str] = ()
    #: whether the path is given from outside, and not in a spec
    outside: bool = False

    @property
    def help(self) -> str:
        name = (self.own_file or "").replace("\\", "/").rsplit("/", 1)[-1]
        stem, dot, suffix = name.rpartition(".")
        # Files of one kind share their suffix, so only the stems are compared.
        stems = {n[: -len(suffix) - 1]: n for n in self.neighbours if n.endswith(f".{suffix}")} if dot else {}
        match = closest(stem, stems)
        if match:
            return f"did you mean `{stems[match]}`?"
        if name in BROUGHT:
            return f"`graphlang new NAME --template {BROUGHT[name]}`, in an empty folder, brings it in `data`"
        usual = "correct the path: in a spec it starts at the spec's folder"
        if self.outside:
            usual = "correct the path: it starts at the current folder"
        elif self.shell:
            usual = "correct the path (in a spec it starts at the spec's folder), or use `--data PATH`"
        return (None if dot else did_you_mean(name, self.neighbours)) or usual


class FileUnreadable(OfFile):
    """A data file is there but cannot be read.

    It may be a folder, a device, a file without permission to read, or one that changed while it was read.

        data { source = npz("data"); x = x }

    Name a regular file that you may read.
    """

    code = "GL603"
    help = "name a regular file that you may read"

    not_regular = wording("cannot read `{own_file}`: it is not a regular file")
    links_in_loop = wording("cannot read `{own_file}`: its symbolic links form a loop")
    changed = wording("cannot read `{own_file}`: it changed since it was opened")


class ReadingRefused(FileUnreadable):
    message = "cannot read `{own_file}`: {refusal}"
    refusal: str


class WrongFormat(OfFile):
    """A file's content is not what its source expects.

    The content decides, not the name: an HTML error page saved as `train.npz` is noticed here.

        data { source = npz("photo.jpg"); x = x }

    Use the source that belongs to the file (npz, idx, csv, text), or get the file again.
    """

    code = "GL604"
    help = "use the source that belongs to the file (npz, idx, csv, text), or get the file again"

    one_array = wording(
        "`{file}` is not a sound npz archive: it is one array, as `numpy.save` writes it",
        "write it with `numpy.savez`, which gives every array a name",
    )
    utf16 = wording(
        "`{file}` is not a text in UTF-8: it is in UTF-16: save it as UTF-8", "save the file as UTF-8"
    )


class NotIdx(WrongFormat):
    message = "`{file}` is not an IDX file (00 00, a type, the number of axes): {start}"

    magic: bytes

    @property
    def start(self) -> str:
        return f"it starts with the bytes {self.magic.hex(' ')}" if self.magic else "it is empty"


class DamagedFile(WrongFormat):
    problem: str

    gzip = wording("`{file}` is not a sound gzip file: {problem}")
    npz = wording("`{file}` is not a sound npz archive: {problem}")


class DamagedCsv(WrongFormat):
    message = "`{file}` is not a sound csv file: line {row}: {problem}"
    help = "mend that line: quotes come in pairs around a cell, and are doubled inside one"
    row: int
    problem: str


class DamagedParquet(WrongFormat):
    message = "`{file}` is not a sound parquet file: {problem}"
    help = "use the source that belongs to the file, or get the file again"
    problem: str


class BinaryAsText(WrongFormat):
    message = "`{file}` is not a text in UTF-8: line {row} has the byte {byte:02x} at offset {offset}"
    row: int
    byte: int
    offset: int

    other_encoding = wording(help="save the file as UTF-8; it may be in Latin-1 or Windows-1252")


class FileCutOff(OfFile):
    """A file is shorter or longer than its header announces.

    Usually a download or a copy that was cut off.

        `train-images-idx3-ubyte` announces 47,040,016 bytes and holds 1,000,000

    Get the file again.
    """

    code = "GL605"
    message = "{part} in `{file}` announces {announced:,} bytes, found {bound}{size:,}"
    help = "the file was cut off or damaged on its way; get it again"

    part: str
    announced: int
    size: int
    bound: Literal["", "at most ", "more than "] = ""


class TooMuchData(OfFile):
    """A file announces more data than the stated limit.

    Sizes in a header are claims. A few bytes can announce terabytes, so a claim beyond the limit is refused
    before any memory is asked for. What is compressed may become 256 MiB, or 100 times the size of its file.

        an npz of 300 bytes whose header says float64[1000000, 1000000]

    Split the data into smaller files, or store it in a smaller type (images as uint8), or uncompressed.
    """

    code = "GL606"


class DataTooLarge(TooMuchData):
    message = "{part} in `{file}` announces {announced:,} bytes, more than the limit of {limit:,}"
    help = "split it into smaller files, or store it in a smaller type (images as uint8) in an npz"

    part: str
    announced: int
    limit: int


class TooManyCells(TooMuchData):
    message = "`{file}` has {cells:,} cells, more than the limit of {limit:,}"
    help = "split it into smaller files, or store it as arrays in an npz"

    cells: int
    limit: int


class DataInflated(TooMuchData):
    message = "`{file}` has {size:,} bytes and would become {announced:,} when it is unpacked"
    help = "where so much is meant, store it without compression (`numpy.savez`)"

    announced: int
    size: int


class WrongChecksum(OfFile):
    """A file is not the published one.

    `mnist()` means the one data set that everybody's numbers are about, so its files are checked by SHA-256
    (of the content after decompression, so that gzipped and plain files both pass).

        data { source = mnist(); x = x; t = t }        # over a folder that holds Fashion-MNIST

    Get the file again; for other data in the same format use `idx(images, labels)`.
    """

    code = "GL607"
    message = "`{file}` is not MNIST's file: SHA-256 of its content should be {expected}, found {actual}"
    help = "get the file again; other data in this format is read with `idx(images, labels)`"

    expected: str
    actual: str


class FilesNowhere(Diagnostic):
    """The files of a known data set are in none of the folders searched.

    graphlang downloads nothing. It looks for the four files of MNIST in the folder given with `--data`,
    else in the folder named by GRAPHLANG_DATA and in the user's cache folder.

        graphlang train lesson:two_layer_net --data ~/Downloads

    Put the files, gzipped or plain, into one of the folders.
    """

    code = "GL608"
    message = first_of(
        "cannot find {missing}; searched {folders:}",
        "cannot find {missing}; searched no folder (none is known)",
    )
    help = (
        "put the files, gzipped (`.gz`) or plain, into one of these folders, "
        "or name their folder with `--data DIR` or the environment variable GRAPHLANG_DATA; "
        "`graphlang new digits --template mlp` brings 12,000 of the images with a spec"
    )

    missing: Sequence[str]
    folders: Sequence[str]

    @property  # type: ignore[misc]  # it has no setter
    def file(self) -> str | None:
        return self.folders[0] if self.folders else None


class SampleMismatch(OfFile):
    """Two fields of one split have different numbers of samples.

    The first axis counts the samples: row 5 of `x` belongs to row 5 of `t`.

        np.savez("fruit.npz", x=np.zeros((100, 4)), t=np.zeros(99))

    Store the same number of samples in every field.
    """

    code = "GL609"
    message = (
        "in the {split} split of `{file}` `{first}` has {samples} samples and `{second}` has {other_samples}"
    )
    help = "every field needs the same first axis: one entry per sample"

    split: str
    first: str
    samples: int
    second: str
    other_samples: int


SAME_LENGTH = (
    "give every row as many numbers: fill shorter sequences up with 0, and tell the layer how long each is, "
    "as `LSTM(4, lengths=n)`"
)
"""What to do with rows of different lengths."""


class WrongArray(OfFile):
    """An array holds something that cannot be a field.

    A field is an array of numbers (float, int or bool) whose first axis counts the samples. Strings,
    dates, complex numbers and Python objects are none; objects are never unpickled, because unpickling
    runs code.

        np.savez("fruit.npz", x=np.array(["apple", "orange"]))

    Store numbers; class names become ids first.
    """

    code = "GL610"
    help = "a field is an array of float, int or bool whose first axis counts the samples"

    name: str

    objects = wording("`{name}` in `{file}` holds Python objects, which are never unpickled")
    single_number = wording("`{name}` in `{file}` is a single number without a first axis")
    ragged = wording("`{name}` in `{file}` is a list whose rows differ in length", SAME_LENGTH)
    beyond_float = wording("`{name}` in `{file}` holds a number larger than what a float can hold")


class ArrayOfOthers(WrongArray):
    message = "`{name}` in `{file}` holds `{dtype}`, not numbers"
    dtype: str


class NoArray(WrongArray):
    message = "`{name}` in `{file}` is no array: {problem}"
    problem: str


class MaskedNumber(WrongArray):
    message = "`{name}` in `{file}` is a masked array without a number{place}"
    place: str


class UnknownVersion(WrongArray):
    message = "`{name}` in `{file}` has the format version {major}.{minor}"
    major: int
    minor: int


class NegativeShape(WrongArray):
    message = "`{name}` in `{file}` announces a negative shape, [{shape:bare}]"
    shape: Sequence[int]


class NoData(OfFile):
    """A file holds no samples.

        the header line of a csv and nothing below it

    Give it at least one sample.
    """

    code = "GL611"
    help = "give it at least one sample"

    empty_file = wording("`{file}` holds no data: the file is empty")
    header_alone = wording("`{file}` holds no data: there is no line after the first")
    empty_archive = wording("`{file}` holds no data: the archive has no arrays")
    no_images = wording(
        "`{file}` holds no data: none of its subfolders has a PNG, a PPM or a JPEG",
        "put the images of each class into a subfolder of its own, as `{file}/cat/1.png`",
    )


class EmptySplit(NoData):
    message = "`{file}` holds no data: the {split} split has no samples"
    split: str


class TextTooShort(OfFile):
    """A text is shorter than one window.

    A window of n characters needs n + 1: each character is followed by the one to predict. With a test
    part, each part needs as many.

        data { source = text("poem.txt", window=1000); x = x; t = t }

    Use a smaller window or a longer text.
    """

    code = "GL616"
    message = "the {split} part of `{file}` has {length} characters; a window of {window} needs {needed}"

    split: str
    window: int
    length: int

    @property
    def needed(self) -> int:
        return self.window + 1

    @property
    def help(self) -> str:
        fix = f"use a window of at most {self.length - 1}" if self.length > 1 else "use a longer text"
        return f"{fix}, or another `test` fraction"


class UnknownCharacters(OfFile):
    """A text has characters that the vocabulary of its source does not have.

        graphlang train net.graph --data other.txt

    Fix: add them to `vocabulary`, or take them out of the text.
    """

    code = "GL630"
    message = "`{file}` has {count} characters that `vocabulary` does not have: `{characters}`"
    help = "add them to `vocabulary`, or take them out of the text"

    characters: str
    count: int


class OverrideUnusable(OfFile):
    """What `--data` names is no data that graphlang can read.

        graphlang train lesson:two_layer_net --data photo.jpg

    Name a folder of IDX files, an npz or a csv.
    """

    code = "GL617"
    message = "`--data {file}` is neither a folder of IDX files nor an npz nor a csv"
    help = "name a folder with the IDX files, a file written by `numpy.savez`, or a `.csv` file"


class SplitMismatch(OfFile):
    """The train and the test split do not fit together.

    Both splits feed the same inputs, so a field has the same shape in both, apart from the number of
    samples.

        np.savez("fruit.npz", x_train=np.zeros((100, 4)), x_test=np.zeros((10, 5)))

    Store both parts of a field in one shape.
    """

    code = "GL618"
    help = "store both parts of a field in one shape, apart from the number of samples"

    field: str


class FieldBesideTraining(SplitMismatch):
    message = "the {split} split of `{file}` has a field `{field}` that the train split lacks"
    split: str


class OtherSampleShape(SplitMismatch):
    message = (
        "a sample of `{field}` in `{file}` has the shape [{train:bare}] for training "
        "and [{other:bare}] for {purpose}"
    )
    train: Sequence[int]
    other: Sequence[int]
    purpose: str


class NotPixels(OfFile):
    """`normalize` is asked to scale numbers that no image has: negative ones, or floats beyond 65535.

        normalize=true, and an array of numbers around 0

    Fix: leave `normalize` out; numbers that are no pixels are scaled in the file, as `(x - 3.1) / 0.4`.
    """

    code = "GL623"
    message = (
        "`{field}` of `{file}` holds {value:g} in row {row}, "
        "which is no pixel, so `normalize` cannot tell what to divide by"
    )
    help = "leave `normalize` out, and scale the numbers in the file, as `(x - 3.1) / 0.4`"

    field: str
    value: float
    row: int
