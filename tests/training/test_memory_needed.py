"""Training that takes more memory than is free is refused before it takes any, with the figures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl
from graphlang.engine.free_memory import FreeMemory, free_memory
from graphlang.training import memory_needed

GIB = 2**30


def file(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A system with 8 GiB available."""
    file(tmp_path, "proc/meminfo", f"MemTotal:  99 kB\nMemAvailable:  {8 * 2**20} kB\n")
    file(tmp_path, "proc/self/status", "Name:\tpython\nVmSize:\t  1024 kB\n")
    file(tmp_path, "proc/self/cgroup", "1:cpu:/x\n")
    return tmp_path


def test_what_the_machine_has_available_is_free(machine: Path) -> None:
    assert free_memory(machine) == FreeMemory(8 * GIB, "on this machine")


def test_a_control_group_of_version_2_or_one_around_it_leaves_less(machine: Path) -> None:
    file(machine, "proc/self/cgroup", "0::/outer/inner\n")
    group = "sys/fs/cgroup/outer/inner/"
    file(machine, f"{group}memory.max", "max\n")
    file(machine, f"{group}memory.current", f"{GIB}\n")
    assert free_memory(machine) == FreeMemory(8 * GIB, "on this machine")
    file(machine, "sys/fs/cgroup/outer/memory.max", f"{4 * GIB}\n")
    file(machine, "sys/fs/cgroup/outer/memory.current", f"{3 * GIB}\n")
    assert free_memory(machine) == FreeMemory(GIB, "in its control group")
    file(machine, "sys/fs/cgroup/outer/memory.stat", f"anon {GIB}\nactive_file {GIB}\ninactive_file {GIB}\n")
    assert free_memory(machine) == FreeMemory(3 * GIB, "in its control group"), (
        "what is cached can be given back"
    )


def test_a_control_group_of_version_1_leaves_less_unless_it_sets_no_limit(machine: Path) -> None:
    file(machine, "proc/self/cgroup", "4:memory:/job\n0::/\n")
    file(machine, "sys/fs/cgroup/memory/job/memory.usage_in_bytes", f"{GIB}\n")
    file(machine, "sys/fs/cgroup/memory/job/memory.limit_in_bytes", f"{2**63 - 4096}\n")
    assert free_memory(machine) == FreeMemory(8 * GIB, "on this machine")
    file(machine, "sys/fs/cgroup/memory/job/memory.limit_in_bytes", f"{2 * GIB}\n")
    assert free_memory(machine) == FreeMemory(GIB, "in its control group")


def test_where_the_system_says_nothing_nothing_is_known(tmp_path: Path) -> None:
    assert free_memory(tmp_path) is None


NET = """
input x: float[N, 512], t: int[N]
y = x -> Affine(4096) -> Relu -> Affine(4096) -> Relu -> Affine(10)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("d.npz"); x = x; t = t }
train { minimize = loss; optimizer = Adam(lr=0.1); batch = %d; epochs = 1 }
"""


def with_free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(memory_needed, "free_memory", lambda: FreeMemory(size, "on this machine"))


def refused(graph: gl.Graph, **arrays: Any) -> Any:
    with pytest.raises(gl.GraphError) as caught:
        graph.fit(arrays or None)
    (problem,) = caught.value.diagnostics
    return problem


def test_parameters_and_what_the_optimizer_remembers_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, 200 * 2**20)
    problem = refused(gl.loads(NET % 10), x=np.ones((20, 512)), t=np.zeros(20, int))
    assert problem.code == "GL807"
    assert problem.message == (
        "training takes about 289 MiB (parameters and their gradients 144 MiB, the optimizer's memory 144 MiB), "
        "and 200 MiB is free on this machine"
    )
    assert problem.help == "take a smaller batch than 10, or smaller layers or data, or free some memory"


def test_data_is_counted_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "d.npz", x=np.ones((30_000, 512), np.float32), t=np.zeros(30_000, int))
    with_free(monkeypatch, 330 * 2**20)
    problem = refused(gl.loads(NET % 10, folder=tmp_path))
    assert "(data 58.8 MiB, parameters" in problem.message
    with_free(monkeypatch, GIB)
    monkeypatch.setattr("graphlang.training.training_run.TrainingRun.run", lambda *_: None)
    gl.loads(NET % 10, folder=tmp_path).fit()


def test_the_program_of_a_step_is_counted_before_it_is_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, 300 * 2**20)
    rows = {"x": np.ones((8192, 512), np.float32), "t": np.zeros(8192, int)}
    problem = refused(gl.loads(NET % 8192), **rows)
    assert problem.code == "GL807"
    assert "the program of a step" in problem.message
    assert "300 MiB is free on this machine" in problem.message
    assert problem.span is not None
    assert problem.help.startswith("take a smaller batch than 8,192")


def test_a_limit_below_what_is_free_keeps_its_own_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, 100 * GIB)
    rows = {"x": np.ones((8192, 512), np.float32), "t": np.zeros(8192, int)}
    problem = refused(gl.loads(NET % 8192, limits=gl.Limits(memory=300 * 2**20)), **rows)
    assert problem.code == "GL804"


LIMITED = """
import resource, sys
import numpy as np
import graphlang as gl
from graphlang.engine.free_memory import free_memory
graph = gl.loads(sys.argv[1])
rows = np.zeros((16384, 512), np.float32)
graph.predict(x=rows[:1])
taken = int(open("/proc/self/status").read().split("VmSize:")[1].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (taken + 700 * 2**20,) * 2)
try:
    graph.fit(x=rows, t=np.zeros(16384, int))
except gl.GraphError as error:
    print(error.diagnostics[0].code, error.diagnostics[0].message)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it takes the limits of Linux")
def test_a_process_with_a_limit_on_its_address_space_is_refused_and_does_not_run_out() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, NET % 16384], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("GL807 training takes about "), done.stdout + done.stderr
    assert "within the limit on its address space" in done.stdout
