"""The target `latex`: every operation has a form, forward and backward, and documents compile."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import graphlang as gl
from graphlang.exports.latex.gradients import is_differentiable
from graphlang.exports.latex.notation import (
    Tex,
    brackets,
    template_filled,
    tex_number,
    tex_width,
    without_specials,
)
from graphlang.exports.latex.notes import NOTES
from graphlang.exports.latex.recurrences import BLOCKS
from graphlang.exports.latex.symbols import Symbols, symbol_text
from graphlang.exports.latex.table import RULES
from graphlang.exports.walk import walk
from graphlang.syntax.lessons import lesson_names
from graphlang.trace.primitives import PRIMITIVES

sys.path.append(str(Path(__file__).parent.parent / "contracts"))
import contract_cases as cases

ENTRIES = cases.entries()
GOLDEN = Path(__file__).parent / "golden"


def faults(text: str) -> list[str]:
    """What LaTeX would not read: braces and environments that do not pair, special characters."""
    found = []
    code = re.sub(r"^ *%.*$", "", text, flags=re.MULTILINE)
    plain = re.sub(r"\\[{}&%#$_^~\\]", "", code)
    depth = 0
    for sign in plain:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            found.append("a brace is closed that is not open")
            break
    if depth:
        found.append(f"{depth} braces stay open")
    stack: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{([a-z*A-Z]+)\}", code):
        if kind == "begin":
            stack.append(name)
        elif not stack or stack.pop() != name:
            found.append(f"{name} ends where it has not begun")
    if code.count(r"\left") - code.count(r"\leftarrow") != code.count(r"\right") - code.count(r"\rightarrow"):
        found.append("left and right brackets do not pair")
    found += [f"bare {sign}" for sign in "%#~" if sign in plain.replace("{#1}", "").replace("#1", "")]
    if plain.count("$") % 2:
        found.append("a dollar alone")
    for row in re.findall(r"^  (.*?)(?:\\\\)?$", plain, flags=re.MULTILINE):
        bare = re.sub(r"\\begin\{(cases|pmatrix)\}.*\\end\{\1\}", "", row)
        if bare.count("&") > 3:
            found.append(f"too many columns: {row}")
    return found


def ends(graph: gl.Graph) -> list[str]:
    """The values that no other one reads."""
    read = {name for walked in walk(graph.network) for name in walked.reads}
    return [walked.name for walked in walk(graph.network) if walked.name not in read]


@pytest.mark.parametrize("name", ENTRIES)
def test_every_operation_has_a_form_forward_and_backward(name: str) -> None:
    for case in cases.cases(ENTRIES[name])[:2]:
        graph = cases.load(case.text)
        text = graph.to_source("latex")
        assert faults(text) == []
        assert r"\section*{Forward}" in text
        assert (r"\section*{Gradient" in text) == any(
            is_differentiable(graph.network, n) for n in ends(graph)
        )


def test_every_primitive_has_a_notation() -> None:
    pytest.importorskip("jax")
    from graphlang.backends.jax.rules import RULES as RULES_OF_JAX

    known = {*PRIMITIVES, *RULES_OF_JAX} - {"scan"}
    assert known - {*RULES, *BLOCKS} == set()


def test_notes_are_read_without_fault() -> None:
    assert [faults(note) for note in NOTES.values() if faults(note)] == []


@pytest.mark.parametrize("lesson", lesson_names())
def test_every_lesson_is_a_sound_document(lesson: str) -> None:
    assert faults(gl.load(f"lesson:{lesson}").to_source("latex")) == []


def compiled(folder: Path, text: str) -> str:
    (folder / "all.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    return (
        ""
        if done.returncode == 0
        else "\n".join(line for line in done.stdout.split("\n") if line[:1] in "!l")
    )


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_all_lessons_compile(tmp_path: Path) -> None:
    documents = [gl.load(f"lesson:{name}").to_source("latex") for name in lesson_names()]
    bodies = [re.split(r"\\(?:maketitle|end\{document\})", text)[1] for text in documents]
    head = documents[0].partition(r"\maketitle")[0]
    assert compiled(tmp_path, head + r"\clearpage".join(bodies) + "\\end{document}\n") == ""
    log = (tmp_path / "all.log").read_text(encoding="latin-1")
    wide = [float(x) for x in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert [x for x in wide if x > 20] == []


SMALL = """\
# A straight line through points
input x: float[N, 3] = [[1, 2, 3]], t: float[N, 1] = [[1]]
param w_hat: float[3, 1] = normal(0.1)
param beta: float[1] = 0

y     = x @ w_hat + beta  # a prediction
error = mean((y - t)**2)
output y
train { minimize = error; optimizer = SGD(lr=0.1); iterations = 1 }
"""


@pytest.mark.parametrize("name", ["apple", "line", "two_layer_net"])
def test_documents_are_as_they_were_read(name: str) -> None:
    graph = gl.loads(SMALL) if name == "line" else gl.load(f"lesson:{name}")
    file = GOLDEN / f"{name}.tex"
    text = re.sub(r"graphlang \d[\w.]*", "graphlang VERSION", graph.to_source("latex"))
    assert text == file.read_text(encoding="utf-8")


def test_each_layer_passes_back_by_its_own_backward_in_reverse_order() -> None:
    text = gl.load("lesson:two_layer_net").to_source("latex").partition("Gradient of")[2]
    order = re.findall(r"\\frac\{\\partial L\}\{\\partial ([^ ]*)\} &=", text)
    assert order == [
        "y", r"\mathrm{Relu}_{1}", "W_{2}", "b_{2}", r"\mathrm{Affine}_{1}", "W_{1}", "b_{1}",
    ]  # fmt: skip
    assert (
        r"\frac{\partial L}{\partial W_{2}} &= \mathrm{Relu}_{1}^{\top} \, \frac{\partial L}{\partial y}"
        in text
    )


def test_what_is_used_twice_has_the_sum_of_both_gradients() -> None:
    text = gl.loads("input x: float[3]; y = sum(x * exp(x)); output y").to_source("latex")
    assert r"\frac{\partial y}{\partial x} &=" in text
    assert text.count(r"\frac{\partial y}{\partial x} &=") == 1


def test_a_scan_is_an_indexed_equation() -> None:
    text = gl.loads(
        "input x: float[N, T, 3]\ns = scan a in x carry h = zeros(N, 3) { next h = tanh(h + a); yield h }\ny = sum(s)\noutput y"
    ).to_source("latex")
    assert r"\text{for } & t = 1, \dots, T:" in text
    assert r"\text{for } & t = T, \dots, 1:" in text


@pytest.mark.parametrize("layer", ["RNN", "LSTM", "GRU"])
def test_what_arrives_at_the_last_state_of_a_recurrence_is_part_of_its_gradient(layer: str) -> None:
    states = "h, c" if layer == "LSTM" else "h"
    text = f"input x: float[N, T, 3]\ny, {states} = {layer}(x, 2, return=state)\n"
    ends = " + ".join(f"sum({name})" for name in states.split(", "))
    both = gl.loads(f"{text}loss = sum(y) + {ends}\noutput loss").to_source("latex")
    alone = gl.loads(f"{text}loss = sum(y)\noutput loss").to_source("latex")
    assert faults(both) == faults(alone) == []
    assert len(both) > len(alone)


def test_names_become_symbols() -> None:
    assert symbol_text("alpha") == r"\alpha"
    assert symbol_text("W1") == "W_{1}"
    assert symbol_text("W_1") == "W_{1}"
    assert symbol_text("w_hat") == r"\hat{w}"
    assert symbol_text("apple_price") == r"\mathrm{apple\_price}"
    assert symbol_text("가격") == r"\text{\hangul 가격}"
    assert symbol_text("個数") == r"\text{\japanese 個数}"
    assert symbol_text("りんご") == r"\text{\japanese りんご}"
    assert symbol_text("简单") == r"\text{\chinese 简单}"
    assert symbol_text("λ") == r"\lambda"


def test_symbols_of_different_names_differ() -> None:
    names = ["W1", "W_1", "Affine1.W", "Affine2.W", "Conv1.W", "a.b.W", "L", "loss", "alpha", "α"]
    symbols = Symbols(names)
    assert len({symbols[name] for name in names}) == len(names)
    assert [Symbols(["Affine1.W", "Affine2.W"])[f"Affine{i}.W"] for i in (1, 2)] == ["W_{1}", "W_{2}"]


def test_a_name_of_hangul_brings_its_font() -> None:
    text = gl.loads("input 사과 = 100; 가격 = 사과 * 2; output 가격").to_source("latex")
    assert r"\usepackage{CJKutf8}" in text
    assert r"\text{\hangul 사과} \cdot 2" in text or r"2 \, \text{\hangul 사과}" in text
    assert r"\text{\hangul 사과}" in text
    assert faults(text) == []


def test_numbers_and_brackets() -> None:
    assert tex_number(1e-07).text == "10^{-7}"
    assert tex_number(-2.5).text == "-2.5"
    assert tex_number(float("inf")).text == r"\infty"
    assert template_filled("@0p @1w", [Tex("a + b", 2), Tex("c")]).text == "(a + b) c"
    assert brackets(r"\frac{a}{b}") == r"\left(\frac{a}{b}\right)"
    assert without_specials("50% of a_b & {c}") == r"50\% of a\_b \& \{c\}"
    assert tex_width(r"\frac{abc}{d}") < tex_width("abc + d")
