"""Names of options and attributes in other libraries: each error says what to write here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphlang as gl

NET = """
input x: float[N, 4], t: int[N]
y = x -> Affine(5) -> Relu -> Affine(3)
loss = SoftmaxWithLoss(y, t)
output y
train { minimize = loss; optimizer = SGD(lr=0.5); batch = 10; epochs = 2; metrics = [accuracy(y, t)] }
"""
X = np.random.default_rng(0).standard_normal((40, 4))
T = np.arange(40) % 3


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("predict_proba", "softmax"), ("get_weights", "`params`"), ("set_weights", "`params"), ("plot", "graphlang run"),
        ("draw", "graphlang run"), ("grad", "`run"), ("get_params", "`params`"), ("trainable_variables", "`params`"),
        ("step", "compile\\(train=True\\)"), ("export", "`save`"), ("layers", "graphlang summary"), ("nodes", "`graph`"),
    ],
)  # fmt: skip
def test_an_attribute_of_another_library_gets_the_name_that_it_has_here(name: str, said: str) -> None:
    with pytest.raises(AttributeError, match=said):
        getattr(gl.loads(NET), name)


def test_a_graph_is_no_function() -> None:
    with pytest.raises(TypeError, match=r"run\(\.\.\.\).*predict"):
        gl.loads(NET)(X)


def test_a_result_is_a_mapping() -> None:
    result = gl.loads(NET).run(x=X, t=T)
    with pytest.raises(AttributeError, match=r'result\["loss"\]'):
        _ = result.loss  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"has no attribute `nothing`"):
        _ = result.nothing  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match=r'grad\["Affine1.b"\]'):
        result.grad("Affine1.b")  # type: ignore[operator]
    assert not hasattr(result, "__array__")


@pytest.mark.parametrize(
    "asked", [lambda h: h["loss"], lambda h: h[-1], lambda h: h.history, lambda h: h.loss, lambda h: list(h)]
)
def test_a_history_says_where_its_records_are(asked: Any) -> None:
    history = gl.loads(NET).fit(x=X, t=T)
    with pytest.raises((TypeError, AttributeError), match=r"`losses`.*`epochs`"):
        asked(history)
    assert history


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda net: net.save(3), r"save takes the name of a file, not int"),
        (lambda net: net.load_weights({"Affine1.b": np.zeros(5)}), r"load_weights takes .*not dict.*params\[name\]"),
        (lambda net: net.load_weights(None), r"load_weights takes the name of a file or a folder, not NoneType"),
        (lambda net: net.compile(train=True)(X, T), r"step\(x=\.\.\., t=\.\.\.\)"),
    ],
)  # fmt: skip
def test_what_a_call_takes_is_said(call: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        call(gl.loads(NET))


@pytest.mark.parametrize(
    ("labels", "help_"),
    [
        (T.astype(float), "t.astype(int)"),
        (np.eye(3)[T], "t.argmax(axis=-1)"),
        (np.eye(3, dtype=int)[T], "t.argmax(axis=-1)"),
    ],
)
def test_labels_as_floats_and_as_rows_are_told(labels: Any, help_: str) -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(NET).fit(x=X, t=labels)
    assert help_ in (caught.value.diagnostics[0].help or "")


@pytest.mark.parametrize(
    ("name", "help_"),
    [
        ("learning_rate", 'set={"lr": 3}'), ("batch_size", 'set={"batch": 3}'), ("epoch", "`epochs`"),
        ("optimiser", "`optimizer`"), ("momentum", 'set={"train.optimizer": "Momentum(lr=0.5, momentum=3)"}'),
    ],
)  # fmt: skip
def test_a_setting_without_its_section_is_found(name: str, help_: str) -> None:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(NET, set={name: 3})
    assert help_ in (caught.value.diagnostics[0].help or "")


@pytest.mark.parametrize(("name", "value"), [("epochs", 3), ("batch", 3), ("dtype", "float64")])
def test_a_setting_that_one_section_alone_has_is_taken_without_it(name: str, value: Any) -> None:
    assert getattr(gl.loads(NET, set={name: value}).spec.train, name) == value


@pytest.mark.parametrize(
    ("optimizer", "name", "said"),
    [
        ("Adam(0.02, beta1=0.8)", "lr", "gl.optimizers.Adam(lr=0.1, beta1=0.8)"),
        ("Adam(lr=0.02)", "learning_rate", "gl.optimizers.Adam(lr=0.1)"),
        ("Adam(lr=0.02)", "beta2", "gl.optimizers.Adam(lr=0.02, beta2=0.1)"),
        ("RMSProp", "weight_decay", "gl.optimizers.RMSProp(weight_decay=0.1)"),
        (
            "Adam(lr=0.02)",
            "momentum",
            "`Adam`, which the file has, knows none; for another optimizer write `optimizer=gl.optimizers.Momentum(",
        ),
        ("Momentum(lr=0.02)", "momentum", "gl.optimizers.Momentum(lr=0.02, momentum=0.1)"),
    ],
)
def test_an_attribute_given_to_fit_goes_to_the_optimizer_of_the_file(
    optimizer: str, name: str, said: str
) -> None:
    net = gl.loads(NET.replace("SGD(lr=0.5)", optimizer))
    with pytest.raises(TypeError) as caught:
        net.fit(x=X, t=T, **{name: 0.1})
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["lr", "learning_rate", "beta1", "weight_decay", "momentum"])
def test_a_rate_that_stands_in_the_section_is_advised_with_the_optimizer_of_the_file(name: str) -> None:
    net = NET.replace("SGD(lr=0.5)", "Adam(0.02, beta1=0.8)").replace("batch =", f"{name} = 0.1; batch =")
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(net)
    help_ = caught.value.diagnostics[0].help or ""
    assert "SGD" not in help_
    assert "`optimizer = Adam(" in help_ or "`Adam` has no `momentum`" in help_
    assert "0.02" in help_ or name in ("lr", "learning_rate")
