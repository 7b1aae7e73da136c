"use strict";
// Small arrays among the inputs as tables of fields.

class TensorFields {
  /** @param {State} state @param {(change: Change) => void} change */
  constructor(state, change) {
    this.state = state;
    this.change = change;
    /** The fields and what the array holds, by input. @type {Map<string, {cells: any[], values: any[], dtype: string}>} */
    this.tables = new Map();
  }

  /** The tables, made anew. @returns {Node[]} */
  elements() {
    this.tables.clear();
    return this.state.scene.nodes.filter((node) => node.kind === "input" && !node.editable).map((node) => this.table(node)).filter((table) => table !== null);
  }

  /** @param {SceneNode} node @returns {Node|null} */
  table(node) {
    const tensor = this.state.slot(node.v);
    if (typeof tensor !== "object" || !tensor?.all?.length) return null;
    const { all, shape } = tensor;
    const cells = all.map((value, place) => el("input", {
      type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false",
      "aria-label": `${node.id}[${indexOf(place, shape).join(", ")}]`, onchange: () => this.set(node.id, place),
      value: shortElement(value, FULL, node.dtype),
    }));
    this.tables.set(node.id, { cells, values: [...all], dtype: node.dtype });
    const columns = shape[shape.length - 1];
    const rows = [];
    for (let i = 0; i < cells.length; i += columns) rows.push(el("tr", {}, ...cells.slice(i, i + columns).map((cell) => el("td", {}, cell))));
    return el("section", { class: "tensor-fields" }, el("h3", {}, node.id, el("small", {}, ` ${shape.join(" × ")}`)), el("div", { class: "wide" }, el("table", {}, el("tbody", {}, ...rows))));
  }

  /** Writes the numbers as they are now, except into the field that is being edited. */
  write() {
    for (const [id, table] of this.tables) {
      const node = this.state.scene.nodes.find((each) => each.id === id);
      const tensor = this.state.slot(node?.v);
      if (typeof tensor !== "object" || tensor?.all?.length !== table.cells.length) continue;
      table.values = [...tensor.all];
      table.cells.forEach((cell, place) => {
        const text = shortElement(table.values[place], FULL, table.dtype);
        if (cell !== document.activeElement && cell.value !== text) cell.value = text;
        if (cell !== document.activeElement) cell.setAttribute("aria-invalid", "false");
      });
    }
  }

  /** @param {string} id @param {number} place */
  set(id, place) {
    const table = this.tables.get(id);
    const shape = this.state.scene.nodes.find((node) => node.id === id)?.shape;
    if (!table || !shape) return;
    const cell = table.cells[place];
    const value = table.dtype === "bool" ? truthIn(cell.value) : numberIn(cell.value);
    cell.setAttribute("aria-invalid", String(value === null));
    if (value === null) return;
    table.values[place] = value;
    this.change({ inputs: { [id]: nestedIn(table.values, shape) } });
  }
}

/** @param {string} text */
const truthIn = (text) => (/^\s*(true|1)\s*$/i.test(text) ? true : /^\s*(false|0)\s*$/i.test(text) ? false : null);

/** Where an element stands. @param {number} place @param {number[]} shape */
function indexOf(place, shape) {
  const index = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(place % shape[axis]);
    place = Math.floor(place / shape[axis]);
  }
  return index;
}

/** Numbers in a row as lists of lists. @param {any[]} values @param {number[]} shape @returns {any} */
function nestedIn(values, shape) {
  if (shape.length < 2) return values;
  const size = values.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => nestedIn(values.slice(i * size, (i + 1) * size), shape.slice(1)));
}
