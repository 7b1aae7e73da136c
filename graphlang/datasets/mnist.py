"""The source `mnist`: the handwritten digits, from the four published files, checked by SHA-256."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from graphlang.datasets import idx_format
from graphlang.datasets.dataset import Column, Dataset, DataSource, checked_splits
from graphlang.datasets.files import Files, FoundFile
from graphlang.datasets.pixels import Pixels
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import FilesNowhere

#: the published files, with the SHA-256 of their decompressed content
DIGESTS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_SPLITS = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


class mnist(DataSource):
    """MNIST: 60,000 training and 10,000 test images of handwritten digits, 28 by 28 grey values.

    Fields: `x` images, [N, 784] with `flatten`, else [N, 1, 28, 28] (one channel, as in the book); `t`
            digits 0..9, [N].
    Splits: train (60,000), test (10,000).
    Types:  `normalize` divides the grey values by 255; in memory they stay uint8 (47 MB) and are scaled
            batch by batch.
    Files:  the four published IDX files, gzipped or plain, in the folder given with `--data`; without it
            in the folder that GRAPHLANG_DATA names, or in the user's cache folder (each also in a folder
            `mnist` below it). Nothing is downloaded. Their content is checked by SHA-256 when it is read.
    Source: LeCun, Bottou, Bengio, Haffner 1998, Gradient-based learning applied to document recognition
    """

    flatten: bool = Field(default=True, description="784 numbers in a row; else one channel of 28 rows")
    normalize: bool = Field(default=True, description="divide the grey values by 255")

    def read(self, files: Files) -> Dataset:
        files_by_name = _locate(files.search)
        splits: dict[str, dict[str, Column]] = {}
        pixels = Pixels("mnist", "x", lambda: splits["train"]["x"], 255) if self.normalize else None
        splits |= {split: self._split(files_by_name, pixels, *pair) for split, pair in _SPLITS.items()}
        return Dataset("mnist", checked_splits("mnist", splits), tuple(files_by_name.values()))

    def _split(
        self, files: dict[str, Path], pixels: Pixels | None, images: str, labels: str
    ) -> dict[str, Column]:
        x, t = (FoundFile(str(files[name]), files[name], None) for name in (images, labels))
        return {
            "x": idx_format.image_column(x, flatten=self.flatten, pixels=pixels, digest=DIGESTS[images]),
            "t": idx_format.label_column(t, digest=DIGESTS[labels]),
        }


def _locate(search: tuple[Path, ...]) -> dict[str, Path]:
    """Each published file in the first folder that has it; the GraphError names all missing files at once."""
    folders = [folder for root in search for folder in (root, root / "mnist")]
    files = {name: in_folders(name, folders) for name in DIGESTS}
    missing = [name for name, place in files.items() if place is None]
    if missing:
        raise GraphError([FilesNowhere(missing, [str(f) for f in folders])])
    return {name: place for name, place in files.items() if place is not None}


def in_folders(name: str, folders: list[Path]) -> Path | None:
    """The file of that name, plain or gzipped, in the first folder that has it."""
    candidates = (folder / file for folder in folders for file in (name, f"{name}.gz"))
    return next((place for place in candidates if place.is_file()), None)
