"""The sample of MNIST that the repository carries."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graphlang.datasets.data_folders import data_folders
from graphlang.datasets.mnist import mnist
from graphlang.datasets.npz import npz
from graphlang.diagnostics import GraphError

DATA = Path(__file__).parents[2] / "specs" / "data"
CONTENT = {
    ("train", "x"): "6c71c08d40f6fee52ef20eaef1edb5a9f850dfeb024fd892e01b614150078b8d",
    ("train", "t"): "46ebd549aa1179618816237ffabe1f6c3a16daa09b90185f66bb527d4ecd31b0",
    ("test", "x"): "3f79ca610d726c969becb1b592ae3aed527684cd9de00a3180c2312d772b5d6c",
    ("test", "t"): "aa166efde2c452d3d6b143794d8fe296e45e20ccd95b7a11cad120bf095946eb",
}


@pytest.fixture(scope="module")
def sample():
    return npz(path="mnist_12k.npz").open(DATA).splits


def test_the_sample_holds_uint8_images_and_labels(sample):
    assert {split: {n: c.shape for n, c in columns.items()} for split, columns in sample.items()} == {
        "train": {"x": (10000, 28, 28), "t": (10000,)},
        "test": {"x": (2000, 28, 28), "t": (2000,)},
    }
    assert {c.storage for columns in sample.values() for c in columns.values()} == {np.dtype(np.uint8)}


def test_the_sample_holds_every_digit_equally_often(sample):
    assert np.bincount(sample["train"]["t"].load()).tolist() == [1000] * 10
    assert np.bincount(sample["test"]["t"].load()).tolist() == [200] * 10


@pytest.mark.parametrize(("split", "name"), CONTENT)
def test_the_sample_is_the_one_that_numbers_were_measured_on(sample, split, name):
    assert hashlib.sha256(sample[split][name].load().tobytes()).hexdigest() == CONTENT[split, name]


@pytest.mark.slow
def test_the_script_rebuilds_the_sample(sample, tmp_path):
    try:
        files = mnist().open(Path(), search=data_folders()).files
    except GraphError:
        pytest.skip("the files of MNIST are not on this machine")
    script = [sys.executable, DATA / "make_mnist_12k.py", files[0].parent, "-o"]
    for name in ("a.npz", "b.npz"):
        subprocess.run([*script, tmp_path / name], check=True, cwd=DATA.parents[1], env=_path())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    rebuilt = npz(path="a.npz").open(tmp_path).splits
    for split, name in CONTENT:
        np.testing.assert_array_equal(rebuilt[split][name].load(), sample[split][name].load())


def _path():
    import os

    return {**os.environ, "PYTHONPATH": str(DATA.parents[1])}
