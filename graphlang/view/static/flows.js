"use strict";
// What stands in each level of the picture, and which values flow there.
//
// A level is the whole picture or the inside of an open box. A unit is what a level draws as one: a node, a
// closed box or an open one. A value flows from one unit of a level to others; from and to the outside of an open
// box it flows through a port in its border.

/** @typedef {{key: string, kind: "node"|"closed"|"open", id: string, node: FlatNode|null, box: Box|null, first: number,
 *   level: string|null}} Unit */
/** @typedef {{unit: Unit|"out", edges: FlatEdge[]}} Target */
/** @typedef {{value: FlatNode, from: Unit|"in", targets: Map<string, Target>}} Flow */
/** @typedef {{box: Box|null, units: Unit[], flows: Map<number, Flow>}} Level */
/** @typedef {{levels: Map<string|null, Level>, unitOf: Map<string, Unit>, units: Map<string, Unit>}} Levels */

/**
 * @param {Graph} graph
 * @param {Map<string, string|null>} around for each box the outermost closed one around it
 * @returns {Levels}
 */
function levelsOf(graph, around) {
  /** @type {Map<string|null, Level>} */
  const levels = new Map([[null, { box: null, units: [], flows: new Map() }]]);
  /** @type {Map<string, Unit>} */
  const units = new Map();
  /** @type {Map<string, Unit>} */
  const unitOf = new Map();
  /** @param {Unit} unit */
  const add = (unit) => {
    units.set(unit.key, unit);
    /** @type {Level} */ (levels.get(unit.level)).units.push(unit);
    return unit;
  };
  for (const box of graph.boxes.values()) {
    const closed = around.get(box.id) ?? null;
    if (closed !== null && closed !== box.id) continue;
    if (closed === null) levels.set(box.id, { box, units: [], flows: new Map() });
    add({ key: `box ${box.id}`, kind: closed === null ? "open" : "closed", id: box.id, node: null, box, first: box.first, level: box.parent });
  }
  for (const node of graph.nodes) {
    const closed = node.box === null ? null : around.get(node.box) ?? null;
    const unit = closed === null
      ? add({ key: `node ${node.id}`, kind: "node", id: node.id, node, box: null, first: node.index, level: node.box })
      : /** @type {Unit} */ (units.get(`box ${closed}`));
    unitOf.set(node.id, unit);
  }
  const all = { levels, unitOf, units };
  for (const edge of graph.edges) addEdge(all, edge);
  return all;
}

/** Lets the value of an edge flow through all levels between its ends. @param {Levels} all @param {FlatEdge} edge */
function addEdge(all, edge) {
  let from = /** @type {Unit} */ (all.unitOf.get(edge.source.id));
  let to = /** @type {Unit} */ (all.unitOf.get(edge.target.id));
  if (from === to) return;
  /** @param {Unit} unit */
  const above = (unit) => /** @type {Unit} */ (all.units.get(`box ${unit.level}`));
  const outer = outerLevels(all, from);
  while (!outer.has(to.level)) {
    addFlow(all, to.level, edge, "in", to);
    to = above(to);
  }
  while (from.level !== to.level) {
    addFlow(all, from.level, edge, from, "out");
    from = above(from);
  }
  if (from !== to) addFlow(all, from.level, edge, from, to);
}

/** The levels in which a unit stands or is contained. @param {Levels} all @param {Unit} unit */
function outerLevels(all, unit) {
  /** @type {Set<string|null>} */
  const outer = new Set([unit.level]);
  for (let level = unit.level; level !== null; ) {
    level = /** @type {Box} */ (/** @type {Level} */ (all.levels.get(level)).box).parent;
    outer.add(level);
  }
  return outer;
}

/** @param {Levels} all @param {string|null} level @param {FlatEdge} edge @param {Unit|"in"} from @param {Unit|"out"} to */
function addFlow(all, level, edge, from, to) {
  const { flows } = /** @type {Level} */ (all.levels.get(level));
  let flow = flows.get(edge.source.index);
  if (!flow) flows.set(edge.source.index, (flow = { value: edge.source, from, targets: new Map() }));
  const key = to === "out" ? to : to.kind === "node" ? `edge ${edge.index}` : to.key;
  const target = flow.targets.get(key);
  if (target) target.edges.push(edge);
  else flow.targets.set(key, { unit: to, edges: [edge] });
}

/**
 * The rank of each unit of a level: one more than that of what it needs. Units that need nothing stand just before
 * their first use; inputs of small levels stand at the left, as in the book.
 * @param {Level} level
 * @returns {Map<Unit, number>}
 */
function ranksOf(level) {
  /** @type {Map<Unit, Unit[]>} */
  const after = new Map(level.units.map((unit) => [unit, []]));
  /** @type {Map<Unit, number>} */
  const missing = new Map(level.units.map((unit) => [unit, 0]));
  /** @type {Set<Unit>} */
  const fed = new Set();
  for (const { from, targets } of level.flows.values()) {
    for (const { unit } of targets.values()) {
      if (unit !== "out") fed.add(unit);
      if (from === "in" || unit === "out") continue;
      /** @type {Unit[]} */ (after.get(from)).push(unit);
      missing.set(unit, (missing.get(unit) ?? 0) + 1);
    }
  }
  const order = topological(level.units, after, missing);
  /** @type {Map<Unit, number>} */
  const ranks = new Map(level.units.map((unit) => [unit, 0]));
  const places = new Map(order.map((unit, i) => [unit, i]));
  /** @param {Unit} unit */
  const place = (unit) => places.get(unit) ?? 0;
  for (const unit of order) {
    const next = (ranks.get(unit) ?? 0) + 1;
    for (const later of after.get(unit) ?? []) {
      if (place(later) > place(unit) && (ranks.get(later) ?? 0) < next) ranks.set(later, next);
    }
  }
  const atLeft = level.units.length <= 40;
  for (const unit of order) {
    const uses = after.get(unit) ?? [];
    if (fed.has(unit) || !uses.length || (atLeft && unit.node?.kind === "input")) continue;
    let least = Infinity;
    for (const later of uses) if (place(later) > place(unit)) least = Math.min(least, ranks.get(later) ?? 0);
    if (Number.isFinite(least)) ranks.set(unit, Math.max(0, least - 1));
  }
  return ranks;
}

/**
 * An order in which units come after what they need, except in a circle: boxes may need one another.
 * @param {Unit[]} units
 * @param {Map<Unit, Unit[]>} after
 * @param {Map<Unit, number>} missing
 */
function topological(units, after, missing) {
  const waiting = [...units].sort((a, b) => a.first - b.first);
  /** @type {Unit[]} */
  const order = [];
  const entered = new Set();
  let next = 0;
  /** @param {Unit} unit */
  const enter = (unit) => {
    entered.add(unit);
    order.push(unit);
  };
  for (const unit of waiting) if (!missing.get(unit)) enter(unit);
  for (;;) {
    for (; next < order.length; next++) {
      for (const later of after.get(order[next]) ?? []) {
        const left = (missing.get(later) ?? 0) - 1;
        missing.set(later, left);
        if (!left && !entered.has(later)) enter(later);
      }
    }
    const stuck = waiting.find((unit) => !entered.has(unit));
    if (!stuck) return order;
    enter(stuck);
  }
}
