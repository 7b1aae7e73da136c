"""What runs a page notices where it shows something else than happens."""

from __future__ import annotations

from pathlib import Path

import page_runs
import pytest
from page_runs import hold_to, run_whole_page


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("loss 0.2510; done", "loss 0.2531; done\n"),
        ("name   value\n----   -----", "name value\n---- -----"),
        ("epoch 1: a\n...\nepoch 9: b", "epoch 1: a\nepoch 2: c\nepoch 9: b"),
        ("a ...", "a b c"),
        ("... mae: 1.0 ... end", "x y mae: 1.01 z end"),
        ("in 2.1 s", "in 450 ms"),
    ],
)
def test_a_text_is_the_one_that_is_shown(shown: str, printed: str) -> None:
    hold_to(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("loss 0.25", "loss 0.35"),
        ("trained 20 iterations", "trained 21 iterations"),
        ("accuracy 0.9", "f1 0.9"),
        ("accuracy 0.9", "accuracy nan"),
        ("a ... b ... c", "a c b"),
        ("a ... b", "a b c"),
        ("a b ... b c", "a b c"),
        ("weights in runs/a", "weights in runs/b"),
        ("y ~= 1.5", "y ~= -1.5"),
        ("", "warning"),
    ],
)
def test_another_text_is_noticed(shown: str, printed: str) -> None:
    with pytest.raises(AssertionError):
        hold_to(shown, printed)


@pytest.mark.parametrize(
    "block",
    [
        "```sh\ngraphlang check lost.graph\n```\n",
        "```console\n$ graphlang --version\ngraphlang 99.0\n```\n",
        "```python\nprint(3)\n```\n\n```text\n4\n```\n",
        "```python\nprint(3)\n```\n",
        "```python\n1 / 0\n```\n",
    ],
)
def test_a_page_with_a_wrong_block_fails(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.md").write_text(block)
    monkeypatch.setattr(page_runs, "DOCS", tmp_path)
    with pytest.raises((AssertionError, ZeroDivisionError)):
        run_whole_page("page.md", tmp_path)


def test_the_blocks_of_a_page_see_what_came_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "```graph\n# a.graph\ninput x = 3\ny = x**2\n```\n"
        "```console\n$ graphlang check \\\n  a.graph\n1 file checked: no mistakes\n```\n"
        '```json title="x.json"\n{"x": 5}\n```\n'
        '```python\nimport json\nfrom pathlib import Path\nx = json.loads(Path("x.json").read_text())["x"]\n```\n'
        "```python\nprint(x + 1)\n```\n\nIt is\n\n```text\n6\n```\n"
    )
    (tmp_path / "page.md").write_text(text)
    monkeypatch.setattr(page_runs, "DOCS", tmp_path)
    assert run_whole_page("page.md", tmp_path)["x"] == 5
