"""The kinds of statements in a random program; each function tries to add one, and may fail."""

from __future__ import annotations

from collections.abc import Callable

from catalog_calls import call_templates, chain_stages
from program_builder import Builder

from graphlang.catalog.finder import Catalog

Kind = Callable[[Builder], bool]


def declare(b: Builder, kind: str | None = None) -> bool:
    if b.scalars:
        default = b.pick(["-1.5", "0.5", "2", "3", "0", "true"])
        return b.add(
            b.pick(
                [
                    f"input {b.fresh('x')} = {default}",
                    f"input {b.fresh('x')}: float",
                    f"input {b.fresh('k')}: int",
                    f"input {b.fresh('c')}: bool",
                ]
            )
        )
    if kind is None and b.chance(0.1):
        return b.add(f"input {b.fresh('x')} = {b.pick(['-1.5', '2', '[1, 2, 3]'])}")
    kinds = [
        "float[N]",
        "float[N, 4]",
        "float[N, T, 4]",
        "float[N, T]",
        "float[4]",
        "float[4, 4]",
        "float",
        "float[M]",
    ]
    kinds += [
        "int[N]",
        "int",
        "int[N, T]",
        "bool[N]",
        "bool",
        "bool[N, 4]",
        "float[N, 4, 3, 2]",
        "float[N, 1]",
        "float[T]",
    ]
    return b.add(f"input {b.fresh('x')}: {kind or b.pick(kinds)}")


def parameter(b: Builder) -> bool:
    start = b.pick(["", " = 0", " = he", " = normal(0.5)", " = 1.5", " = 0.3"])
    shape = b.pick(["[4]", "[4, 4]", "[4, 2]", "[]", "[1]"])
    return b.add(f"param {b.fresh('W')}: float{shape}{start}")


def catalog_call(b: Builder) -> bool:
    """Any operation of the catalog, its values of the sample's types or of others."""
    template = b.pick(call_templates()[b.pick(call_templates())])
    if b.scalars and any("[" in t for t in template.types) and "float" not in template.types:
        template = b.pick(call_templates()[template.operation])
    lines, arguments = [], []
    for kind in template.types:
        dtype, _, dims = kind.partition("[")
        rank = len(dims.split(",")) if dims else 0
        name = b.found(dtype, rank) if b.chance(0.7) else b.found()
        if b.scalars:
            name = b.operand()
        elif name is None or b.chance(0.2):
            name = b.fresh("x")
            lines.append(f"input {name}: {kind}")
        arguments.append(name)
    targets = ", ".join(b.fresh() for _ in range(template.results))
    return b.add(*lines, f"{targets} = {template.filled(arguments)}")


def operator(b: Builder) -> bool:
    op = b.pick(
        [
            "+",
            "-",
            "*",
            "/",
            "//",
            "%",
            "**",
            "@",
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "and",
            "or",
            "+",
            "*",
            "-",
            "/",
        ]
    )
    if op in ("and", "or"):
        left, right = (b.found("bool") or f"{b.operand()} > {b.number()}" for _ in range(2))
        return b.add(f"{b.fresh()} = {left} {op} {right}")
    left, right = b.operand(), b.operand()
    expression = f"{left} {op} {right}"
    if op in ("+", "-", "*") and b.chance(0.3):
        expression = f"({expression}) {b.pick(['*', '-', '/', '+'])} {b.operand()}"
    return b.add(f"{b.fresh()} = {expression}")


def unary(b: Builder) -> bool:
    name = b.operand()
    form = b.pick(
        [
            "-{}",
            "not {} > 1",
            "{}.T",
            "exp(-{}**2)",
            "{} * {}",
            "{}**2",
            "sum({}) / 2",
            "mean({}**2)",
            "({}) + 0",
            "1 * {}",
            "{} - {}",
            "2 / (1 + {}**2)",
            "{}**0.5",
        ]
    )
    return b.add(f"{b.fresh()} = {form.replace('{}', name)}")


def subscript(b: Builder) -> bool:
    name = b.found(least=1)
    if name is None:
        return False
    choices = [":", "1:", ":-1", "::2", "0", "-1", "::-1", "0:1", "none", "...", "[0, 0]", "-2:", "1:3", ":2"]
    ids = b.found("int", 1)
    choices += [ids] * 2 if ids else []
    items = [b.pick(choices) for _ in range(b.random.randint(1, b.rank(name) + 1))]
    return b.add(f"{b.fresh()} = {name}[{', '.join(items)}]")


def reduction(b: Builder) -> bool:
    """Any operation of the catalog that has an axis, along any axis."""
    entries = [e for e in Catalog().entries() if "axis" in e.attributes and len(e.tensors) == 1]
    entry, name = b.pick(entries), b.found(least=1)
    if name is None:
        return False
    rank = b.rank(name)
    axis = b.pick([*range(rank), *range(-rank, 0), "[0, 1]", "[-1, 0]"])
    keep = ", keepdims=true" if "keepdims" in entry.attributes and b.chance(0.4) else ""
    return b.add(f"{b.fresh()} = {entry.name}({name}, axis={axis}{keep})")


def pattern(b: Builder) -> bool:
    """Axes in another order, some of them together or summed."""
    name = b.found(least=1)
    if name is None:
        return False
    letters = list("abcd"[: b.rank(name)])
    order = list(letters)
    b.random.shuffle(order)
    if b.chance(0.5):
        kept = order[: b.random.randint(0, len(order))]
        other = b.found("float", b.rank(name)) if b.chance(0.5) else None
        both = f"{' '.join(letters)}, {' '.join(letters)}" if other else " ".join(letters)
        operands = f"{name}, {other}" if other else name
        return b.add(f'{b.fresh()} = einsum({operands}, "{both} -> {" ".join(kept)}")')
    cut = b.random.randint(0, len(order))
    together = f"({' '.join(order[:cut])})" if cut > 1 else " ".join(order[:cut])
    right = " ".join(filter(None, [together, *order[cut:], b.pick(["", "1"])]))
    return b.add(f'{b.fresh()} = rearrange({name}, "{" ".join(letters)} -> {right}")')


def choice(b: Builder) -> bool:
    condition = b.found("bool") if b.chance(0.5) else None
    condition = condition or f"{b.operand('float')} {b.pick(['>', '<=', '!='])} {b.operand('float')}"
    return b.add(f"{b.fresh()} = where({condition}, {b.operand('float')}, {b.operand('float')})")


def formula(b: Builder, names: list[str], depth: int = 2) -> str:
    """An expression over a few names, for the inside of a `def` or a `scan`."""
    if depth == 0 or b.chance(0.2):
        return b.pick(names) if b.chance(0.8) else b.pick(["1", "2", "0.5", "0.1"])
    if b.chance(0.4):
        return f"{b.pick(['tanh', 'sigmoid', 'relu', 'exp', 'square', 'abs', 'sin', 'softplus', '-'])}({formula(b, names, depth - 1)})"
    return f"({formula(b, names, depth - 1)} {b.pick('+-**/')} {formula(b, names, depth - 1)})"


def definition(b: Builder) -> bool:
    name, count = b.fresh("f"), b.random.randint(1, 2)
    formals = ["p", "q"][:count]
    body = f"{{\n  e = {formula(b, formals)}\n  w = {formula(b, ['e', *formals])}\n  return {b.pick(['w', 'e', 'e * w', 'w, e'])}\n}}"
    both = "w, e" in body
    uses = [
        f"{b.fresh()}{', ' + b.fresh() if both else ''} = {name}({', '.join(b.operand('float') for _ in formals)})"
        for _ in range(b.random.randint(1, 2))
    ]
    return b.add(f"def {name}({', '.join(formals)}) {body}", *uses)


def chain(b: Builder) -> bool:
    """Layers in a chain, lists, repetitions and residuals."""
    name = b.found("float", least=1)
    if name is None:
        return False

    def stage(inner: bool = True) -> str:
        form = b.random.randint(0, 8)
        if inner and form == 0:
            return f"repeat {b.random.randint(1, 3)} {{ {stage(False)} }}"
        if inner and form == 1:
            return f"residual {{ {stage(False)}; {b.pick(['Tanh', 'Affine(4)', 'Identity'])} }}"
        if inner and form == 2:
            return f"layers {{ {b.fresh('l')}: {stage(False)}; {stage(False)} }}"
        if inner and form == 3:
            return f"for n in [3, {b.pick('24')}] {{ Affine(n) }}"
        if form == 4:
            return f"Affine({b.pick('1234')})"
        return b.pick(chain_stages()).stage or "Tanh"

    stages = [stage() for _ in range(b.random.randint(1, 3))]
    return b.add(f"{b.fresh()} = {name} -> {' -> '.join(stages)}")


def shared_layer(b: Builder) -> bool:
    first, second = b.found("float", least=1), b.found("float", least=1)
    if first is None or second is None:
        return False
    layer = b.fresh("g")
    stage = b.pick(["Affine(4)", "Affine(3)", "LayerNorm", "BatchNorm", b.pick(chain_stages()).stage])
    lines = [f"layer {layer} = {stage}", f"{b.fresh()} = {layer}({first})"]
    if b.chance(0.7):
        lines.append(f"{b.fresh()} = {layer}({second})")
    if stage.startswith("Affine") and b.chance(0.5):
        lines.append(f"{b.fresh()} = sum({layer}.W**2)")
    return b.add(*lines)


def listed(b: Builder) -> bool:
    name = b.fresh()
    ids = b.found("int")
    made = b.pick(
        [
            "[1, 2, 3]",
            "[[1, 2], [3, 4]]",
            "[0.5, -1.5, 2.0, 3.25]",
            f"[1.0, 0.5, 2.0][{ids or '1'}]",
            f"stack({b.operand('float')}, {b.operand('float')})",
        ]
    )
    return b.add(f"{name} = {made}")


def alias(b: Builder) -> bool:
    name = b.found()
    return name is not None and b.add(f"{b.fresh()} = {name}")


def gradient(b: Builder) -> bool:
    of, by = b.found("float"), b.found("float")
    if of is None or by is None:
        return False
    top = of if b.rank(of) == 0 and b.chance(0.7) else f"sum({of}{b.pick(['', '**2', ' * 0.5'])})"
    expression = f"grad({top}, {by})"
    if b.chance(0.2):
        expression = f"grad(sum({expression}), {b.found('float')})"
    return b.add(f"{b.fresh()} = {expression}")


def scan(b: Builder) -> bool:
    name, second = b.found("float", least=2), b.found("float", 0)
    if name is None:
        return False
    row, state, following = b.fresh("r"), b.fresh("h"), b.fresh("n")
    shape = next(v.shape for v in b.values if v.name == name)
    start = b.pick(
        [
            f"zeros({', '.join(map(str, (shape[0], *shape[2:])))})",
            f"sum({name}, axis=1)",
            f"ones({', '.join(map(str, (shape[0], *shape[2:])))})",
        ]
    )
    known = [row, state] + ([second] if second else [])
    body = f"{following} = tanh({formula(b, known)})"
    given = b.pick([following, state, f"{following} * {row}", f"{following} + {state}"])
    return b.add(
        f"{b.fresh()} = scan {row} in {name} carry {state} = {start} {{\n  {body}\n  next {state} = {following}\n  yield {given}\n}}"
    )


def ternary(b: Builder) -> bool:
    width = b.fresh("w")
    condition = b.pick([f"{width} > 2", f"{width} == 3", f"{width} % 2 == 0"])
    return b.add(
        f"hyper {width} = {b.pick('1234')}",
        f"{b.fresh()} = {b.operand()} * {width} if {condition} else {b.operand()}",
    )


def of_sizes(b: Builder) -> bool:
    """Sizes as numbers and as shapes."""
    sizes = sorted({s for v in b.values for s in v.shape if isinstance(s, str) and s.isalpha()})
    if not sizes:
        return False
    n, m = b.pick(sizes), b.pick(sizes)
    number = b.pick(
        [
            n,
            f"1 / {n}",
            f"{n} // 2",
            f"({n} + 1) % 2",
            f"{n} * {m}",
            f"1 / ({n} * {m})",
            f"({n} - 1) // 2",
            f"-({n} // 2)",
            f"7 - {n} // 2",
            f"{n} - {m}",
        ]
    )
    form = b.pick(
        [
            "{v} * ({s})",
            "{v} + ({s})",
            "sum({v}) / ({s})",
            "zeros({s}) + 1",
            "arange({s}) * 0.5",
            "ones({n}, 2) * ({s})",
            "full({s}, value=0.25)",
            "maximum({v}, {s})",
            "({s}) - {v}",
            "eye({n})",
            "{v} > {s}",
        ]
    )
    return b.add(f"{b.fresh()} = {form.format(v=b.operand(), s=number, n=n)}")


KINDS: list[tuple[Kind, int]] = [
    (catalog_call, 8), (operator, 5), (unary, 3), (subscript, 2), (reduction, 3), (pattern, 1), (choice, 2), (definition, 1), (chain, 2),
    (shared_layer, 1), (listed, 1), (alias, 1), (gradient, 2), (scan, 1), (ternary, 1), (of_sizes, 2), (parameter, 1), (declare, 1),
]  # fmt: skip
OF_SCALARS: list[tuple[Kind, int]] = [
    (catalog_call, 4), (operator, 6), (unary, 3), (choice, 2), (definition, 1), (alias, 2), (gradient, 3), (ternary, 1), (declare, 1), (parameter, 1),
]  # fmt: skip
