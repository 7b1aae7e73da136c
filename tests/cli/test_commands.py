"""The commands, called in the process: what they print, where, and with which status they end."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from graphlang import cli
from graphlang.cli import main

FRUIT = """\
# Buying fruit
input apple = 100, apple_num = 2, orange = 150, orange_num = 3, tax = 1.1
apple_price = apple * apple_num
orange_price = orange * orange_num
total = apple_price + orange_price
price = total * tax
output price
expect price ~= 715
expect grad(price, apple) ~= 2.2
"""
NET = """\
hyper hidden = 4
input x: float[N, 3], t: int[N]
y = x -> Affine(hidden) -> Relu -> Affine(2)
loss = SoftmaxWithLoss(y, t)
output y
data { source = npz("data.npz"); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.5); batch = 8; epochs = 3; metrics = [accuracy(y, t)] }
gradcheck { of = loss }
"""


class Run:
    """Calls the command line in a folder of its own and keeps what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *words: str, stdin: str | None = None) -> tuple[int, str, str]:
        if stdin is not None:
            self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        status = main(list(words))
        captured = self._capsys.readouterr()
        return status, captured.out, captured.err


@pytest.fixture
def graphlang(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("GRAPHLANG_DEBUG", raising=False)
    (tmp_path / "fruit.graph").write_text(FRUIT)
    (tmp_path / "net.graph").write_text(NET)
    rng = np.random.default_rng(7)
    x = rng.standard_normal((40, 3))
    t = (x[:, 0] > 0).astype(np.int64)
    np.savez(tmp_path / "data.npz", x_train=x[:32], t_train=t[:32], x_test=x[32:], t_test=t[32:])
    return Run(capsys, monkeypatch)


# ---- run -----------------------------------------------------------------------------------------


def test_run_draws_the_figure_of_the_book(graphlang, golden):
    status, out, err = graphlang("run", "fruit.graph")
    assert (status, err) == (0, "")
    golden("run_fruit.txt", out)


def test_run_prints_the_one_object_of_the_contract(graphlang):
    status, out, err = graphlang("run", "fruit.graph", "--json")
    found = json.loads(out)
    assert (status, err, list(found)) == (0, "", ["outputs", "values", "gradients", "of"])
    assert found["of"] == "price"
    assert found["outputs"]["price"] == pytest.approx(715)
    inner = [found["values"][n] for n in ("apple_price", "orange_price", "total")]
    assert inner == pytest.approx([200, 450, 650])
    # Figure 5-17 of the book.
    expected = {"apple": 2.2, "apple_num": 110, "orange": 3.3, "orange_num": 165, "tax": 650}
    assert {name: found["gradients"][name] for name in expected} == pytest.approx(expected)


def test_a_formula_from_stdin_needs_no_file(graphlang):
    settings = [f"--set={n}" for n in ("apple=100", "num=2", "orange=150", "onum=3", "tax=1.1")]
    formula = "price = (apple*num + orange*onum) * tax"
    status, out, err = graphlang("run", "-", "--json", *settings, stdin=formula)
    assert (status, err) == (0, "")
    assert json.loads(out)["outputs"] == {"price": pytest.approx(715)}


def test_all_missing_inputs_are_named_at_once(graphlang):
    status, out, err = graphlang("run", "-", stdin="price = (apple*num + orange*onum) * tax")
    assert (status, out) == (1, "")
    assert "missing inputs: `apple`, `num`, `orange`, `onum`, `tax`" in err
    assert "--set apple=... --set num=..." in err


def test_a_value_without_the_axis_of_the_batch_is_told_how_to_write_it(graphlang):
    text = "input x: float[N, 3]\ny = sum(x)"
    status, _, err = graphlang("run", "-", "--set", "x=[1, 2, 3]", stdin=text)
    assert status == 1
    assert "help: a batch of one has one more pair of brackets: `--set x=[[1,2,3]]`" in err.splitlines()


def test_a_value_used_twice_carries_its_parts_on_its_branches(graphlang, golden):
    status, out, _ = graphlang("run", "-", "--set", "x=3", stdin="y = x * x + x")
    assert status == 0
    golden("run_square.txt", out)


def test_what_a_picture_leaves_out_stands_below_it(graphlang, golden):
    text = "input x = 3\nz = x**2\nslope = grad(z, x)\noutput z"
    status, out, _ = graphlang("run", "-", stdin=text)
    assert status == 0
    golden("run_slope.txt", out)


def test_tensors_are_a_table(graphlang, golden):
    text = "input x: float[N] = [1, 2, 3]\ny = sum(x**2)"
    status, out, _ = graphlang("run", "-", stdin=text)
    assert status == 0
    golden("run_table.txt", out)


def test_elements_of_small_arrays_are_short_and_many_are_summed_up(graphlang):
    text = "input x: float[N] = [{}]\ny = sum(x / 3)"
    few = graphlang("run", "-", stdin=text.format("1, 2, 1000000"))[1]
    assert "[0.333333, 0.333333, 0.333333]" in few
    assert "[1, 2, 1000000]" in few
    assert "mean" in graphlang("run", "-", stdin=text.format(", ".join("1234567890123456789")))[1]


def test_backward_starts_from_any_value_with_any_gradient(graphlang):
    # Section 5.4.1: 10 * 5 with 1.3 from upstream.
    words = ("run", "-", "--json", "--of", "z", "--seed-gradient", "1.3")
    status, out, _ = graphlang(*words, stdin="input x = 10, y = 5\nz = x * y\nw = exp(-z)\noutput w")
    found = json.loads(out)
    assert (status, found["of"]) == (0, "z")
    assert found["gradients"]["x"] == pytest.approx(6.5)
    assert found["gradients"]["y"] == pytest.approx(13)
    assert found["gradients"]["w"] == 0


def test_several_outputs_give_values_and_a_note_on_how_to_choose(graphlang):
    status, out, err = graphlang("run", "-", "--json", stdin="input x = 2\na = x**2\nb = x**3")
    assert status == 0
    assert json.loads(out) == {
        "outputs": {"a": 4, "b": 8}, "values": {"x": 2, "a": 4, "b": 8}, "gradients": {}, "of": None
    }  # fmt: skip
    assert "--of NAME" in err


def test_inputs_come_from_json_npz_and_npy_alike(graphlang, tmp_path):
    np.savez(tmp_path / "in.npz", apple=100.0, tax=1.1)
    np.save(tmp_path / "num.npy", np.array([1.0, 2.0]))
    (tmp_path / "in.json").write_text('{"apple": 100, "tax": 1.1}')
    found = []
    for file in ("in.npz", "in.json"):
        words = ("--inputs", file, "--set", "apple_num=@num.npy")
        status, out, _ = graphlang("run", "fruit.graph", "--json", *words)
        assert status == 0
        found.append(json.loads(out))
    assert found[0] == found[1]
    assert found[0]["outputs"]["price"] == pytest.approx([605, 715])


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("[1, 2]", "no object"),
        ("{", "not JSON"),
        ('{"apple": "many"}', "`apple` is a text"),
        ('{"apple": {"a": 1}}', "`apple` is an object"),
        ('{"aple": 1}', "did you mean `apple`?"),
        ("[" * 100_000, "more than 64 brackets are open at once"),
    ],
)
def test_wrong_inputs_are_diagnostics(graphlang, content, wrong):
    status, out, err = graphlang("run", "fruit.graph", "--inputs", "-", stdin=content)
    assert (status, out) == (1, "")
    assert wrong in err


@pytest.mark.parametrize(
    ("text", "number"),
    [("-1e-3", -1e-3), (".5", 0.5), ("5.", 5.0), ("-5", -5.0), ("-.5", -0.5), ("+2", 2.0), ("-2E+1", -20.0)],
)
def test_numbers_are_read_in_every_usual_form(graphlang, text, number):
    status, out, _ = graphlang("run", "fruit.graph", "--seed-gradient", text, "--json")
    assert status == 0
    assert json.loads(out)["gradients"]["price"] == number
    status, out, _ = graphlang("run", "fruit.graph", "--set", f"apple={text}", "--json")
    assert status == 0
    assert json.loads(out)["values"]["apple"] == number


def test_a_list_of_gradients_has_numbers_of_every_form(graphlang):
    words = ("run", "-", "--json", "--seed-gradient", "[.5, -1e-3, 2.]")
    status, out, _ = graphlang(*words, stdin="input x: float[N] = [1, 2, 3]\ny = 2 * x")
    assert status == 0
    assert json.loads(out)["gradients"]["x"] == [1, -2e-3, 4]


@pytest.mark.parametrize("text", ["true", "[1, true]", "[1, 'a']", "", "[", "(1, 2)", "1 2", "[" * 10_000])
def test_what_is_no_gradient_is_wrong_usage(graphlang, text):
    status, _, err = graphlang("run", "fruit.graph", "--seed-gradient", text)
    assert status == 2
    assert "is neither a number nor a list of numbers" in err


@pytest.mark.parametrize("option", [("--seed", "-1e3"), ("--threads", "-.5"), ("--seed", "5.")])
def test_a_wrong_number_is_told_as_a_number(graphlang, option):
    status, _, err = graphlang("run", "fruit.graph", *option)
    assert status == 2
    assert f"`{option[1]}` is not a whole number" in err


def test_run_takes_several_files(graphlang, golden):
    Path("two.graph").write_text("y = 2 * a\ninput a = -1")
    status, out, err = graphlang("run", "fruit.graph", "two.graph", "broken.graph")
    assert (status, out.count("==> ")) == (1, 3)
    assert "there is no such file" in err
    golden("run_two_files.txt", graphlang("run", "fruit.graph", "two.graph")[1])


def test_each_of_several_files_is_an_object_on_a_line_of_its_own(graphlang, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "two.graph").write_text("y = 2 * a\ninput a = -1")
    status, out, _ = graphlang(
        "run", "fruit.graph", "-", "more", "--json", stdin="input apple = 1\nz = apple"
    )
    found = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [f["file"] for f in found] == ["fruit.graph", "<stdin>", "more/two.graph"]
    assert [list(f["outputs"].values()) for f in found[1:]] == [[1], [-2]]
    assert "file" not in json.loads(graphlang("run", "fruit.graph", "--json")[1])


def test_inputs_from_stdin_go_to_each_of_several_files(graphlang):
    Path("two.graph").write_text("input apple\nz = 3 * apple")
    status, out, _ = graphlang(
        "run", "two.graph", "fruit.graph", "--json", "--inputs", "-", stdin='{"apple": 7}'
    )
    assert status == 0
    assert [json.loads(line)["values"]["apple"] for line in out.splitlines()] == [7, 7]


def test_predict_without_an_output_in_the_file_says_what_to_write(graphlang):
    text = NET.replace("output y\n", "")
    Path("net.graph").write_text(text)
    graphlang("train", "net.graph")
    words = ("predict", "net.graph", "--weights", "runs/net-1", "--inputs", "-")
    status, _, err = graphlang(*words, stdin='{"x": [[1, 2, 3]]}')
    assert status == 1
    assert "missing input: `t`" in err
    assert "help: `y` does without `t`: write `output y` in the file to get it; or give t: int[N] with" in err
    assert "output" not in graphlang("predict", "-", stdin="y = a + 1")[2]


def test_a_long_whole_number_is_a_value_from_everywhere(graphlang):
    number = "123456789012345678901234567890"
    for words in (("--set", f"apple={number}"), ("--inputs", "-")):
        status, out, _ = graphlang("run", "fruit.graph", *words, "--json", stdin=f'{{"apple": {number}}}')
        assert status == 0
        assert json.loads(out)["values"]["apple"] == float(number)


def test_what_one_command_writes_the_next_one_reads(graphlang):
    text = "input x\ny = x * 1"
    status, out, _ = graphlang("predict", "-", "--set", "x=[1, nan, -inf]", stdin=text)
    assert (status, json.loads(out)) == (0, {"y": [1, "nan", "-inf"]})
    (Path("in.json")).write_text(out.replace("y", "x"))
    note = "note: `x` in `in.json` holds nan at [1]\n"
    assert graphlang("predict", "-", "--inputs", "in.json", stdin=text) == (0, out, note)
    assert graphlang("predict", "-", "--set", "x=inf", stdin=text)[1] == '{"y": "inf"}\n'


def test_files_for_inputs_that_cannot_be_read_are_diagnostics(graphlang, tmp_path):
    (tmp_path / "bad.npy").write_bytes(b"no array")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 no archive")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    for words in (
        ("GL720", "--set", "apple=@bad.npy"),
        ("GL720", "--set", "apple=@objects.npy"),
        ("GL713", "--set", "apple=@missing.npy"),
        ("GL720", "--inputs", "bad.npz"),
        ("GL713", "--inputs", "missing.json"),
        ("GL713", "--inputs", "."),
    ):
        code, *options = words
        status, out, err = graphlang("run", "fruit.graph", *options)
        assert (status, out) == (1, ""), words
        assert err.startswith(f"error[{code}]"), words


def test_no_advice_of_numpy_and_no_number_of_the_system_is_passed_on(graphlang, tmp_path):
    (tmp_path / "README.md").write_text("# Fruit")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    for file in ("README.md", "objects.npy", "."):
        _, _, err = graphlang("run", "fruit.graph", "--set", f"apple=@{file}")
        assert not any(word in err for word in ("pickle", "Errno", "unsafely")), err
    assert (
        "help: write it with `numpy.save(file, x)`"
        in graphlang("run", "fruit.graph", "--set", "apple=@README.md")[2]
    )


def test_only_an_input_takes_a_file(graphlang, tmp_path):
    np.save(tmp_path / "one.npy", np.array(1.0))
    assert "only an input" in graphlang("summary", "net.graph", "--set", "hidden=@one.npy")[2]
    assert "did you mean `apple`?" in graphlang("run", "fruit.graph", "--set", "aple=@one.npy")[2]


def test_a_run_without_inputs_takes_samples_of_the_files_own_data(graphlang):
    status, out, err = graphlang("run", "net.graph", "--json")
    assert status == 0
    assert np.shape(json.loads(out)["values"]["x"]) == (3, 3)
    assert "first 3 samples" in err


def test_samples_of_the_data_do_not_go_with_a_value_from_outside(graphlang):
    status, _, err = graphlang("run", "net.graph", "--set", "t=[1, 0, 1]")
    assert status == 1
    assert "no inputs are given" not in err
    assert "missing input: `x`" in err


def test_data_without_the_fields_of_the_file_names_those_that_it_has(graphlang, tmp_path):
    np.savez(tmp_path / "other.npz", image=np.ones((5, 3)), label=np.zeros(5, int))
    status, _, err = graphlang("run", "net.graph", "--data", "other.npz")
    assert status == 1
    assert "the input `x` takes the field `x`, which the data (other.npz) does not have" in err
    assert "its fields are `image`, `label`" in err


def test_a_file_that_computes_nothing_says_so(graphlang):
    for text in ("", "# only a comment", "input x = 1", "def f(x) = x"):
        status, out, err = graphlang("run", "-", stdin=text)
        assert (status, out, err) == (0, "", "note: <stdin> computes no value: there is nothing to run\n")


def test_what_a_layer_remembers_has_no_gradient(graphlang):
    text = "input x: float[N, 2] = [[1, 2], [3, 5]]\ny = x -> BatchNorm\nz = sum(y**2)\noutput z"
    status, out, _ = graphlang("run", "-", stdin=text)
    assert status == 0
    rows = {line.split()[0]: line.split() for line in out.splitlines()}
    assert rows["BatchNorm1.mean"] == ["BatchNorm1.mean", "[0,", "0]"]
    assert len(rows["BatchNorm1.beta"]) == 5
    assert "BatchNorm1.mean" not in json.loads(graphlang("run", "-", "--json", stdin=text)[1])["gradients"]


def test_nothing_that_a_file_says_steers_the_terminal(graphlang, tmp_path):
    evil = "\x1b[31mred\x07"
    (tmp_path / f"{evil}.graph").write_text(f"input x = 1\ny = x + {evil}")
    for words in (("run", "fruit.graph", "--inputs", "-"), ("check", f"{evil}.graph"), ("run", evil)):
        for form in ("full", "concise", "github"):
            _, out, err = graphlang(*words, "--format", form, stdin=json.dumps({evil: 1}))
            assert "\x1b" not in out + err, (words, form)
            assert "\x07" not in out + err, (words, form)


def test_both_from_stdin_is_a_usage_error(graphlang):
    status, _, err = graphlang("run", "-", "--inputs", "-", stdin="")
    assert status == 2
    assert "cannot both" in err


# ---- check ---------------------------------------------------------------------------------------

BAD = "input x = 1\ny = x + z\nw = sin(q)\n"


def test_check_prints_all_mistakes_of_all_files(graphlang, golden, tmp_path):
    (tmp_path / "bad.graph").write_text(BAD)
    status, out, err = graphlang("check", "fruit.graph", "bad.graph")
    assert status == 1
    assert err == "2 files checked: 2 errors\n"
    golden("check_bad.txt", out)


def test_check_reads_folders_and_no_data(graphlang, tmp_path):
    (tmp_path / "data.npz").unlink()
    status, out, err = graphlang("check", ".")
    assert (status, out, err) == (0, "", "2 files checked: no mistakes\n")


def test_a_file_that_is_not_there_is_not_another_one_for_its_ending(graphlang):
    assert "did you mean" not in graphlang("check", "tree.graph")[1]
    assert "did you mean `fruit.graph`?" in graphlang("check", "friut.graph")[1]


def test_check_speaks_the_formats_of_machines(graphlang, tmp_path):
    (tmp_path / "bad.graph").write_text(BAD)
    status, out, _ = graphlang("check", "bad.graph", "--format", "json")
    assert status == 1
    assert [(d["code"], d["line"]) for d in json.loads(out)] == [("GL201", 2), ("GL201", 3)]
    assert json.loads(graphlang("check", "bad.graph", "--json")[1]) == json.loads(out)
    sarif = json.loads(graphlang("check", "bad.graph", "--format", "sarif")[1])
    assert len(sarif["runs"][0]["results"]) == 2
    concise = graphlang("check", "bad.graph", "--format", "concise")[1].splitlines()
    assert [line.partition(" ")[0] for line in concise] == ["bad.graph:2:9:", "bad.graph:3:9:"]
    github = graphlang("check", "bad.graph", "--format", "github")[1]
    assert github.startswith("::error file=bad.graph,line=2")


# ---- gradcheck and test --------------------------------------------------------------------------


def test_gradcheck_prints_a_row_per_parameter(graphlang):
    status, out, _ = graphlang("gradcheck", "net.graph", "--json")
    found = json.loads(out)
    assert (status, found["ok"], found["culprit"]) == (0, True, None)
    assert [row["name"] for row in found["rows"]] == ["Affine1.W", "Affine1.b", "Affine2.W", "Affine2.b"]
    assert found["worst"] < 1e-6
    status, out, _ = graphlang("gradcheck", "net.graph")
    assert status == 0
    heads = "name mean difference worst relative checked result"
    assert out.splitlines()[0].split() == heads.split()


def test_gradcheck_names_the_operation_with_a_wrong_backward(graphlang, monkeypatch):
    from graphlang.layers.relu import Relu

    monkeypatch.setattr(Relu, "backward", lambda self, dy, saved: (2 * dy,))
    status, out, _ = graphlang("gradcheck", "net.graph")
    assert status == 1
    assert "whose own gradient is wrong: Relu1 (Relu)" in out
    status, out, err = graphlang("test", "net.graph")
    assert status == 1
    assert out.startswith("FAIL  net.graph: gradcheck of loss")
    assert err == "1 failed\n"


@pytest.mark.parametrize(("formula", "culprit"), [("log(w)", "log1 (log)"), ("sqrt(w * w)", "sqrt1 (sqrt)")])
def test_gradcheck_calls_no_rule_wrong_for_a_gradient_that_is_not_finite(formula, culprit, graphlang):
    Path("infinite.graph").write_text(f"param w: float[2] = [0, 1]\nloss = sum({formula})\noutput loss\n")
    status, out, _ = graphlang("gradcheck", "infinite.graph")
    said = " ".join(out.split())
    assert status == 1
    assert (
        f"gradients of `loss` that are not finite, by `w`; the first operation with such a gradient: {culprit}"
        in said
    )
    assert "is wrong" not in said


def test_gradcheck_takes_another_scalar(graphlang):
    status, out, _ = graphlang("gradcheck", "fruit.graph", "--of", "total", "--json")
    assert status == 0
    assert [row["name"] for row in json.loads(out)["rows"]] == ["apple", "apple_num", "orange", "orange_num"]


def test_test_prints_a_line_per_expectation(graphlang):
    status, out, err = graphlang("test", "fruit.graph", "net.graph")
    assert (status, err) == (0, "3 passed\n")
    assert out.splitlines() == [
        "pass  fruit.graph:8: expect price ~= 715",
        "pass  fruit.graph:9: expect grad(price, apple) ~= 2.2",
        "pass  net.graph: gradcheck of loss",
    ]


def test_a_failing_expectation_says_both_sides(graphlang):
    status, out, err = graphlang("test", "-", stdin="input x = 2\ny = x**2\nexpect y ~= 5")
    assert (status, err) == (1, "1 failed\n")
    assert "the left side is 4, the right side 5" in out


def test_a_broken_file_does_not_hide_the_others(graphlang, tmp_path):
    (tmp_path / "bad.graph").write_text(BAD)
    status, out, err = graphlang("test", "bad.graph", "fruit.graph")
    assert status == 1
    assert out.count("pass") == 2
    assert "GL201" in err
    assert err.endswith("2 passed, 1 file could not be tested\n")
    assert graphlang("test", "bad.graph", "bad2.graph")[2].endswith("2 files could not be tested\n")


def test_standard_input_goes_by_one_name(graphlang):
    assert graphlang("test", "-", stdin="y = x * 2")[2].startswith("note: <stdin> has no `expect`")
    assert graphlang("test", "-", stdin="input x = 1\nexpect x ~= 1")[1] == "pass  <stdin>:2: expect x ~= 1\n"


# ---- train, evaluate, predict --------------------------------------------------------------------


def test_training_keeps_a_run_that_evaluates_the_same(graphlang, tmp_path):
    status, out, err = graphlang("train", "net.graph")
    assert status == 0
    assert [line.split(":")[0] for line in err.splitlines()] == ["epoch 1", "epoch 2", "epoch 3"]
    assert out.startswith("trained 12 iterations, weights in ")
    status, out, _ = graphlang("train", "net.graph", "--json")
    found = json.loads(out)
    assert Path(found["run"]) == Path("runs/net-2")
    assert (found["iterations"], len(found["epochs"])) == (12, 3)
    status, out, _ = graphlang("evaluate", "net.graph", "--weights", "runs/net-1", "--json")
    assert status == 0
    assert json.loads(out)["accuracy"] == found["epochs"][-1]["test"]["accuracy"]


def test_evaluating_says_over_what(graphlang, tmp_path):
    graphlang("train", "net.graph")
    words = ("evaluate", "net.graph", "--weights", "runs/net-1")
    assert graphlang(*words)[2] == "evaluated over the test split of data.npz, 8 samples\n"
    assert (
        graphlang(*words, "--split", "train")[2] == "evaluated over the train split of data.npz, 32 samples\n"
    )
    np.savez(tmp_path / "one.npz", x=np.ones((5, 3)), t=np.zeros(5, int))
    assert graphlang(*words, "--data", "one.npz")[2].splitlines() == [
        "note: the data has no test split: evaluating all of it",
        "evaluated over one.npz, 5 samples",
    ]
    (tmp_path / "plain.graph").write_text(NET.partition("train {")[0])
    status, _, err = graphlang("evaluate", "plain.graph", "--weights", "runs/net-1", "--data", "one.npz")
    assert status == 1
    assert err.startswith("error[GL708]")


def test_an_interrupted_run_can_be_gone_on_with(graphlang, monkeypatch, tmp_path):
    from graphlang.cli import training_progress as command

    def stop(self, epoch):
        raise KeyboardInterrupt

    graphlang("train", "net.graph", "--run", "whole")
    with monkeypatch.context() as patched:
        patched.setattr(command.Lines, "epoch", stop)
        status, out, err = graphlang("train", "net.graph", "--run", "part one")
    assert (status, out) == (130, "")
    assert err.splitlines()[-1].strip() == "graphlang train net.graph --resume 'part one'"
    status, _, _ = graphlang("train", "net.graph", "--resume", "part one")
    assert status == 0
    whole, parts = (np.load(tmp_path / run / "weights.npz") for run in ("whole", "part one"))
    assert all(np.array_equal(whole[name], parts[name]) for name in whole.files)


def test_a_finished_run_is_already_done(graphlang, tmp_path):
    graphlang("train", "net.graph", "--run", "r", "--set", "train.iterations=300", "--set", "hidden=5")
    weights = (tmp_path / "r" / "weights.npz").read_bytes()
    status, out, err = graphlang("train", "net.graph", "--resume", "r")
    assert status == 0
    assert out.startswith("the run is already at 300 iterations: nothing was trained, weights in r: loss ")
    assert err.splitlines() == [
        "note: going on with what the run was last set to: --set train.iterations=300 --set hidden=5",
        "help: `--set train.epochs=N` or `--set train.iterations=N` lets it go on for longer",
    ]
    assert (tmp_path / "r" / "weights.npz").read_bytes() == weights
    status, out, err = graphlang("train", "net.graph", "--resume", "r", "--json")
    assert json.loads(out)["iterations"] == 300
    assert "note: the run is already at 300 iterations: nothing was trained" in err


def test_what_is_given_anew_displaces_what_the_run_was_started_with(graphlang):
    graphlang("train", "net.graph", "--run", "r", "--set", "train.iterations=6", "--set", "hidden=5")
    _, out, err = graphlang("train", "net.graph", "--resume", "r", "--set", "train.epochs=2")
    assert out.startswith("trained 8 iterations")
    assert err.startswith("note: going on with what the run was last set to: --set hidden=5\n")
    # And the next one goes on with that.
    assert graphlang("train", "net.graph", "--resume", "r")[1].startswith(
        "the run is already at 8 iterations"
    )
    status, _, err = graphlang("train", "net.graph", "--resume", "r", "--set", "hidden=6")
    assert status == 1
    assert "`Affine1.W` is [3, 5] in the weights and [3, 6] in the graph" in err


def test_a_run_that_goes_on_takes_no_weights_from_elsewhere(graphlang):
    graphlang("train", "net.graph", "--run", "r")
    status, _, err = graphlang("train", "net.graph", "--resume", "r", "--weights", "r")
    assert status == 2
    assert "--weights has no place beside it" in err


def test_the_loss_of_training_is_the_same_number_in_json_and_in_words(graphlang):
    _, out, _ = graphlang("train", "net.graph", "--run", "a")
    found = json.loads(graphlang("train", "net.graph", "--run", "b", "--json")[1])
    assert found["loss"] == found["epochs"][-1]["loss"]
    assert f"loss {found['loss']:.4f};" in out


def test_predict_needs_neither_labels_nor_loss(graphlang, tmp_path):
    graphlang("train", "net.graph")
    words = ("predict", "net.graph", "--weights", "runs/net-1", "--inputs", "-")
    status, out, _ = graphlang(*words, stdin='{"x": [[1, 2, 3], [-1, 0, 2]]}')
    assert status == 0
    scores = json.loads(out)["y"]
    status, out, _ = graphlang(*words, "-o", "y.npz", stdin='{"x": [[1, 2, 3], [-1, 0, 2]]}')
    assert (status, out) == (0, "")
    (alone,) = json.loads(graphlang(*words, "--json", stdin='{"x": [[1, 2, 3]]}')[1])["y"]
    assert alone == pytest.approx(
        scores[0], rel=1e-5
    )  # a row alone may be summed in another order than in a batch
    status, _, err = graphlang(*words, "-o", "nowhere/y.npz", stdin='{"x": [[1, 2, 3]]}')
    assert status == 1
    assert err.startswith("error[GL716]: `nowhere/y.npz` cannot be written: there is no folder `nowhere`")
    assert ".tmp" not in err
    assert np.load(tmp_path / "y.npz")["y"] == pytest.approx(np.array(scores))


def test_predicting_with_untrained_parameters_is_refused(graphlang):
    for command in ("predict", "evaluate"):
        status, _, err = graphlang(command, "net.graph")
        assert status == 2
        assert "--weights" in err


def test_a_command_names_the_section_that_it_misses(graphlang):
    for command in ("train", "evaluate"):
        status, _, err = graphlang(command, "fruit.graph")
        assert status == 1
        assert f"`{command}` needs a" in err


def test_settings_are_overridden_from_outside(graphlang):
    words = ("--set", "train.epochs=1", "--set", "hidden=7", "--json")
    assert json.loads(graphlang("train", "net.graph", *words)[1])["iterations"] == 4
    assert (
        json.loads(graphlang("train", "net.graph", "--set", "train.iterations=2", "--json")[1])["iterations"]
        == 2
    )
    status, _, err = graphlang("train", "net.graph", "--set", "hiden=7")
    assert status == 1
    assert "`--set hiden`" in err
    assert "did you mean `hidden`?" in err


def test_two_lengths_of_training_from_outside_are_one_too_many(graphlang):
    words = ("--set", "train.epochs=1", "--set", "train.iterations=7")
    status, _, err = graphlang("train", "net.graph", *words)
    assert status == 1
    assert err.startswith("error[GL505]: `--set train.iterations`: `train.epochs` is given too")
    assert "help: keep one" in err


# ---- summary, layers, explain --------------------------------------------------------------------


def test_summary_counts_by_the_open_batch_size(graphlang, golden):
    status, out, _ = graphlang("summary", "net.graph")
    assert status == 0
    golden("summary_net.txt", out)
    total = json.loads(graphlang("summary", "net.graph", "--json")[1])["total"]
    # 3*4 + 4 and 4*2 + 2 parameters.
    assert (total["parameters"], total["trainable"]) == (26, 26)


def test_a_convolution_counts_its_bias_as_every_layer_does(graphlang):
    text = "input x: float[N, 1, 5, 5]\ny = x -> Conv(2, 3{})\noutput y"
    flops = []
    for bias in ("", ", bias=false"):
        found = json.loads(graphlang("summary", "-", "--json", stdin=text.format(bias))[1])
        flops.append(found["total"]["flops"])
    # 2 * 3 * 3 results of 9 products and 9 sums each, and the bias once for each result.
    assert flops == ["342*N", "324*N"]


def test_a_total_with_unknown_parts_says_at_least(graphlang):
    text = (
        "input xs: float[N, T, 3]\ns = scan x in xs carry h = zeros(N, 3) {\n  k = h + x\n  next h = k\n  yield k\n}\n"
        "y = sum(s)"
    )
    rows = graphlang("summary", "-", stdin=text)[1].splitlines()
    assert rows[-1].endswith("at least 3 N T")
    assert any(row.endswith("?") for row in rows)
    total = json.loads(graphlang("summary", "-", "--json", stdin=text)[1])["total"]
    assert (total["flops"], total["complete"]) == ("3*N*T", False)


def test_a_long_summary_is_never_cut(graphlang):
    text = "input x = 1\n" + "\n".join(f"y{i + 1} = y{i} + x" for i in range(500)).replace("y0 ", "x ")
    status, out, _ = graphlang("summary", "-", stdin=text)
    assert status == 0
    assert len(out.splitlines()) == 2 + 1 + 500 + 1


def test_layers_lists_everything_and_shows_one(graphlang):
    status, out, _ = graphlang("layers")
    assert status == 0
    assert "Affine(x, units, init=he, bias=true)" in out
    assert "SGD(lr=0.01" in out
    found = json.loads(graphlang("layers", "Affine", "--json")[1])
    assert found["parameters"] == ["W", "b"]
    assert found["attributes"][0]["required"] is True
    assert "Defined in graphlang/layers/affine.py" in graphlang("layers", "Affine")[1]


def test_what_the_language_itself_writes_is_explained_too(graphlang):
    for name in ("grad", "scan"):
        status, out, err = graphlang("layers", name)
        assert (status, err) == (0, "")
        assert "(construct)" in out
        assert "Shapes: " in out
    assert graphlang("layers", "grad")[1].startswith("grad(y, x)")
    assert "grad(y, x)" in graphlang("layers")[1]


def test_the_examples_of_constructs_are_sound():
    import inspect
    import textwrap

    import graphlang as gl
    from graphlang.catalog.constructs import CONSTRUCTS

    for _, story in CONSTRUCTS.values():
        lines = [line for line in inspect.cleandoc(story).splitlines() if line.startswith("    ")]
        gl.loads(textwrap.dedent("\n".join(lines)))


@pytest.mark.parametrize("width", ["45", "60", "80", "100", "200"])
def test_prose_keeps_to_the_width_and_breaks_no_word(graphlang, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    most = min(int(width), 100)
    calls = [
        ("layers",),
        ("layers", "LSTM"),
        ("layers", "npz"),
        ("explain",),
        ("explain", "GL409"),
        ("--help",),
    ]
    for words in [*calls, *((name, "--help") for name in cli.COMMANDS)]:
        out = graphlang(*words)[1].partition("examples:")[0]
        prose = [line for line in out.splitlines() if not line.startswith(("    ", "usage:"))]
        long = [line for line in prose if len(line) > most and " " in line.strip()]
        assert long == [], words


def test_without_a_terminal_prose_is_80_columns_wide(graphlang, monkeypatch):
    monkeypatch.delenv("COLUMNS")
    for words in (("layers",), ("layers", "GRU"), ("explain", "GL201"), ("train", "--help")):
        lines = graphlang(*words)[1].partition("examples:")[0].splitlines()
        assert 70 < max(map(len, lines)) <= 80, words
    assert max(map(len, graphlang("gradcheck", "fruit.graph")[1].splitlines())) <= 80


def test_a_name_of_another_framework_finds_its_layer(graphlang):
    status, out, err = graphlang("layers", "Dense")
    assert (status, out) == (1, "")
    assert "it is called `Affine` here" in err


def test_every_code_is_explained(graphlang):
    from graphlang.cli.explain import codes

    for code in codes():
        status, out, _ = graphlang("explain", code.lower())
        assert status == 0
        assert out.startswith(f"{code}: ")
        assert len(out.splitlines()) >= 3, f"{code} has no example and no story"
    status, out, _ = graphlang("explain", "--json")
    assert [c["code"] for c in json.loads(out)] == list(codes())


def test_no_two_diagnostics_share_a_code():
    from graphlang.cli.explain import codes
    from graphlang.diagnostics import Diagnostic

    codes()
    kinds, found = [Diagnostic], []
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind.__module__.startswith("graphlang.") and "code" in vars(kind):
            found.append(kind.code)
    assert sorted(found) == sorted(set(found))


def test_an_unknown_code_gets_a_suggestion(graphlang):
    status, _, err = graphlang("explain", "GL2O1")
    assert status == 1
    assert "did you mean `GL201`?" in err


# ---- the command line itself ---------------------------------------------------------------------


def test_help_and_version(graphlang):
    status, out, err = graphlang("--help")
    assert (status, err) == (0, "")
    assert all(name in out for name in cli.COMMANDS)
    assert graphlang("--version")[1].startswith("graphlang ")
    for name in cli.COMMANDS:
        status, out, _ = graphlang(name, "--help")
        assert status == 0
        assert f"graphlang {name} " in out
        assert "examples:" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "usage: graphlang COMMAND"),
        (["chek"], "did you mean `check`?"),
        (["draw", "fruit.graph"], "there is no command `draw`"),
        (["--josn"], "unknown option"),
        (["run"], "required: SPEC"),
        (["run", "fruit.graph", "--josn"], "did you mean `--json`?"),
        (["run", "fruit.graph", "--set", "apple"], "not NAME=VALUE"),
        (["run", "fruit.graph", "--seed", "-1"], "0 or more"),
        (["run", "fruit.graph", "--threads", "0"], "`0` is not a whole number, 1 or more"),
        (
            ["predict", "net.graph", "--text", "a", "--length", "0"],
            "--length: `0` is not a whole number, 1 or more",
        ),
        (["predict", "fruit.graph", "--json", "-o", "y.npz"], "give one of them"),
        (["run", "fruit.graph", "--seed-gradient", "much"], "neither a number"),
        (["train", "net.graph", "--run", "a", "--resume", "b"], "not allowed with"),
        (["run", ""], "argument SPEC: the name is empty"),
        (["predict", "net.graph", "--weights", ""], "argument --weights: the name is empty"),
        (["train", "net.graph", "--run", ""], "argument --run: the name is empty"),
        (["run", "fruit.graph", "--threads", "9" * 30], "is more than 1,024"),
        (["help", "chek"], "did you mean `check`?"),
    ],
)
def test_wrong_usage_ends_with_2(graphlang, words, said):
    status, out, err = graphlang(*words)
    assert (status, out) == (2, "")
    assert said in err


def test_a_fault_of_graphlang_is_said_in_short(graphlang, monkeypatch):
    from graphlang.cli import check

    def fail(arguments):
        raise ZeroDivisionError("inner matters")

    monkeypatch.setattr(check, "run", fail)
    status, out, err = graphlang("check", "fruit.graph")
    assert (status, out) == (3, "")
    assert "Traceback" not in err
    assert "ZeroDivisionError: inner matters" in err
    assert "report it" in err
    assert "Traceback" in graphlang("check", "fruit.graph", "--debug")[2]
    monkeypatch.setenv("GRAPHLANG_DEBUG", "1")
    assert "Traceback" in graphlang("check", "fruit.graph")[2]


def test_threads_are_held_only_while_the_command_runs(graphlang):
    from threadpoolctl import threadpool_info

    before = [pool["num_threads"] for pool in threadpool_info()]
    assert graphlang("run", "fruit.graph", "--threads", "1")[0] == 0
    assert [pool["num_threads"] for pool in threadpool_info()] == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--run", "fruit.graph"], "the run folder cannot be written: this is a file"),
        (["--resume", "fruit.graph"], "this is a file, not the folder of a run"),
        (["--resume", "nowhere"], "there is no such folder to go on from"),
        (["--resume", "."], "there is no `checkpoint.npz` to go on from in this folder"),
    ],
)
def test_a_run_folder_that_cannot_be_one_is_a_diagnostic(graphlang, words, said):
    status, _, err = graphlang("train", "net.graph", *words)
    assert status == 1
    assert err.startswith(f"error[GL721]: {said}\n")
    assert "help: " in err
