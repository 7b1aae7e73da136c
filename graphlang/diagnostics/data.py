"""What can be wrong with data files: where they are, what is in them, how they fit together (GL601 to
GL624)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graphlang.diagnostics.base import Diagnostic, Span
from graphlang.diagnostics.spelling import closest, did_you_mean


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)


def _shape(shape: Sequence[int]) -> str:
    return "[" + ", ".join(str(n) for n in shape) + "]"


class PathOutside(Diagnostic):
    """A path in a spec leaves the spec's folder.

    A spec is data that one can open without reading it first, so it reaches no file outside its own folder:
    no absolute path, no URL, no way up, and no symbolic link that leads out.

        data { source = npz("../private.npz"); x = x }

    Put the file below the spec's folder, or name it on the command line: `--data PATH` may be anywhere.
    """

    code = "GL601"

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason

    @property
    def message(self) -> str:
        return f"the path `{self.path}` {self.reason}; a spec reads only files below its own folder"

    @property
    def help(self) -> str:
        return "put the file below the spec's folder, or name it from outside with `--data PATH`"


class FileMissing(Diagnostic):
    """A data file is not there.

    Paths in a spec are relative to the folder that the spec is in, not to the current folder.

        data { source = npz("mnist_12.npz"); x = x; t = t }

    Correct the name, or name the data from outside with `--data PATH`.
    """

    code = "GL602"

    def __init__(self, path: str, folder: str, neighbours: Iterable[str] = ()) -> None:
        self.file = self.path = path
        self.folder = folder
        self.neighbours = tuple(neighbours)

    @property
    def message(self) -> str:
        return f"there is no file `{self.path}`, looked for from the folder `{self.folder}`"

    @property
    def help(self) -> str:
        name = self.path.replace("\\", "/").rsplit("/", 1)[-1]
        stem, dot, suffix = name.rpartition(".")
        # By the stem: that the endings are the same says nothing.
        stems = {n[: -len(suffix) - 1]: n for n in self.neighbours if n.endswith(f".{suffix}")} if dot else {}
        match = closest(stem, stems)
        fix = (
            f"did you mean `{stems[match]}`?"
            if match
            else did_you_mean(name, self.neighbours)
            if not dot
            else None
        )
        return fix or "correct the path (in a spec it starts at the spec's folder), or use `--data PATH`"


class FileUnreadable(Diagnostic):
    """A data file is there but cannot be read.

    It may be a folder, a device, a file without permission to read, or one that changed while it was read.

        data { source = npz("data"); x = x }

    Name a regular file that you may read.
    """

    code = "GL603"

    def __init__(self, path: str, reason: str) -> None:
        self.file = self.path = path
        self.reason = reason

    @property
    def message(self) -> str:
        return f"cannot read `{self.path}`: {self.reason}"

    @property
    def help(self) -> str:
        return "name a regular file that you may read"


class WrongFormat(Diagnostic):
    """A file's content is not what its source expects.

    The content decides, not the name: an HTML error page saved as `train.npz` is found here.

        data { source = npz("photo.jpg"); x = x }

    Use the source that belongs to the file (npz, idx, csv, text), or get the file again.
    """

    code = "GL604"

    def __init__(self, path: str, expected: str, found: str, help: str | None = None) -> None:
        self.file = self.path = path
        self.expected = expected
        self.found = found
        self._help = help

    @property
    def message(self) -> str:
        return f"`{self.path}` is not {self.expected}: {self.found}"

    @property
    def help(self) -> str:
        usual = "use the source that belongs to the file (npz, idx, csv, text), or get the file again"
        return self._help or usual


class WrongSize(Diagnostic):
    """A file is shorter or longer than its header announces.

    Usually a download or a copy that was cut off.

        `train-images-idx3-ubyte` announces 47,040,016 bytes and holds 1,000,000

    Get the file again.
    """

    code = "GL605"

    def __init__(self, path: str, what: str, expected: int, found: int, relation: str = "") -> None:
        self.file = self.path = path
        self.what = what
        self.expected = expected
        self.found = found
        self.relation = relation

    @property
    def message(self) -> str:
        found = f"{self.relation} {self.found:,}".strip()
        return f"{self.what} in `{self.path}` announces {self.expected:,} bytes, found {found}"

    @property
    def help(self) -> str:
        return "the file was cut off or damaged on its way; get it again"


class TooLarge(Diagnostic):
    """A file announces more data than the stated limit.

    Sizes in a header are claims. A few bytes can announce terabytes, so a claim beyond the limit is refused
    before any memory is asked for.

        an npz of 300 bytes whose header says float64[1000000, 1000000]

    Split the data into smaller files, or store it in a smaller type (images as uint8).
    """

    code = "GL606"

    def __init__(self, path: str, what: str, announced: int, limit: int) -> None:
        self.file = self.path = path
        self.what = what
        self.announced = announced
        self.limit = limit

    @property
    def message(self) -> str:
        return (
            f"{self.what} in `{self.path}` announces {self.announced:,} bytes, "
            f"more than the limit of {self.limit:,}"
        )

    @property
    def help(self) -> str:
        return "split it into smaller files, or store it in a smaller type (images as uint8) in an npz"


class WrongChecksum(Diagnostic):
    """A file is not the published one.

    `mnist()` means the one data set that everybody's numbers are about, so its files are checked by SHA-256
    (of the content after decompression, so that gzipped and plain files both pass).

        data { source = mnist(); x = x; t = t }        # over a folder that holds Fashion-MNIST

    Get the file again; for other data in the same format use `idx(images, labels)`.
    """

    code = "GL607"

    def __init__(self, path: str, expected: str, found: str) -> None:
        self.file = self.path = path
        self.expected = expected
        self.found = found

    @property
    def message(self) -> str:
        return (
            f"`{self.path}` is not MNIST's file: SHA-256 of its content should be {self.expected}, "
            f"found {self.found}"
        )

    @property
    def help(self) -> str:
        return "get the file again; other data in this format is read with `idx(images, labels)`"


class FilesNowhere(Diagnostic):
    """The files of a known data set are in none of the folders searched.

    graphlang downloads nothing. It looks for the four files of MNIST in the folder given with `--data`,
    else in the folder named by GRAPHLANG_DATA and in the user's cache folder.

        graphlang train specs/two_layer_net.graph --data ~/Downloads

    Put the files, gzipped or plain, into one of the folders.
    """

    code = "GL608"

    def __init__(self, missing: Sequence[str], folders: Sequence[str]) -> None:
        self.missing = tuple(missing)
        self.folders = tuple(folders)
        self.file = self.folders[0] if self.folders else None

    @property
    def message(self) -> str:
        searched = _listed(self.folders) or "no folder (none is known)"
        return f"cannot find {_listed(self.missing)}; searched {searched}"

    @property
    def help(self) -> str:
        return (
            "put the files, gzipped (`.gz`) or plain, into one of these folders, "
            "or name their folder with `--data DIR` or the environment variable GRAPHLANG_DATA"
        )


class SampleMismatch(Diagnostic):
    """Two fields of one split have different numbers of samples.

    The first axis counts the samples: row 5 of `x` belongs to row 5 of `t`.

        np.savez("fruit.npz", x=np.zeros((100, 4)), t=np.zeros(99))

    Store the same number of samples in every field.
    """

    code = "GL609"

    def __init__(self, path: str, split: str, first: tuple[str, int], second: tuple[str, int]) -> None:
        self.file = self.path = path
        self.split = split
        self.first = first
        self.second = second

    @property
    def message(self) -> str:
        (a, n), (b, m) = self.first, self.second
        return f"in the {self.split} split of `{self.path}` `{a}` has {n} samples and `{b}` has {m}"

    @property
    def help(self) -> str:
        return "every field needs the same first axis: one entry per sample"


class WrongArray(Diagnostic):
    """An array holds something that cannot be a field.

    A field is an array of numbers (float, int or bool) whose first axis counts the samples. Strings,
    dates, complex numbers and Python objects are none; objects are never unpickled, because unpickling
    runs code.

        np.savez("fruit.npz", x=np.array(["apple", "orange"]))

    Store numbers; class names become ids first.
    """

    code = "GL610"

    def __init__(self, path: str, name: str, reason: str) -> None:
        self.file = self.path = path
        self.name = name
        self.reason = reason

    @property
    def message(self) -> str:
        return f"`{self.name}` in `{self.path}` {self.reason}"

    @property
    def help(self) -> str:
        return "a field is an array of float, int or bool whose first axis counts the samples"


class NoData(Diagnostic):
    """A file holds no samples.

        the header line of a csv and nothing below it

    Give it at least one sample.
    """

    code = "GL611"

    def __init__(self, path: str, reason: str) -> None:
        self.file = self.path = path
        self.reason = reason

    @property
    def message(self) -> str:
        return f"`{self.path}` holds no data: {self.reason}"

    @property
    def help(self) -> str:
        return "give it at least one sample"


class TextTooShort(Diagnostic):
    """A text is shorter than one window.

    A window of n characters needs n + 1: each character is followed by the one to predict. With a test
    part, each part needs as many.

        data { source = text("poem.txt", window=1000); x = x; t = t }

    Use a smaller window or a longer text.
    """

    code = "GL616"

    def __init__(self, path: str, split: str, window: int, found: int) -> None:
        self.file = self.path = path
        self.split = split
        self.window = window
        self.found = found

    @property
    def message(self) -> str:
        return (
            f"the {self.split} part of `{self.path}` has {self.found} characters; "
            f"a window of {self.window} needs {self.window + 1}"
        )

    @property
    def help(self) -> str:
        fix = f"use a window of at most {self.found - 1}" if self.found > 1 else "use a longer text"
        return f"{fix}, or another `test` fraction"


class OverrideUnusable(Diagnostic):
    """What `--data` names is no data that graphlang can read.

        graphlang train specs/two_layer_net.graph --data photo.jpg

    Name a folder of IDX files, an npz or a csv.
    """

    code = "GL617"

    def __init__(self, path: str) -> None:
        self.file = self.path = path

    @property
    def message(self) -> str:
        return f"`--data {self.path}` is neither a folder of IDX files nor an npz nor a csv"

    @property
    def help(self) -> str:
        return "name a folder with the IDX files, a file written by `numpy.savez`, or a `.csv` file"


class SplitMismatch(Diagnostic):
    """The train and the test split do not fit together.

    Both splits feed the same inputs, so a field has the same shape in both, apart from the number of
    samples.

        np.savez("fruit.npz", x_train=np.zeros((100, 4)), x_test=np.zeros((10, 5)))

    Store both parts of a field in one shape.
    """

    code = "GL618"

    def __init__(self, path: str, field: str, train: Sequence[int] | None, test: Sequence[int]) -> None:
        self.file = self.path = path
        self.field = field
        self.train = None if train is None else tuple(train)
        self.test = tuple(test)

    @property
    def message(self) -> str:
        if self.train is None:
            return f"the test split of `{self.path}` has a field `{self.field}` that the train split lacks"
        return (
            f"a sample of `{self.field}` in `{self.path}` has the shape {_shape(self.train)} for training "
            f"and {_shape(self.test)} for testing"
        )

    @property
    def help(self) -> str:
        return "store both parts of a field in one shape, apart from the number of samples"


class UnknownField(Diagnostic):
    """An input takes a field that the data does not have.

        data { source = mnist(); x = image; t = t }

    Fix: name one of the fields that the message lists.
    """

    code = "GL619"

    def __init__(self, name: str, field: str, fields: Sequence[str], source: str, span: Span | None) -> None:
        self.name = name
        self.field = field
        self.fields = list(fields)
        self.source = source
        self.span = span

    @property
    def message(self) -> str:
        asked = f"the input `{self.name}` takes the field `{self.field}`"
        return f"{asked}, which the data ({self.source}) does not have"

    @property
    def help(self) -> str:
        match = closest(self.field, self.fields)
        listed = ", ".join(f"`{f}`" for f in self.fields)
        return f"did you mean `{match}`?" if match else f"its fields are {listed}"


class FieldMismatch(Diagnostic):
    """The data does not have the type that the input declares.

        input x: float[N, 784]
        data { source = mnist(flatten=false); x = x; t = t }

    Fix: change the input's type, or the options of the source (`flatten`, `normalize`).
    """

    code = "GL620"

    def __init__(
        self, name: str, declared: str, field: str, found: str, span: Span | None, help: str | None
    ) -> None:
        self.name = name
        self.declared = declared
        self.field = field
        self.found = found
        self.span = span
        self._help = help

    @property
    def message(self) -> str:
        return (
            f"the input `{self.name}` is {self.declared}, but the data's field `{self.field}` is {self.found}"
        )

    @property
    def help(self) -> str | None:
        return self._help


class NoFieldFor(Diagnostic):
    """An input that training needs takes no field of the data, and has no default.

        data { source = mnist(); x = x }        # and the labels `t`?

    Fix: add the input to the section, as `t = t`, or give it a default.
    """

    code = "GL621"

    def __init__(self, name: str, span: Span | None, fields: Sequence[str]) -> None:
        self.name = name
        self.span = span
        self.fields = list(fields)

    @property
    def message(self) -> str:
        return f"the input `{self.name}` takes nothing from the data"

    @property
    def help(self) -> str:
        listed = ", ".join(f"`{f}`" for f in self.fields)
        return f"add `{self.name} = FIELD` to the `data` section; the fields are {listed}"


class WrongNumber(Diagnostic):
    """The data holds a number that is larger than what the run can compute with.

        1e300 in an array of float64, and `dtype = float32`

    A float32 goes up to 3.4e38, a float64 up to 1.8e308, an int up to 9223372036854775807.

    Fix: mend the number in the row named, or train with `dtype = float64`.
    """

    code = "GL622"

    def __init__(
        self, field: str, value: float, row: int, dtype: str, span: Span | None, where: str | None = None
    ) -> None:
        self.field = field
        self.value = value
        self.row = row
        #: the place for a reader: `row 3`, `line 5 of d.csv`
        self.where = where or f"row {row}"
        self.dtype = dtype
        self.span = span

    @property
    def message(self) -> str:
        return f"the data's field `{self.field}` holds {self.value} in {self.where}, {self._beyond}"

    @property
    def _beyond(self) -> str:
        return f"more than {'an int' if self.dtype == 'int64' else self.dtype} can hold"

    @property
    def help(self) -> str:
        counted = "; rows count from 0" if self.where.startswith("row") else ""
        if self.dtype == "float32":
            return f"mend it, or train with `dtype = float64`{counted}"
        return f"mend it{counted}"


class NotPixels(Diagnostic):
    """`normalize` is asked to scale numbers that no image has: negative ones, or floats beyond 65535.

        normalize=true, and an array of numbers around 0

    Fix: leave `normalize` out; numbers that are no pixels are scaled in the file, as `(x - 3.1) / 0.4`.
    """

    code = "GL623"

    def __init__(self, path: str, field: str, value: float, row: int) -> None:
        self.file = path
        self.field = field
        self.value = value
        self.row = row

    @property
    def message(self) -> str:
        held = f"`{self.field}` of `{self.file}` holds {self.value:g} in row {self.row}"
        return f"{held}, which is no pixel, so `normalize` cannot tell what to divide by"

    @property
    def help(self) -> str:
        return "leave `normalize` out, and scale the numbers in the file, as `(x - 3.1) / 0.4`"
