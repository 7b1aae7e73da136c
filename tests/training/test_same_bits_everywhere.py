"""The bits of a run depend on its seed and its threads, and on nothing that is around it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import hashlib, locale, random, sys
from pathlib import Path
import numpy as np

seed, folder = int(sys.argv[1]), Path(sys.argv[2])
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass  # this system does not have it
random.seed(seed)
np.random.seed(seed)
drawn = np.random.random(seed)

import graphlang as gl
from graphlang.datasets.arrays import from_arrays
from graphlang.training.loop import train

text = '''input x: float[N, 4], t: int[N]
y = x -> Affine(8) -> BatchNorm -> Relu -> Dropout(0.3) -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = Adam(lr=0.01); batch = 10; epochs = 3; metrics = [accuracy(y, t)] }'''
x = np.sin(np.arange(140.0)).reshape(35, 4)
before = np.random.get_state()[1].copy()

def draws_numbers_of_its_own(epoch):
    if seed:
        np.random.random(seed)

train(gl.loads(text, threads=2).model, from_arrays({"x": x, "t": np.arange(35) % 3}), folder=folder,
      on_epoch=draws_numbers_of_its_own)
if not seed:
    assert np.array_equal(before, np.random.get_state()[1]), "the program's own random numbers stay its own"
for path in sorted(folder.glob("*.np*")) + sorted(folder.glob("*.json*")):
    print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
"""

AROUND = [
    {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "UTC"},
    {"PYTHONHASHSEED": "1", "LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONUTF8": "1"},
    {"PYTHONHASHSEED": "77", "LC_ALL": "tr_TR.UTF-8", "TZ": "America/St_Johns", "LANG": "tr_TR"},
]


def test_neither_locale_time_zone_hash_seed_nor_the_program_s_random_numbers_change_a_file_of_a_run(
    tmp_path: Path,
) -> None:
    results: list[str] = []
    for number, variables in enumerate(AROUND):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(number), str(tmp_path / str(number))],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        results.append(done.stdout)
    assert "checkpoint.npz" in results[0]
    assert "weights.npz" in results[0]
    assert results[1:] == results[:1] * 2
