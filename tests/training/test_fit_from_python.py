"""`fit` with an optimizer and a schedule of the call, and on tables; names of classes on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphlang as gl

RNG = np.random.default_rng(4)
X, T = RNG.standard_normal((12, 3)), RNG.integers(0, 2, 12)
NET = """input x: float[N, 3], t: int[N]
y = x -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
train {{ minimize = loss; optimizer = {}; epochs = 2; batch = 5; dtype = float64; {} }}"""


class Halved(gl.Optimizer):
    """W <- W - lr * dW / 2"""

    def formula(self, W: Any, dW: Any, slots: Any, lr: Any, t: Any) -> Any:
        return W - lr * dW / 2, {}


class twice(gl.Schedule):
    """factor = 2"""

    def factor(self, t: int, total: int) -> float:
        return 2.0


def losses(written: str = "SGD(lr=0.1)", more: str = "", **options: Any) -> list[float]:
    return gl.loads(NET.format(written, more)).fit(x=X, t=T, **options).losses


def test_the_optimizer_and_the_schedule_of_a_call_stand_for_those_of_the_file() -> None:
    expected = losses("Adam(lr=0.01, beta1=0.8)", "schedule = cosine(floor=0.1)")
    adam, cosine = gl.optimizers.Adam(lr=0.01, beta1=0.8), gl.schedules.cosine(floor=0.1)
    assert losses(optimizer=adam, schedule=cosine) == expected
    assert losses(optimizer=gl.optimizers.Adam) == losses("Adam")
    drops = gl.schedules.plateau(monitor="loss", patience=0, factor=0.5)
    assert losses(schedule=drops) == losses(more="schedule = plateau(loss, patience=0, factor=0.5)")


def test_those_of_ones_own_need_no_place_in_the_file() -> None:
    graph = gl.loads(NET.format("SGD(lr=0.1)", 'groups = [group("*.b", lr=0.02)]'))
    expected = losses(more='groups = [group("*.b", lr=0.02)]')
    history = graph.fit(x=X, t=T, optimizer=Halved(lr=0.1), schedule=twice())
    np.testing.assert_allclose(history.losses, expected, rtol=1e-12)
    assert graph.spec.train is not None
    assert graph.spec.train.optimizer.name == "SGD"


def test_the_file_keeps_its_own_and_the_optimizer_of_the_call_remembers_nothing() -> None:
    graph, opt = gl.loads(NET.format("SGD(lr=0.1)", "")), gl.optimizers.Momentum(lr=0.1)
    graph.fit(x=X, t=T, optimizer=opt)
    assert opt.t == 0
    other = gl.loads(NET.format("SGD(lr=0.1)", ""))
    for name, array in graph.params.items():
        other.params[name] = array
    assert graph.fit(x=X, t=T).losses == other.fit(x=X, t=T).losses


def test_what_is_no_optimizer_and_no_schedule_is_told_what_is() -> None:
    for options, error, message in [
        (
            {"optimizer": "Adam"},
            TypeError,
            r"optimizer is one of gl\.optimizers or of your own, as gl\.optim",
        ),
        (
            {"schedule": gl.optimizers.SGD()},
            TypeError,
            r"schedule is one of gl\.schedules or of your own, as",
        ),
        ({"optimizer": 0.1}, TypeError, "not 0.1"),
        (
            {"schedule": gl.schedules.plateau(monitor="validation.f1")},
            ValueError,
            "schedule monitors `validation.f1`, but what is measured is loss",
        ),
    ]:
        with pytest.raises(error, match=message):
            losses(**options)
    SGD: Any = type("SGD", (Halved,), {"__module__": __name__})
    with pytest.raises(ValueError, match="the graph knows another optimizer of the name SGD: give the class"):
        losses(optimizer=SGD(lr=0.1))
    text = """param u = 1, v = 1
a = u * u
b = v * v
train { minimize = [objective(a, "u", SGD(0.1)), objective(b, "v", SGD(0.1))]; iterations = 2 }"""
    with pytest.raises(ValueError, match="the objectives of the file have optimizers of their own"):
        gl.loads(text).fit(optimizer=gl.optimizers.SGD())


FLOWERS = """input x: float[N, 2], t: int[N]
y = x -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output {}
data {{ source = csv("f.csv", test=0); x = standardize([length, width]); t = category(kind) }}
train {{ minimize = loss; optimizer = SGD(lr=0.5); epochs = 20; metrics = [accuracy(y, t)]; dtype = float64 }}"""
ROWS = {
    "id": [f"r{i}" for i in range(8)],
    "length": [1.0, 1.2, 0.9, 1.1, 3.0, 3.2, 2.9, 3.1],
    "width": [0.2, 0.3, 0.2, 0.1, 1.0, 1.2, 0.9, 1.1],
    "kind": ["daisy"] * 4 + ["rose"] * 4,
}


def test_fit_takes_a_table_of_raw_rows_as_it_takes_the_file_of_them(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS)
    frame.to_csv(tmp_path / "f.csv", index=False)
    by_file, by_frame = gl.loads(FLOWERS.format("y"), folder=tmp_path), gl.loads(FLOWERS.format("y"))
    expected = by_file.fit()
    history = by_frame.fit(frame, validation=frame.iloc[::2])
    assert history.losses == expected.losses
    assert by_frame.model.learned == by_file.model.learned
    assert history.last.validation["accuracy"] == 1
    assert by_frame.evaluate(frame) == by_file.evaluate(split="train")
    with pytest.raises(TypeError, match="validation is a data frame or rows where the data is"):
        by_frame.fit(frame, validation={"x": X})


def test_texts_where_numbers_belong_are_named_with_their_row() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({**ROWS, "day": pandas.to_datetime(["2020-01-31"] * 8)})
    graph = gl.loads(FLOWERS.format("y"))
    graph.fit(frame)
    with pytest.raises(gl.GraphError, match="`zz`, row 0, is no number of `width`"):
        graph.predict(frame.assign(width="zz"))
    plain = FLOWERS.format("y").replace("category(kind)", "kind")
    with pytest.raises(
        gl.GraphError, match=r"`daisy`, row 0, is no number of `kind`(.|\n)*`category\(kind\)`"
    ):
        gl.loads(plain).fit(frame)
    every = (
        FLOWERS.format("y")
        .replace("test=0", "test=0, target=kind")
        .replace("standardize([length, width])", "x")
    )
    with pytest.raises(gl.GraphError, match="`r0`, row 0, is no number of `id`"):
        gl.loads(every).fit(frame)
    with pytest.raises(gl.GraphError, match="`2020-01-31`, row 0, is no number of `day`"):
        gl.loads(every).fit(frame.drop(columns="id"))
    assert len(gl.loads(every).fit(frame.drop(columns=["id", "day"])).losses) == 20


def test_texts_and_cells_without_a_value_are_refused_as_inputs() -> None:
    graph = gl.loads("input x: float[N]\nparam w = 1\nloss = mean(w * x)\noutput loss\n"
                     "train { minimize = loss; optimizer = SGD; epochs = 1; batch = 1 }")  # fmt: skip
    with pytest.raises(gl.GraphError, match="`a`, row 0, is no number of `x`"):
        graph.fit(x=["a", "b"])
    with pytest.raises(gl.GraphError, match="`x` holds nan in row 1"):
        graph.fit(x=[1, None])


class shop(gl.DataSource):
    """A table with texts."""

    def read(self, files: Any) -> gl.Dataset:
        return gl.from_arrays(
            size=[1.0, 2.0, None, 4.0] * 5,
            kind=["tea", "tea", "coffee", "coffee"] * 5,
            day=np.array(["2020-01-31"] * 20, "M8[D]"),
        )


OWN_TABLE = """input x: float[N, 2], t: int[N]
y = x -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
data { source = shop(); validation = 0.2; x = [impute(size, mean), date(day) / 1e4]; t = category(kind) }
train { minimize = loss; optimizer = SGD; epochs = 2; batch = 5; dtype = float64 }"""


def test_a_source_of_ones_own_may_have_texts_and_dates_and_fit_prepares_a_data_set() -> None:
    by_source, by_data = gl.loads(OWN_TABLE, layers=[shop]), gl.loads(OWN_TABLE, layers=[shop])
    history = by_source.fit()
    assert by_source.model.learned["category(kind)"] == {"classes": ["coffee", "tea"]}
    assert by_source.predict(size=[1.0], day=["2020-01-31"], classes=True)[0] in ("coffee", "tea")
    data = shop().read(None)
    by_data.fit(data)
    assert by_data.model.learned["category(kind)"] == by_source.model.learned["category(kind)"]
    assert history.last.validation["loss"] > 0
    assert by_data.evaluate(data) == by_data.evaluate(
        size=[1.0, 2.0, None, 4.0] * 5, kind=["tea", "tea", "coffee", "coffee"] * 5, day=["2020-01-31"] * 20
    )


def test_without_a_data_section_inputs_take_the_columns_of_their_names_or_all_of_them() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    graph = gl.loads(NET.format("SGD", ""))
    np.testing.assert_array_equal(graph.predict(frame), graph.predict(X))
    product = gl.loads("input a: float[N], b: float[N]\ny = a * b\noutput y")
    np.testing.assert_array_equal(product.predict(frame), X[:, 0] * X[:, 1])
    with pytest.raises(gl.GraphError, match="x"):
        graph.predict(frame[["a", "b"]])


def test_predict_gives_the_names_of_classes_on_demand() -> None:
    columns = {name: ROWS[name] for name in ("length", "width")}
    rows: Any = dict(columns)
    for output in ("y", "argmax(y, axis=1)"):
        text = (
            FLOWERS.format(output)
            if output == "y"
            else FLOWERS.format("c").replace("loss =", f"c = {output}\nloss =")
        )
        graph = gl.loads(text)
        graph.model.learned.update({"category(kind)": {"classes": ["daisy", "rose"]}})
        graph.model.learned.update({"standardize([length, width])": {"less": [2.0, 0.6], "by": [1.0, 0.5]}})
        graph.params["Affine1.W"] = [[-1, 1], [-1, 1]]
        assert graph.predict(rows, classes=True).tolist() == ROWS["kind"]
        assert graph.predict(rows).dtype.kind in "fi"
    other = gl.loads(FLOWERS.format("z").replace("loss =", "z = mean(y)\nloss ="))
    other.model.learned.update(graph.model.learned)
    with pytest.raises(ValueError, match=r"wants an output with the number of a class .*float\[N, 2\]"):
        other.predict(rows, classes=True)
    with pytest.raises(ValueError, match="wants the names of classes"):
        gl.loads(NET.format("SGD", "")).predict(X, classes=True)
    odd = gl.loads("input classes: float[N]\ny = 2 * classes\noutput y")
    assert odd.predict(classes=[1.0]).tolist() == [2]
