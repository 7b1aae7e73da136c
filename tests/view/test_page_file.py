"""The page as a file: it needs nothing else, and a spec cannot write into it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import graphlang as gl
from graphlang.cli import main
from graphlang.view.page import page

SPECS = Path(__file__).parent.parent.parent / "specs"
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>\u2028\u2029",
    "<!--scene--><!--script-->",
    '"><img src=x onerror=alert(1)>',
    "&lt;/script&gt;",
    "\\u003c/script>",
)


def scene_in(text):
    (found,) = re.findall(r'<script type="application/json" id="scene">(.*?)</script>', text, re.DOTALL)
    return json.loads(found)


@pytest.fixture(scope="module")
def view():
    return gl.load(SPECS / "apple_orange.graph").view()


def test_the_page_holds_its_scene(view):
    assert scene_in(view.html) == json.loads(json.dumps(view.scene))


def test_the_page_refers_to_nothing_outside_and_forbids_the_network(view):
    text = view.html
    assert not re.findall(
        r"(?:src|href)\s*=\s*[\"']?(?!#|data:|blob:)[^\s\"'>]+", text.partition('id="scene"')[0]
    )
    assert not re.findall(r"url\(\s*[\"']?(?!#|data:)", text)
    assert "@import" not in text
    assert not re.search(
        r"https?://(?!www\.w3\.org/)", re.sub(r'id="scene">.*?</script>', "", text, flags=re.DOTALL)
    )
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy
    assert "unsafe-eval" not in policy


def test_the_page_without_its_data_is_under_150_kilobytes(view):
    data = len(json.dumps(view.scene, separators=(",", ":")).encode())
    assert len(view.html.encode()) - data < 150_000


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_spec_says_is_data_and_never_markup(view, text):
    scene = json.loads(json.dumps(view.scene))
    for part in (scene, scene["nodes"][0], scene["sources"][0]):
        part.update({key: text for key, old in part.items() if isinstance(old, str)})
    scene["boxes"] = [{"id": text, "parent": None, "label": text, "kind": "def", "at": None}]
    written = page(scene)
    assert scene_in(written) == scene
    assert written.count("<script") == view.html.count("<script")
    assert written.count("<img") == view.html.count("<img")


def test_names_of_a_hostile_spec_reach_the_page_as_they_are():
    spec = json.loads(gl.loads("input x = 3\ny = 2 * x\noutput y").spec.model_dump_json())
    name = "</script><b>"
    text = json.dumps(spec).replace('"x"', json.dumps(name))
    written = gl.Graph.from_spec(text).view().html
    assert name in [node["id"] for node in scene_in(written)["nodes"]]
    assert name not in written


# ---- the command -----------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "apple.graph").write_text((SPECS / "apple.graph").read_text())
    return tmp_path


def test_view_writes_a_page_named_after_the_spec(here, capsys):
    assert main(["view", "apple.graph", "--set", "apple=120"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "wrote apple.html\n")
    scene = scene_in((here / "apple.html").read_text(encoding="utf-8"))
    assert scene["slots"][scene["nodes"][0]["v"]] == 120


def test_view_writes_where_it_is_told(here, capsys):
    (here / "pages").mkdir()
    for words, path in ((["-o", "x.html"], "x.html"), (["-o", "pages"], "pages/apple.html")):
        assert main(["view", "apple.graph", *words]) == 0
        assert capsys.readouterr().err == f"wrote {path}\n"
        assert (here / path).exists()
    assert main(["view", "apple.graph", "-o", "-"]) == 0
    assert scene_in(capsys.readouterr().out)["of"] == "price"


def test_view_opens_the_browser_when_asked(here, capsys, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    assert main(["view", "apple.graph", "--open"]) == 0
    assert opened == [(here / "apple.html").as_uri()]
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    assert main(["view", "apple.graph", "--open"]) == 0
    assert "no browser could be started: open file://" in capsys.readouterr().err


def test_view_starts_backward_as_run_does(here, capsys):
    assert main(["view", "apple.graph", "--json", "--of", "apple_price", "--seed-gradient", "3"]) == 0
    scene = json.loads(capsys.readouterr().out)
    gradients = {node["id"]: node["g"] and scene["slots"][node["g"]] for node in scene["nodes"]}
    assert (scene["of"], scene["seed"]) == ("apple_price", 3)
    assert (gradients["apple"], gradients["tax"]) == (6, None)


def test_rows_are_the_first_samples_of_the_data(capsys):
    spec = str(SPECS / "two_layer_net.graph")
    assert main(["view", spec, "--json", "--rows", "5"]) == 0
    out, err = capsys.readouterr()
    assert "the first 5 samples" in err
    assert {node["id"]: node["shape"] for node in json.loads(out)["nodes"]}["x"] == [5, 784]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["nowhere.graph"], 1, "nowhere.graph"),
        (["apple.graph", "-o", "nowhere/x.html"], 1, "nowhere"),
        (["apple.graph", "--of", "pear"], 1, "pear"),
        (["apple.graph", "--json", "-o", "x.html"], 2, "leave -o and --open out"),
        (["apple.graph", "-o", "-", "--open"], 2, "name a file with -o"),
        (["apple.graph", "--rows", "0"], 2, "1 or more"),
        (["apple.graph", "apple.graph"], 2, "unrecognized"),
    ],
)
def test_mistakes_are_told(here, capsys, words, status, told):
    assert main(["view", *words]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert "Traceback" not in err


@pytest.mark.parametrize("words", [["run", "apple.graph"], ["check", "apple.graph"], ["test", "apple.graph"]])
def test_nothing_of_the_page_is_imported_by_other_commands(here, words):
    code = (
        "import sys; from graphlang.cli import main; main(sys.argv[1:]); "
        "print([m for m in sys.modules if m.startswith('graphlang.view')])"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
