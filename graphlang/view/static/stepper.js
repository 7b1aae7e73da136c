"use strict";
// The controls of the steps, and the rule of the current one.

/** How long play stays at a step, in milliseconds. */
const PACE = 900;

class Stepper {
  /** @param {State} state @param {Rules} rules @param {(position: number) => void} go */
  constructor(state, rules, go) {
    this.state = state;
    this.rules = rules;
    this.go = go;
    this.timer = 0;
    byId("step-first").addEventListener("click", () => this.to("first"));
    byId("step-back").addEventListener("click", () => this.to("back"));
    byId("step-next").addEventListener("click", () => this.to("next"));
    byId("step-last").addEventListener("click", () => this.to("last"));
    byId("step-play").addEventListener("click", () => this.toggle());
    byId("step-slider").addEventListener("input", (/** @type {any} */ event) => {
      this.stop();
      go(stopAt(state.stops, Number(event.target.value)));
    });
  }

  /** @param {"first"|"back"|"next"|"last"} where */
  to(where) {
    this.stop();
    const { stops, position } = this.state;
    if (where === "first") this.go(stops[0]);
    else if (where === "last") this.go(stops[stops.length - 1]);
    else this.go(where === "next" ? stopAfter(stops, position) : stopBefore(stops, position));
  }

  toggle() {
    if (this.timer) return this.stop();
    const { state } = this;
    if (state.position >= state.steps.last) this.go(state.stops[0]);
    this.timer = window.setInterval(() => {
      this.go(stopAfter(state.stops, state.position));
      if (state.position >= state.steps.last) this.stop();
    }, PACE);
    this.playing();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.playing();
  }

  playing() {
    const button = byId("step-play");
    button.textContent = this.timer ? "⏸ Pause" : "▶ Play";
    button.setAttribute("aria-label", this.timer ? "Pause" : "Play");
    button.setAttribute("aria-pressed", String(Boolean(this.timer)));
  }

  /** Shows the current step, or the chain rule of the edge that is selected. */
  show() {
    const { state } = this;
    const { stops, position, steps, step } = state;
    const slider = byId("step-slider");
    slider.max = String(steps.last);
    slider.value = String(position);
    const place = Math.max(0, stops.indexOf(stopAt(stops, position)));
    const phases = { start: "given", forward: "forward", backward: "backward", done: "complete" };
    slider.setAttribute("aria-valuetext", `${place} of ${stops.length - 1}, ${phases[step.phase]}${step.node ? `, ${shownName(step.node)}` : ""}`);
    byId("step-count").textContent = `${place} / ${stops.length - 1}`;
    for (const [id, off] of /** @type {[string, boolean][]} */ ([["step-first", position === 0], ["step-back", position === 0], ["step-next", position >= steps.last], ["step-last", position >= steps.last]])) {
      byId(id).setAttribute("aria-disabled", String(off));
    }
    const rule = byId("rule");
    const edge = state.selection?.kind === "edge" ? state.edge(state.selection.id) : undefined;
    const heading = edge ? "Chain rule" : { start: "Start", forward: "Forward", backward: "Backward", done: "" }[step.phase];
    rule.dataset.phase = edge ? "backward" : step.phase;
    rule.replaceChildren(
      ...(heading ? [el("span", { class: "phase" }, heading)] : []),
      el("div", { class: "lines" }, ...this.lines(edge).map((line) => el("p", {}, ...pieceElements(line)))),
    );
  }

  /** @param {FlatEdge|undefined} edge */
  lines(edge) {
    const { state, rules } = this;
    if (edge) return rules.chain(edge);
    const { step, stops, position } = state;
    const unit = step.node ? state.unitOf(step.node) : null;
    if (!step.node || !unit || unit.kind !== "closed") return rules.lines(step);
    const before = stopBefore(stops, position);
    const steps = state.steps.all.slice(before + 1, position + 1);
    const lines = steps.slice(-3).flatMap((each) => rules.lines(each).slice(0, 2));
    const label = unit.box?.label ?? "";
    return [[{ text: `${label}: ${steps.length} step${steps.length === 1 ? "" : "s"} inside${steps.length > 3 ? ", the last three" : ""}. Open it to see each.`, look: /** @type {const} */ ("quiet") }], ...lines];
  }
}
