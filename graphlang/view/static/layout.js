"use strict";
// The layout: every level is laid out by itself, and an open box then is a large node of the level around it.

const RADIUS = 18;
const LABEL_PAD = 9;
const BOX_LEFT = 20;
const BOX_RIGHT = 20;
const BOX_TOP = 34;
const BOX_BOTTOM = 14;
const CHANNEL_LEAST = 40;
const CHANNEL_MOST = 170;
const ARROW = 9;

/** @typedef {{width: number, height: number, items: Item[], columns: Item[][], links: Link[], direct: Link[],
 *   edge: number[], zone: number[], inY: Map<number, number>, outY: Map<number, number>, box: Box|null}} Arranged */
/** @typedef {{unit: Unit, end: boolean, x: number, y: number, w: number, h: number, depth: number}} Shape */
/** @typedef {{value: FlatNode, x0: number, x1: number, y: number, label: number, unit: Unit|null}} Trunk */
/** @typedef {{value: FlatNode, edges: FlatEdge[], path: number[][], arrow: number[]|null, part: number[]|null,
 *   mark: number, box: number[]}} Strand */
/** @typedef {{shapes: Shape[], trunks: Trunk[], strands: Strand[], byUnit: Map<string, Shape>, width: number, height: number,
 *   levels: Levels, grid: Grid}} Layout */
/** @typedef {(text: string, size: number, bold?: boolean) => number} Measure */
/** @typedef {{measure: Measure, value: (node: FlatNode) => string, gradient: (node: FlatNode) => string,
 *   part: (edges: FlatEdge[]) => string}} Labels */

/**
 * @param {Graph} graph
 * @param {(box: Box) => boolean} isOpen
 * @param {Labels} labels
 * @returns {Layout}
 */
function layoutOf(graph, isOpen, labels) {
  const levels = levelsOf(graph, closedAround(graph, isOpen));
  const root = arranged(levels, null, labels, graph.scene.of);
  /** @type {Layout} */
  const layout = { shapes: [], trunks: [], strands: [], byUnit: new Map(), width: root.width, height: root.height, levels, grid: new Grid() };
  new Emitter(layout).emit(root, 0, 0, 0);
  layout.grid.fill(layout);
  return layout;
}

/** @param {FlatNode} node @param {string|null} of */
const hasEnd = (node, of) => Boolean(node.output) || (!node.uses.length && node.kind === "operation") || node.id === of;

/**
 * @param {Levels} levels
 * @param {string|null} id
 * @param {Labels} labels
 * @param {string|null} of
 * @returns {Arranged}
 */
function arranged(levels, id, labels, of) {
  const level = /** @type {Level} */ (levels.levels.get(id));
  const { columns, links, direct, items } = columnsOf(level, (node) => hasEnd(node, of));
  for (const item of items) {
    if (item.kind === "open") item.inner = arranged(levels, /** @type {Unit} */ (item.unit).id, labels, of);
    size(item, labels);
  }
  const many = items.length > 2000;
  orderColumns({ columns, links, direct, items }, 300);
  placeHeights(columns, many ? 4 : 10);
  const inside = level.box !== null;
  const result = { width: 0, height: 0, items, columns, links, direct, edge: /** @type {number[]} */ ([]), zone: /** @type {number[]} */ ([]), inY: new Map(), outY: new Map(), box: level.box };
  placeColumns(result, inside);
  const least = level.box ? labels.measure(level.box.label, 12) + 60 : 0;
  result.width = Math.max(result.width, least);
  for (const item of items) {
    item.y += inside ? BOX_TOP : 0;
    result.height = Math.max(result.height, item.y + item.down);
    const value = /** @type {FlatNode} */ (item.value);
    if (item.kind === "in") result.inY.set(value.index, item.y);
    if (item.kind === "out") result.outY.set(value.index, item.y);
  }
  if (inside) result.height += BOX_BOTTOM;
  return result;
}

/** How much room an item needs. @param {Item} item @param {Labels} labels */
function size(item, labels) {
  const { measure } = labels;
  const node = item.value;
  if (item.kind === "node" && node) {
    const leaf = node.kind !== "operation";
    const name = localName(node);
    item.width = leaf ? measure(leafText(node), 13, true) + 8 : shapeWidth(node.sign, measure);
    item.up = leaf ? 22 : RADIUS + (name ? 18 : 4);
    item.down = leaf ? 24 : Math.max(RADIUS + 4, 26);
    if (item.right.length) item.room = trunkRoom(node, labels);
    if (!leaf && name) item.room = Math.max(item.room, measure(name, 11.5) + 14 - item.width);
  } else if (item.kind === "end" && node) {
    item.width = measure(node.name || node.id, 13, true) + 10;
    item.up = item.down = 12;
  } else if (item.kind === "branch") {
    const text = labels.part(item.edges);
    item.room = text ? measure(text, 12) + 2 * LABEL_PAD : 12;
    item.down = 24;
    item.up = 12;
  } else if (item.kind === "closed" && item.unit?.box) {
    const outs = [...new Map(item.right.map((link) => [link.value.index, link.value])).values()];
    const half = Math.max(26, outs.length * 23);
    item.width = Math.max(measure(countText(item.unit.box), 10), measure(item.unit.box.label, 13)) + 44;
    item.up = item.down = half;
    item.outs = new Map();
    outs.forEach((value, i) => item.outs.set(value.index, (i - (outs.length - 1) / 2) * 46));
    for (const value of outs) item.room = Math.max(item.room, trunkRoom(value, labels));
  } else if (item.inner) {
    const { inner } = item;
    item.width = inner.width;
    item.up = item.down = inner.height / 2;
    item.ins = new Map();
    item.outs = new Map();
    for (const [value, y] of inner.inY) item.ins.set(value, y - item.up);
    for (const [value, y] of inner.outY) item.outs.set(value, y - item.up);
    item.room = item.right.length ? 10 : 0;
  } else if (item.kind === "in" || item.kind === "out") {
    item.up = item.down = 9;
  }
}

/** @param {FlatNode} node @param {Labels} labels */
function trunkRoom(node, { measure, value, gradient }) {
  const widest = Math.max(measure(value(node), 13), measure(gradient(node), 13));
  return Math.ceil((widest + 2 * LABEL_PAD) / 12) * 12;
}

/** What stands at a value that is given. @param {FlatNode} node */
const leafText = (node) => localName(node) || node.sign;

/** The name of a value where it stands: without the name of the box that it is in. @param {FlatNode} node */
const localName = (node) => (node.box !== null && node.name.startsWith(`${node.box}.`) ? node.name.slice(node.box.length + 1) : node.name);

/** The width of the circle or pill of an operation. @param {string} sign @param {Measure} measure */
function shapeWidth(sign, measure) {
  return Math.max(2 * RADIUS, measure(sign, isSign(sign) ? 17 : 13) + 24);
}

/** Whether it is a sign such as ×, and no word. @param {string} text */
const isSign = (text) => text.length <= 2 || text.startsWith("**") || text === "1/x";

/**
 * The x of each column: where it begins, and where its labels end.
 * @param {Arranged} level
 * @param {boolean} inside
 */
function placeColumns(level, inside) {
  const { columns } = level;
  let x = inside ? BOX_LEFT : 0;
  columns.forEach((column, c) => {
    let width = 0;
    let room = 0;
    for (const item of column) {
      width = Math.max(width, item.width);
      if (item.width <= 200) room = Math.max(room, item.room);
      item.x = x;
    }
    let zone = x + width + room;
    for (const item of column) zone = Math.max(zone, x + item.width + item.room);
    level.edge.push(x);
    level.zone.push(zone);
    if (c + 1 < columns.length) x = zone + channel(column);
    else level.width = zone + (inside ? BOX_RIGHT : 0);
  });
}

/** The space after a column: wide enough that no line is steep. @param {Item[]} column */
function channel(column) {
  let climb = 0;
  for (const item of column) {
    for (const { b, value } of item.right) {
      if (b.column !== item.column + 1) continue;
      climb = Math.max(climb, Math.abs(item.y + (item.outs.get(value.index) ?? 0) - b.y - (b.ins.get(value.index) ?? 0)));
    }
  }
  return Math.min(CHANNEL_MOST, CHANNEL_LEAST + 0.22 * climb);
}

/** Turns arranged levels into shapes and lines of the whole picture. */
class Emitter {
  /** @param {Layout} layout */
  constructor(layout) {
    this.layout = layout;
  }

  /** @param {Arranged} level @param {number} dx @param {number} dy @param {number} depth */
  emit(level, dx, dy, depth) {
    for (const item of level.items) this.item(level, item, dx, dy, depth);
    /** @type {Map<Item, Link[]>} */
    const into = new Map();
    for (const link of [...level.links, ...level.direct]) {
      const list = into.get(link.b);
      if (list) list.push(link);
      else into.set(link.b, [link]);
    }
    for (const [item, links] of into) {
      const tips = entries(item, links);
      const marks = operandMarks(item, links, tips);
      links.forEach((link, i) => {
        const strand = this.strand(level, link, tips[i], dx, dy);
        strand.mark = marks[i];
      });
    }
    for (const item of level.items) if (item.inner) this.emit(item.inner, dx + item.x, dy + item.y - item.up, depth + 1);
  }

  /** @param {Arranged} level @param {Item} item @param {number} dx @param {number} dy @param {number} depth */
  item(level, item, dx, dy, depth) {
    const { unit } = item;
    if (item.kind === "in") {
      const zone = level.zone[item.column];
      const edges = [...new Set(item.right.flatMap((link) => link.edges))];
      this.push(item, edges, [[dx, dy + item.y], [dx + zone, dy + item.y]], null, null);
    }
    if (!unit) return;
    const h = item.kind === "node" && item.value?.kind !== "operation" ? 22 : item.kind === "node" ? 2 * RADIUS : item.kind === "end" ? 22 : item.up + item.down;
    const closed = item.kind === "closed" ? Math.max(44, h - 8) : h;
    const shape = { unit, end: item.kind === "end", x: dx + item.x, y: dy + item.y - closed / 2, w: item.width, h: closed, depth };
    this.layout.shapes.push(shape);
    if (!shape.end) this.layout.byUnit.set(unit.key, shape);
    const values = new Map(item.right.map((link) => [link.value.index, link.value]));
    for (const link of level.direct) if (link.a === item) values.set(link.value.index, link.value);
    for (const value of values.values()) {
      const right = item.x + item.width;
      const zone = Math.max(right, level.zone[item.column]);
      const wide = zone - right > 260;
      const start = wide || item.kind === "open" ? right : Math.max(right, zone - Math.max(item.room, 12));
      this.layout.trunks.push({ value, x0: dx + right, x1: dx + zone, y: dy + item.y + (item.outs.get(value.index) ?? 0), label: dx + (wide ? right + item.room / 2 : (start + zone) / 2), unit: item.kind === "open" ? null : unit });
    }
  }

  /** @param {Arranged} level @param {Link} link @param {number[]} tip @param {number} dx @param {number} dy */
  strand(level, link, tip, dx, dy) {
    const { a, b, value } = link;
    const y0 = a.y + (a.outs.get(value.index) ?? 0);
    const x0 = Math.max(level.zone[a.column], a.x + a.width);
    if (b.kind === "pass" || b.kind === "branch" || b.kind === "out") {
      const x1 = level.edge[b.column];
      const end = b.kind === "out" ? level.width : Math.max(x1, level.zone[b.column]);
      const path = [[dx + x0, dy + y0], curve(dx + x0, dy + y0, dx + x1, dy + b.y, 0), [dx + end, dy + b.y]];
      const part = b.kind === "branch" ? [dx + x1, dx + end, dy + b.y] : null;
      return this.push(b, link.edges, path, null, part, value);
    }
    const [x1, y1, angle] = tip;
    const arrow = b.kind === "open" ? null : [dx + x1, dy + y1, angle];
    const back = arrow ? ARROW - 2 : 0;
    const foot = [x1 - back * Math.cos(angle), y1 + back * Math.sin(angle)];
    const around = foot[0] < x0;
    const path = around ? detour(x0, y0, foot[0], foot[1], Math.max(a.y + a.down, b.y + b.down) + 30) : [[x0, y0], curve(x0, y0, foot[0], foot[1], angle)];
    return this.push(b, link.edges, path.map((part) => part.map((number, i) => number + (i % 2 ? dy : dx))), arrow, null, value);
  }

  /** @param {Item} item @param {FlatEdge[]} edges @param {number[][]} path @param {number[]|null} arrow @param {number[]|null} part @param {FlatNode|null} value */
  push(item, edges, path, arrow, part, value = item.value) {
    let [left, top] = path[0];
    let [right, bottom] = path[0];
    for (const points of path) {
      for (let i = 0; i < points.length; i += 2) {
        left = Math.min(left, points[i]);
        right = Math.max(right, points[i]);
        top = Math.min(top, points[i + 1]);
        bottom = Math.max(bottom, points[i + 1]);
      }
    }
    const box = [left - 4, top - 10, right + 8, bottom + (part ? 24 : 10)];
    const strand = { value: /** @type {FlatNode} */ (value), edges, path, arrow, part, mark: 0, box };
    this.layout.strands.push(strand);
    return strand;
  }
}

/** A curve that leaves level and arrives at an angle. @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @param {number} angle */
function curve(x0, y0, x1, y1, angle) {
  const reach = (x1 - x0) * 0.5;
  return [x0 + reach, y0, x1 - reach * Math.cos(angle), y1 + reach * Math.sin(angle), x1, y1];
}

/** A line back to an earlier column, below what is between. @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @param {number} low */
function detour(x0, y0, x1, y1, low) {
  return [[x0, y0], [x0 + 40, y0, x0 + 40, low, x0, low], [x1, low], [x1 - 40, low, x1 - 40, y1, x1, y1]];
}

/**
 * Where each line enters an item, and at what angle: those from further above enter further up.
 * @param {Item} item
 * @param {Link[]} links
 * @returns {number[][]}
 */
function entries(item, links) {
  const start = (/** @type {Link} */ link) => link.a.y + (link.a.outs.get(link.value.index) ?? 0);
  const order = links.map((_, i) => i).sort((p, q) => start(links[p]) - start(links[q]) || p - q);
  /** @type {number[][]} */
  const tips = new Array(links.length);
  if (item.kind === "closed") {
    const space = Math.min(16, (item.up + item.down - 24) / Math.max(1, links.length - 1));
    order.forEach((i, place) => (tips[i] = [item.x - 1, item.y + (place - (links.length - 1) / 2) * space, 0]));
  } else if (item.kind === "node" && item.value?.kind === "operation") {
    const angles = spread(order.map((i) => Math.max(-55, Math.min(55, 0.9 * (start(links[i]) - item.y)))));
    order.forEach((i, place) => {
      const angle = (-angles[place] * Math.PI) / 180;
      tips[i] = [item.x + RADIUS * (1 - Math.cos(angle)) - 1, item.y - RADIUS * Math.sin(angle), -angle];
    });
  } else {
    links.forEach((link, i) => (tips[i] = [item.x, item.y + (item.ins.get(link.value.index) ?? 0), 0]));
  }
  return tips;
}

/** Signs whose operands may stand in any order. */
const COMMUTATIVE = new Set(["×", "+", "·", "*"]);

/**
 * The numbers of operands, from 1, where they are drawn in another order than they are written in; else zeros.
 * @param {Item} item @param {Link[]} links @param {number[][]} tips
 */
function operandMarks(item, links, tips) {
  const none = links.map(() => 0);
  if (item.kind !== "node" || links.length < 2 || COMMUTATIVE.has(item.value?.sign ?? "")) return none;
  const order = none.map((_, i) => i).sort((p, q) => tips[p][1] - tips[q][1]);
  const own = order.filter((i) => links[i].edges.length === 1 && !links[i].edges[0].besides && typeof links[i].edges[0].place === "number");
  const places = own.map((i) => Number(links[i].edges[0].place));
  const mixed = own.length > 1 && own.length < links.length;
  if (!mixed && places.every((place, i) => !i || place >= places[i - 1])) return none;
  own.forEach((i, at) => (none[i] = places[at] + 1));
  return none;
}

/** Angles in rising order, kept apart. @param {number[]} angles */
function spread(angles) {
  const apart = Math.min(26, 116 / Math.max(1, angles.length - 1));
  for (let i = 1; i < angles.length; i++) angles[i] = Math.max(angles[i], angles[i - 1] + apart);
  if (angles.length) angles[angles.length - 1] = Math.min(58, angles[angles.length - 1]);
  for (let i = angles.length - 2; i >= 0; i--) angles[i] = Math.min(angles[i], angles[i + 1] - apart);
  if (angles.length > 1) {
    const mean = (angles[0] + angles[angles.length - 1]) / 2;
    if (Math.abs(mean) < apart / 2) for (let i = 0; i < angles.length; i++) angles[i] -= mean;
  }
  return angles;
}
