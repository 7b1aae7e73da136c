"""The source `idx`: images and labels in the file format of MNIST."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from graphlang.datasets import idx_format
from graphlang.datasets.dataset import Column, Dataset, DataSource, checked_splits
from graphlang.datasets.files import Files
from graphlang.datasets.pixels import Pixels


class idx(DataSource):
    """IDX files: a header of big-endian sizes and the numbers after it; plain or gzipped, told apart by
    content.

    Fields: `x` images, [N, rows * columns] with `flatten`, else [N, 1, rows, columns] (one channel, as in
            the book); `t` labels, as stored.
    Splits: train, and test where `test_images` and `test_labels` are given.
    Types:  `normalize` brings pixels to 0..1 by what the training images hold: divided by 255 where they
            go up to that, by 65535 where they go up to that, else by the largest value of their type; images
            of 0 and 1 stay as they are. They stay as stored in memory and are scaled batch by batch.
    Source: LeCun, Cortes, Burges, The MNIST database (the format's description)
    """

    images: str = Field(description="the images for training, relative to the spec's folder")
    labels: str = Field(description="the labels for training")
    test_images: str | None = Field(default=None, description="the images for testing")
    test_labels: str | None = Field(default=None, description="the labels for testing")
    flatten: bool = Field(default=True, description="make all axes after the first one")
    normalize: bool = Field(default=True, description="bring pixels to 0..1, by what they hold")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.test_images is None) != (self.test_labels is None):
            raise ValueError("`test_images` and `test_labels` are given together or not at all")
        return self

    def read(self, files: Files) -> Dataset:
        paths = {"train": (self.images, self.labels)}
        if self.test_images is not None and self.test_labels is not None:
            paths["test"] = (self.test_images, self.test_labels)
        splits: dict[str, dict[str, Column]] = {}
        pixels = Pixels(self.images, "x", lambda: splits["train"]["x"]) if self.normalize else None
        splits |= {split: self._split(files, pixels, *pair) for split, pair in paths.items()}
        used = tuple(files.find(path).place for pair in paths.values() for path in pair)
        return Dataset(used[0].name, checked_splits(self.images, splits), used)

    def _split(self, files: Files, pixels: Pixels | None, images: str, labels: str) -> dict[str, Column]:
        return {
            "x": idx_format.image_column(files.find(images), flatten=self.flatten, pixels=pixels),
            "t": idx_format.label_column(files.find(labels)),
        }
