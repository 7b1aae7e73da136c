"""Training checks the sizes of every batch as a single step on that batch would."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import graphlang as gl

TRAIN = "\ntrain { minimize = loss; optimizer = SGD(lr=0.0001); batch = 2; epochs = 1; dtype = float64 }"
ONES = np.ones((4, 2))


def refused(text: str, **arrays: Any) -> str:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text + TRAIN).fit(**arrays)
    (problem,) = caught.value.diagnostics
    with pytest.raises(gl.GraphError) as single:
        gl.loads(text + TRAIN).compile(train=True)({k: v[:2] for k, v in arrays.items()})
    assert single.value.diagnostics[0].code == problem.code
    return problem.message


def test_a_size_that_is_an_expression_is_checked_in_every_batch() -> None:
    text = "input x: float[N, D], y: float[N, 2*D]\nparam w: float = 1\nloss = mean(x) * w + mean(y)\noutput loss"
    message = refused(text, x=ONES, y=np.ones((4, 5)))
    assert message == "`y` is float[2, 5] in a batch of 2 rows, but the file declares float[N, 2*D]"
    gl.loads(text + TRAIN).fit(x=ONES, y=np.ones((4, 4)))


def test_the_batch_may_be_another_size_too() -> None:
    text = "input x: float[N, N]\nparam w: float = 1\nloss = sum(x) / (N * N) * w\noutput loss"
    message = refused(text, x=np.ones((4, 4)))
    assert message == "`N` is 2 in `x` and 4 in `x` in a batch of 2 rows"
    assert gl.loads(text + TRAIN).fit(x=np.ones((4, 4)), batch=4).losses == [1]


def test_defaults_bind_sizes_as_data_does() -> None:
    text = "input x: float[N, T], m: float[T] = [5]\nparam w: float = 1\nloss = mean(x * m) * w\noutput loss"
    assert refused(text, x=np.ones((4, 3))) == "`T` is 3 in `x` and 1 in `m` in a batch of 2 rows"
    text = "input x: float[N, 2], v: float[K] = [1, 2, 3]\nparam w: float = 1\nloss = mean(x) * w * K{}\noutput loss"
    for rest in ("", " + 0 * sum(v)"):
        assert gl.loads(text.format(rest) + TRAIN).fit(x=ONES).losses[0] == 3


def test_the_last_batch_is_checked_before_the_first_step() -> None:
    text = "input x: float[N], m: float[N] = [1, 2]\nparam w: float = 1\nloss = mean(x * m) * w\noutput loss"
    graph = gl.loads(text + TRAIN)
    with pytest.raises(gl.GraphError, match="`N` is 1 in `x` and 2 in `m` in a batch of 1 row\n"):
        graph.fit(x=np.ones(3))
    assert graph.params["w"] == 1
    assert len(graph.fit(x=np.ones(3), iterations=1).losses) == 1


def test_the_validation_split_is_checked_before_the_first_step() -> None:
    text = "input x: float[N], m: float[N] = [1, 2]\nparam w: float = 1\nloss = mean(x * m) * w\noutput loss"
    with pytest.raises(gl.GraphError, match="`N` is 4 in `x` and 2 in `m`"):
        gl.loads(text + TRAIN).fit(x=np.ones(2), validation={"x": np.ones(4)})


def test_whole_numbers_beyond_an_int_are_refused() -> None:
    text = "input x: float[N], k: int[N]\nparam w: float = 1\nloss = mean(x * w * k)\noutput loss"
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text + TRAIN).fit(x=np.ones(3), k=np.array([1, 2**63 + 5, 1], np.uint64))
    (problem,) = caught.value.diagnostics
    assert (
        problem.message
        == "the data's field `k` holds 9223372036854775813 in row 1, more than an int can hold"
    )


def test_the_result_does_not_depend_on_the_order_of_a_set() -> None:
    code = (
        "import numpy as np, graphlang as gl\n"
        "text = 'input x: float[N, 2], y: float[M]\\nparam w: float = 1\\n"
        "loss = mean(x) * w * N / M + mean(y)\\noutput loss'\n"
        f"print(gl.loads(text + {TRAIN!r}).fit(x=np.ones((4, 2)), y=np.ones(4)).losses)\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(2)
    }
    assert len(found) == 1


@pytest.mark.parametrize(("number", "what"), [("nan", "nan"), ("inf", "inf"), ("-inf", "-inf")])
def test_a_number_of_the_data_that_is_not_finite_is_named_with_its_row(number: str, what: str) -> None:
    x = np.ones((7, 2))
    x[5, 1] = float(number)
    text = "input x: float[N, 2], z: float[N]\nloss = mean((x -> Affine(1))**2) + 0 * sum(z)\noutput loss"
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text + TRAIN).fit(x=x, z=np.ones(7))
    (problem,) = caught.value.diagnostics
    assert problem.code == "GL625"
    assert problem.message == f"the data's field `x` holds {what} in row 5"
    assert "learning rate" not in (problem.help or "")


def test_a_step_of_ones_own_names_the_place() -> None:
    text = "input x: float[N, 2]\nloss = mean((x -> Affine(1))**2)\noutput loss"
    with pytest.raises(gl.GraphError, match=r"which holds nan at \[1, 0\]"):
        gl.loads(text + TRAIN).compile(train=True)(x=[[1, 2], [float("nan"), 3]])


def test_a_number_beyond_the_precision_of_the_run_is_named_with_its_row() -> None:
    x = np.ones((7, 2))
    x[4, 1] = -1e300
    text = "input x: float[N, 2]\nloss = mean((x -> Affine(1))**2)\noutput loss" + TRAIN
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text, dtype="float32").fit(x=x)
    (problem,) = caught.value.diagnostics
    assert problem.message == "the data's field `x` holds -1e+300 in row 4, more than float32 can hold"
    assert "dtype = float64" in (problem.help or "")
    assert len(gl.loads(text).fit(x=x, iterations=1).losses) == 1
