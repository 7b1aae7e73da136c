"use strict";
// The source beside the picture: the line of the current value is lit, and a line lights its values.

class Source {
  /** @param {State} state @param {(nodes: FlatNode[]) => void} light */
  constructor(state, light) {
    this.state = state;
    this.light = light;
    this.element = byId("panel-source");
    /** The elements of the lines, by source and line from 1. @type {HTMLElement[][]} */
    this.lines = [];
    /** @type {HTMLElement[]} */
    this.lit = [];
    /** @type {number[][]} */
    this.starts = [];
    /** Whether the text stands where the reader has not yet moved it. */
    this.fresh = true;
  }

  /** Writes the text anew. */
  load() {
    const { scene, graph } = this.state;
    const used = new Set(graph.nodes.map((node) => (node.line ? `${node.line[0]} ${node.line[1]}` : "")));
    this.lit = [];
    this.lines = [];
    this.starts = [];
    const files = scene.sources.map(({ name, text }, source) => {
      const lines = text.replace(/\n$/, "").split("\n");
      let start = 0;
      this.starts[source] = [];
      this.lines[source] = lines.map((line, i) => {
        this.starts[source].push(start);
        start += [...line].length + 1;
        return this.line(line, source, i + 1, used.has(`${source} ${i + 1}`));
      });
      return el("section", {}, scene.sources.length > 1 && el("h3", {}, name), el("ol", { class: "source" }, ...this.lines[source]));
    });
    this.element.replaceChildren(...files);
  }

  /** @param {string} text @param {number} source @param {number} number @param {boolean} used */
  line(text, source, number, used) {
    const code = el("code", {}, ...colored(text));
    const content = used ? el("button", { title: "Light the values of this line", onclick: () => this.press(source, number) }, code) : code;
    return el("li", {}, content);
  }

  /** @param {number} source @param {number} line */
  press(source, line) {
    this.light(this.state.graph.nodes.filter((node) => node.line && node.line[0] === source && node.line[1] === line));
    this.mark([[source, line]], null);
  }

  /** Lights the place of the current step or selection. @param {boolean} scroll */
  show(scroll = true) {
    const { selection, step, graph } = this.state;
    let node = step.node;
    if (selection?.kind === "node") node = graph.byId.get(selection.id) ?? null;
    if (selection?.kind === "edge") node = this.state.edge(selection.id)?.target ?? null;
    if (selection?.kind === "box") node = graph.nodes[graph.boxes.get(selection.id)?.first ?? -1] ?? null;
    this.mark(node?.line ? [[node.line[0], node.line[1]]] : [], node?.at ?? null, scroll);
  }

  /** @param {number[][]} places @param {number[]|null} at @param {boolean} scroll */
  mark(places, at, scroll = true) {
    for (const line of this.lit) {
      line.classList.remove("lit");
      line.removeAttribute("aria-current");
      const code = /** @type {HTMLElement} */ (line.querySelector("code"));
      code.replaceChildren(...colored(code.textContent ?? ""));
    }
    this.lit = [];
    for (const [source, number] of places) {
      const line = this.lines[source]?.[number - 1];
      if (!line) continue;
      line.classList.add("lit");
      line.setAttribute("aria-current", "true");
      this.lit.push(line);
      if (at && at[0] === source) underline(/** @type {HTMLElement} */ (line.querySelector("code")), at[1] - this.starts[source][number - 1], at[2] - this.starts[source][number - 1]);
    }
    if (!scroll || this.element.hidden) return;
    const first = this.fresh ? this.element.querySelector("li:has(button)") : null;
    this.fresh = false;
    if (this.lit.length) scrollWithin(this.element, this.lit[0]);
    else if (first) scrollPanel(this.element, first);
  }
}

/** A line with its comment in another colour. @param {string} text @returns {(Node|string)[]} */
function colored(text) {
  const comment = /^((?:[^"#]|"(?:[^"\\]|\\.)*")*)(#.*)$/.exec(text);
  return comment ? [comment[1], el("span", { class: "comment" }, comment[2])] : [text || "\u200b"];
}

/** Marks a part of a line; offsets count characters. @param {HTMLElement} code @param {number} start @param {number} end */
function underline(code, start, end) {
  const signs = [...(code.textContent ?? "")];
  if (start < 0 || start >= signs.length) return;
  const parts = [signs.slice(0, start), signs.slice(start, end), signs.slice(end)].map((part) => part.join(""));
  code.replaceChildren(...colored(parts[0]).filter((part) => part !== "\u200b"), el("mark", {}, parts[1]), ...(parts[2] ? colored(parts[2]) : []));
}

/** Scrolls only the panel, not the page, where the line is not seen. @param {HTMLElement} panel @param {Element} line */
function scrollWithin(panel, line) {
  const [outer, inner] = [panel.getBoundingClientRect(), line.getBoundingClientRect()];
  if (inner.top < outer.top + 20 || inner.bottom > outer.bottom - 20) scrollPanel(panel, line);
}

/** Brings the line into the upper third of the panel. @param {HTMLElement} panel @param {Element} line */
function scrollPanel(panel, line) {
  const [outer, inner] = [panel.getBoundingClientRect(), line.getBoundingClientRect()];
  panel.scrollTop += inner.top - outer.top - outer.height / 3;
}
