"use strict";
// Training from the page: its buttons, how it goes, the curve of the loss, the metrics.

/** @typedef {{state: string, iteration: number, iterations: number|null, epoch: number|null, loss: number|string|null,
 *   points: [number, number|string][], objectives: {name: string, loss: number|string|null, points: [number, number|string][]}[],
 *   epochs: {epoch: number, iteration: number, loss: number|string, objectives: Record<string, number|string>,
 *   train: Record<string, number|string>, validation: Record<string, number|string>, test: Record<string, number|string>}[], message: string,
 *   diagnostics: Diagnostic[]}} TrainingState */

const SVG = "http://www.w3.org/2000/svg";
/** The curve has logarithmic heights where the largest loss is so many times the smallest. */
const LOGARITHMIC = 50;

/** A tab of its own, before the page starts and looks for its tabs. */
byId("tab-values").after(el("button", { role: "tab", id: "tab-train", "aria-controls": "panel-train", "aria-selected": "false", tabindex: "-1", hidden: true }, "Train"));
byId("panel-values").after(el("div", { role: "tabpanel", id: "panel-train", "aria-labelledby": "tab-train", tabindex: "0", hidden: true }));

class Training {
  /** @param {(action: string) => Promise<any>} act */
  constructor(act) {
    this.run = el("button", { id: "train-run", class: "wide-button", onclick: () => act(this.running ? "pause" : "train") }, "Train");
    this.step = el("button", { id: "train-step", class: "wide-button", onclick: () => act("step") }, "One step");
    this.reset = el("button", { id: "train-reset", class: "wide-button", onclick: () => act("reset") }, "Reset");
    this.where = el("p", { id: "train-where" });
    this.said = el("div", { role: "status" });
    this.curve = el("figure", { id: "loss", hidden: true });
    this.metrics = el("div", { class: "wide", tabindex: "0", role: "group", "aria-label": "Metrics of each epoch" });
    this.running = false;
    byId("panel-train").replaceChildren(
      el("h2", {}, "Training"), el("div", { role: "group", "aria-label": "Training" }, this.run, " ", this.step, " ", this.reset),
      this.where, this.said, this.curve, this.metrics);
  }

  /** @param {TrainingState|null} training */
  show(training) {
    byId("tab-train").hidden = !training;
    if (!training) {
      if (!byId("panel-train").hidden) chooseTab("tab-node");
      byId("panel-train").hidden = true;
      return;
    }
    const { state, iteration, iterations, epoch, loss } = training;
    this.running = state === "running";
    this.run.textContent = this.running ? "Pause" : state === "paused" ? "Go on" : "Train";
    const of = iterations ? ` of ${iterations}` : "";
    const losses = training.objectives.length ? training.objectives : [{ name: "loss", loss }];
    const told = losses.map((each) => `${each.name} ${typeof each.loss === "number" ? short(each.loss, 4) : each.loss}`).join(", ");
    this.where.textContent = iteration ? `iteration ${iteration}${of}${epoch ? `, epoch ${epoch}` : ""}: ${told}` : { running: "It begins …", idle: "It has not begun. Nothing is written to disk." }[state] ?? "";
    const text = { paused: "Paused.", done: "Done.", failed: "It stopped at a mistake." }[state] ?? "";
    const lines = [training.message, text].filter(Boolean).join(" ");
    const problems = training.diagnostics.map((each) => el("p", { class: "bad" }, `${each.code}  ${each.message}`, each.help && el("span", { class: "quiet" }, ` ${each.help}`)));
    if (this.written !== lines + problems.length) this.said.replaceChildren(el("p", {}, lines), ...problems);
    this.written = lines + problems.length;
    this.drawCurve(training);
    this.drawMetrics(training);
  }

  /** @param {TrainingState} training */
  drawCurve({ points, objectives, epochs, iteration: last }) {
    const lines = (objectives.length ? objectives.map((each) => each.points) : [points]).map((line) => /** @type {[number, number][]} */ (line.filter(([, loss]) => typeof loss === "number")));
    const known = lines.flat();
    this.curve.hidden = known.length < 2;
    if (known.length < 2) return;
    const split = epochs.some(({ validation }) => typeof validation.loss === "number") ? "validation" : "test";
    const tests = epochs.flatMap((each) => (typeof each[split].loss === "number" ? [[each.iteration, /** @type {number} */ (each[split].loss)]] : []));
    const losses = [...known, ...tests].map(([, loss]) => loss);
    const [low, high] = [Math.min(...losses), Math.max(...losses)];
    const log = low > 0 && high / low > LOGARITHMIC;
    const level = (/** @type {number} */ loss) => (log ? Math.log(loss) : loss);
    const span = level(high) - level(low) || 1;
    const at = (/** @type {number[]} */ [iteration, loss]) => [4 + (312 * (iteration - 1)) / Math.max(1, last - 1), 116 - (108 * (level(loss) - level(low))) / span];
    const svg = svgElement("svg", { viewBox: "0 0 320 120", role: "img", "aria-label": `Loss over ${last} iterations, from ${short(known[0][1], 4)} to ${short(known[known.length - 1][1], 4)}` });
    svg.append(svgElement("path", { d: "M4 2V116H318", class: "axes" }), ...lines.map((line) => svgElement("polyline", { points: line.map((point) => at(point).map((x) => x.toFixed(1)).join(",")).join(" ") })));
    for (const point of tests) {
      const [cx, cy] = at(point);
      svg.append(svgElement("circle", { cx, cy, r: 2.5 }));
    }
    this.curve.replaceChildren(svg, el("figcaption", {}, `${objectives.map((each) => each.name).join(", ") || "loss"}, from ${short(low, 3)} to ${short(high, 3)}${log ? " (logarithmic)" : ""}, over ${last} iterations${tests.length ? `; dots: over the ${split} split` : ""}`));
  }

  /** @param {TrainingState} training */
  drawMetrics({ epochs }) {
    if (!epochs.length) return this.metrics.replaceChildren();
    const last = epochs[epochs.length - 1];
    const splits = /** @type {const} */ (["train", "validation", "test"]);
    const columns = splits.flatMap((split) => Object.keys(last[split]).map((name) => /** @type {const} */ ([split, name])));
    const named = Object.keys(last.objectives);
    const head = el("tr", {}, ...["epoch", ...(named.length ? named : ["loss"]), ...columns.map(([split, name]) => `${name}, ${split}`)].map((text) => el("th", { scope: "col" }, text)));
    const written = (/** @type {number|string} */ value) => el("td", {}, typeof value === "number" ? short(value, 4) : value);
    const rows = epochs.slice(-30).reverse().map((each) => el("tr", {}, el("td", {}, String(each.epoch)), ...(named.length ? named.map((name) => written(each.objectives[name])) : [written(each.loss)]), ...columns.map(([split, name]) => written(each[split][name] ?? ""))));
    this.metrics.replaceChildren(el("table", { class: "metrics" }, el("thead", {}, head), el("tbody", {}, ...rows)));
  }
}

/** @param {string} tag @param {Record<string, string|number>} attributes */
function svgElement(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
