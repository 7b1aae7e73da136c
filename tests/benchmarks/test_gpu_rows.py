"""The benchmark on a GPU: its way through the code on a CPU, what it skips, and its table."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest

from benchmarks import gpu, gpu_report
from benchmarks.gpu_networks import BATCHES, find_network, flops_of, networks, source_of
from benchmarks.gpu_worker import COMPILED, EAGER, GRAPHLANG, GRAPHLANG_SEVERAL

needs_jax = pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")

NOTHING = {"jax": None, "torch": None, "jax_card": None, "torch_card": None}


# ---- what is missing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "reasons"),
    [
        ({}, ["jax is not installed", "torch is not installed"]),
        ({"jax": "0.9", "torch": "2.9"}, ["JAX 0.9 finds no GPU", "PyTorch 2.9 finds no GPU"]),
        ({"jax": "0.9"}, ["JAX 0.9 finds no GPU", "torch is not installed"]),
    ],
)
def test_what_is_missing_is_named_and_no_error(monkeypatch, capsys, there, reasons):
    monkeypatch.setattr(gpu, "asked", lambda *words, device: NOTHING | there)
    assert gpu.main([]) == 0
    assert capsys.readouterr().out == f"skipped: {'; '.join(reasons)}\n"


def test_a_row_whose_library_is_missing_is_skipped_by_name_and_the_others_are_not(monkeypatch, tmp_path):
    asked = []

    def answer(*words, device):
        if words == ("probe",):
            return NOTHING | {"jax": "0.9", "jax_card": "NVIDIA H100 80GB HBM3"}
        asked.append(words[2])
        return row()

    monkeypatch.setattr(gpu, "asked", answer)
    few = ["--networks", "two_layer_net", "--precisions", "tf32", "--out", str(tmp_path)]
    assert gpu.main(few) == 0
    assert asked == [GRAPHLANG, GRAPHLANG_SEVERAL]
    data = json.loads((tmp_path / "gpu-nvidia-h100-80gb-hbm3.json").read_text())
    assert data["about"]["card"] == "NVIDIA H100 80GB HBM3"
    assert [r.get("skipped") for r in data["rows"]] == [None, None, *["torch is not installed"] * 2]
    text = (tmp_path / "gpu-nvidia-h100-80gb-hbm3.md").read_text()
    assert text.count("skipped: torch is not installed") == 2


# ---- the networks -------------------------------------------------------------------------------------


def test_the_large_transformer_has_the_parameters_that_its_title_says():
    network = find_network("transformer_large", tiny=False)
    params = network.graph().network.params
    count = 0
    for spec in params.values():
        size = 1
        for n in spec.shape:
            size *= n
        count += size
    assert round(count / 1e6, 1) == 85.6


@pytest.mark.parametrize("network", networks(tiny=True), ids=lambda network: network.name)
def test_a_step_counts_its_products(network):
    graph = network.graph()
    source = source_of(graph, network.data())
    assert source.rows == BATCHES * network.batch
    assert flops_of(graph, source, network.batch) > 0


def test_the_products_of_two_layers_are_two_forward_and_three_backward():
    network = find_network("two_layer_net", tiny=True)
    graph = network.graph()
    flops = flops_of(graph, source_of(graph, network.data()), 100)
    assert flops == 2 * 100 * (2 * 784 * 50 + 3 * 50 * 10)


# ---- the whole way, on a CPU --------------------------------------------------------------------------


@needs_jax
@needs_torch
@pytest.mark.parametrize("network", [n.name for n in networks(tiny=True)])
def test_graphlang_and_pytorch_start_alike_and_take_the_same_steps(network, tmp_path, capsys):
    few = ["--networks", network, "--precisions", "float32", "--contenders", GRAPHLANG, EAGER]
    form = ["--device", "cpu", "--tiny", "--seconds", "0.01", "--out", str(tmp_path)]
    assert gpu.main([*form, *few]) == 0
    file = next(tmp_path.glob("gpu-*.json"))
    rows = json.loads(file.read_text())["rows"]
    assert [row["contender"] for row in rows] == [GRAPHLANG, EAGER], capsys.readouterr().out
    for row in rows:
        assert "skipped" not in row, row
        assert row["seconds"] > 0
        assert row["host_peak_mib"] > 0
        assert len(row["losses"]) == 3
        assert gpu_report.agrees(rows, row), rows
    assert rows[0]["flops"] == rows[1]["flops"]
    assert "(process)" in file.with_suffix(".md").read_text()


@needs_jax
@needs_torch
def test_lower_precision_and_several_steps_a_call_go_the_same_way(tmp_path):
    few = ["--networks", "two_layer_net", "--precisions", "bfloat16", "tf32"]
    who = ["--contenders", GRAPHLANG_SEVERAL, EAGER]
    form = ["--device", "cpu", "--tiny", "--seconds", "0.01", "--out", str(tmp_path)]
    assert gpu.main([*form, *few, *who]) == 0
    rows = json.loads(next(tmp_path.glob("gpu-*.json")).read_text())["rows"]
    assert all("skipped" not in row for row in rows), rows
    for precision in ("bfloat16", "tf32"):
        own = [row for row in rows if row["precision"] == precision]
        assert own[0]["default"]
        assert all(gpu_report.agrees(own, row) for row in own), own


@needs_torch
def test_without_a_compiler_torch_compile_is_skipped_by_name(monkeypatch):
    from benchmarks import gpu_torch, gpu_worker

    monkeypatch.setattr(gpu_torch.shutil, "which", lambda name: None)
    answer = gpu_worker.row("two_layer_net", "float32", COMPILED, "cpu", "tiny", "0.01")
    assert answer == {"skipped": "torch.compile needs a C++ compiler, and there is none"}


# ---- the table ----------------------------------------------------------------------------------------


def row(contender=GRAPHLANG, seconds=0.01, **more):
    own = {"network": "transformer_large", "precision": "bfloat16", "contender": contender, "title": "Large"}
    work = {"losses": [5.0, 4.0, 3.0], "ready_s": 9.0, "peak": 2**30, "host_peak_mib": 99.0, "flops": 4e12}
    return {**own, **work, "seconds": seconds, "least": seconds, "steps": 7, **more}


def test_the_goals_stand_beside_what_was_measured():
    rows = [row(default=True), row(EAGER, 0.02), row(COMPILED, 0.008, peak=2**31)]
    assert gpu_report.goals(rows) == [
        "- transformer_large, bfloat16: 1.25 of torch.compile (at most 1.00): missed",
        "- transformer_large, bfloat16: 400 TFLOP/s (at least 350 on an H100): met",
        "- transformer_large, bfloat16: peak memory 1.00 of PyTorch's (at most 1.00): met",
    ]


def test_losses_that_differ_are_marked():
    rows = [row(default=True, losses=[5.0, 4.0, 3.5]), row(EAGER), row(COMPILED, losses=[5.05, 4.0, 3.0])]
    assert [gpu_report.agrees(rows, r) for r in rows] == [False, True, True]
    about = {"card": "A", "versions": {}, "tiny": False, "python": "3", "system": "S", "date": "2026-01-01"}
    text = gpu_report.markdown({"about": about, "rows": rows})
    assert text.count("not those of the others") == 1
    assert "| graphlang (default) |" in text
    assert "0.02 in bfloat16" in text
