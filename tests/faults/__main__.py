"""Ends trainings by faults, and checks what they leave: `python -m tests.faults --kills 200`.

Kills at random moments; a kill before each call that writes, and amid each write; each of these calls failing;
files that may not grow; little memory; a small disk, where one may be mounted. After every fault the run folder
has to be sound, and the run that goes on has to end with the weights of one that was never stopped. The exit
status is 1 where something did not hold.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("GRAPHLANG_CALIBRATION", "off")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the processes are forked
sys.path.insert(0, str(Path(__file__).parent))

import fault_kinds as kinds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="kills at random moments")
    parser.add_argument("--seed", type=int, default=0, help="from which the moments are drawn")
    parser.add_argument("--every", type=int, default=1, help="try only each such step of a save")
    parser.add_argument("--limits", type=int, default=12, help="how many limits of each kind are tried")
    parser.add_argument("--verbose", action="store_true", help="tell every fault")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        faults: dict[str, Callable[[], Iterator[str]]] = {
            "kills at random moments": lambda: kinds.kills(folder, chosen.kills, chosen.seed),
            "kills at steps of a save": lambda: kinds.steps_of_saves(folder / "k", 2, True, chosen.every),
            "failures at steps of a save": lambda: kinds.steps_of_saves(folder / "f", 2, False, chosen.every),
            "limits of the size of files": lambda: kinds.sizes(folder, chosen.limits),
            "limits of memory": lambda: kinds.memory(folder, chosen.limits),
            "small disks": lambda: kinds.small_disk(folder, chosen.limits),
        }
        return max([_tried(name, faults[name], chosen.verbose) for name in faults])


def _tried(name: str, faults: Callable[[], Iterator[str]], verbose: bool) -> int:
    count, start = 0, time.monotonic()
    try:
        for told in faults():
            count += 1
            if verbose:
                print(f"  {told}", flush=True)
    except Exception:  # noqa: BLE001 - told, and the others are tried
        traceback.print_exc()
        print(f"{name}: {count} held, and then one did not", flush=True)
        return 1
    print(f"{name}: {count}, all held ({time.monotonic() - start:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
