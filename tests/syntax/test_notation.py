"""What beginners bring along from mathematics, Python, C, MATLAB and R: the fix, at the place."""

from __future__ import annotations

import pytest
from helpers import mistakes

import graphlang as gl
from graphlang.diagnostics import edited
from graphlang.syntax import lexer
from graphlang.syntax.notation import FUNCTIONS

HEAD = "input x: float[N, 3], n = 2, v: float[3], c: bool\nhyper k = 2\n"

MENDED = [
    # comments
    ("y = n // the half", "//", "y = n # the half"), ("y = n\n// the half", "//", "y = n\n# the half"),
    ("y = n // note", None, None), ("y = n  // note", "//", "y = n  # note"), ("y = n\n// note", "//", "y = n\n# note"),
    ("// the first\ny = n", "//", "# the first\ny = n"), ("y = n\n/* one\n * two */\nz = n", "/*", "y = n\n# one\n# two\nz = n"),
    ("y = n /* half */", "/*", "y = n # half"), ("-- note two\ny = n", "--", "# note two\ny = n"),
    ('"""What it does."""\ny = n', '"""', "# What it does.\ny = n"),
    ('"""\nWhat it\ndoes.\n"""\ny = n', '"""', "# What it\n# does.\ny = n"),
    # numbers
    ("y = 0x10", "0x10", "y = 16"), ("y = 0b101 + n", "0b101", "y = 5 + n"), ("y = 1_000", "1_000", "y = 1000"),
    ("y = 1,000", "1,000", "y = 1000"), ("y = 1,000,000", "1,000,000", "y = 1000000"), ("y = 3,14 * n", "3,14", "y = 3.14 * n"),
    ("y = 1.5f", "1.5f", "y = 1.5"), ("y = n * 10%", "10%", "y = n * (10 / 100)"), ("y = 10%\nz = 3", "10%", "y = (10 / 100)\nz = 3"),
    # products and powers
    ("y = 2n + 1", "n", "y = 2 * n + 1"), ("y = 2(n + 1)", "2", "y = 2 * (n + 1)"), ("y = n(n + 1)", "n", "y = n * (n + 1)"),
    ("y = x^2", "^", "y = x**2"), ("y = x²", "²", "y = x ** 2"), ("y = (n + 1)² * 2", "²", "y = (n + 1) ** 2 * 2"),
    ("y = 2n²", "²", "y = 2 * n ** 2"),
    ("y = n¹⁰", "¹⁰", "y = n ** 10"), ("y = x × 2 ÷ n", "×", "y = x * 2 ÷ n"), ("y = x .* 2", ".*", "y = x * 2"),
    ("y = x ./ 2", "./", "y = x / 2"), ("y = x · 2", "·", "y = x * 2"),
    # functions
    ("y = sin n", "sin", "y = sin(n)"), ("y = exp n + 1", "exp", "y = exp(n) + 1"), ("y = log x[0] * 2", "log", "y = log(x[0]) * 2"),
    ("y = √n + 1", "√", "y = sqrt(n) + 1"), ("y = √(n + 1)", "√", "y = sqrt(n + 1)"), ("y = ∑x", "∑", "y = sum(x)"),
    ("y = |n - 3| + 1", "|", "y = abs(n - 3) + 1"), ("y = 2 * |n|", "|", "y = 2 * abs(n)"),
    ("y = ||v||", "||", "y = sqrt(sum((v) ** 2))"), ("y = x.sum(axis=0)", "x.sum", "y = sum(x, axis=0)"),
    ("y = np.exp(x)", "np.exp", "y = exp(x)"), ("y = torch.nn.functional.relu(x)", "torch.nn.functional.relu", "y = relu(x)"),
    ("y = np.pi * n", "np.pi", "y = pi * n"), ("y = π * n", "π", "y = pi * n"),
    ("f(a) = a ** 2\ny = f(n)", "f(a)", "def f(a) = a ** 2\ny = f(n)"),
    # choices and logic
    ("y = n > 2 ? 1 : 0", "?", "y = where(n > 2, 1, 0)"), ("y = 1 + (n > 2 ? n : 0)", "?", "y = 1 + (where(n > 2, n, 0))"),
    ("y = 1 if k > 1 && true else 0", "&&", "y = 1 if k > 1 and true else 0"),
    ("y = 1 if !true || k > 1 else 0", "!", "y = 1 if not true || k > 1 else 0"), ("y = 1 if k ≥ 1 else 0", "≥", "y = 1 if k >= 1 else 0"),
    ("y = 1 if True else 0", "True", "y = 1 if true else 0"), ("y = 1 if k === 2 else 0", "===", "y = 1 if k == 2 else 0"),
    ("y = 1 if true ∧ k > 1 else 0", "∧", "y = 1 if true  and  k > 1 else 0"),
    # statements
    ("let y = n", "let", "y = n"), ("var y = n", "var", "y = n"), ("y := n", ":=", "y = n"), ("y <- n", "<-", "y = n"), ("y ← n", "←", "y = n"),
    ("const m = 3", "const", "hyper m = 3"), ("y == n", "==", "y = n"),
    ("def f(a):\n    b = a * 2\n    return b\n\ny = f(n)", "def", "def f(a) {\n    b = a * 2\n    return b\n}\n\ny = f(n)"),
    ("y = x → Relu", "→", "y = x -> Relu"), ("y = x |> Relu", "|>", "y = x -> Relu"), ("y = x => Relu", "=>", "y = x -> Relu"),
    ("y = x -> Affine(3, init='he')", "'he'", 'y = x -> Affine(3, init="he")'), ("y = n\nreturn y", "return", "y = n\noutput y"),
    ("y = n;\nz = 2 n", "n", "y = n;\nz = 2 * n"), ("output n v", "v", "output n, v"),
]  # fmt: skip
TOLD = [
    ("y = 1e", "1e", "`1e6`"), ("y = 3j", "3j", "the real and the imaginary part"), ("y = .5.", ".5.", "one point"), ("y = 1.2.3", "1.2.3", "one point"),
    ("y = n\nif n > 2 { z = 1 } else { z = 2 }", "if", "where(c, a, b)"), ("if n > 2 {\n z = 1\n}\ny = n", "if", "a if c else b"),
    ("y = if n > 2 then 1 else 2", "if", "a if c else b"), ("while n > 2 {\n y = 3\n}", "while", "repeat 3"),
    ("for i in range(3):\n    y = n * i\n    z = qq\nw = n", "for", "repeat 3"), ("y = n++", "++", "`n2 = n + 1`"), ("n += 1", "+=", "`n2 = n + ...`"),
    ("y = v'", "'", "`.T`"), ("y = n!", "!", "prod"), ("y = ∞", "∞", "1e30"), ("y = ∇n", "∇", "grad(y, x)"),
    ("y = null", "null", "`none`"), ("f = lambda a: a", "lambda", "def f(x)"), ("print(n)", "print", "graphlang run"),
    ("import numpy as np\ny = np.exp(n)", "import", "leave the line out"),
    ("class Net:\n    def f(self):\n        return 3\ny = n", "class", "gl.load(layers="),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "mended"), MENDED, ids=[text for text, _, _ in MENDED])
def test_a_habit_is_mended_at_its_place(text: str, at: str | None, mended: str | None) -> None:
    problems = mistakes(HEAD + text)
    if mended is None:
        assert not any("comment" in d.message for d in problems)
        return
    first = problems[0]
    assert first.span is not None
    assert first.span.text == at
    assert first.help
    assert edited(HEAD + text, first.edits) == HEAD + mended


@pytest.mark.parametrize(("text", "at", "mended"), MENDED, ids=[text for text, _, _ in MENDED])
def test_no_mistake_comes_from_a_habit_that_is_mended(text: str, at: str | None, mended: str | None) -> None:
    for _ in range(5):
        problems = [d for d in mistakes(HEAD + text) if d.edits]
        if not problems:
            break
        text = edited(HEAD + text, problems[0].edits).removeprefix(HEAD)
    rest = [d for d in mistakes(HEAD + text) if d.code not in ("GL201", "GL202", "GL402", "GL407")]
    assert not rest, (text, rest)


@pytest.mark.parametrize(("text", "at", "help_"), TOLD, ids=[text for text, _, _ in TOLD])
def test_notation_without_a_certain_fix_gets_help_but_no_edit(text: str, at: str, help_: str) -> None:
    (problem,) = mistakes(HEAD + text)
    assert problem.span is not None
    assert problem.span.text == at
    assert help_ in f"{problem.message} {problem.help}"


def test_a_function_on_paper_is_a_function_of_the_language() -> None:
    from graphlang.catalog.finder import Catalog

    assert [name for name in FUNCTIONS if Catalog().find(name) is None] == []
    assert not FUNCTIONS & set(lexer.WORDS)


@pytest.mark.parametrize(
    ("one", "other"),
    [("µ", "μ"), ("\u2126", "\u03a9"), ("\u212b", "\u00c5"), ("ｘ", "x"), ("ﬁ", "fi"), ("ϕ", "φ")],
)
def test_a_letter_is_one_letter_however_it_is_typed(one: str, other: str) -> None:
    assert one != other
    assert gl.loads(f"input {one} = 3\ny = {other} * 2\noutput y\n").predict({other: 3.0}) == 6
    assert gl.loads(f"input {other} = 3\ny = {one} * 2\noutput y\n").predict({other: 3.0}) == 6


def test_a_raised_or_lowered_letter_stays_itself() -> None:
    assert gl.loads("input hₙ = 3, hn = 5\ny = hₙ\noutput y\n").predict() == 3


@pytest.mark.parametrize(
    "text", ["²0¹", "y = ²0¹", "{ x", "y = x -> layers {\n{ A }\n}", "x²y", "²", "y = n²²x²"]
)
def test_any_other_wrong_notation_gets_a_place_and_help(text: str) -> None:
    problems = mistakes(HEAD + text)
    assert problems
    assert all(d.span is not None and d.help for d in problems)
