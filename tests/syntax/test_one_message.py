"""A slip of someone who comes from another language gives one message, and its edit, where it has one, mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphlang as gl
from graphlang.diagnostics import Diagnostic, edited

BODY = " {\n  next h = tanh(x + h)\n  yield h\n}"
LOOP = f"input xs: float[N, T, 3]\nys = scan x in xs carry h = zeros(N, 3){BODY}\noutput ys"
CHAIN = "input x: float[N, 4]\ny = x -> for c in [16, 8] { Affine(c); Relu }\noutput y"
PARTS = 'import "parts.graph" as parts\ninput a: float[N, 3]\ny = parts.Block(a)\noutput y'
SECTION = (
    "input x: float[N, 4], t: int[N]\nloss = SoftmaxWithLoss(x -> Affine(3), t)\n"
    "train {\n  minimize = loss\n  optimizer = Adam(lr=0.01)\n  batch = 10\n  epochs = 3\n}\n"
)

SLIPS = {
    # the head of a scan
    "scan_of": (LOOP, "x in xs", "x of xs"),
    "scan_equals": (LOOP, "x in xs", "x = xs"),
    "scan_in_brackets": (LOOP, "scan x in xs carry h = zeros(N, 3) {", "scan (x in xs) carry h = zeros(N, 3) {"),
    "scan_as_call": (LOOP, "scan x in xs carry h = zeros(N, 3) {", "scan(x in xs, carry h = zeros(N, 3)) {"),
    "scan_init": (LOOP, " carry h", " init h"),
    "scan_with": (LOOP, " carry h", " with h"),
    "scan_without_carry": (LOOP, " carry h", " h"),
    "scan_comma_for_carry": (LOOP, " carry h", ", h"),
    "scan_comma_before_carry": (LOOP, " carry h", ", carry h"),
    "scan_typed_carry": (LOOP, "carry h = ", "carry h: float[N, 3] = "),
    "scan_carry_in_brackets": (LOOP, "carry h = zeros(N, 3)", "carry (h = zeros(N, 3))"),
    "scan_misspelt": (LOOP, "scan", "scna"),
    "scan_carry_misspelt": (LOOP, "carry", "cary"),
    "scan_colon": (LOOP, BODY, ":\n  next h = tanh(x + h)\n  yield h"),
    "scan_dim": (LOOP, "xs carry", "xs, dim=1 carry"),
    "scan_reversed": (LOOP, "xs carry", "xs, reversed=true carry"),
    "scan_axis": (LOOP, "xs carry", "xs, axis=3 carry"),
    "scan_unknown": (LOOP, "in xs", "in xz"),
    "scan_unknown_start": (LOOP, "zeros(N, 3)", "h0"),
    "scan_unknown_size": (LOOP, "zeros(N, 3)", "zeros(N, H)"),
    "scan_enumerate": (LOOP, "x in xs", "i, x in enumerate(xs)"),
    "scan_zip": (LOOP, "x in xs", "x, z in zip(xs, xs)"),
    "scan_starts_together": (LOOP, "carry h = zeros(N, 3)", "carry h, c = zeros(N, 3), zeros(N, 3)"),
    "scan_range": ("input x: float[N, 3]\ny = scan i in arange(4) carry h = x { next h = h * 2; yield h }\noutput y",
                   "arange(4)", "range(4)"),
    # the head of a for, and a repeat
    "for_of": (CHAIN, "c in", "c of"),
    "for_equals": (CHAIN, "c in", "c ="),
    "for_in_brackets": (CHAIN, "for c in [16, 8] {", "for (c in [16, 8]) {"),
    "for_unknown": (CHAIN, "[16, 8]", "widths"),
    "for_colon": (CHAIN, " { Affine(c); Relu }", ":\n  Affine(c)\n  Relu"),
    "for_as_value": (LOOP, "scan x in xs carry h = zeros(N, 3)", "for x in xs"),
    "repeat_without_count": (CHAIN, "for c in [16, 8] { Affine(c)", "repeat { Affine(4)"),
    "repeat_unknown": (CHAIN, "for c in [16, 8] { Affine(c)", "repeat depth { Affine(4)"),
    "layers_colon": (CHAIN, "for c in [16, 8] { Affine(c); Relu }", "layers:\n  Affine(4)\n  Relu"),
    # the formals of a def
    **{
        f"formal_{name}": ("def f(x) = x ** 2\ninput a: float[N, 3]\ny = f(a)\noutput y", "f(x)", f"f({formal})")
        for name, formal in {
            "tensor": "x: Tensor", "torch": "x: torch.Tensor", "numpy": "x: np.ndarray", "list": "x: list",
            "optional": "x: Optional[float]", "shape": "x: [N, 3]", "float32": "x: float32[N, 3]",
            "brackets": "x: float(N, 3)", "quoted": 'x: "float[N, 3]"', "type_first": "float x", "any": "x: Any",
            "tuple": "x: (N, 3)", "rest": "*x",
        }.items()
    },
    "result_type": ("def f(x: float) = x ** 2\ninput a: float[N, 3]\ny = f(a)\noutput y", " = x", " -> float = x"),
    "result_tensor": ("def f(x: float) = x ** 2\ninput a: float[N, 3]\ny = f(a)\noutput y", " = x", " -> Tensor = x"),
    # what is taken from other files
    **{
        f"import_{name}": (PARTS, 'import "parts.graph" as parts', line)
        for name, line in {
            "without_name": 'import "parts.graph"', "bare": "import parts", "unquoted": "import parts as parts",
            "from": "from parts import Block", "from_file": 'from "parts.graph" import Block',
            "braces": 'import { Block } from "parts.graph"', "include": 'include "parts.graph"',
            "single_quotes": "import 'parts.graph' as parts", "suffix": 'import "parts" as parts',
            "f_string": 'import f"parts.graph" as parts', "star": "from parts import *",
        }.items()
    },
    "import_without_its_name": (PARTS, "parts.Block(a)", "Block(a)"),
    "import_numpy": (LOOP, "input xs", "import numpy as np\ninput xs"),
    # sections
    "yaml": (SECTION, SECTION[SECTION.index("{\n"):], "{\n  minimize: loss\n  optimizer: Adam(lr=0.01)\n  batch: 10\n  epochs: 3\n}\n"),
    "commas": (SECTION, SECTION[SECTION.index("{\n"):], "{ minimize = loss, optimizer = Adam(lr=0.01), batch = 10, epochs = 3 }\n"),
    "section_colon": (SECTION, SECTION[SECTION.index(" {\n"):], ":\n  minimize = loss\n  optimizer = Adam(lr=0.01)\n  batch = 10\n  epochs = 3\n"),
    "json": (SECTION, "  batch = 10\n  epochs = 3", '  "batch": 10,\n  "epochs": 3'),
    "optimizer_block": (SECTION, "optimizer = Adam(lr=0.01)", "optimizer {\n    name = Adam\n    lr = 0.01\n  }"),
    "fit": (SECTION, SECTION[SECTION.index("train {"):], 'model.compile(optimizer="adam")\nmodel.fit(x, t, epochs=3)\n'),
    "backward": (SECTION, SECTION[SECTION.index("train {"):], "loss.backward()\noptimizer.step()\noptimizer.zero_grad()\n"),
    # layers, inputs, outputs
    "arrows": (CHAIN, "x -> for c in [16, 8] { Affine(c); Relu }", "x => Affine(3) => Relu => Affine(2)"),
    "pipes": (CHAIN, "x -> for c in [16, 8] { Affine(c); Relu }", "x |> Affine(3) |> Relu |> Affine(2)"),
    "commas_of_layers": (CHAIN, "for c in [16, 8] { Affine(c); Relu }", "layers {\n  Affine(3),\n  Relu,\n  Affine(2),\n}"),
    "called_twice": (CHAIN, "x -> for c in [16, 8] { Affine(c); Relu }", "Affine(3)(x)"),
    "dense_called_twice": (CHAIN, "x -> for c in [16, 8] { Affine(c); Relu }", 'Dense(3, activation="relu")(x)'),
    "layers_called": (CHAIN, "x -> for c in [16, 8] { Affine(c); Relu }", "[Affine(3), Relu](x)"),
    "input_called": (CHAIN, "input x: float[N, 4]", "x = Input(shape=(4,))"),
    "input_in_brackets": (CHAIN, "x: float[N, 4]", "x(N, 4)"),
    "input_in_square_brackets": (CHAIN, "x: float[N, 4]", "x[N, 4]"),
    "input_without_kind": (CHAIN, "x: float[N, 4]", "x: [N, 4]"),
    "output_of_chain": ("input x: float[N, 4]\ny = x -> Affine(3); output y", "y = x -> Affine(3); output y", "output x -> Affine(3)"),
    "if_of_training": (CHAIN, "y = x -> for c in [16, 8] { Affine(c); Relu }", "if training {\n  y = x -> Dropout(0.5)\n} else {\n  y = x\n}"),
    "random_start": ("input x: float[N, 4]\nparam W: float[4, 3] = normal(0.01)\ny = x @ W\noutput y", "normal(0.01)", "np.random.randn(4, 3) * 0.01"),
    "output_in_quotes": (CHAIN, "output y", 'output "y"'),
    "output_with_type": (CHAIN, "output y", "output y: float[N, 8]"),
    "tilde": (CHAIN, "y = x", "y ~ x"),
    "try": (CHAIN, "y = x -> for c in [16, 8] { Affine(c); Relu }", "try:\n  y = x -> Affine(3)\nexcept:\n  y = x"),
    "end_of_julia": ("def f(x) {\n  return x ** 2\n}\ninput a: float[N, 3]\ny = f(a)\noutput y", " {\n  return x ** 2\n}", "\n  return x ** 2\nend"),
    "optimizer_of_parameters": (SECTION, "Adam(lr=0.01)", "Adam(model.parameters(), lr=0.01)"),
    "optimizer_of_params": (SECTION, "Adam(lr=0.01)", "Adam(params, lr=0.01)"),
    "fences": (CHAIN, CHAIN, f"```graph\n{CHAIN}\n```\n"),
}  # fmt: skip
"""The right text, a part of it, and what stands there by mistake."""


def found(text: str, folder: Path) -> list[Diagnostic]:
    """The mistakes in a file beside `parts.graph`, warnings and notes left out."""
    (folder / "parts.graph").write_text("def Block(x) = x -> Affine(4) -> Relu\n", encoding="utf-8")
    (folder / "net.graph").write_text(text, encoding="utf-8")
    try:
        gl.load(folder / "net.graph")
    except gl.GraphError as error:
        return error.diagnostics
    return []


@pytest.mark.parametrize("name", SLIPS)
def test_one_slip_gives_one_message_with_its_fix(name: str, tmp_path: Path) -> None:
    right, part, wrong = SLIPS[name]
    assert not found(right, tmp_path)
    assert part in right
    text = right.replace(part, wrong, 1)
    problems = found(text, tmp_path)
    if name == "import_include":  # what it calls needs the name of the import, which is a place of its own
        problems = problems[:1]
    assert len(problems) == 1, problems
    problem = problems[0]
    assert problem.help
    assert problem.span is not None
    assert " or look just before" not in problem.help
    if problem.edits:
        left = found(edited(text, problem.edits), tmp_path)
        assert name == "import_include" or not left, left
