"""A slip of someone who knows Python alone gives one message that names what is meant."""

from __future__ import annotations

import pytest
from helpers import mistakes

from graphlang.diagnostics import edited

HEAD = "input x: float[N, 2], rent: float[N, 1]\nz = x -> Affine(1)\nloss = MeanSquaredError(z, rent)\n"
DATA = 'data {\n  source = csv("f.csv", missing=[""])\n  x = [size, age]\n  rent = [rent]\n}\n'
TRAIN = (
    "train {\n  minimize = loss\n  metrics = [mae(z, rent)]\n  optimizer = Adam(lr=0.1)\n  batch = 2\n"
    "  epochs = 1\n}\n"
)
FILE = HEAD + DATA + TRAIN


def test_the_file_that_is_changed_below_is_right() -> None:
    assert not mistakes(FILE)


@pytest.mark.parametrize("behind", [TRAIN, "gradcheck {\n  of = loss\n}\n" + TRAIN])
def test_a_section_whose_brace_is_missing_is_one_message(behind: str) -> None:
    wrong = HEAD + DATA.rstrip().removesuffix("}") + behind
    (problem,) = [p for p in mistakes(wrong) if p.code != "GL502"]
    assert problem.code == "GL102"
    assert edited(wrong, problem.edits).count("}") == (HEAD + DATA + behind).count("}")


def test_a_section_within_itself_is_told_to_leave_one_out() -> None:
    (problem,) = mistakes(FILE.replace("  minimize", "  train { minimize = loss }\n  minimize"))
    assert "within" in problem.message or "stands in the block of `train`" in problem.message
    assert "= ..." not in (problem.help or "")


@pytest.mark.parametrize("first", [True, False])
def test_a_section_that_stands_twice_is_one_message(first: bool) -> None:
    short = "train { minimize = loss }\n"
    (problem,) = mistakes(HEAD + DATA + (short + TRAIN if first else TRAIN + short))
    assert problem.code == "GL506"


@pytest.mark.parametrize("columns", ["size age", "size age rooms"])
def test_columns_without_a_comma_are_offered_with_one_first(columns: str) -> None:
    (problem,) = mistakes(FILE.replace("[size, age]", f"[{columns}]"))
    help = problem.help or ""
    listed, field = ", ".join(columns.split()), f'field("{columns}")'
    assert 0 < help.index(f"`{listed}`") < help.index(f"`{field}`")


def test_a_value_changed_in_place_is_one_message() -> None:
    text = FILE.replace("loss =", "est = 800\nest += 300 * z\nloss =").replace("mae(z,", "mae(est,")
    assert [p.code for p in mistakes(text)] == ["GL134"]


@pytest.mark.parametrize(
    "line", ["out, (h, c) = LSTM(x, 8)", "out, (h, c) = x -> LSTM(8)", "(out, h, c) = LSTM(x, 8)"]
)
def test_states_in_brackets_are_told_how_they_are_taken(line: str) -> None:
    text = f"input x: float[N, T, 3]\n{line}\ny = h -> Affine(2)\noutput y\n"
    (problem,) = mistakes(text)
    assert "out, h, c = " in (problem.help or "")
    assert "return=state" in (problem.help or "")
    assert not mistakes(edited(text, problem.edits))


@pytest.mark.parametrize(
    "formula", ["4*3*(4x + 1)**2", "3x**2", "sum(4x)", "x + [3, 4x][0]", "(1 + 2x) * (2x)"]
)
def test_a_number_before_a_name_is_a_product(formula: str) -> None:
    problems = mistakes(f"input x: float\ny = {formula}\noutput y\n")
    assert problems
    assert all(" * x`" in (p.help or "") for p in problems)


@pytest.mark.parametrize("prefix", ["f", "r", "b", "F"])
def test_a_letter_before_a_text_is_told_as_such(prefix: str) -> None:
    text = FILE.replace('"f.csv"', f'{prefix}"f.csv"')
    (problem,) = mistakes(text)
    assert "f-strings" in problem.message
    assert edited(text, problem.edits) == FILE


@pytest.mark.parametrize("missing", ['[""]', '["a"]', '["a", "b"]'])
def test_a_text_without_its_end_is_told_where_it_starts(missing: str) -> None:
    text = FILE.replace('"f.csv", missing=[""]', f'"f.csv, missing={missing}')
    (problem,) = mistakes(text)
    assert problem.code == "GL113"
    assert problem.span is not None
    assert problem.span.start == text.index('"f.csv')


def test_a_source_in_the_wrong_section_is_one_message() -> None:
    source = '  source = csv("f.csv", missing=[""])\n'
    (problem,) = mistakes(
        HEAD + DATA.replace(source, "") + TRAIN.replace("  minimize", f"{source}  minimize")
    )
    assert "a setting of `data`" in (problem.help or "")


def test_a_name_in_quotes_where_a_number_is_asked_for_is_told_to_stand_without() -> None:
    (problem,) = mistakes('hyper hidden = 4\ninput x: float[N, 8]\ny = x -> Affine("hidden")\n')
    assert problem.help == "a name of the file stands without quotes: `hidden`"


@pytest.mark.parametrize("written", ["np.newaxis", "newaxis"])
def test_a_new_axis_of_numpy_is_none(written: str) -> None:
    text = f"input x: float[N, 8]\ny = x[:, {written}]\noutput y\n"
    (problem,) = mistakes(text)
    assert "`none`" in (problem.help or "")
    assert not mistakes(edited(text, problem.edits))
