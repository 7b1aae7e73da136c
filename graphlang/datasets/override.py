"""`--data PATH`: reads other data with the fields and options of the spec's source."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from graphlang.datasets.dataset import Dataset, DataSource
from graphlang.datasets.files import Files, FoundFile
from graphlang.diagnostics import GraphError
from graphlang.diagnostics.data import FileMissing, FilesNowhere, OverrideUnusable
from graphlang.diagnostics.limits import DEFAULT, Limits

_PATHS = ("path", "images", "labels", "test_images", "test_labels")


def open_override(
    source: DataSource, path: Path, fields: Collection[str] | None = None, limits: Limits = DEFAULT
) -> Dataset:
    """Opens the data at `path` in place of the files of `source`."""
    taken = None if fields is None else frozenset(fields)
    files = Files(path.parent, (path,), anywhere=True, fields=taken, limits=limits)
    return override_source(source, path).read(files)


def override_source(source: DataSource, path: Path) -> DataSource:
    """The source that reads `path`, with the options that it shares with `source`.

    Its kind follows from the contents of `path`.
    """
    if path.is_dir():
        return _from_folder(source, path)
    if not path.exists():
        raise GraphError([FileMissing(str(path), str(Path.cwd()), [], outside=True)])
    return _kind(source, path).model_validate({"path": str(path), **_options(source, _kind(source, path))})


def _kind(source: DataSource, path: Path) -> type[DataSource]:
    from graphlang.datasets.csv import csv
    from graphlang.datasets.npz import npz
    from graphlang.datasets.text import text

    start = _start_of(path)
    if start[:2] == b"PK":
        return npz
    if start == b"PAR1":
        from graphlang.datasets.parquet import parquet

        return parquet
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        from graphlang.datasets.json_lines import json_lines

        return json_lines
    if path.suffix.lower() == ".csv" or isinstance(source, csv):
        return csv
    if isinstance(source, text):
        return text
    raise GraphError([OverrideUnusable(str(path))])


def _start_of(path: Path) -> bytes:
    with FoundFile(str(path), path, None).open() as file:
        return file.stream.read(4)


def _options(source: DataSource, kind: type[DataSource]) -> dict[str, object]:
    options = source.model_dump()
    return {k: v for k, v in options.items() if k in kind.model_fields and k not in _PATHS}


def _from_folder(source: DataSource, folder: Path) -> DataSource:
    """The source for a folder: `mnist` stays itself, with its checksums; any other becomes `idx`."""
    from graphlang.datasets.folder import folder as images
    from graphlang.datasets.idx import idx
    from graphlang.datasets.mnist import mnist

    if isinstance(source, images):
        return source.model_copy(update={"path": str(folder)})
    if isinstance(source, mnist):
        return source
    own = _existing(folder, _own_names(source)) if isinstance(source, idx) else {}
    files = own or _existing(folder, _STANDARD)
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


def _own_names(source: DataSource) -> dict[str, str]:
    paths = source.model_dump(include=set(_STANDARD), exclude_none=True)
    return {key: Path(path).name.removesuffix(".gz") for key, path in paths.items()}


def _existing(folder: Path, names: dict[str, str]) -> dict[str, str]:
    """The paths of the files that exist; empty without the training files, test files only as a pair."""
    from graphlang.datasets.mnist import in_folders

    places = {key: in_folders(name, [folder]) for key, name in names.items()}
    paths = {key: str(place) for key, place in places.items() if place is not None}
    if not {"images", "labels"} <= paths.keys():
        return {}
    pair = {"test_images", "test_labels"} <= paths.keys()
    return {key: place for key, place in paths.items() if pair or key in ("images", "labels")}
