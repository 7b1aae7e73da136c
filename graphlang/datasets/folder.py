"""The source `folder`: images in a subfolder for each class."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from graphlang.datasets._tables import drawn_rows
from graphlang.datasets.dataset import Array, Column, Dataset, DataSource, check_size, checked_splits
from graphlang.datasets.files import Files, FoundFile
from graphlang.datasets.pixels import Pixels
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import NoData
from graphlang.diagnostics.files import PackageMissing
from graphlang.diagnostics.images import WrongImage

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = frozenset((".png", ".ppm", ".jpg", ".jpeg"))
MOST_PIXELS = 2**26
"""How many pixels an image in a file may have."""
_DAMAGED = (
    OSError, ValueError, SyntaxError, TypeError, LookupError, ArithmeticError, EOFError, MemoryError,
    AttributeError, AssertionError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
"""What a decoder raises for an image that is damaged."""
MOST_IMAGES = 1_000_000


class folder(DataSource):
    """Images of one size, in a subfolder for each class: `images/cat/1.png`.

    Fields: `x` the images, [N, channels, height, width], from 0 to 255; `t` the number of the subfolder, [N],
            in the order of their names (`classes` names them).
    Splits: train and test. A fraction `test` of the images is drawn for testing, always the same ones for the
            same `seed` and number of images.
    Types:  x is int, with `normalize` float from 0 to 1; t is int.
    Format: PNG, PPM and JPEG, read by Pillow (`pip install "graphlang-dsl[images]"`) when the numbers are
            needed, and brought to `size`, height and width. Other files are left alone, and so are links.
    """

    path: str = Field(description="the folder, relative to the spec's folder")
    size: tuple[int, int] = Field(description="height and width to which each image is brought")
    channels: Literal[1, 3] = Field(default=3, description="3 for colours, 1 for shades of grey")
    flatten: bool = Field(default=False, description="make all axes after the first one")
    normalize: bool = Field(default=False, description="bring pixels to 0..1")
    test: float = Field(default=0.2, ge=0, lt=1, description="the fraction of images for testing")
    seed: int = Field(default=0, ge=0, description="which images are drawn for testing")

    def read(self, files: Files) -> Dataset:
        place = files.find_folder(self.path)
        groups = {below.name: _images(below) for below in _folders(place)}
        groups = {name: images for name, images in groups.items() if images}
        if not groups:
            raise GraphError([NoData.no_images(self.path)])
        if min(self.size) < 1:
            raise GraphError([WrongImage.no_size(self.path, "", "")])
        paths = [image for images in groups.values() for image in images]
        ids = np.repeat(np.arange(len(groups)), [len(images) for images in groups.values()])
        shape = (self.channels, *self.size)
        check_size(self.path, "all images", len(paths) * int(np.prod(shape)))
        splits: dict[str, dict[str, Column]] = {}
        pixels = Pixels(self.path, "x", lambda: splits["train"]["x"], 255.0) if self.normalize else None
        for split, rows in drawn_rows(len(paths), self.test, self.seed).items():
            chosen = [FoundFile(f"{p.parent.name}/{p.name}", p, place) for p in (paths[i] for i in rows)]
            splits[split] = {
                "x": self._column(chosen, shape, pixels),
                "t": _numbers(ids[rows]),
            }
        classes = {"t": tuple(groups)}
        return Dataset(place.name, checked_splits(self.path, splits), (), classes)

    def _column(self, chosen: list[FoundFile], shape: tuple[int, ...], pixels: Pixels | None) -> Column:
        stored = (len(chosen), *shape)
        return Column(
            stored,
            np.dtype(np.uint8),
            lambda: np.stack([self._pixels(file) for file in chosen]),
            pixels,
            flatten=self.flatten,
            in_file=int(np.prod(stored)),
        )

    def _pixels(self, file: FoundFile) -> Array:
        height, width = self.size
        with file.open() as opened:
            image = _opened(file.path, opened.stream)
            try:
                image = image.convert("L" if self.channels == 1 else "RGB")
                image = image.resize((width, height), resample=2)
            except _DAMAGED as error:
                raise GraphError([WrongImage(file.path, str(error), "")]) from None
        return np.asarray(image, np.uint8).reshape(height, width, -1).transpose(2, 0, 1)


def _opened(path: str, stream: Any) -> Image:
    """The image, of which the header alone is read; raises GraphError for another file, or one too large."""
    try:
        from PIL import Image
    except ImportError:
        raise GraphError([PackageMissing.to_read(path, "pillow")]) from None
    try:
        image = Image.open(stream, formats=("PNG", "PPM", "JPEG"))
    except (*_DAMAGED, Image.DecompressionBombError) as error:
        raise GraphError([WrongImage(path, str(error).split(" <")[0], "")]) from None
    if image.size[0] * image.size[1] > MOST_PIXELS:
        raise GraphError([WrongImage.too_large(path, "", f"{image.size[1]:,} by {image.size[0]:,}")])
    return image


def _numbers(ids: Array) -> Column:
    return Column(ids.shape, ids.dtype, lambda: ids)


def _folders(place: Path) -> list[Path]:
    return sorted((p for p in place.iterdir() if p.is_dir() and not p.is_symlink()), key=lambda p: p.name)


def _images(place: Path) -> list[Path]:
    images: list[Path] = []
    for path in place.iterdir():
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.is_symlink():
            images.append(path)
            if len(images) > MOST_IMAGES:
                raise GraphError([WrongImage.too_many(place.name, "", f"{MOST_IMAGES:,}")])
    return sorted(images, key=lambda p: p.name)
