"""`graphlang explain-plan` shows a program that a person can follow, and adds up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graphlang.cli import main
from graphlang.engine import fusion

SPECS = Path(__file__).parent.parent.parent / "specs"
NETWORK = str(SPECS / "two_layer_net.graph")


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    status = main(list(words))
    out = capsys.readouterr()
    assert (status, out.err) == (0, "")
    return out.out


def plan(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(printed(capsys, "explain-plan", *words, "--json"))


def test_the_steps_of_the_two_layer_network_can_be_followed(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(printed(capsys, "explain-plan", NETWORK).split())
    assert "one training step: loss, its gradients, SGD" in text
    assert "for x[100, 784], t[100] in float32" in text
    assert "1 #1 = x @ Affine1.W Affine1 float32[100, 50] buffer 0 20 kB 7,840,000" in text
    assert "2 Affine1 = #1 + Affine1.b Affine1 float32[100, 50] buffer 0, in place" in text
    assert "3 Relu1 = maximum(Affine1, 0) Relu1" in text
    assert "28 #28 = norms(#26, #27, #21, #22) norms of the gradients float64[5] buffer 9 40 B" in text
    assert "new Affine1.W = Affine1.W - #40 update of Affine1.W float32[784, 50] Affine1.W, in place" in text


def test_the_bytes_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(capsys, NETWORK)
    memory = found["memory"]
    assert memory["parameters"] == 4 * (784 * 50 + 50 + 50 * 10 + 10)
    assert memory["optimizer"] == 0
    assert memory["inputs"] == 4 * 100 * 784 + 8 * 100 + 2 * 8
    assert memory["buffers"] == sum(found["buffers"])
    assert memory["total"] == sum(v for k, v in memory.items() if k != "total")
    assert found["flops"] == sum(s["flops"] for g in found["groups"] for s in g["steps"])
    assert found["flops"] == pytest.approx(2 * 2 * 100 * 784 * 50, rel=0.05)


def test_an_optimizer_with_memory_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "net.graph"
    file.write_text(
        "input x: float[N, 300]\ny = Affine(x, units=400)\nloss = mean(y * y)\noutput loss\n"
        "train { minimize = loss; optimizer = Adam(); batch = 8; epochs = 1 }\n"
    )
    memory = plan(capsys, str(file))["memory"]
    assert memory["optimizer"] == 2 * memory["parameters"] == 2 * 4 * (300 * 400 + 400)


def test_fused_groups_are_shown_with_their_blocks_and_threads(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fusion, "BLOCK_BYTES", 2**19)
    file = tmp_path / "sigmoid.graph"
    file.write_text("input x: float[N]\ny = 1 / (1 + exp(-x))\noutput y\n")
    found = plan(capsys, str(file), "--batch", "1000000", "--threads", "2")
    (group,) = [g for g in found["groups"] if g["fused"]]
    assert group["iteration_shape"] == [1_000_000]
    assert group["threads"] == 2
    assert group["blocks"] == 16
    assert {s["where"] for s in group["steps"]} >= {"in cache"}
    text = printed(capsys, "explain-plan", str(file), "--batch", "1000000", "--threads", "2")
    assert "fused over [1000000], 16 blocks of 1 x 62528, 2 threads:" in text


def test_the_batch_and_the_precision_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(capsys, NETWORK, "--batch", "7", "--dtype", "float64", "--threads", "1")
    assert found["inputs"] == {"x": [7, 784], "t": [7]}
    assert (found["dtype"], found["threads"]) == ("float64", 1)


def test_run_shows_the_plan_of_what_it_would_run(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "run", str(SPECS / "apple_orange.graph"), "--plan")
    assert "forward and backward: price and its gradients" in text
    assert "gradient tax is total" in text


def test_several_outputs_are_planned_forward(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "two.graph"
    file.write_text("input x = 2\na = x * x\nb = exp(a)\noutput a, b\n")
    assert printed(capsys, "explain-plan", str(file)).startswith("forward: a, b\n")


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.graph")), ids=lambda p: p.stem)
def test_every_spec_has_a_plan(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(capsys, str(path), "--batch", "2")
    numbers = [s["number"] for g in found["groups"] for s in g["steps"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert printed(capsys, "explain-plan", str(path), "--batch", "2")


def test_the_rows_of_a_text_have_the_length_that_training_gives_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("abcabcabcabcabc" * 9)
    file = tmp_path / "text.graph"
    file.write_text(
        """
        input x: int[N, T], t: int[N, T]
        y = x -> Embedding(3, 4) -> Affine(3)
        loss = SoftmaxWithLoss(y, t)
        output y
        data { source = text("a.txt", window=9); x = x; t = t }
        train { minimize = loss; optimizer = SGD(lr=0.1); batch = 5; epochs = 1 }
        """
    )
    assert plan(capsys, str(file))["inputs"] == {"x": [5, 9], "t": [5, 9]}
    (tmp_path / "a.txt").unlink()
    assert plan(capsys, str(file))["inputs"]["x"][0] == 5
