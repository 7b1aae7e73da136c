"""Raw images given on the command line are what the data section makes of them, or are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphlang.cli import main

NET = """
input x: float[N, 12], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("data.npz", flatten=true, normalize=true); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 5; epochs = 1; seed = 1 }
"""


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Eight images of 0 to 255, in a folder with a net that was trained on them."""
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).integers(0, 256, (8, 3, 4))
    np.savez("data.npz", x=x.astype(np.int64), t=np.arange(8) % 3)
    Path("net.graph").write_text(NET)
    assert main(["train", "net.graph", "--run", "run"]) == 0
    capsys.readouterr()
    return x


def predicted(capsys: pytest.CaptureFixture[str], *words: str, weights: str = "run") -> Any:
    status = main(["predict", "net.graph", "--weights", weights, *words])
    out, err = capsys.readouterr()
    return json.loads(out)["y"] if status == 0 else err


def expected(capsys: pytest.CaptureFixture[str], x: Any) -> Any:
    np.savez("flat.npz", x=(x.reshape(len(x), 12) * np.float32(1 / 255)).astype(np.float32))
    return predicted(capsys, "--inputs", "flat.npz")


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.uint16])
@pytest.mark.parametrize("shape", [(8, 3, 4), (8, 1, 3, 4), (8, 12)])
def test_whole_numbers_are_divided_and_flattened(
    raw: Any, capsys: pytest.CaptureFixture[str], kind: Any, shape: tuple[int, ...]
) -> None:
    wanted = expected(capsys, raw)
    np.savez("raw.npz", x=raw.reshape(shape).astype(kind))
    np.save("raw.npy", raw.reshape(shape).astype(kind))
    Path("raw.json").write_text(json.dumps({"x": raw.reshape(shape).tolist()}))
    for words in (("--inputs", "raw.npz"), ("--inputs", "raw.json"), ("--set", "x=@raw.npy")):
        assert predicted(capsys, *words) == wanted
    assert max(abs(n) for row in wanted for n in row) < 10


def test_a_list_in_the_set_option_is_flattened_and_divided_too(
    raw: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = expected(capsys, raw[:1])
    assert predicted(capsys, "--set", f"x={json.dumps(raw[:1].reshape(1, 12).tolist())}") == wanted


def test_a_note_says_what_images_are_divided_by(raw: Any, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("raw.npz", x=raw)
    main(["predict", "net.graph", "--weights", "run", "--inputs", "raw.npz"])
    assert "note: `x` is divided by 255, as `normalize` does to the data" in capsys.readouterr().err


def test_the_divisor_of_the_images_is_stored_with_the_run(
    raw: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = expected(capsys, raw)
    np.savez("raw.npz", x=raw)
    Path("data.npz").unlink()
    for weights in ("run", "run/weights.npz"):
        assert predicted(capsys, "--inputs", "raw.npz", weights=weights) == wanted
    Path("alone.npz").write_bytes(Path("run/weights.npz").read_bytes())
    assert "is not known" in predicted(capsys, "--inputs", "raw.npz", weights="alone.npz")
    np.savez("raw.npz", x=raw.astype(np.uint8))
    assert predicted(capsys, "--inputs", "raw.npz", weights="alone.npz") == wanted


@pytest.mark.parametrize("value", [300, -1, 17.5, 255.0])
def test_what_can_be_neither_raw_nor_ready_is_refused_by_name(
    raw: Any, capsys: pytest.CaptureFixture[str], value: float
) -> None:
    np.savez("raw.npz", x=np.full((2, 12), value))
    err = predicted(capsys, "--inputs", "raw.npz")
    assert err.startswith(f"error[GL719]: `x` holds {value:g}, but what was trained on goes from 0 to 1")
    assert "give whole numbers from 0 to 255, or floats from 0 to 1" in err


def test_run_flattens_and_divides_images_too(raw: Any, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("raw.npz", x=raw, t=np.zeros(8, int))
    assert main(["run", "net.graph", "--inputs", "raw.npz", "--weights", "run", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)["values"]
    assert np.max(values["x"]) <= 1


def test_other_data_is_divided_by_what_the_net_was_trained_with(
    raw: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    x = (raw > 128).astype(np.int64)
    np.savez("dark.npz", x=x, t=np.arange(8) % 3)
    np.savez("divided.npz", x=(x * np.float32(1 / 255)).astype(np.float32), t=np.arange(8) % 3)
    found = []
    for file in ("dark.npz", "divided.npz"):
        assert main(["evaluate", "net.graph", "--weights", "run", "--data", file, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out)["loss"])
    assert found[0] == pytest.approx(found[1], rel=1e-6)
