"use strict";
// All values and gradients as a table: for screen readers, for paper, and to look one up.

const ROWS = 300;

class Values {
  /** @param {State} state @param {(id: string) => void} select */
  constructor(state, select) {
    this.state = state;
    this.select = select;
    this.element = byId("panel-values");
    this.all = false;
    this.stale = true;
  }

  /** The numbers have changed. */
  changed() {
    this.stale = true;
    this.show();
  }

  /** Writes the table if it is seen. */
  show() {
    if (this.element.hidden || !this.stale) return;
    this.stale = false;
    this.element.replaceChildren(...this.content());
  }

  /** @returns {Node[]} */
  content() {
    const { state } = this;
    const { nodes } = state.graph;
    const rows = this.all ? nodes : nodes.slice(0, ROWS);
    const of = state.scene.of;
    const table = el("table", { class: "values" },
      el("caption", {}, of === null ? "All values" : `All values, and the gradients of ${of}`),
      el("thead", {}, el("tr", {}, ...["Name", "Operation", "Value", ...(of === null ? [] : ["Gradient"])].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, ...rows.map((node) => this.row(node, of !== null))));
    const more = nodes.length > rows.length && el("button", { class: "wide-button", onclick: () => {
      this.all = true;
      this.changed();
    } }, `Show all ${nodes.length}`);
    return present([table, more]);
  }

  /** @param {FlatNode} node @param {boolean} gradients */
  row(node, gradients) {
    const { state } = this;
    const text = (/** @type {number|null} */ slot) => short(state.slot(slot), DIGITS, node.dtype);
    return el("tr", {},
      el("th", { scope: "row" }, el("button", { class: "link", onclick: () => this.select(node.id) }, shownName(node))),
      el("td", {}, node.kind === "operation" ? node.sign : node.kind),
      el("td", { class: state.isBad(node.v) ? "bad" : "value" }, text(node.v)),
      gradients && el("td", { class: state.isBad(node.g) ? "bad" : "gradient" }, text(node.g)));
  }
}
