"""The live page in a browser: the saved file, mistakes, inputs and hypers, what is inside, and training."""

from __future__ import annotations

import pytest

from tests.view.browser import browsers
from tests.view.live_session import PATIENCE, live, wait_for

browser = pytest.fixture(scope="module")(browsers)

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


class LivePage:
    """A browser's page of a session. An error in its console fails the test."""

    def __init__(self, browser, session, **options) -> None:
        self.session = session
        options = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(PATIENCE * 1000)
        self.tab = self.context.new_page()
        self.errors = []
        self.expected = ()
        self.tab.on("console", self._note)
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.tab.goto(session.server.address)
        self.wait("document.getElementById('live')?.textContent === 'live'")

    def _note(self, message) -> None:
        if message.type in ("error", "warning") and not any(text in message.text for text in self.expected):
            self.errors.append(f"{message.text} {message.location}")

    def wait(self, condition) -> None:
        """Waits for a condition. Asked from outside: the page itself may not evaluate texts."""

        def holds():
            self.tab.wait_for_timeout(5)
            return self.tab.evaluate(condition)

        wait_for(holds)

    def shows(self, name, value, slot="v") -> None:
        """Waits until a value of the page is so."""
        self.wait(
            "(() => { const { state } = graphlang.page;"
            f" const node = state.scene.nodes.find((each) => each.id === {name!r});"
            f" return node !== undefined && state.slots[node.{slot}] === {value}; }})()"
        )

    def fill(self, selector, text) -> None:
        self.tab.fill(selector, text)
        self.tab.press(selector, "Enter")

    def close(self) -> None:
        self.context.close()
        assert not self.errors, self.errors


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the live page of a text, as often as a test wants."""
    with_sessions = []

    def open_page(text, *options):
        context = live(tmp_path, text, *options)
        page = LivePage(browser, context.__enter__())
        with_sessions.append((context, page))
        return page

    yield open_page
    for context, page in with_sessions:
        try:
            page.close()
        finally:
            context.__exit__(None, None, None)


def test_a_saved_file_is_drawn_and_step_and_open_groups_stay(opened):
    text = "def twice(a) {\n  b = a + a\n  return b * 1\n}\ninput x = 3\ny = twice(x)\noutput y\n"
    page = opened(text)
    page.tab.keyboard.press("Home")
    page.tab.keyboard.press("ArrowRight")
    before = page.tab.evaluate("[graphlang.page.state.step.phase, graphlang.page.state.step.node?.id]")
    page.tab.evaluate("graphlang.page.toggleBox(graphlang.page.state.scene.boxes[0].id)")
    box = page.tab.evaluate("[...graphlang.page.state.toggled]")
    page.session.save(text.replace("x = 3", "x = 4"))
    page.shows("y", 8)
    after = page.tab.evaluate("[graphlang.page.state.step.phase, graphlang.page.state.step.node?.id]")
    assert after == before
    assert page.tab.evaluate("[...graphlang.page.state.toggled]") == box


def test_a_mistake_appears_where_it_stands_and_goes(opened):
    page = opened(PRODUCT)
    page.session.save(PRODUCT.replace("x * k", "x * nobody"))
    page.tab.wait_for_selector("#diagnostics article")
    text = page.tab.inner_text("#diagnostics")
    assert "GL201" in text
    assert "line 3" in text
    assert page.tab.inner_text(".caret").strip() == "^^^^^^ GL201"
    assert "nobody" in page.tab.inner_text(".source .wrong code")
    assert page.tab.inner_text("#live") == "mistake"
    assert float(page.tab.evaluate("getComputedStyle(document.getElementById('canvas')).opacity")) < 0.5
    page.shows("y", 6)
    page.session.save(PRODUCT.replace("x * k", "x + k"))
    page.shows("y", 5)
    page.wait("document.getElementById('diagnostics').hidden")
    assert page.tab.inner_text("#live") == "live"
    assert not page.tab.query_selector(".caret")
    assert page.tab.evaluate("getComputedStyle(document.getElementById('canvas')).opacity") == "1"


def test_a_page_of_a_wrong_file_fills_when_the_file_is_mended(browser, tmp_path):
    with live(tmp_path, "y = = 3\n") as session:
        context = browser.new_context()
        tab = context.new_page()
        tab.goto(session.server.address)
        tab.wait_for_selector("#diagnostics article")
        session.save(PRODUCT)
        wait_for(lambda: (tab.wait_for_timeout(5), tab.inner_text("#live") == "live")[1])
        assert tab.evaluate("graphlang.page.state.scene.nodes.length") == 3
        context.close()


def test_a_number_is_changed_and_computed_by_the_engine(opened):
    page = opened(PRODUCT)
    page.tab.click("#tab-inputs")
    page.fill("#input-x", "5")
    page.shows("y", 10)
    page.tab.click("#reset")
    page.shows("y", 6)
    page.wait("document.getElementById('input-x').value === '3'")


def test_a_slider_moves_the_picture_while_it_is_dragged(opened):
    page = opened(PRODUCT)
    page.tab.click("#tab-inputs")
    slider = page.tab.query_selector(".input input[type=range]")
    slider.focus()
    for _ in range(10):
        slider.press("ArrowRight")
    value = float(slider.input_value())
    assert value > 3
    page.wait(
        f"Math.abs(graphlang.page.state.slots[graphlang.page.state.graph.byId.get('y').v] - {2 * value}) < 1e-9"
    )
    assert page.tab.evaluate("document.activeElement.type") == "range"


def test_a_hyper_is_set(opened):
    page = opened(PRODUCT)
    page.tab.click("#tab-inputs")
    page.fill("#hyper-k", "7")
    page.shows("y", 21)


def test_an_element_of_an_array_is_changed_and_computed_by_the_engine(opened):
    page = opened(ROWS)
    page.tab.click("#tab-inputs")
    page.fill("[aria-label='x[1, 0]']", "10")
    page.shows("y", 121)
    assert page.session.number("x", "g")["all"] == [2, 4, 20, 8]


def test_a_value_that_does_not_fit_is_told_and_the_picture_stays(opened):
    page = opened(PRODUCT)
    page.expected = ("422",)
    page.tab.click("#tab-inputs")
    page.fill("#hyper-k", "1 +")
    page.tab.wait_for_selector("#diagnostics article")
    page.shows("y", 6)
    page.fill("#hyper-k", "4")
    page.shows("y", 12)
    page.wait("document.getElementById('diagnostics').hidden")


def test_pages_follow_one_another(browser, opened):
    page = opened(PRODUCT)
    other = LivePage(browser, page.session)
    page.tab.click("#tab-inputs")
    page.fill("#input-x", "5")
    other.shows("y", 10)
    other.tab.click("#tab-inputs")
    other.wait("document.getElementById('input-x').value === '5'")
    other.close()
    page.fill("#input-x", "6")
    page.shows("y", 12)


def test_a_page_in_the_background_lets_go_of_its_connection_and_catches_up(opened):
    page = opened(PRODUCT)
    wait_for(lambda: page.session.session.published.pages == 1)
    hidden = "Object.defineProperty(document, 'hidden', { value: %s, configurable: true });"
    turned = "document.dispatchEvent(new Event('visibilitychange'))"
    page.tab.evaluate(hidden % "true" + turned)
    page.session.post("change", {"inputs": {"x": 5}})
    page.session.post("change", {"inputs": {"x": 6}})
    wait_for(lambda: page.session.session.published.pages == 0)
    page.tab.evaluate(hidden % "false" + turned)
    page.shows("y", 12)


def test_the_inside_of_an_operation_is_fetched_when_it_is_opened(opened):
    page = opened("input x = 1\ny = Sigmoid(x)\noutput y\n")
    page.tab.evaluate("graphlang.page.select({ kind: 'node', id: 'y' })")
    page.tab.click("#open-inside")
    page.wait("graphlang.page.state.graph.nodes.length > 4")
    page.tab.click("#tab-inputs")
    page.fill("#input-x", "0")
    page.wait("graphlang.page.state.slots.includes(0.5)")
    assert page.tab.evaluate("graphlang.page.state.graph.nodes.length") > 4


def test_training_moves_the_loss_and_the_picture(opened, tmp_path):
    (tmp_path / "rows.csv").write_text(TABLE, encoding="utf-8")
    page = opened(FITTED, "--rows", "2")
    page.tab.click("#tab-train")
    start = page.session.number("loss")
    page.tab.click("#train-run")
    page.wait("document.querySelector('#loss polyline') !== null")
    page.wait(
        "(() => { const { state } = graphlang.page;"
        f" return state.slots[state.graph.byId.get('loss').v] < {start} / 2; }})()"
    )
    page.tab.click("#train-run")
    page.wait("document.getElementById('train-run').textContent === 'Go on'")
    assert "iteration" in page.tab.inner_text("#train-where")
    before = page.session.training["iteration"]
    page.tab.click("#train-step")
    page.wait(f"document.getElementById('train-where').textContent.includes('iteration {before + 1} ')")
    page.tab.click("#train-reset")
    page.shows("loss", start)
    page.wait("document.getElementById('train-run').textContent === 'Train'")
    page.tab.click("#train-run")
    page.wait("document.getElementById('train-run').textContent === 'Pause'")
    page.session.save(FITTED + "# saved\n")
    page.wait("document.getElementById('panel-train').textContent.includes('The file was saved')")


def test_a_file_without_a_train_section_has_no_training(opened):
    page = opened(PRODUCT)
    assert page.tab.is_hidden("#tab-train")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_violations_of_accessibility(browser, tmp_path, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    (tmp_path / "rows.csv").write_text(TABLE, encoding="utf-8")
    with live(tmp_path, FITTED, "--rows", "2") as session:
        page = LivePage(browser, session, bypass_csp=True, color_scheme=scheme)
        page.tab.click("#tab-train")
        for _ in range(3):
            page.tab.click("#train-step")
        page.wait("document.querySelector('#loss polyline') !== null")
        session.save(FITTED.replace("Affine(1)", "Afine(1)"))
        page.tab.wait_for_selector(".caret")
        for tab in ("#tab-train", "#tab-inputs"):
            page.tab.click(tab)
            results = axe.Axe().run(page.tab)
            assert results.violations_count == 0, results.generate_report()
        page.close()


def test_a_page_whose_server_has_ended_says_so(browser, tmp_path):
    with live(tmp_path, PRODUCT) as session:
        page = LivePage(browser, session)
    page.expected = ("ERR_",)
    page.wait("document.getElementById('live').textContent === 'not connected'")
    page.close()
