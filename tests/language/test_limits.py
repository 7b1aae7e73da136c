"""Huge files are computed, or refused by a stated limit: no RecursionError, no endless wait."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

import graphlang as gl
from graphlang.training.sections import open_data

HUGE = 100_000
TRUSTED = gl.Limits.trusted()


def refusal(text: str, limits: gl.Limits | None = None) -> str:
    with pytest.raises(gl.GraphError) as caught:
        gl.loads(text, limits=limits)
    return str(caught.value)


def test_a_hundred_thousand_nested_brackets_are_read() -> None:
    graph = gl.loads(f"y = {'(' * HUGE}x{')' * HUGE}", limits=TRUSTED)
    assert graph.run(x=2)["y"] == 2


def test_a_hundred_thousand_open_brackets_are_one_mistake() -> None:
    assert refusal("y = " + "(" * HUGE, TRUSTED).count("error[") == 1


def test_a_sum_of_a_hundred_thousand_ones_is_computed() -> None:
    assert gl.loads("y = " + "+".join(["1"] * HUGE), limits=TRUSTED).run()["y"] == HUGE


@pytest.mark.slow
def test_a_sum_of_a_hundred_thousand_values_has_its_gradient() -> None:
    result = gl.loads("y = " + "+".join(["x"] * HUGE), limits=TRUSTED).run(x=2)
    assert result["y"] == 2 * HUGE
    assert result.grad["x"] == HUGE


@pytest.mark.slow
def test_fifty_thousand_statements_are_run() -> None:
    lines = [f"x{i + 1} = x{i} + 1" for i in range(50_000)]
    result = gl.loads("\n".join(["input x0 = 0", *lines]), limits=TRUSTED).run()
    assert result["x50000"] == 50_000
    assert result.grad["x0"] == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"y = {'-' * HUGE}x", marks=pytest.mark.slow),
        f"y = {'x ** ' * 20_000}1",
        f"y = {'abs(' * 20_000}x{')' * 20_000}",
        f"y = x{' -> Relu' * 20_000}",
        f"y = {'x if true else ' * 20_000}x",
        "y = x -> " + "repeat 1 { " * 5_000 + "Relu" + " }" * 5_000,
    ],
    ids=["minus", "powers", "calls", "chain", "choices", "blocks"],
)
def test_deep_nesting_of_any_kind_is_computed(text: str) -> None:
    assert gl.loads(text, limits=TRUSTED).run(x=1)["y"] == 1


def test_lists_in_lists_without_end_are_refused() -> None:
    for text in (f"y = sum({'[' * HUGE}1{']' * HUGE})", f"y = x -> Affine({'[' * HUGE}1{']' * HUGE})"):
        assert "at most 32 deep" in refusal(text, TRUSTED)


def test_a_def_that_never_ends_is_refused() -> None:
    assert "GL803" in refusal("def f(x) = f(x) + 1\ninput x = 1\ny = f(x)")


def test_a_def_that_doubles_itself_is_refused_by_the_number_of_nodes() -> None:
    doubling = ["def f0(x) = x + x", *(f"def f{i + 1}(x) = f{i}(f{i}(x))" for i in range(40))]
    text = refusal(
        "\n".join([*doubling, "input x = 1", "y = f40(x)"]), gl.Limits(nodes=2_000, expansions=2**50)
    )
    assert "more than 2,000 nodes" in text


def test_an_excessive_repeat_is_refused_before_it_starts() -> None:
    assert "10,000" in refusal("y = x -> repeat 10 ** 12 { Relu }")


def test_excessive_parameters_are_refused_before_they_take_memory() -> None:
    assert "numbers" in refusal("input x: float[N, 1000000]\ny = x -> Affine(1000000)")


def test_an_excessive_power_is_refused() -> None:
    assert "too large" in refusal("hyper n = 9 ** 9 ** 9 ** 9")


def test_an_excessive_file_is_refused() -> None:
    assert "GL801" in refusal("# " + "x" * 1000, gl.Limits(source_bytes=500))


def test_brackets_beyond_the_limit_are_refused() -> None:
    assert "GL802" in refusal("y = ((((x))))", gl.Limits(nesting=3))


def _chain_of_imports(folder: Path, length: int) -> Path:
    for n in range(length):
        (folder / f"f{n}.graph").write_text(f'import "f{n + 1}.graph" as next\ndef g(x) = x\n')
    (folder / f"f{length}.graph").write_text("def g(x) = x\n")
    main = folder / "main.graph"
    main.write_text('import "f0.graph" as f\ninput x = 2\ny = f.g(x)\n')
    return main


def test_a_chain_of_five_hundred_imports_is_followed(tmp_path: Path) -> None:
    assert gl.load(_chain_of_imports(tmp_path, 500), limits=TRUSTED).run()["y"] == 2


def test_more_imports_than_the_limit_are_refused_and_as_many_are_read(tmp_path: Path) -> None:
    main = _chain_of_imports(tmp_path, 10)
    with pytest.raises(gl.GraphError, match="more than 10 others") as caught:
        gl.load(main, limits=gl.Limits(imports=10))
    assert [d.code for d in caught.value.diagnostics] == ["GL803"]
    assert gl.load(main, limits=gl.Limits(imports=11)).run()["y"] == 2


def test_a_file_that_several_import_is_read_once(tmp_path: Path) -> None:
    main = _chain_of_imports(tmp_path, 14)
    for n in range(14):
        with (tmp_path / f"f{n}.graph").open("a") as file:
            file.write(f'import "f{n + 1}.graph" as again\n')
    graph = gl.load(main, limits=gl.Limits(imports=15))
    assert [Path(s.name).name for s in graph.spec.sources] == [
        "main.graph",
        *(f"f{n}.graph" for n in range(15)),
    ]


def test_imports_in_a_row_are_followed_down_to_the_limit(tmp_path: Path) -> None:
    main = _chain_of_imports(tmp_path, 20)
    with pytest.raises(gl.GraphError, match="more than 16 files import one another in a row") as caught:
        gl.load(main)
    assert Path(caught.value.diagnostics[0].file or "").name == "f15.graph"
    assert gl.load(main, limits=gl.Limits(import_depth=21)).run()["y"] == 2


def test_limits_that_are_raised_let_more_through() -> None:
    text = "y = x -> repeat 20 { Relu }"
    assert "GL803" in refusal(text, gl.Limits(unrolled=10))
    assert gl.loads(text, limits=gl.Limits(unrolled=20)).run(x=1)["y"] == 1


def test_more_tokens_than_the_limit_are_refused_at_the_first_beyond_it() -> None:
    assert gl.loads("y = 1 + 2", limits=gl.Limits(tokens=5)).run()["y"] == 3
    with pytest.raises(gl.GraphError, match="more than 5 words, numbers and signs") as caught:
        gl.loads("y = 1 + 2 + 3", limits=gl.Limits(tokens=5))
    assert [(d.code, d.line, d.column) for d in caught.value.diagnostics] == [("GL803", 1, 11)]


def test_the_tokens_of_imported_files_count(tmp_path: Path) -> None:
    main = _chain_of_imports(tmp_path, 2)
    tokens = 49
    gl.load(main, limits=gl.Limits(tokens=tokens))
    with pytest.raises(gl.GraphError, match="more than 48 words"):
        gl.load(main, limits=gl.Limits(tokens=tokens - 1))


def test_the_text_of_imported_files_counts(tmp_path: Path) -> None:
    main = _chain_of_imports(tmp_path, 2)
    size = sum(file.stat().st_size for file in tmp_path.iterdir())
    gl.load(main, limits=gl.Limits(source_bytes=size))
    with pytest.raises(gl.GraphError, match="all that it imports are too large"):
        gl.load(main, limits=gl.Limits(source_bytes=size - 1))


@pytest.mark.parametrize(("source", "part"), [("csv", 1), ("json_lines", 4)])
def test_a_table_beyond_the_limits_is_refused(tmp_path: Path, source: str, part: int) -> None:
    rows = [(i, i / 2) for i in range(30)]
    text = "a,b\n" + "".join(f"{a},{b}\n" for a, b in rows)
    if source == "json_lines":
        text = "".join(f'{{"a": {a}, "b": {b}}}\n' for a, b in rows)
    (tmp_path / "t").write_text(text)
    spec = f'input x: int[N]\ny = x\noutput y\ndata {{ source = {source}("t", test=0); x = a }}'

    def opened(**limits: int) -> int:
        graph = gl.loads(spec, folder=tmp_path, limits=gl.Limits(**limits))
        return int(open_data(graph.model).train["a"].load().sum())

    cells = 62 if source == "csv" else 60 * 5
    assert opened(table_bytes=len(text) * part, table_cells=cells) == 435
    with pytest.raises(gl.GraphError, match=f"the table in `t` announces {len(text)} bytes, more than"):
        opened(table_bytes=len(text) * part - 1)
    with pytest.raises(gl.GraphError, match=r"`t` has 6[0-9] cells, more than the limit of"):
        opened(table_cells=cells - 5)


def test_an_array_of_more_axes_than_the_limit_is_refused() -> None:
    text = "input x: float[1, 1, 1, 1, 1, 1, 1, 1{}]\ny = x"
    gl.loads(text.format(""))
    assert "more than 8 axes" in refusal(text.format(", 1"))
    gl.loads(text.format(", 1"), limits=gl.Limits(rank=9))


def test_a_limit_is_a_whole_number_that_is_not_negative() -> None:
    with pytest.raises(TypeError, match="`nodes` is a whole number, not str"):
        gl.Limits(nodes="many")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`nodes` is 0 or more, not -1"):
        gl.Limits(nodes=-1)


def test_the_trusted_preset_lowers_no_limit() -> None:
    assert all(getattr(TRUSTED, f.name) >= getattr(gl.Limits(), f.name) for f in fields(gl.Limits))
