"use strict";
// The page's line to its server: scenes come as events, and what is changed in the page goes back as requests.

/** @typedef {Change & {reset?: boolean}} LiveChange */

class Live {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.training = new Training((action) => this.post("train", { action }));
    this.fields = new TensorFields(page.state, (change) => this.change(change));
    this.unfolding = new Unfolding(page, (node) => this.post("inside", { node }));
    this.chip = el("span", { id: "live", role: "status" });
    byId("tools").before(this.chip);
    this.connected = false;
    /** @type {EventSource|null} */
    this.events = null;
    /** What is shown, as the server counts it. */
    this.at = { ...LIVE };
    /** What has come and is not shown yet. @type {{scene: string|null, numbers: string|null}} */
    this.news = { scene: null, numbers: null };
    this.scheduled = false;
    /** @type {LiveChange|null} */
    this.waiting = null;
    this.sending = false;
    /** What was wrong with the last request. @type {Diagnostic[]} */
    this.problems = [];
  }

  start() {
    const { page } = this;
    page.connect({ change: (/** @type {LiveChange} */ change) => this.change(change), fields: () => this.fields.elements() });
    this.listen();
    // Browsers keep few connections to one server: a page in the background frees its own.
    document.addEventListener("visibilitychange", () => (document.hidden ? this.events?.close() : this.listen()));
    this.shown();
  }

  listen() {
    this.events?.close();
    const events = (this.events = new EventSource(`events?revision=${this.at.revision}&drawing=${this.at.drawing}`));
    events.addEventListener("open", () => this.tell(true));
    events.addEventListener("error", () => this.tell(false));
    events.addEventListener("scene", (event) => this.take({ scene: event.data, numbers: null }));
    events.addEventListener("numbers", (event) => this.take({ scene: this.news.scene, numbers: event.data }));
    events.addEventListener("training", (event) => this.training.show(JSON.parse(event.data)));
  }

  // ---- what comes -----------------------------------------------------------------------------------------

  /** Shows the newest of what has come once the page is free. @param {{scene: string|null, numbers: string|null}} news */
  take(news) {
    this.news = news;
    if (this.scheduled) return;
    this.scheduled = true;
    setTimeout(() => {
      this.scheduled = false;
      const { scene, numbers } = this.news;
      this.news = { scene: null, numbers: null };
      const whole = scene === null ? null : JSON.parse(scene);
      const slots = numbers === null ? null : JSON.parse(numbers);
      this.at = { revision: (slots ?? whole).revision, drawing: whole?.drawing ?? this.at.drawing };
      if (whole) this.draw(whole.scene, slots?.slots ?? null);
      else this.renumber(slots.slots);
    }, 0);
  }

  /** @param {Scene} scene @param {Slot[]|null} slots */
  draw(scene, slots) {
    if (slots) scene.slots = slots;
    const { page } = this;
    const empty = !page.state.graph.nodes.length;
    page.update(scene);
    if (empty) page.stage.fit(false);
    this.unfolding.arrived();
    this.shown();
  }

  /** The same picture with other numbers. @param {Slot[]} slots */
  renumber(slots) {
    const { page } = this;
    page.state.scene.slots = slots;
    page.state.slots = [...slots];
    page.recomputed();
    page.editor.load();
    this.shown();
  }

  /** After the page shows something else. */
  shown() {
    this.fields.write();
    const { scene } = this.page.state;
    document.documentElement.toggleAttribute("data-stale", Boolean(scene.stale));
    this.showProblems();
    this.tell(this.connected);
    /** @type {any} */ (window).graphlang.shown = performance.now();
  }

  showProblems() {
    const { scene } = this.page.state;
    const all = [...(scene.diagnostics ?? []), ...this.problems];
    showDiagnostics({ ...scene, diagnostics: all }, (source, line) => this.page.showLine(source, line));
    showCarets(this.page.source, scene, all);
  }

  /** Says whether the page follows the file. @param {boolean} connected */
  tell(connected) {
    this.connected = connected;
    const { stale } = this.page.state.scene;
    const [state, text] = !connected ? ["off", "not connected"] : stale ? ["stale", "mistake"] : ["on", "live"];
    if (this.chip.dataset.state === state) return;
    this.chip.dataset.state = state;
    this.chip.textContent = text;
    this.chip.title = { off: "The server has ended, or cannot be reached.", stale: "The file has a mistake: this is the picture from before.", on: "The page follows the file." }[state] ?? "";
  }

  // ---- what goes ------------------------------------------------------------------------------------------

  /** Has something computed. While a request is under way, the newest wishes wait together. @param {LiveChange} change */
  change(change) {
    const { waiting } = this;
    this.waiting = change.reset || !waiting ? change : { ...waiting, ...change, inputs: { ...waiting.inputs, ...change.inputs }, hypers: { ...waiting.hypers, ...change.hypers } };
    if (!this.sending) void this.send();
  }

  async send() {
    this.sending = true;
    while (this.waiting) {
      const change = this.waiting;
      this.waiting = null;
      await this.post("change", change);
    }
    this.sending = false;
  }

  /** Asks the server for something, and shows what is wrong with it. @param {string} path @param {object} fields @returns {Promise<any>} */
  async post(path, fields) {
    /** @type {any} */
    let answer;
    try {
      const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields) });
      answer = await response.json();
    } catch {
      answer = { diagnostics: [{ code: "", message: "The server cannot be reached." }] };
    }
    const had = this.problems.length > 0;
    this.problems = answer.diagnostics ?? [];
    if (had || this.problems.length) this.showProblems();
    return answer;
  }
}

addEventListener("DOMContentLoaded", () => {
  const live = new Live(/** @type {any} */ (window).graphlang.page);
  /** @type {any} */ (window).graphlang.live = live;
  live.start();
});
