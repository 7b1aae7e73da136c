"""Whatever names and texts a spec has, no export obeys them: HTML, SVG, DOT, Mermaid, the terminal, JSON.

The language has no such names; a spec that comes as JSON may have them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.cli.console import print_json
from graphlang.draw.from_graph import picture
from graphlang.draw.terminal import terminal
from graphlang.draw.width import printable, without_hidden_marks
from graphlang.view.build import scene
from graphlang.view.documents import dot, mermaid, scene_svg
from graphlang.view.page import page

NAMES = [
    "a\u202eb\u2066c",
    "a\u200fb\u061cc",
    "a\x1b[31mb\x07",
    "a\x9b31mb\x7f",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    'a"];b[label="c',
    'a"] --> b["c',
    "]]><!--",
    "a\u2028b\u2029c\nd",
]


def of_names(name: str) -> gl.Graph:
    """y = 2 * x, in which the input, the title and the file have another name."""
    text = gl.loads("# Title\ninput x = 3\ny = 2 * x\noutput y", name="File").spec.model_dump_json()
    for old in ("x", "Title", "File"):
        text = text.replace(json.dumps(old), json.dumps(name))
    return gl.Graph.from_spec(text)


def exports(graph: gl.Graph, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    forward = graph.forward()
    result = graph.run()
    shown = scene(graph, forward, result)
    print_json(result.as_json())
    of_json = capsys.readouterr().out
    return {
        "html": page(shown),
        "svg": scene_svg(shown),
        "dot": dot(shown),
        "mermaid": mermaid(shown),
        "terminal": terminal(picture(graph, forward, result, list(graph.network.names)), 200, color=False),
        "json": of_json,
        "notebook": result.grad._repr_mimebundle_()["text/html"],
    }


class Elements(HTMLParser):
    """Counts the elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.append(tag)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_is_neither_obeyed_nor_hidden(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    plain, made = exports(of_names("plain"), capsys), exports(of_names(name), capsys)
    for form, text in made.items():
        hidden = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
        assert hidden <= {"\n", "\t"}, form
    for form in ("html", "notebook"):
        assert Elements(made[form]).names == Elements(plain[form]).names
    assert len(list(ET.fromstring(made["svg"]).iter())) == len(list(ET.fromstring(plain["svg"]).iter()))
    for form in ("dot", "mermaid", "json"):
        assert made[form].count("\n") == plain[form].count("\n"), form
    assert json.loads(made["json"])["values"][name] == 3


def test_joiners_stay_where_they_are_part_of_the_spelling() -> None:
    assert printable("می\u200cخواهم") == "می\u200cخواهم"
    assert without_hidden_marks("می\u200cخواهم") == "می\u200cخواهم"


# ---- how much a refusal says ---------------------------------------------------------------------

MANY = "input a: float[3], b: float[4]\n" + "\n".join(f"y{i} = a + b" for i in range(100))


@pytest.mark.parametrize("form", ["full", "concise", "github"])
def test_check_says_at_most_4_kilobytes_of_a_file_and_counts_the_rest(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.graph").write_text(MANY)
    assert main(["check", str(tmp_path / "a.graph"), "--format", form]) == 1
    out = capsys.readouterr().out
    assert len(out.encode()) <= 4096
    shown = len(re.findall("GL301", out))
    (rest,) = re.findall(r"([\d,]+) more mistakes are not shown", out)
    assert 3 < shown <= 20
    assert shown + int(rest) == 100


def test_check_shows_as_many_as_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.graph").write_text(MANY)
    assert main(["check", str(tmp_path / "a.graph"), "--limit", "errors=1000"]) == 1
    assert len(re.findall(r"error\[GL301\]", capsys.readouterr().out)) == 100
    assert main(["check", str(tmp_path / "a.graph"), "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)) == 21


def test_each_file_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "ab":
        (tmp_path / f"{name}.graph").write_text(MANY)
    assert main(["check", str(tmp_path), "--format", "concise"]) == 1
    out = capsys.readouterr().out
    assert {re.findall(r"([ab])\.graph:", line)[0] for line in out.splitlines() if "GL301" in line} == {
        "a",
        "b",
    }
