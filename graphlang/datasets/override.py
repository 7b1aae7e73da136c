"""`--data PATH`: the same fields and options over other data."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from graphlang.datasets.dataset import Dataset, Source
from graphlang.datasets.files import Files, readable
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import FileMissing, FilesNowhere, OverrideUnusable

_PATHS = ("path", "images", "labels", "test_images", "test_labels")


def open_override(source: Source, path: Path, fields: Collection[str] | None = None) -> Dataset:
    """Opens the data at `path` in place of the files of `source`."""
    taken = None if fields is None else frozenset(fields)
    return override_source(source, path).read(Files(path.parent, (path,), anywhere=True, fields=taken))


def override_source(source: Source, path: Path) -> Source:
    """The source to read in place of `source`, with the options that both know; what it holds decides its
    kind."""
    if path.is_dir():
        return _from_folder(source, path)
    if not path.exists():
        raise GraphError([FileMissing(str(path), str(Path.cwd()), [])])
    return _kind(source, path).model_validate({"path": str(path), **_options(source, _kind(source, path))})


def _kind(source: Source, path: Path) -> type[Source]:
    from graphlang.datasets.csv import csv
    from graphlang.datasets.npz import npz
    from graphlang.datasets.text import text

    if _is_zip(path):
        return npz
    if path.suffix.lower() == ".csv" or isinstance(source, csv):
        return csv
    if isinstance(source, text):
        return text
    raise GraphError([OverrideUnusable(str(path))])


def _is_zip(path: Path) -> bool:
    with readable(str(path)), path.open("rb") as stream:
        return stream.read(2) == b"PK"


def _options(source: Source, kind: type[Source]) -> dict[str, object]:
    given = source.model_dump()
    return {k: v for k, v in given.items() if k in kind.model_fields and k not in _PATHS}


def _from_folder(source: Source, folder: Path) -> Source:
    """`mnist` stays what it is (and stays checked); any other source reads the folder's IDX files as they
    are."""
    from graphlang.datasets.idx import idx
    from graphlang.datasets.mnist import mnist

    if isinstance(source, mnist):
        return source
    own = _found(folder, _own_names(source)) if isinstance(source, idx) else {}
    files = own or _found(folder, _STANDARD)
    if "images" not in files or "labels" not in files:
        names = _STANDARD.values()
        raise GraphError([FilesNowhere(list(names), [str(folder)])])
    return idx.model_validate({**files, **_options(source, idx)})


_STANDARD = {
    "images": "train-images-idx3-ubyte",
    "labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


def _own_names(source: Source) -> dict[str, str]:
    paths = source.model_dump(include=set(_STANDARD), exclude_none=True)
    return {key: Path(path).name.removesuffix(".gz") for key, path in paths.items()}


def _found(folder: Path, names: dict[str, str]) -> dict[str, str]:
    """Where the named files are; the test files come in pairs or not at all."""
    from graphlang.datasets.mnist import in_folders

    places = {key: in_folders(name, [folder]) for key, name in names.items()}
    found = {key: str(place) for key, place in places.items() if place is not None}
    if not {"images", "labels"} <= found.keys():
        return {}
    pair = {"test_images", "test_labels"} <= found.keys()
    return {key: place for key, place in found.items() if pair or key in ("images", "labels")}
