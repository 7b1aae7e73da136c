"use strict";
// The panel: what is selected, in full.

/** @typedef {{select: (selection: Selected|null) => void, toggleBox: (id: string) => void, toggleInside: (id: string) => void,
 *   goTo: (phase: "forward"|"backward", node: FlatNode) => void}} Actions */

class Panel {
  /** @param {State} state @param {Rules} rules @param {Actions} actions */
  constructor(state, rules, actions) {
    this.state = state;
    this.rules = rules;
    this.actions = actions;
    this.element = byId("panel-node");
  }

  show() {
    const { state } = this;
    const { selection, step } = state;
    let content;
    if (selection?.kind === "edge") content = this.edge(state.edge(selection.id));
    else if (selection?.kind === "box") content = this.box(state.graph.boxes.get(selection.id));
    else {
      const node = selection ? state.graph.byId.get(selection.id) : step.node;
      content = node ? this.node(node, !selection) : this.overview();
    }
    this.element.replaceChildren(...content);
  }

  /** @param {FlatNode} node @param {boolean} follows @returns {Node[]} */
  node(node, follows) {
    const { state, rules, actions } = this;
    const { scene } = state;
    const kinds = { input: "input", param: "parameter", constant: "constant", operation: node.op || node.sign };
    const whole = scene.nodes.find((each) => each.id === node.id);
    const inside = node.inside ?? (whole && state.unfolded.has(whole.id) ? whole.inside : null);
    const dead = (scene.dead ?? []).find((each) => each.node === node.id);
    const uses = rules.usesOf(node);
    return present([
      el("h2", {}, shownName(node), el("small", {}, kinds[/** @type {keyof typeof kinds} */ (node.kind)] ?? node.kind)),
      follows && el("p", { class: "quiet" }, "The current step. Select a value, an edge or a group to see more of it."),
      this.badNote(node),
      dead && el("p", { class: "bad" }, `${dead.units} of ${dead.of} units are dead: zero for every row.`),
      inside && el("button", { class: "wide-button", onclick: () => actions.toggleInside(node.id) }, state.unfolded.has(node.id) ? "Show as one operation" : "Show its primitives"),
      node.kind === "operation" && el("p", { class: "formula" }, ...pieceElements(rules.forward(node))),
      slotView("Value", state.slot(node.v), node.dtype, "value"),
      scene.of !== null && slotView(`Gradient  ${rules.gradientName(node)}`, state.slot(node.g), node.dtype, "gradient"),
      uses.length > 1 && el("section", {}, el("h3", { class: "gradient" }, `Its ${uses.length} parts`), el("p", { class: "formula" }, ...pieceElements(/** @type {Piece[]} */ (rules.sum(node))))),
      this.edges("Computed from", node.operands, (edge) => edge.source),
      this.edges("Used by", node.uses, (edge) => edge.target),
      docView(node.doc),
    ]);
  }

  /** Where something went wrong first. @param {FlatNode} node */
  badNote(node) {
    const { bad } = this.state.scene;
    if (!bad) return null;
    if (bad.node === node.id) return el("p", { class: "bad" }, `⚠ ${bad.what}`);
    if (!this.state.isBad(node.v) && !this.state.isBad(node.g)) return null;
    return el("p", { class: "bad" }, "⚠ It appeared first at ", this.link(this.state.graph.byId.get(bad.node)), ".");
  }

  /** @param {string} title @param {FlatEdge[]} edges @param {(edge: FlatEdge) => FlatNode} other */
  edges(title, edges, other) {
    if (!edges.length) return null;
    const rows = edges.slice(0, 30).map((edge) => el("li", {},
      this.link(other(edge)),
      edge.g !== null && el("button", { class: "chain", title: "The chain rule along this edge", onclick: () => this.actions.select({ kind: "edge", id: edgeId(edge) }) }, this.state.partText([edge]) || "chain rule")));
    return el("section", {}, el("h3", {}, title), el("ul", { class: "edges" }, ...rows, edges.length > 30 && el("li", { class: "quiet" }, `and ${edges.length - 30} more`)));
  }

  /** @param {FlatNode|undefined} node */
  link(node) {
    if (!node) return "";
    return el("button", { class: "link", onclick: () => this.actions.select({ kind: "node", id: node.id }) }, shownName(node), node.kind === "operation" && node.name ? el("small", {}, node.sign) : null);
  }

  /** @param {FlatEdge|undefined} edge @returns {Node[]} */
  edge(edge) {
    if (!edge) return this.overview();
    const { state, rules } = this;
    return present([
      el("h2", {}, `${shownName(edge.source)} → ${shownName(edge.target)}`, el("small", {}, "edge")),
      edge.g !== null && el("section", {}, el("h3", { class: "gradient" }, "Chain rule"), ...rules.chain(edge).map((line) => el("p", { class: "formula" }, ...pieceElements(line)))),
      edge.g !== null && el("section", {}, el("h3", { class: "gradient" }, "One step back"), el("p", { class: "formula" }, ...pieceElements(rules.backward(edge)))),
      slotView("Value", state.slot(edge.source.v), edge.source.dtype, "value"),
      slotView("What flows back", state.slot(edge.g), edge.source.dtype, "gradient"),
      el("ul", { class: "edges" }, el("li", {}, "from ", this.link(edge.source)), el("li", {}, "to ", this.link(edge.target))),
    ]);
  }

  /** @param {Box|undefined} box @returns {Node[]} */
  box(box) {
    if (!box) return this.overview();
    const { state, actions } = this;
    const inside = state.graph.nodes.slice(box.first, box.last + 1).filter((node) => {
      for (let id = node.box; id !== null; id = state.graph.boxes.get(id)?.parent ?? null) if (id === box.id) return true;
      return false;
    });
    const params = inside.filter((node) => node.kind === "param");
    const count = params.reduce((sum, node) => sum + node.shape.reduce((a, b) => a * b, 1), 0);
    const open = state.isOpen(box);
    return present([
      el("h2", {}, box.label, el("small", {}, box.kind === "inside" ? "primitives" : box.kind)),
      el("button", { class: "wide-button", onclick: () => actions.toggleBox(box.id) }, open ? "Close" : "Open"),
      el("p", {}, `${inside.length} values${params.length ? `, ${count.toLocaleString("en")} numbers in ${params.length} parameters` : ""}`),
      el("ul", { class: "edges" }, ...inside.slice(0, 60).map((node) => el("li", {}, this.link(node), el("span", { class: "value" }, this.state.valueText(node)))), inside.length > 60 && el("li", { class: "quiet" }, `and ${inside.length - 60} more`)),
    ]);
  }

  /** @returns {Node[]} */
  overview() {
    const { scene, graph } = this.state;
    const params = graph.nodes.filter((node) => node.kind === "param");
    const count = params.reduce((sum, node) => sum + node.shape.reduce((a, b) => a * b, 1), 0);
    const first = scene.bad ? graph.byId.get(scene.bad.node) : undefined;
    return present([
      el("h2", {}, "Overview", el("small", {}, scene.file)),
      el("p", {}, `${graph.nodes.length.toLocaleString("en")} values, ${graph.edges.length.toLocaleString("en")} edges${count ? `, ${count.toLocaleString("en")} numbers in ${params.length} parameters` : ""}. ${scene.of === null ? "Nothing to differentiate: no gradients." : `The gradients are those of ${scene.of}.`}`),
      scene.bad && el("p", { class: "bad" }, `⚠ ${scene.bad.what}, first at `, this.link(first), "."),
      (scene.dead ?? []).length > 0 && el("section", {}, el("h3", {}, "Dead units"), el("ul", { class: "edges" }, ...(scene.dead ?? []).map((dead) => el("li", {}, this.link(graph.byId.get(dead.node)), `${dead.units} of ${dead.of}`)))),
      el("section", {}, el("h3", {}, "Look around"), el("ul", { class: "hints" },
        el("li", {}, "▶ plays the computation, forward and then backward; ← and → go step by step."),
        el("li", {}, "Select an edge to see the chain rule along it."),
        graph.boxes.size ? el("li", {}, "+ and − open and close groups.") : null,
        scene.nodes.some((node) => node.inside) ? el("li", {}, "⋯ marks an operation that opens to its primitives: double-click it.") : null,
        scene.program ? el("li", {}, "Change the inputs under “Inputs”: everything follows.") : null)),
    ]);
  }
}

/** @param {(Node|null|undefined|false|""|0)[]} nodes @returns {Node[]} */
const present = (nodes) => /** @type {Node[]} */ (nodes.filter(Boolean));

/** The formula of the documentation. @param {string[]|string|null|undefined} doc */
function docView(doc) {
  const text = Array.isArray(doc) ? doc.join("\n") : doc;
  return text ? el("section", {}, el("h3", {}, "In the catalog"), el("pre", { class: "doc" }, text)) : null;
}
