"use strict";
// The columns of a level: units, and on the way of long lines places where they pass.

/** @typedef {{kind: "node"|"closed"|"open"|"end"|"pass"|"branch"|"in"|"out", unit: Unit|null, value: FlatNode|null, column: number,
 *   edges: FlatEdge[], up: number, down: number, width: number, room: number, x: number, y: number, order: number,
 *   left: Link[], right: Link[], ins: Map<number, number>, outs: Map<number, number>, floating: boolean,
 *   inner: Arranged|null}} Item */
/** @typedef {{a: Item, b: Item, value: FlatNode, edges: FlatEdge[], last: boolean}} Link */
/** @typedef {{columns: Item[][], links: Link[], direct: Link[], items: Item[]}} Columns */

const MOST_PASSES = 60000;

/** What has one line in and one out needs no ports. @type {Map<number, number>} */
const NO_PORTS = new Map();

/** @param {Item["kind"]} kind @param {number} column @param {Unit|null} unit @param {FlatNode|null} value @returns {Item} */
function itemOf(kind, column, unit, value) {
  return {
    kind, unit, value, column, edges: [], up: 5, down: 5, width: 0, room: 0, x: 0, y: 0, order: 0,
    left: [], right: [], ins: NO_PORTS, outs: NO_PORTS, floating: false, inner: null,
  };
}

/**
 * @param {Level} level
 * @param {(value: FlatNode) => boolean} ends whether a line leads from a value to the end of the picture
 * @returns {Columns}
 */
function columnsOf(level, ends) {
  const ranks = ranksOf(level);
  let highest = 0;
  for (const rank of ranks.values()) highest = Math.max(highest, rank);
  /** @type {Map<Unit, Item>} */
  const at = new Map();
  /** @type {Item[]} */
  const items = [];
  /** @type {Item[]} */
  const endings = [];
  for (const unit of level.units) {
    const item = itemOf(unit.kind, 2 * (ranks.get(unit) ?? 0) + 2, unit, unit.node);
    at.set(unit, item);
    items.push(item);
    if (unit.node && ends(unit.node)) endings.push(itemOf("end", item.column + 2, unit, unit.node));
  }
  const last = Math.max(2 * highest + 4, ...endings.map((item) => item.column));
  const build = new ColumnBuilder(last);
  build.items.push(...items, ...endings);
  const wires = [...level.flows.values()].map((flow) => build.planned(flow, at));
  for (const ending of endings) build.addEnding(ending, /** @type {Item} */ (at.get(/** @type {Unit} */ (ending.unit))));
  const thin = build.passes > MOST_PASSES;
  for (const wire of wires) build.wired(wire, thin);
  return build.columns();
}

/** @typedef {{flow: Flow, from: Item, to: {item: Item, edges: FlatEdge[]}[]}} Wire */

class ColumnBuilder {
  /** @param {number} last the column of the ports to the right */
  constructor(last) {
    this.last = last;
    /** @type {Item[]} */
    this.items = [];
    /** @type {Link[]} */
    this.links = [];
    /** @type {Link[]} */
    this.direct = [];
    /** The columns between ranks in which a line divides. @type {Set<number>} */
    this.divided = new Set();
    this.passes = 0;
  }

  /** @param {Item["kind"]} kind @param {number} column @param {Unit|null} unit @param {FlatNode} value */
  add(kind, column, unit, value) {
    const item = itemOf(kind, column, unit, value);
    this.items.push(item);
    return item;
  }

  /** @param {Item} a @param {Item} b @param {FlatNode} value @param {FlatEdge[]} edges @param {boolean} last */
  link(a, b, value, edges, last) {
    const link = { a, b, value, edges, last };
    this.links.push(link);
    a.right.push(link);
    b.left.push(link);
  }

  /**
   * The ends of the lines of a flow.
   * @param {Flow} flow
   * @param {Map<Unit, Item>} at
   * @returns {Wire}
   */
  planned(flow, at) {
    const { value } = flow;
    const from = flow.from === "in" ? this.add("in", 0, null, value) : /** @type {Item} */ (at.get(flow.from));
    const to = [...flow.targets.values()].map(({ unit, edges }) => ({
      item: unit === "out" ? this.add("out", this.last, null, value) : /** @type {Item} */ (at.get(unit)),
      edges,
    }));
    to.sort((p, q) => p.item.column - q.item.column);
    const furthest = to[to.length - 1].item.column;
    this.passes += Math.max(0, furthest - from.column);
    if (to.length > 1) for (const { item } of to) if (item.column > from.column) this.divided.add(item.column - 1);
    return { flow, from, to };
  }

  /** @param {Item} ending @param {Item} from */
  addEnding(ending, from) {
    this.link(from, ending, /** @type {FlatNode} */ (ending.value), [], true);
  }

  /** Links the ends of a flow through all columns between them. @param {Wire} wire @param {boolean} thin */
  wired({ flow, from, to }, thin) {
    const { value } = flow;
    /** The line of the value, by columns. @type {Map<number, Item>} */
    const trunk = new Map([[from.column, from]]);
    let end = from;
    for (const { item, edges } of to) {
      const straight = item.column - from.column;
      if (straight <= 0 || (thin && straight > 12)) {
        this.direct.push({ a: from, b: item, value, edges, last: true });
        continue;
      }
      const divides = to.length > 1;
      const until = item.column - (divides ? 2 : 1);
      for (let column = end.column + 1; column <= until; column++) {
        if (column % 2 && !this.divided.has(column)) continue;
        const pass = this.add("pass", column, null, value);
        this.link(end, pass, value, [], false);
        trunk.set(column, pass);
        end = pass;
      }
      this.finish(value, divides, trunk.get(item.column - 2) ?? (divides ? from : end), end, item, edges);
      for (let at = divides ? trunk.get(item.column - 2) ?? from : end; at !== from; at = at.left[0].a) at.left[0].edges.push(...edges);
    }
  }

  /** @param {FlatNode} value @param {boolean} divides @param {Item} before @param {Item} end @param {Item} item @param {FlatEdge[]} edges */
  finish(value, divides, before, end, item, edges) {
    if (!divides) return this.link(end, item, value, edges, true);
    const branch = this.add("branch", item.column - 1, null, value);
    branch.edges = edges;
    this.link(before, branch, value, edges, false);
    this.link(branch, item, value, edges, true);
  }

  /** @returns {Columns} */
  columns() {
    /** @type {Item[][]} */
    const all = [];
    for (const item of this.items) (all[item.column] ??= []).push(item);
    const columns = all.filter((column) => column?.length);
    columns.forEach((column, c) => {
      for (const item of column) item.column = c;
    });
    for (const column of columns) {
      column.sort((a, b) => firstOf(a) - firstOf(b));
      column.forEach((item, i) => (item.order = i));
    }
    markFloating(columns);
    return { columns, links: this.links, direct: this.direct, items: this.items };
  }
}

/** @param {Item} item */
const firstOf = (item) => item.unit?.first ?? item.value?.index ?? 0;

/** Marks what depends on no input, such as parameters: it does not pull lines aside. @param {Item[][]} columns */
function markFloating(columns) {
  for (const column of columns) {
    for (const item of column) {
      if (item.left.length) item.floating = item.left.every((link) => link.a.floating);
      else item.floating = item.kind === "in" ? item.value?.kind !== "input" && item.value?.kind !== "operation" : item.unit?.node != null && item.unit.node.kind !== "input";
    }
  }
}
