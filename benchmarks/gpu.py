"""Training steps on a GPU: graphlang on JAX beside PyTorch, eager and compiled, from the same start.

    python -m benchmarks.gpu                        all rows; the table goes to benchmarks/results/
    python -m benchmarks.gpu --networks two_layer_net --precisions bfloat16
    python -m benchmarks.gpu --device cpu --tiny    the same way through the code, without a GPU

Every row is a process of its own. Where JAX, PyTorch or the card is missing, it says which and ends with
status 0.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import gpu_report, machine
from benchmarks.gpu_networks import find_network, networks
from benchmarks.gpu_worker import CONTENDERS, GRAPHLANG, GRAPHLANG_SEVERAL
from benchmarks.harness import ROOT
from benchmarks.threads import available

RESULTS = ROOT / "benchmarks" / "results"
PRECISIONS = ("float32", "tf32", "bfloat16")
PATIENCE = 600.0
"""Seconds after which a row is given up."""


def parser() -> argparse.ArgumentParser:
    names = [network.name for network in networks()]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu", help="where to compute (gpu)")
    parser.add_argument("--tiny", action="store_true", help="networks of the same form that run anywhere")
    parser.add_argument("--networks", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=PRECISIONS, metavar="P")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=CONTENDERS, metavar="WHO")
    parser.add_argument(
        "--seconds", type=float, default=1.5, help="of steps that a row is measured over (1.5)"
    )
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="after which no further row is begun (60)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="the folder of the results (benchmarks/results; cpu: none)"
    )
    return parser


def main(words: list[str] | None = None) -> int:
    options = parser().parse_args(words)
    there = asked("probe", device=options.device)
    missing = missing_here(there, options.device)
    if missing and all(who in missing for who in options.contenders):
        print(f"skipped: {'; '.join(dict.fromkeys(missing.values()))}")
        return 0
    about = described(there, options)
    print(gpu_report.in_words(about), flush=True)
    rows = measured(options, missing)
    data = {"about": about, "rows": rows}
    text = gpu_report.markdown(data)
    print(f"\n{text}")
    folder = options.out or (RESULTS if options.device == "gpu" and not options.tiny else None)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        name = gpu_report.file_name(about["card"])
        (folder / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n", "utf-8")
        (folder / f"{name}.md").write_text(text, "utf-8")
        print(f"written to {folder / name}.md and .json")
    return 0


def missing_here(there: dict[str, Any], device: str) -> dict[str, str]:
    """For each contender that cannot run here the reason."""
    missing = {}
    for who in CONTENDERS:
        library = "jax" if who in (GRAPHLANG, GRAPHLANG_SEVERAL) else "torch"
        name = {"jax": "JAX", "torch": "PyTorch"}[library]
        if there[library] is None:
            missing[who] = f"{library} is not installed"
        elif device == "gpu" and there[f"{library}_card"] is None:
            missing[who] = f"{name} {there[library]} finds no GPU"
    return missing


def described(there: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    own = machine.describe([available()])
    card = (there["jax_card"] or there["torch_card"]) if options.device == "gpu" else own["processor"]
    versions = {name: there[name] for name in ("jax", "torch") if there[name]}
    return {
        "card": card,
        "device": options.device,
        "tiny": options.tiny,
        "date": time.strftime("%Y-%m-%d"),
        "python": own["python"],
        "system": own["system"],
        "versions": versions,
    }


def measured(options: argparse.Namespace, missing: dict[str, str]) -> list[dict[str, Any]]:
    """All rows, each by a process of its own."""
    end, rows = time.monotonic() + 60 * options.minutes, []
    size = "tiny" if options.tiny else "whole"
    for name in options.networks:
        for precision in options.precisions:
            for who in options.contenders:
                row = {"network": name, "precision": precision, "contender": who}
                row["title"] = find_network(name, tiny=options.tiny).title
                if who in missing:
                    row["skipped"] = missing[who]
                elif time.monotonic() > end:
                    row["skipped"] = f"not begun within {options.minutes:g} minutes"
                else:
                    words = (name, precision, who, _device(options.device), size, str(options.seconds))
                    row |= asked(*words, device=options.device)
                rows.append(row)
                print(gpu_report.line(row), flush=True)
    return rows


def _device(device: str) -> str:
    return "cuda" if device == "gpu" else "cpu"


def asked(*words: str, device: str) -> dict[str, Any]:
    """What a worker answers."""
    own = {"PYTHONPATH": str(ROOT), "XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_CPP_MIN_LOG_LEVEL": "2"}
    if device == "cpu":
        own["JAX_PLATFORMS"] = "cpu"
    command = [sys.executable, "-m", "benchmarks.gpu_worker", *words]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | own,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"skipped": f"failed: no answer within {PATIENCE:.0f} s"}
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        return {"skipped": f"failed: {lines[-1][:200] if lines else f'status {done.returncode}'}"}
    return dict(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    sys.exit(main())
