"""What the data section makes of its source is made of raw rows and raw images from Python too."""

import pickle
from pathlib import Path

import numpy as np
import pytest

import graphlang as gl
from graphlang.diagnostics import GraphError

TABLE = """area,rooms,kind,day,price
50.5,2,flat,2020-01-31,100
80,3,house,2021-02-03,200
120.25,4,house,2019-12-01,300
60,,flat,2020-06-15,150
"""
HOUSES = """
input x: float[N, 3], k: int[N], t: float[N]
e = Embedding(k, 2, 2)
y = (x -> Affine(1))[:, 0] + sum(e, axis=1)
loss = mean((y - t) ** 2)
output y
data {
  source = csv("houses.csv", missing=[""], test=0)
  x = standardize([area, impute(rooms, mean), log(area)])
  k = category(kind)
  t = price / 100
}
train { minimize = loss; optimizer = SGD(lr=0.01); epochs = 2; metrics = [mae(y, t)] }
"""
IMAGES = """
input x: float[N, 12], t: int[N]
y = x -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("data.npz", flatten=true, normalize=true); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.1); batch = 5; epochs = 1; seed = 1 }
"""


@pytest.fixture
def houses(tmp_path: Path) -> gl.Graph:
    (tmp_path / "houses.csv").write_text(TABLE)

    graph = gl.loads(HOUSES, folder=tmp_path)
    graph.fit()
    return graph


def test_predict_takes_columns_of_raw_rows(houses: gl.Graph) -> None:
    less, by = (
        np.array(houses.model.learned["standardize([area, impute(rooms, mean), log(area)])"][k])
        for k in ("less", "by")
    )
    area, rooms = np.array([70.0, 90.0]), np.array([np.nan, 5.0])
    x = (np.stack([area, [3, 5], np.log(area)], axis=1) - less) / by
    expected = houses.predict(x=x, k=[1, 0])
    np.testing.assert_allclose(houses.predict(area=area, rooms=rooms, kind=["house", "flat"]), expected)
    rows = {"area": area.tolist(), "rooms": rooms.tolist(), "kind": np.array(["house", "flat"], object)}
    np.testing.assert_allclose(houses.predict(rows), expected)
    np.testing.assert_allclose(houses.predict(area=90.0, rooms=5, kind="flat"), expected[1:])


def test_predict_and_evaluate_take_a_table_of_pandas(houses: gl.Graph) -> None:
    """Columns that nothing takes do no harm."""
    pandas = pytest.importorskip("pandas")
    rows = {"area": [70.0, 60.0], "rooms": [None, 3], "kind": ["flat", "house"], "price": [100, 150]}
    frame = pandas.DataFrame({"more": ["unused", None], **rows})
    expected = houses.predict(area=[70.0, 60.0], rooms=[np.nan, 3], kind=["flat", "house"])
    np.testing.assert_array_equal(houses.predict(frame), expected)
    np.testing.assert_array_equal(houses.predict(frame.convert_dtypes()), expected)
    assert houses.evaluate(frame) == houses.evaluate(rows | {"rooms": [np.nan, 3]})
    with pytest.raises(GraphError, match="takes the field `kind`"):
        houses.predict(frame[["area", "rooms"]])


def test_evaluate_takes_columns_of_raw_rows(houses: gl.Graph) -> None:
    rows = {"area": [50.5, 80], "rooms": [2, 3], "kind": ["flat", "house"], "price": [100, 200]}
    y = houses.predict({name: rows[name] for name in ("area", "rooms", "kind")})
    metrics = houses.evaluate(rows)
    assert metrics["mae"] == pytest.approx(np.abs(y - [1, 2]).mean())
    assert houses.evaluate(**rows) == metrics


def test_what_does_not_fit_what_was_learned_is_an_error(houses: gl.Graph) -> None:
    with pytest.raises(GraphError, match="`castle`, row 0, is no class of `kind`"):
        houses.predict(area=1, rooms=1, kind="castle")
    with pytest.raises(GraphError, match="the field `kind`"):
        houses.predict(area=1, rooms=1)
    with pytest.raises(GraphError, match="rooms"):
        houses.predict(area=[1, 2], rooms=[1], kind=["flat", "flat"])
    untrained = gl.loads(HOUSES, folder=houses.folder)
    with pytest.raises(GraphError, match="is not known"):
        untrained.predict(area=1, rooms=1, kind="flat")


def test_a_pickled_graph_keeps_what_was_learned(houses: gl.Graph) -> None:
    copy = pickle.loads(pickle.dumps(houses))
    rows = {"area": [70.0], "rooms": [3], "kind": ["flat"]}
    np.testing.assert_array_equal(copy.predict(rows), houses.predict(rows))
    assert copy.model.learned == houses.model.learned


@pytest.fixture
def images(tmp_path: Path) -> gl.Graph:
    x = np.random.default_rng(0).integers(0, 256, (8, 3, 4))
    np.savez(tmp_path / "data.npz", x=x, t=np.arange(8) % 3)
    graph = gl.loads(IMAGES, folder=tmp_path)
    graph.fit()
    return graph


def test_normalize_and_flatten_are_learned_and_applied_to_raw_images(
    images: gl.Graph, tmp_path: Path
) -> None:
    """This includes `normalize` and `flatten` of today."""
    assert images.model.learned == {"normalize(x)": {"by": 255.0}}
    raw = np.random.default_rng(1).integers(0, 100, (4, 3, 4))
    expected = images.predict(x=raw.reshape(4, 12) / 255)
    for kind in (np.uint8, np.int64):
        np.testing.assert_allclose(images.predict(x=raw.astype(kind)), expected, rtol=1e-5)
        np.testing.assert_allclose(images.predict(raw.reshape(4, 12).astype(kind)), expected, rtol=1e-5)
    assert images.evaluate(x=raw, t=[0, 1, 2, 0])["loss"] == pytest.approx(
        images.evaluate(x=raw.reshape(4, 12) / 255, t=[0, 1, 2, 0])["loss"], rel=1e-5
    )
    images.save(tmp_path / "w.npz")
    (tmp_path / "data.npz").unlink()
    other = gl.loads(IMAGES, folder=tmp_path)
    other.load_weights(tmp_path / "w.npz")
    np.testing.assert_allclose(other.predict(raw), expected, rtol=1e-5)


def test_other_data_is_divided_by_what_was_learned(images: gl.Graph, tmp_path: Path) -> None:
    dark = np.random.default_rng(1).integers(0, 2, (4, 3, 4))
    np.savez(tmp_path / "data.npz", x=dark, t=[0, 1, 2, 0])
    assert images.evaluate() == pytest.approx(images.evaluate(x=dark, t=[0, 1, 2, 0]), rel=1e-5)


def test_without_normalize_whole_numbers_stay(images: gl.Graph) -> None:
    graph = gl.loads(IMAGES, folder=images.folder)
    raw = np.full((1, 12), 200)
    np.testing.assert_array_equal(graph.predict(x=raw), graph.predict(x=raw.astype(float)))


def test_texts_are_raw_rows_where_an_input_has_the_name_of_their_column(tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_text(TABLE)
    only = gl.loads(
        "input kind: int[N]\ny = kind * 2\noutput y\n"
        'data { source = csv("houses.csv", test=0); kind = category(kind) }',
        folder=tmp_path,
    )
    only.model.learned["category(kind)"] = {"classes": ["flat", "house"]}
    for kinds in (["house", "flat"], np.array(["house", "flat"]), np.array(["house", "flat"], object)):
        assert only.predict(kind=kinds).tolist() == [2, 0]
    assert only.predict(kind="house").tolist() == [2]
    assert only.predict(kind=[1, 0, 0]).tolist() == [2, 0, 0]
    with pytest.raises(GraphError, match="`castle`, row 0, is no class"):
        only.predict(kind=["castle"])
