"""Specs that are meant to do harm: each asks for too much, in few or in many bytes, or hides what it does.

A case is the text of a spec and the command that it is given to; those with files beside them are in
`hostile_imports.py`.
"""

from __future__ import annotations

from typing import NamedTuple

IN = "input x = 1\n"
ROWS = "input x: float[N, 3]\n"


FIELDS = {
    "of many signs": "-" * 4_000 + "a",
    "of many sums": "+".join(["a"] * 9_000),
    "of lists within lists": "[" * 800 + "a" + "]" * 800,
    "of calls within calls": "log(" * 800 + "a" + ")" * 800,
    "with an option of many signs": f"words(a, length={'-' * 4_000}5)",
}
"""Fields of a data section."""


class Case(NamedTuple):
    """A hostile spec; `refused` by its exit status 1, else computed within the bounds."""

    name: str
    text: str
    command: str = "run"
    refused: bool = True
    options: tuple[str, ...] = ()


def _lines(template: str, count: int, start: int = 0) -> str:
    return "\n".join(template.format(i=i, j=i + 1, k=i - 1) for i in range(start, count))


def _nested(loops: list[str], inner: str) -> str:
    return f"{IN}y = x -> {' '.join(f'{loop} {{' for loop in loops)} {inner} {'}' * len(loops)}"


def _fan(levels: int, call: str, body: str = "x + 1") -> str:
    lines = [
        f"def f0(x) = {body}",
        *(f"def f{i}(x) = {call.format(f'f{i - 1}')}" for i in range(1, levels + 1)),
    ]
    return "\n".join([*lines, IN.strip(), f"y = f{levels}(x)"])


def _size_cases() -> list[Case]:
    return [
        Case("a file of comments", "# " + "x" * 2**20),
        Case("a file of spaces", "y = 1" + " " * 2**20),
        Case("too many tokens", IN + _lines("y{i} = x + {i}", 36_000)),
        Case("brackets without end", "y = " + "(" * 200_000),
        Case("brackets within brackets", "y = " + "(" * 5_000 + "x" + ")" * 5_000),
        Case("calls within calls", "y = " + "abs(" * 5_000 + "x" + ")" * 5_000),
        Case("blocks within blocks", f"{IN}y = x -> " + "residual { " * 5_000 + "Relu" + " }" * 5_000),
        Case("lists within lists", "y = sum(" + "[" * 900 + "1" + "]" * 900 + ")"),
        Case("a list of lists as an attribute", f"{ROWS}y = x -> Affine({'[' * 900}1{']' * 900})"),
        Case("minus signs", "y = " + "-" * 5_000 + "x", refused=False, options=("--set", "x=1")),
        Case("one long sum", "y = " + "+".join(["x"] * 5_000), refused=False, options=("--set", "x=1")),
        Case("choices within choices", "y = " + "x if true else " * 5_000 + "x", refused=False,
             options=("--set", "x=1")),
        Case("an if with many an else", f"{IN}if x {{ }}" + " else { }" * 20_000),
        Case("an if with many an else below", f"{IN}if x {{ }}" + "\nelse { }" * 20_000),
        *(Case(f"a field {name}", f'{ROWS}y = x\noutput y\ndata {{ source = csv("a.csv"); x = {field} }}', "check")
          for name, field in FIELDS.items()),
        Case("powers of powers", "y = " + "x ** " * 1_000 + "1", refused=False, options=("--set", "x=1")),
        Case("many inputs", _lines("input x{i} = 1", 5_000) + "\ny = x0", refused=False),
        Case("many axes", "input x: float[" + ", ".join(["2"] * 60) + "]\ny = x"),
        Case("many named axes", "input x: float[" + ", ".join(f"A{i}" for i in range(10_000)) + "]\ny = x"),
        Case("one enormous number", "y = x * 1" + "0" * 100_000),
        Case("one enormous fraction", "y = x * 0." + "1" * 100_000, refused=False, options=("--set", "x=1")),
        Case("one enormous exponent", "y = x * 1e999999999"),
        Case("one enormous text", 'y = "' + "a" * 500_000 + '"', refused=False),
        Case("a text without end", 'y = "' + "a" * 500_000),
        Case("one enormous name", f"{IN}y = {'a' * 400_000}"),
        Case("one enormous operation", f"{IN}y = {'a' * 400_000}(x)"),
        Case("an enormous name misspelt", f"input {'a' * 400_000} = 1\ny = {'a' * 399_999}b"),
        Case("an enormous setting", f"{IN}y = x\ntrain {{ {'a' * 400_000} = 1 }}"),
        Case("an enormous section", f"{IN}y = x\n{'a' * 400_000} {{ b = 1 }}"),
    ]  # fmt: skip


def _unrolling_cases() -> list[Case]:
    return [
        Case("a repeat of a billion", f"{IN}y = x -> repeat 1000000000 {{ Relu }}"),
        Case("a repeat of a power", f"{IN}y = x -> repeat 10 ** 15 {{ Relu }}"),
        Case("a repeat in a repeat", _nested(["repeat 1000"] * 2, "Relu")),
        Case("eight repeats", _nested(["repeat 10"] * 8, "Relu")),
        Case("twenty repeats of two", _nested(["repeat 2"] * 20, "Relu")),
        Case("repeats of a hyper", "hyper n = 1000\n" + _nested(["repeat n"] * 3, "Relu")),
        Case("repeats around residuals", _nested(["repeat 500", "residual", "repeat 500"], "Relu")),
        Case("repeats of layers with parameters", f"{ROWS}y = x -> repeat 9999 {{ repeat 9999 {{ Affine(3) }} }}"),
        Case("a repeat of a constant", "y = 2 -> repeat 1000 { repeat 1000 { abs } }"),
        Case("fors within fors", _nested([f"for a{i} in [1, 2, 3, 4]" for i in range(12)], "Relu")),
        Case("fors over a hyper", "hyper h = [1, 2, 3, 4]\n" + _nested([f"for a{i} in h" for i in range(12)], "Relu")),
        Case("a repeat in a def in a repeat", "def f(x, n) = x -> repeat n { Relu }\n" + _nested(["repeat 1000"], "f(1000)")),
        Case("a fan of defs", _fan(60, "{0}({0}(x))")),
        Case("a chain that doubles", _fan(60, "x -> {0} -> {0}")),
        Case("a sum that doubles", _fan(60, "{0}(x) + {0}(2 * x)")),
        Case("a deep fan of defs", _fan(190, "{0}({0}(x))")),
        Case("a fan behind a layer", _fan(60, "{0}({0}(x))").replace("y = f60(x)", "layer deep = f60\ny = deep(x)")),
        Case("a fan of repeats", _fan(12, "{0}({0}(x))", "x -> repeat 50 { Relu }")),
        Case("a fan behind conditions", _fan(30, "({0}({0}(x)) if true else x)")),
        Case("a fan of large bodies behind conditions", _fan(12, "({0}({0}(x)) if true else x)", "x -> repeat 50 { Relu }")),
        Case("large bodies that count down", f"def f(x, n) = (x -> repeat 50 {{ Relu }}) if n == 0 else f(f(x, n - 1), n - 1)\n{IN}y = f(x, 50)"),
        Case("a fan of large bodies behind shapes", _fan(12, "({0}({0}(x)) if len(x) == 3 else x)", "x -> repeat 50 { Relu }").replace("input x = 1", "input x: float[3] = 1")),
        Case("a fan that nothing calls", _fan(100, "{0}({0}(x))").replace("y = f100(x)", "y = x"), refused=False),
        Case("a typed fan that nothing calls", _fan(100, "{0}({0}(x))").replace("(x) =", "(x: float[N]) =").replace("y = f100(x)", "y = x"), refused=False),
        Case("a def without end", f"def f(x) = f(x) + 1\n{IN}y = f(x)"),
        Case("two defs without end", f"def f(x) = g(x)\ndef g(x) = f(x)\n{IN}y = f(x)"),
        Case("a def that doubles and counts down", f"def f(x, n) = x if n == 0 else f(f(x, n - 1), n - 1)\n{IN}y = f(x, 100)"),
        Case("more calls in a row than are allowed", _fan(250, "{0}(x)")),
        Case("labels in many copies", f"{IN}y = x -> repeat 2000 {{ a: Relu; b: Relu }}", "check", refused=False),
        Case("gradients of gradients", f"{IN}y0 = exp(sin(x)) * x\n" + _lines("y{j} = grad(y{i}, x)", 30)),
        Case("a gradient of every value", f"{IN}y0 = x\n" + _lines("y{j} = sin(y{i})", 3000) + "\n" + _lines("g{i} = grad(y{i}, x)", 3000, 1)),
        Case("many gradients of one value", f"{IN}y0 = x\n" + _lines("y{j} = sin(y{i})", 3000) + "\n" + _lines("g{i} = grad(y3000, y{i})", 3000)),
    ]  # fmt: skip


def _memory_cases() -> list[Case]:
    values = {
        "arange": "arange(3000000000)", "a range of all ints": "arange(-2**62, 2**62)", "ones": "ones(100000, 100000)",
        "zeros": "zeros(2**62)", "zeros of many sizes": "zeros(2**60, 2**60, 2**60)", "full": "full(1000000, 1000000, value=2)",
        "eye": "eye(100000)", "broadcast_to": "broadcast_to(x, 200000, 200000)",
        "pad": "pad(ones(3, 3), [[10**9, 10**9], [10**9, 10**9]])", "one_hot": "one_hot(arange(1000000), 1000000)",
        "an outer sum": "reshape(ones(100000), 100000, 1) + reshape(ones(100000), 1, 100000)",
        "an outer product": "reshape(ones(100000), 100000, 1) @ reshape(ones(100000), 1, 100000)",
        "einsum": 'einsum(ones(100000), ones(100000), "i,j->ij")', "take": "take(ones(10), arange(10**10))",
        "an index": "ones(100000)[arange(10**9)]", "a mask": "causal_mask(zeros(100000, 100000))",
        "stack": "stack(ones(400000000), ones(400000000))", "concat": "concat(ones(400000000), ones(400000000) * x)",
        "values that fit one by one": "ones(20000, 20000) * x", "a constant that fits": "arange(300000000) * x",
        "a comparison": "reshape(arange(100000), 100000, 1) < arange(100000)",
        "where": "where(reshape(arange(100000), 100000, 1) < arange(100000), 1, x)",
    }  # fmt: skip
    runs = [Case(name, f"{IN}y = {value}\nz = sum(y)") for name, value in values.items()]
    checks = [Case(f"check {name}", c.text, "check") for name, c in zip(values, runs[:18], strict=False)]
    layers = {
        "parameters of a layer": "Affine(1000000000)", "an embedding": "Affine(10) -> Affine(10**12)",
        "heads": "Affine(2000000000)", "a chain of wide layers": "Affine(30000) -> repeat 20 { Affine(30000) }",
    }  # fmt: skip
    wide = [Case(name, f"{ROWS}y = x -> {layer}", "check") for name, layer in layers.items()]
    return [
        *runs,
        *checks,
        *wide,
        Case("a param", "param W: float[1000000, 1000000] = 0\ny = sum(W)", "check"),
        Case("padding of a convolution", "input x: float[N, 1, H, W]\ny = x -> Conv(1, 3, pad=100000, stride=200000)"),
        Case("random inputs", "input x: float[N, 100000000]\ny = sum(x)\ngradcheck { of = y; batch = 1000 }", "gradcheck"),
        Case("random rows", f"{ROWS}y = sum(x)\ngradcheck {{ of = y; batch = 10000000000 }}", "gradcheck"),
        Case("an expectation", "input x: float[N, 100000000]\ny = sum(x)\nexpect y ~= 0", "test"),
        Case("the steps of a scan", "xs = zeros(1, 10**8, 1)\nh = scan x in xs carry s = zeros(1, 1) {\n n = s + x\n next s = n\n yield n\n}\ny = sum(h)"),
        Case("the steps of scans together", "xs = zeros(1, 400000, 1)\n" + "\n".join(f"h{i} = scan x in xs carry s = zeros(1, 1) {{\n n = s + x\n next s = n\n yield n\n}}" for i in range(4))),
        Case("summary of what does not fit", f"{IN}y = ones(100000, 100000)", "summary"),
        Case("view of what does not fit", f"{IN}y = broadcast_to(x, 20000, 20000)\nz = sum(y)", "view"),
        Case("plan of what does not fit", f"{IN}y = eye(100000)", "explain-plan"),
    ]  # fmt: skip


def _number_cases() -> list[Case]:
    numbers = [
        "9**9**9**9",
        "2**63 * 4",
        "1e308 * 10",
        "1e300**2",
        "10**400",
        "(-8)**0.5",
        "1 // 0",
        "0**(-1)",
        "10**18 * 10**18",
    ]
    constants = [Case(f"the number {n}", f"hyper a = {n}\ny = a * x") for n in numbers]
    sizes = {
        "a product of sums of sizes": " * ".join(f"(A{i} + B{i})" for i in range(18)),
        "a power of sizes": " * ".join(["A0"] * 100),
        "quotients of sizes": "(" * 300 + "A0" + " // 2 * 3 + 1)" * 300,
        "a size with many digits": " * ".join(["10**18"] * 30) + " * A0",
        "a size below zero": "-5",
        "a size that is a fraction": "A0 / 2",
    }
    inputs = _lines("input x{i}: float[A{i}, B{i}]", 18)
    return [
        *constants,
        *(Case(name, f"{inputs}\ny = zeros({size})", "check") for name, size in sizes.items()),
        Case("a power of a size", "input x: float[N] = [1, 2]\ny = x * 10**(N * 10**18)"),
        Case("a tower of powers of a size", "input x: float[N] = [1, 2]\ny = x * 2**2**(N * 100)"),
        Case("sizes that grow from line to line", f"{ROWS}a0 = N * 2\n" + _lines("a{j} = a{i} * N", 200) + "\ny = zeros(a200)", "check"),
        Case("fractions that grow from line to line", f"{ROWS}a0 = N / 2\n" + _lines("a{j} = a{i} * a{i} + 1", 100) + "\ny = sum(x) * a100", "check", refused=False),
        Case("an index that is enormous", "input x: float[3] = [1, 2, 3]\ny = x[10**18]"),
        Case("a stride of nothing", "input x: float[3] = [1, 2, 3]\ny = x[0:3:0]"),
    ]  # fmt: skip


def _mistake_cases() -> list[Case]:
    many = {
        "unknown names": IN + _lines("y{i} = q{i}", 20_000), "misspelt names": IN + _lines("value{i} = valueq{i} + x", 3_000),
        "unknown names in a line": IN + "y = " + "+".join(f"q{i}" for i in range(20_000)),
        "unknown operations": IN + _lines("y{i} = Affin{i}(x)", 10_000), "unknown stages": IN + _lines("y{i} = x -> Affin{i}", 10_000),
        "unknown outputs": IN + "output " + ", ".join(f"q{i}" for i in range(20_000)),
        "unknown settings": f"{IN}y = x\ntrain {{\n{_lines('a{i} = 1', 20_000)}\n}}", "sections": f"{IN}y = x\n{_lines('train {{ a{i} = 1 }}', 5_000)}",
        "redefinitions": IN + "y = x\n" * 20_000, "redefined defs": "def f(x) = x\n" * 10_000 + "y = f(x)",
        "a circle": IN + "\n".join(f"a{i} = a{(i + 1) % 20_000}" for i in range(20_000)),
        "a circle of hypers": "\n".join(f"hyper h{i} = h{(i + 1) % 10_000}" for i in range(10_000)) + "\ny = h0",
        "wrong defs": _lines("def f{i}(x) = y{i}", 5_000) + "\nz = 1", "unknown expectations": IN + _lines("expect x ~= q{i}", 10_000),
        "arguments": f"def f(x) = x\n{IN}y = f(" + ", ".join(["x"] * 20_000) + ")", "attributes": f"{ROWS}y = x -> Affine(" + ", ".join(f"a{i}=1" for i in range(10_000)) + ")",
        "brackets that close nothing": "y = )\n" * 20_000, "questions": "y = x ? 1 : 2\n" * 5_000, "open brackets": "y = (\n" * 500,
        "strange characters": "y = x $ 2\n" * 5_000, "wrong shapes": "input a: float[3], b: float[4]\n" + _lines("y{i} = a + b", 5_000),
    }  # fmt: skip
    hidden = {
        "bidirectional marks": 'y = "' + "\u202e" * 50_000 + '"', "control characters": IN + "y = x\x1b[2J\x07 + 1",
        "a name of escapes": 'y = "\x1b]0;title\x07" + 1', "null characters": "y = x\x00\x00 + 1", "a lone surrogate": "y = \ud800",
        "invisible letters": "y = x\u200b\u200d + 1", "letters that look alike": "input a = 1\ny = \u0430 + 1",
        "line separators": "y = x\u2028error[GL999]: forged\u2029 + q(", "carriage returns": "y = (\rerror[GL999]: forged",
    }  # fmt: skip
    python = {
        name: f"{IN}y = {name}"
        for name in (
            "__import__('os')",
            "x.__class__.__mro__",
            "eval('1')",
            "open('a')",
            "lambda: 1",
            "exec",
            "x.__reduce__",
        )
    }
    return [
        *(Case(f"thousands of {name}", text) for name, text in many.items()),
        *(Case(name, text) for name, text in hidden.items()),
        *(Case(f"Python's {name}", text) for name, text in python.items()),
        Case("names of Python as names", "input __class__ = 1, model_config = 2\ny = __class__ + model_config", refused=False),
    ]  # fmt: skip


UNREADABLE = {
    "classes": "class A {\n",
    "loops of Python": "for i in range(3):\n",
    "lists without end": "x = [1, 2\n",
    "functions without end": "def f(x) { return x\n",
    "choices between blocks": "if x { y = 1 } else { y = 2 }\n",
    "closing braces": "} ",
}
"""Lines after whose first mistake nothing tells where the next statement starts, or of which each is one."""


def _unreadable_cases() -> list[Case]:
    return [
        Case(f"nothing but {kind}", line * (10_000 if "\n" in line else 90_000))
        for kind, line in UNREADABLE.items()
    ]


def _large_def(line: str) -> str:
    """Calls of a `def` of 900 lines, one of which has an `if`, so that no call tells what another one makes."""
    lines = ["  a0 = x + k if k > 3 else x - k", *(line.format(i=i, j=i + 1) for i in range(899))]
    calls = "\n".join(f"y{i} = Big(x, {i})" for i in range(200))
    return "def Big(x, k) {\n" + "\n".join(lines) + f"\n  return a899\n}}\n{ROWS}{calls}"


def _large_def_cases() -> list[Case]:
    lines = {"operators": "  a{j} = a{i} * {j} + k", "layers": "  a{j} = a{i} -> Relu -> Affine(3)"}
    return [
        Case(f"different calls of a large def of {kind}", _large_def(line)) for kind, line in lines.items()
    ]


CASES = [
    *_size_cases(),
    *_unrolling_cases(),
    *_memory_cases(),
    *_number_cases(),
    *_mistake_cases(),
    *_unreadable_cases(),
    *_large_def_cases(),
]
