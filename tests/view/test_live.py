"""The server behind `graphlang view --live`: who may ask, what it answers, the watched files, and training."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from graphlang.cli import main
from tests.view.live_session import PATIENCE, live, wait_for

PRODUCT = "input x = 3\nhyper k = 2\ny = x * k\noutput y\n"
ROWS = "input x: float[2, 2] = [[1, 2], [3, 4]]\ny = sum(x**2)\noutput y\n"
FITTED = """input x: float[N, 2], t: float[N]
h = x -> Affine(1)
y = sum(h, axis=1)
loss = MeanSquaredError(y, t)
data { source = csv("rows.csv", target="t", test=0); x = x; t = t }
train { minimize = loss; optimizer = SGD(lr=0.05); batch = 2; iterations = 100000 }
"""
TABLE = "a,b,t\n1,2,3.5\n2,1,2.5\n0,1,1.25\n3,1,4.0\n"


@pytest.fixture
def product(tmp_path):
    with live(tmp_path, PRODUCT) as served:
        yield served


@pytest.fixture
def fitted(tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text(TABLE, encoding="utf-8")
    os.utime(table, (10**9, 10**9))  # not a file that was saved just now
    with live(tmp_path, FITTED, "--rows", "2") as served:
        yield served


# ---- who may ask ------------------------------------------------------------------------------------------


def test_the_page_comes_with_the_scene_and_a_policy_that_allows_only_itself(product):
    status, headers, content = product.request("GET", product.path)
    assert status == 200
    assert b'"id":"y"' in content
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "unsafe-inline" not in policy.split("script-src", 1)[1].split(";", 1)[0]
    assert not [name for name in headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/", "/events", "/wrong/", "/wrong/events", "//", "/?token="])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "BREW"])
def test_a_request_without_the_token_is_refused(product, method, path):
    assert product.request(method, path, Origin=product.origin)[0] == 403


def test_every_start_has_a_token_of_its_own(product, tmp_path):
    with live(tmp_path, PRODUCT) as other:
        assert other.server.token != product.server.token
        assert len(other.server.token) >= 20


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "evil.example:{port}", ""])
def test_a_request_under_another_host_name_is_refused(product, host):
    host = host.format(port=product.server.server_port)
    assert product.request("GET", product.path, Host=host)[0] == 403


def test_a_request_to_localhost_is_answered(product):
    port = product.server.server_port
    assert product.request("GET", product.path, Host=f"localhost:{port}")[0] == 200
    status, _ = product.post("change", {}, Host=f"localhost:{port}", Origin=f"http://localhost:{port}")
    assert status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1"])
def test_a_request_from_another_origin_is_refused(product, origin):
    assert product.post("change", {"inputs": {"x": 9}}, Origin=origin)[0] == 403
    assert product.number("x") == 3


def test_a_request_without_an_origin_is_refused(product):
    body = json.dumps({"inputs": {"x": 9}}).encode()
    status, _, _ = product.request("POST", product.path + "change", body, Content_Type="application/json")
    assert status == 403


def test_it_listens_on_this_machine_alone(product):
    assert product.server.server_address[0] == "127.0.0.1"


# ---- what a request may be --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("change", b"{", 400),
        ("change", b"[]", 400),
        ("change", b"\xff", 400),
        ("change", b"[" * 100_000, 400),
        ("change", {"other": 1}, 400),
        ("change", {"inputs": []}, 400),
        ("change", {"inputs": {"x": "text"}}, 400),
        ("change", {"inputs": {"x": None}}, 400),
        ("change", {"hypers": {"k": [1]}}, 400),
        ("change", {"reset": 1}, 400),
        ("change", {"inputs": {"nobody": 1}}, 422),
        ("change", {"inputs": {"x": [[1, 2], [3]]}}, 422),
        ("change", {"hypers": {"nobody": 1}}, 422),
        ("change", {"hypers": {"k": "1 +"}}, 422),
        ("change", {"hypers": {"k": "@secret.npy"}}, 422),
        ("inside", {}, 400),
        ("inside", {"node": 1}, 400),
        ("inside", {"node": "nobody"}, 422),
        ("train", {"action": "explode"}, 400),
        ("train", {"action": "train"}, 422),
    ],
)
def test_a_wrong_request_gets_diagnostics_and_changes_nothing(product, path, body, status):
    got, answer = product.post(path, body)
    assert got == status, answer
    assert answer["diagnostics"][0]["message"]
    assert "Traceback" not in str(answer)
    assert "itself failed" not in str(answer)
    assert product.number("y") == 6


def test_a_request_over_the_limit_is_refused_before_it_is_read(product):
    status, _, _ = product.request(
        "POST", product.path + "change", None, Origin=product.origin, Content_Length=str(10**6 + 1)
    )
    assert status == 413


def test_a_request_of_unknown_length_is_refused(product):
    headers = {"Origin": product.origin, "Content_Type": "application/json", "Transfer_Encoding": "chunked"}
    assert product.request("POST", product.path + "change", b"", **headers)[0] == 411


def test_a_request_that_is_not_json_is_refused(product):
    assert product.post("change", {}, Content_Type="text/plain")[0] == 415


def test_unknown_paths_and_methods_are_refused(product):
    assert product.request("GET", product.path + "nothing")[0] == 404
    assert product.request("GET", product.path + "change")[0] == 404
    assert product.request("PUT", product.path)[0] == 405


# ---- changes ----------------------------------------------------------------------------------------------


def test_an_input_is_computed_by_the_engine(product):
    status, answer = product.post("change", {"inputs": {"x": 5}})
    assert (status, answer["overtaken"]) == (200, False)
    assert (product.number("y"), product.number("x", "g")) == (10, 2)


def test_an_array_is_computed_by_the_engine(tmp_path):
    with live(tmp_path, ROWS) as served:
        assert served.post("change", {"inputs": {"x": [[1, 1], [1, 3]]}})[0] == 200
        assert served.number("y") == 12
        assert served.number("x", "g")["all"] == [2, 2, 2, 6]


def test_a_hyper_is_set_and_the_file_is_read_with_it(product):
    product.post("change", {"hypers": {"k": 7}})
    assert product.number("y") == 21
    assert product.scene["hypers"] == [{"name": "k", "value": 7}]


def test_reset_takes_the_values_of_the_file(product):
    product.post("change", {"inputs": {"x": 5}, "hypers": {"k": 7}})
    product.post("change", {"reset": True})
    assert product.number("y") == 6


def test_the_newest_of_many_requests_wins(product):
    blocked, go_on = threading.Event(), threading.Event()
    product.session._engine.submit(lambda: (blocked.set(), go_on.wait(PATIENCE)))
    blocked.wait(PATIENCE)
    from graphlang.view.live.picture import Change

    futures = [product.session.change(Change({"x": value}, {})) for value in range(20)]
    go_on.set()
    assert [future.result(PATIENCE) is None for future in futures] == [True] * 19 + [False]
    assert product.number("y") == 38


def test_the_inside_of_an_operation_comes_on_request(tmp_path):
    with live(tmp_path, "input x = 1\ny = Sigmoid(x)\noutput y\n") as served:
        assert [node["inside"] for node in served.scene["nodes"]] == [None, None]
        _, answer = served.post("inside", {"node": "y"})
        assert answer["revision"] == served.session.published.shown.revision
        assert len(served.scene["nodes"][1]["inside"]["nodes"]) >= 4
        served.post("change", {"inputs": {"x": 2}})
        assert served.scene["nodes"][1]["inside"]


def test_an_operation_without_an_inside_is_told_as_such(product):
    assert product.post("inside", {"node": "y"}) == (200, {"revision": None})


# ---- events -----------------------------------------------------------------------------------------------


class Events:
    """The stream of events, as a page reads it."""

    def __init__(self, served, query="") -> None:
        self._connection = served.connection()
        self._connection.request("GET", served.path + "events" + query)
        self._answer = self._connection.getresponse()
        assert self._answer.headers["Content-Type"] == "text/event-stream"

    def next(self, name):
        """The data of the next event of a name."""
        while True:
            line = self._answer.readline()
            assert line, "the stream has ended"
            if line == f"event: {name}\n".encode():
                return json.loads(self._answer.readline().removeprefix(b"data: "))

    def close(self):
        self._answer.close()
        self._connection.close()


def test_every_page_gets_a_change_and_where_only_numbers_differ_only_numbers(product):
    pages = [Events(product), Events(product)]
    for page in pages:
        assert page.next("scene")["scene"]["file"] == str(product.spec)
    product.post("change", {"inputs": {"x": 5}})
    for page in pages:
        assert 10 in page.next("numbers")["slots"]
        page.close()


def test_a_page_that_has_the_newest_scene_is_sent_the_next_one(product):
    shown = product.session.published.shown
    page = Events(product, f"?revision={shown.revision}&drawing={shown.drawing}")
    page.next("training")
    product.post("change", {"inputs": {"x": 5}})
    assert 10 in page.next("numbers")["slots"]
    page.close()


def test_a_page_that_closes_in_the_middle_disturbs_no_other(product):
    gone, stays = Events(product), Events(product)
    stays.next("scene")
    gone.close()
    for value in range(5):
        assert product.post("change", {"inputs": {"x": value}})[0] == 200
    wait_for(lambda: 8 in stays.next("numbers")["slots"])
    stays.close()


# ---- the file ---------------------------------------------------------------------------------------------


def test_a_saved_file_is_drawn(product):
    product.save(PRODUCT.replace("x * k", "x + k"))
    wait_for(lambda: product.number("y") == 5)


def test_a_file_that_is_written_in_place_is_drawn(product):
    product.spec.write_text(PRODUCT.replace("x * k", "x - k"), encoding="utf-8")
    wait_for(lambda: product.number("y") == 1)


def test_a_mistake_is_shown_with_its_place_and_goes_when_it_is_mended(product):
    product.save(PRODUCT.replace("x * k", "x * nobody"))
    wait_for(lambda: product.scene["diagnostics"])
    problem, scene = product.scene["diagnostics"][0], product.scene
    assert (problem["code"], problem["line"], problem["column"]) == ("GL201", 3, 9)
    assert scene["stale"]
    assert "nobody" in scene["sources"][0]["text"]
    assert product.number("y") == 6
    product.save(PRODUCT)
    wait_for(lambda: not product.scene["diagnostics"])
    assert not product.scene["stale"]


def test_a_file_that_vanishes_and_comes_back_is_drawn(product):
    product.spec.unlink()
    wait_for(lambda: product.scene["stale"])
    assert product.number("y") == 6
    product.save(PRODUCT.replace("x = 3", "x = 4"))
    wait_for(lambda: product.number("y") == 8)


def test_a_half_written_file_is_not_reported(product):
    shown = []
    show = product.session.published.show
    product.session.published.show = lambda scene: (shown.append(scene["stale"]), show(scene))[1]
    text = PRODUCT.replace("x = 3", "x = 5")
    with product.spec.open("w", encoding="utf-8") as file:
        for part in (text[:9], text[9:]):
            file.write(part)
            file.flush()
    wait_for(lambda: product.number("y") == 10)
    assert shown == [False] * len(shown)


def test_an_imported_file_is_watched_also_before_it_is_there(tmp_path):
    text = 'import "part.graph" as part\ninput x = 3\ny = part.double(x)\noutput y\n'
    with live(tmp_path, text) as served:
        assert served.scene["diagnostics"]
        part = tmp_path / "part.graph"
        part.write_text("def double(x) = 2 * x\n", encoding="utf-8")
        wait_for(lambda: served.number("y") == 6)
        part.write_text("def double(x) = x + x + 1\n", encoding="utf-8")
        wait_for(lambda: served.number("y") == 7)


def test_the_data_is_watched(fitted):
    before = fitted.number("loss")
    (fitted.spec.parent / "rows.csv").write_text(TABLE.replace("3.5", "35"), encoding="utf-8")
    wait_for(lambda: fitted.number("loss") not in (None, before))


def test_what_a_page_set_stays_until_the_file_has_another_value(product):
    product.post("change", {"inputs": {"x": 5}, "hypers": {"k": 7}})
    product.save(PRODUCT + "z = y + 1\n")
    wait_for(lambda: product.number("z") == 36)
    product.save(PRODUCT.replace("k = 2", "k = 3") + "z = y + 2\n")
    wait_for(lambda: product.number("z") == 17)
    product.save(PRODUCT.replace("x = 3", "x = 1").replace("k = 2", "k = 3"))
    wait_for(lambda: product.number("y") == 3)


def test_what_a_page_set_is_dropped_where_it_no_longer_fits(product):
    product.post("change", {"inputs": {"x": 5}})
    product.save("input x: float[2] = [1, 2]\ny = sum(x)\noutput y\n")
    wait_for(lambda: product.number("y") == 3)


def test_a_file_that_is_wrong_from_the_start_is_shown_and_can_be_mended(tmp_path):
    with live(tmp_path, "y = = 3\n") as served:
        assert (served.scene["nodes"], served.scene["stale"]) == ([], True)
        assert served.post("change", {"inputs": {"x": 1}})[1]["diagnostics"][0]["code"] == "GL122"
        served.save(PRODUCT)
        wait_for(lambda: served.number("y") == 6)


# ---- training ---------------------------------------------------------------------------------------------


def test_training_moves_the_loss_and_values_and_can_pause_step_and_start_over(fitted):
    page = Events(fitted)
    start = fitted.number("loss")
    assert fitted.training["state"] == "idle"
    assert fitted.post("train", {"action": "train"}) == (200, {})
    wait_for(lambda: fitted.training["iteration"] > 20 and fitted.number("loss") != start)
    fitted.post("train", {"action": "pause"})
    wait_for(lambda: fitted.training["state"] == "paused")
    paused = fitted.training["iteration"]
    points = fitted.training["points"]
    assert points[-1][1] < points[0][1]
    fitted.post("train", {"action": "step"})
    wait_for(lambda: fitted.training["iteration"] == paused + 1)
    fitted.post("train", {"action": "train"})
    wait_for(lambda: fitted.training["iteration"] > paused + 20)
    fitted.post("train", {"action": "reset"})
    wait_for(lambda: fitted.training["state"] == "idle")
    assert fitted.training["iteration"] == 0
    wait_for(lambda: fitted.number("loss") == start)
    assert sorted(path.name for path in fitted.spec.parent.iterdir()) == ["net.graph", "rows.csv"]
    page.close()


def test_a_training_by_steps_is_that_of_fit(fitted):
    import graphlang as gl

    for _ in range(3):
        fitted.post("train", {"action": "step"})
    wait_for(lambda: fitted.training["iteration"] == 3)
    graph = gl.load(fitted.spec)
    losses = graph.fit(iterations=3).losses
    assert [loss for _, loss in fitted.training["points"]] == losses


def test_inputs_are_computed_while_training(fitted):
    fitted.post("train", {"action": "train"})
    wait_for(lambda: fitted.training["iteration"])
    assert fitted.post("change", {"inputs": {"t": [10, 20]}})[0] == 200
    assert fitted.training["state"] == "running"


def test_saving_the_file_stops_the_training_and_says_so(fitted):
    fitted.post("train", {"action": "train"})
    wait_for(lambda: fitted.training["iteration"])
    fitted.save(FITTED + "# saved\n")
    wait_for(lambda: fitted.training["state"] == "stopped")
    assert "saved" in fitted.training["message"]
    wait_for(lambda: not fitted.session._trainer._alive)
    fitted.post("train", {"action": "train"})
    wait_for(lambda: fitted.training["state"] == "running" and fitted.training["iteration"])


def test_a_mistake_while_training_is_shown(fitted):
    fitted.save(FITTED.replace("lr=0.05", "lr=1e30"))
    wait_for(lambda: "1e30" in fitted.scene["sources"][0]["text"])
    fitted.post("train", {"action": "train"})
    wait_for(lambda: fitted.training["state"] == "failed")
    assert fitted.training["diagnostics"][0]["code"].startswith("GL")


def test_a_training_ends_and_can_be_begun_again(fitted):
    fitted.save(FITTED.replace("100000", "5"))
    wait_for(lambda: fitted.scene["sources"][0]["text"].count("= 5 }"))
    for _ in range(2):
        fitted.post("train", {"action": "train"})
        wait_for(lambda: fitted.training["state"] == "done")
        assert fitted.training["iteration"] == 5
        assert fitted.training["epochs"][-1]["iteration"] == 5


# ---- the end ----------------------------------------------------------------------------------------------


def test_after_the_end_no_thread_runs_and_the_port_is_free(tmp_path):
    with live(tmp_path, PRODUCT) as served:
        page, port = Events(served), served.server.server_port
        served.post("change", {"inputs": {"x": 1}})
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("graphlang live") or "process_request" in name]
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
    page.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to a single process")
def test_ctrl_c_ends_the_command_with_status_0(tmp_path):
    spec = tmp_path / "net.graph"
    spec.write_text(PRODUCT, encoding="utf-8")
    words = [sys.executable, "-m", "graphlang", "view", str(spec), "--live"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = process.stdout.readline()
    assert address.startswith("http://127.0.0.1:")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--live", "--json"], 2),
        (["--live", "-o", "page.html"], 2),
        (["--live", "--svg"], 2),
        (["--port", "8000"], 2),
        (["--live", "--port", "0"], 2),
        (["--live", "--port", "70000"], 2),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path, words, status, capsys):
    spec = tmp_path / "net.graph"
    spec.write_text(PRODUCT, encoding="utf-8")
    assert main(["view", str(spec), *words]) == status
    assert "error" in capsys.readouterr().err


def test_standard_input_and_missing_files_are_refused(capsys):
    assert main(["view", "-", "--live"]) == 2
    assert main(["view", "nowhere.graph", "--live"]) == 1
    assert "GL" in capsys.readouterr().err


def test_a_port_in_use_is_refused(tmp_path, capsys):
    with live(tmp_path, PRODUCT) as served:
        assert main(["view", str(served.spec), "--live", "--port", str(served.server.server_port)]) == 2
    assert "in use" in capsys.readouterr().err
