"""Sessions of a client with a real `graphlang lsp` process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.lsp_client import Client, Refused, uri_of

pytest.importorskip("pygls")
URI = "untitled:one"
NET = """\
input x: float[N, 784], t: int[N]
hyper hidden = 50
y = x -> Affine(hidden) -> Relu -> Affine(10)
loss = SoftmaxWithLoss(y, t)
output y
train {
  minimize = loss
  optimizer = SGD(lr=0.1)
  batch = 10
  iterations = 5
}
"""
EVERYTHING = {"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Client(refresh=True) as started:
        yield started


def labels(answer: Any) -> list[str]:
    return [item["label"] for item in answer["items"]]


def test_a_sound_file_has_no_mistakes_and_every_feature_answers(client: Client) -> None:
    client.open(URI, NET)
    assert client.diagnostics(URI) == []
    assert "float[N, 10]" in client.at("hover", URI, 2, 0)["contents"]["value"]
    assert "y = x @ W + b" in client.at("hover", URI, 2, 10)["contents"]["value"]
    assert "init=" in labels(client.at("completion", URI, 2, 22))
    assert client.at("signatureHelp", URI, 2, 16)["signatures"][0]["label"].startswith("Affine(x, units")
    assert client.at("definition", URI, 3, 23)["range"]["start"] == {"line": 2, "character": 0}
    places = client.at("references", URI, 2, 0, context={"includeDeclaration": True})
    assert [p["range"]["start"]["line"] for p in places] == [2, 3, 4]
    edit = client.at("rename", URI, 1, 6, newName="width")
    assert len(edit["changes"][URI]) == 2
    assert client.at("prepareRename", URI, 1, 6)["placeholder"] == "hidden"
    assert len(client.at("documentHighlight", URI, 1, 6)) == 2
    assert [s["name"] for s in client.of("documentSymbol", URI)] == ["x", "t", "hidden", "y", "loss", "train"]
    assert {"startLine": 5, "endLine": 9, "kind": "region"} in client.of("foldingRange", URI)
    assert len(client.of("semanticTokens/full", URI)["data"]) % 5 == 0
    part = client.of("semanticTokens/range", URI, range=EVERYTHING)
    assert part == client.of("semanticTokens/full", URI)
    assert ": float[N, 10]" in [h["label"] for h in client.of("inlayHint", URI, range=EVERYTHING)]
    options = {"tabSize": 2, "insertSpaces": True}
    assert client.of("formatting", URI, options=options)[0]["newText"].splitlines()[2].startswith("y    = x")
    assert client.of("codeAction", URI, range=EVERYTHING, context={"diagnostics": []}) == []
    item = next(i for i in client.at("completion", URI, 2, 9)["items"] if i["label"] == "Relu")
    assert "documentation" in client.request("completionItem/resolve", item)


def test_while_a_line_is_typed_the_file_is_broken_and_whole_again(client: Client) -> None:
    client.open("untitled:typed", "input x: float[N, 4]\n")
    for number, text in enumerate(("y = x -> Affine(3)\n", "z = relu(y)\n", "output z\n"), 1):
        client.type("untitled:typed", number, 0, text[:-2])
        client.at("completion", "untitled:typed", number, len(text) - 2)
        assert "x" in [s["name"] for s in client.of("documentSymbol", "untitled:typed")]
        client.type("untitled:typed", number, len(text) - 2, text[-2:])
    assert client.diagnostics("untitled:typed") == []
    assert "float[N, 3]" in client.at("hover", "untitled:typed", 2, 0)["contents"]["value"]


def test_a_broken_file_still_has_names_and_their_types(client: Client) -> None:
    client.open("untitled:broken", "input x: float[N, 4]\ny = x -> Affine(3)\nz = relu(y\nw = y * (")
    assert {d["code"] for d in client.diagnostics("untitled:broken")} == {"GL102"}
    assert "float[N, 3]" in client.at("hover", "untitled:broken", 1, 0)["contents"]["value"]
    assert {"x", "y"} <= set(labels(client.at("completion", "untitled:broken", 3, 7)))
    assert [s["name"] for s in client.of("documentSymbol", "untitled:broken")][:2] == ["x", "y"]


def test_mistakes_come_with_their_help_and_the_edits_that_mend_them(client: Client) -> None:
    client.open("untitled:wrong", "input x: float[N, 4]\ny = x -> Afine(3)\nb = True\noutput y\n")
    diagnostics = client.diagnostics("untitled:wrong")
    assert [(d["severity"], d["source"]) for d in diagnostics] == [(1, "graphlang")] * len(diagnostics)
    assert "help: did you mean `Affine`?" in diagnostics[0]["message"]
    actions = client.of("codeAction", "untitled:wrong", range=EVERYTHING, context={"diagnostics": []})
    assert [(a["title"], a["kind"], a.get("isPreferred")) for a in actions] == [
        ("Replace `Afine` with `Affine`", "quickfix", None),
        ("Replace `True` with `true`", "quickfix", True),
        ("Fix all that is certain", "source.fixAll.graphlang", None),
    ]
    text = actions[2]["edit"]["changes"]["untitled:wrong"][0]["newText"]
    assert "b = true" in text
    assert "Afine" in text


@pytest.mark.parametrize(("encoding", "column"), [(None, 12), ("utf-8", 16), ("utf-32", 11)])
def test_columns_count_in_units_of_the_encoding(encoding: str | None, column: int) -> None:
    with Client(encodings=[encoding] if encoding else None) as client:
        assert client.capabilities["positionEncoding"] == (encoding or "utf-16")
        client.open("untitled:u", "무게 = 2\n# 🍎\na = 무게 * 3; # 🍎\n")
        edit = client.at("rename", "untitled:u", 0, 0, newName="사과")
        starts = [e["range"]["start"] for e in edit["changes"]["untitled:u"]]
        assert starts == [{"line": 0, "character": 0}, {"line": 2, "character": 4}]
        client.open("untitled:v", 'c = "🍎 무"; 게 = 2\n')
        assert client.of("documentSymbol", "untitled:v")[1]["selectionRange"]["start"]["character"] == column
        client.change("untitled:v", {"range": {"start": {"line": 0, "character": column},
                                               "end": {"line": 0, "character": column}}, "text": "무"})  # fmt: skip
        assert client.of("documentSymbol", "untitled:v")[1]["name"] == "무게"


def test_the_values_of_a_small_formula_are_shown_and_follow_the_text(client: Client) -> None:
    uri = "untitled:price"
    client.open(uri, "input apple = 100, tax = 1.1\nprice = apple * 2 * tax\noutput price\n")
    shown = wait_for_values(client, uri)
    assert shown == ["  dprice/dapple = 2.2", "  dprice/dtax = 200", "  = 220"]
    client.type(uri, 1, 17, "0")
    assert "  = 2200" in wait_for_values(client, uri)


def wait_for_values(client: Client, uri: str) -> list[str]:
    for _ in range(1000):
        hints = client.of("inlayHint", uri, range=EVERYTHING)
        values = [h["label"] for h in hints if h.get("kind") is None]
        if values:
            return values
        time.sleep(0.02)
    raise AssertionError("no values")


def test_the_command_runs_a_file_with_the_inputs_that_it_is_told(client: Client) -> None:
    uri = "untitled:run"
    client.open(uri, "input x: float\ny = x * x\noutput y\n")
    command = {"command": "graphlang.run"}
    refused = client.request("workspace/executeCommand", {**command, "arguments": [uri]})
    assert not refused["ran"]
    assert "x" in refused["problems"][0]
    ran = client.request("workspace/executeCommand", {**command, "arguments": [uri, {"x": 3}]})
    assert ran == {"ran": True, "problems": []}
    assert wait_for_values(client, uri) == ["  = 3, dy/dx = 6", "  = 9"]


def test_imports_take_the_text_of_open_documents_and_lead_into_them(client: Client, tmp_path: Path) -> None:
    blocks, main = tmp_path / "blocks.graph", tmp_path / "main.graph"
    blocks.write_text("def Twice(x, k=2) = x * k\n", encoding="utf-8")
    text = 'import "blocks.graph" as blocks\ny = blocks.Twice(a, k=3)\n'
    client.open(uri_of(main), text)
    assert client.diagnostics(uri_of(main)) == []
    assert client.at("definition", uri_of(main), 1, 12)["uri"] == uri_of(blocks)
    assert client.at("definition", uri_of(main), 0, 10)["uri"] == uri_of(blocks)
    client.open(uri_of(blocks), "def Triple(x, k=3) = x * k\n")
    client.change(uri_of(main), {"text": text})
    assert [d["code"] for d in client.diagnostics(uri_of(main))] == ["GL208"]
    assert labels(client.at("completion", uri_of(main), 1, 11)) == ["Triple"]
    client.change(uri_of(main), {"text": text.replace("Twice", "Triple")})
    assert client.diagnostics(uri_of(main)) == []
    edit = client.at("rename", uri_of(blocks), 0, 4, newName="Thrice")
    assert set(edit["changes"]) == {uri_of(blocks), uri_of(main)}
    assert client.at("rename", uri_of(main), 1, 12, newName="Thrice") == edit


def test_files_that_nobody_opened_are_searched_and_renamed_in(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    blocks, beside, above = parts / "blocks.graph", parts / "beside.graph", tmp_path / "above.graph"
    blocks.write_text("def Twice(x, k=2) = x * k\n", encoding="utf-8")
    beside.write_text('import "blocks.graph" as b\ny = b.Twice(a, k=3)\n', encoding="utf-8")
    above.write_text('import "parts/blocks.graph" as b\ny = b.Twice(b.Twice(a))\n', encoding="utf-8")
    (tmp_path / "other.graph").write_text("def Twice(x) = x  # not of blocks.graph\n", encoding="utf-8")
    (parts / "broken.graph").write_bytes(b'import "blocks.graph" as b\n\xff')
    with Client(folder=tmp_path) as client:
        client.open(uri_of(blocks), blocks.read_text("utf-8"))
        places = client.at("references", uri_of(blocks), 0, 4, context={"includeDeclaration": True})
        counts = {uri: sum(p["uri"] == uri for p in places) for uri in (p["uri"] for p in places)}
        assert counts == {uri_of(blocks): 1, uri_of(beside): 1, uri_of(above): 2}
        formal = client.at("references", uri_of(blocks), 0, 13, context={"includeDeclaration": False})
        assert [p["uri"] for p in formal] == [uri_of(beside), uri_of(blocks)]
        renamed = client.at("rename", uri_of(blocks), 0, 4, newName="Thrice")["changes"]
        assert {uri: len(edits) for uri, edits in renamed.items()} == counts
        client.open(uri_of(beside), beside.read_text("utf-8"))
        assert client.at("rename", uri_of(beside), 1, 6, newName="Thrice")["changes"] == renamed
        with pytest.raises(Refused, match=r"another name would mean|already"):
            client.at("rename", uri_of(beside), 1, 15, newName="x")


def test_the_fields_of_a_table_are_offered_from_its_header(client: Client, tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_text("area,price,living room\n1,2,3\n", encoding="utf-8")
    text = 'input x: float[N]\ny = x * 2\ndata {\n  source = csv("houses.csv")\n  x = \n}\n'
    client.open(uri_of(tmp_path / "main.graph"), text)
    offered = labels(client.at("completion", uri_of(tmp_path / "main.graph"), 4, 6))
    assert offered[:3] == ["area", "price", 'field("living room")']


def test_wrong_questions_are_answered_with_nothing(client: Client) -> None:
    client.open(URI, NET)
    assert client.at("hover", URI, 4000, 4000) is None
    assert client.at("definition", URI, 0, 100_000) is None
    assert client.at("hover", "file:///nowhere.graph", 0, 0) is None
    assert client.of("documentSymbol", "untitled:unknown") is None
    client.change("untitled:unknown", {"text": "x"})
    with pytest.raises(Refused, match="no name here"):
        client.at("prepareRename", URI, 2, 3)
    with pytest.raises(Refused, match="is not a name"):
        client.at("rename", URI, 1, 6, newName="3 x")
    with pytest.raises(Refused) as refused:
        client.request("textDocument/hover", {"nonsense": 1})
    assert "Traceback" not in str(refused.value)
    with pytest.raises(Refused):
        client.request("workspace/executeCommand", {"command": "rm"})
    assert client.at("hover", URI, 2, 0) is not None


def test_a_file_beyond_the_limits_is_refused_and_the_server_goes_on(client: Client) -> None:
    client.open("untitled:large", "y = x\n" * 200_000)
    assert "the file is too large" in client.diagnostics("untitled:large")[0]["message"]
    assert client.at("hover", URI, 2, 0) is not None


def test_a_closed_document_has_no_mistakes_and_answers_nothing(client: Client) -> None:
    client.open("untitled:closed", "y = Afine(")
    assert client.diagnostics("untitled:closed")
    client.notify("textDocument/didClose", {"textDocument": {"uri": "untitled:closed"}})
    assert client.at("hover", "untitled:closed", 0, 0) is None
    sent = [m["params"] for m in client.messages if m.get("method") == "textDocument/publishDiagnostics"]
    assert [p["diagnostics"] for p in sent if p["uri"] == "untitled:closed"][-1] == []


def test_shutdown_ends_the_process_with_nothing_on_stderr() -> None:
    with Client() as client:
        client.open(URI, NET)
        assert client.end() == (0, "")


def test_the_process_ends_when_the_editor_goes_away() -> None:
    with Client() as client:
        client.open(URI, NET)
        assert client.process.stdin is not None
        client.process.stdin.close()
        client.process.wait(60)
        assert client.process.stderr is not None
        assert client.process.stderr.read() == b""
