"""The kinds of faults, each as a generator of what was tried."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from fault_bench import Bench, Unsound, killed_after, little_memory, once_loaded, small_files
from faulty_calls import Steps

WORDS = ("--checkpoint-every", "1")


def kills(folder: Path, count: int, seed: int) -> Iterator[str]:
    """Kills trainings at random moments, several times each, and lets them go on."""
    draw = random.Random(seed)
    benches = [Bench(folder / "data", 60), Bench(folder / "alone", 60, data=False)]
    done = 0
    while done < count:
        bench = draw.choice(benches)
        words = draw.choice([WORDS, ()])
        reached = 0
        for _ in range(draw.randint(1, 6)):
            loaded = draw.random() < 0.9
            seconds = draw.uniform(0.0, bench.seconds / 3 if loaded else 0.3)
            status = killed_after(bench, seconds, words, loaded=loaded)
            now = bench.check()
            if now < reached:
                raise Unsound(f"a checkpoint of iteration {reached} became one of {now}")
            reached = now
            if status == -signal.SIGKILL:
                done += 1
                yield f"killed at iteration {now} of {bench.iterations}"
            elif status != 0:
                raise Unsound(f"status {status}: {bench.log}")
            else:
                break
        bench.finish()
        bench.forget()


def steps_of_saves(folder: Path, epochs: int, kills: bool, every: int) -> Iterator[str]:
    """Ends a training before each call that writes, in turn, or lets that call fail."""
    bench = Bench(folder / "steps", epochs)
    for chosen in range(1, 10_000, every):
        steps = Steps(chosen, kills=kills)
        status = bench.ended(bench.start(steps.install, WORDS))
        if status == 0:
            return
        if status != (-signal.SIGKILL if kills else 1):
            raise Unsound(f"step {chosen}: status {status}: {bench.log}")
        if not kills and "error[GL7" not in bench.log:
            raise Unsound(f"step {chosen}: no diagnostic: {bench.log}")
        bench.check()
        bench.finish()
        bench.forget()
        yield f"step {chosen}"


def sizes(folder: Path, count: int) -> Iterator[str]:
    """Lets files grow to a limit alone, as on a disk that is full."""
    bench = Bench(folder / "sizes", 12)
    largest = max(path.stat().st_size for path in (folder / "sizes" / "whole").iterdir())
    for i in range(count):
        most = 200 + (largest - 200) * i // count
        yield from _bounded(bench, f"{most} bytes", lambda n=most: small_files(n), "error[gl7")


def memory(folder: Path, count: int) -> Iterator[str]:
    """Leaves little address space to a training."""
    bench = Bench(folder / "memory", 12, hidden=20_000)
    for i in range(count):
        blocks = 1 + 4 * i * i

        def prepare(blocks: int = blocks) -> None:
            once_loaded(lambda: little_memory(blocks))

        yield from _bounded(bench, f"{blocks} blocks of memory", prepare, "memory")


def small_disk(folder: Path, count: int) -> Iterator[str]:
    """Trains on a file system that is too small, where one may be made."""
    for kilobytes in range(16, 16 + 8 * count, 8):
        with tempfile.TemporaryDirectory() as place:
            size = f"size={kilobytes}k"
            mounted = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", size, "graphlang", place], capture_output=True, check=False
            )
            if mounted.returncode:
                return
            try:
                yield from _on_small_disk(folder / f"disk-{kilobytes}", Path(place))
            finally:
                os.chdir(folder)
                subprocess.run(["umount", place], check=True)


def _on_small_disk(folder: Path, place: Path) -> Iterator[str]:
    bench = Bench(folder, 12)
    bench.run = place / "run"
    bench.run.mkdir()
    (bench.folder / "run").symlink_to(bench.run)
    status = bench.ended(bench.start(lambda: None, WORDS))
    bench.check()
    if status == 0:
        return
    if status != 1 or "error[GL7" not in bench.log:
        raise Unsound(f"status {status}: {bench.log}")
    yield f"a disk that is full after iteration {bench.check()}"


def _bounded(bench: Bench, what: str, prepare: Callable[[], None], told: str) -> Iterator[str]:
    status = bench.ended(bench.start(prepare, (*WORDS, "--threads", "1")))
    reached = bench.check()
    if status == 0:
        bench.forget()
        return
    if status != 1 or told not in bench.log.lower():
        raise Unsound(f"{what}: status {status}: {bench.log}")
    bench.finish()
    bench.forget()
    yield f"{what}: ended after iteration {reached}"
