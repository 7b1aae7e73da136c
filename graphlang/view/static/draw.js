"use strict";
// Draws what is seen with a pen: the canvas of the page, or the SVG that is saved.

const PALE = 0.28;
/** Below this scale texts cannot be read: an overview is drawn. */
const OVERVIEW = 0.26;
const OVERVIEW_LINES = 2500;

/** @typedef {{colors: Palette, current: Unit|null, phase: string, active: Set<FlatEdge>, lit: Set<FlatEdge>, selected: string|null,
 *   hits: Set<string>, bad: Set<string>, overview: Overview|null}} Marks what is emphasised */

/**
 * @param {State} state
 * @param {Palette} colors
 * @param {Set<string>} hits keys of units that were searched for
 * @returns {Marks}
 */
function marksOf(state, colors, hits) {
  const { step, selection, graph } = state;
  const current = step.node ? state.unitOf(step.node) : null;
  /** @type {Set<FlatEdge>} */
  let lit = new Set();
  if (selection?.kind === "edge") {
    const edge = state.edge(selection.id);
    if (edge) lit = edge.g === null ? new Set([edge]) : edgesBack(graph, edge);
  }
  const active = new Set(step.node ? step.node.operands.filter((edge) => step.phase === "forward" || edge.g !== null) : []);
  const selected = selection && selection.kind !== "edge" ? unitKey(state, selection) : null;
  return { colors, current, phase: step.phase, active, lit, selected, hits, bad: badUnits(state), overview: null };
}

/** The unit that stands for what is selected. @param {State} state @param {Selected} selection */
function unitKey(state, selection) {
  if (selection.kind === "box") return `box ${selection.id}`;
  const node = state.graph.byId.get(selection.id);
  return node ? state.unitOf(node).key : null;
}

/** Units with a value or gradient that is not a number. @param {State} state */
function badUnits(state) {
  const bad = new Set();
  for (const node of state.graph.nodes) {
    if (state.isBad(node.v) || state.isBad(node.g)) bad.add(state.unitOf(node).key);
  }
  const first = state.scene.bad && state.graph.byId.get(state.scene.bad.node);
  if (first) bad.add(state.unitOf(first).key);
  return /** @type {Set<string>} */ (bad);
}

class Painter {
  /** @param {State} state @param {Pen} pen @param {Marks} marks */
  constructor(state, pen, marks) {
    this.state = state;
    this.pen = pen;
    this.marks = marks;
    this.colors = marks.colors;
  }

  /** Everything in a rectangle: boxes, then lines, then forms, then texts. @param {number} left @param {number} top @param {number} right @param {number} bottom */
  paint(left, top, right, bottom) {
    const seen = this.state.layout.grid.within(left, top, right, bottom);
    const boxes = [...seen.shapes].filter((shape) => shape.unit.kind === "open").sort((p, q) => p.depth - q.depth);
    for (const box of boxes) this.openBox(box);
    for (const trunk of seen.trunks) this.trunk(trunk);
    /** @type {[Strand, string][]} */
    const strands = [...seen.strands].map((strand) => [strand, this.emphasis(strand)]);
    strands.sort((p, q) => Number(p[1] !== "") - Number(q[1] !== ""));
    for (const [strand, emphasis] of strands) this.strand(strand, emphasis);
    for (const [strand, emphasis] of strands) this.arrow(strand, emphasis);
    const shapes = [...seen.shapes].filter((shape) => shape.unit.kind !== "open");
    for (const shape of shapes) this.rings(shape);
    for (const shape of shapes) this.body(shape);
    for (const trunk of seen.trunks) this.labels(trunk);
    for (const [strand] of strands) {
      this.part(strand);
      this.operandMark(strand);
    }
    for (const shape of shapes) this.words(shape);
    this.pen.finish();
  }

  /** @param {Strand} strand @returns {""|"lit"|"forward"|"backward"} */
  emphasis(strand) {
    const { lit, active, phase } = this.marks;
    if (lit.size) return strand.edges.some((edge) => lit.has(edge)) ? "lit" : "";
    if (active.size && strand.edges.some((edge) => active.has(edge))) return phase === "backward" ? "backward" : "forward";
    return "";
  }

  /** @param {FlatNode} value */
  alpha(value) {
    return this.state.hasValue(value) ? 1 : PALE;
  }

  /** @param {string} emphasis */
  lineColor(emphasis) {
    return emphasis === "forward" ? this.colors.value : emphasis ? this.colors.gradient : this.colors.line;
  }

  /** @param {Strand} strand @param {string} emphasis */
  strand(strand, emphasis) {
    this.pen.path(strand.path, { stroke: this.lineColor(emphasis), width: emphasis ? 2.4 : 1.3, alpha: this.alpha(strand.value) });
  }

  /** @param {Strand} strand @param {string} emphasis */
  arrow({ arrow, value }, emphasis) {
    if (!arrow) return;
    const [x, y, angle] = arrow;
    const [ux, uy] = [Math.cos(angle), -Math.sin(angle)];
    this.pen.polygon([x, y, x - ARROW * ux + 3.6 * uy, y - ARROW * uy - 3.6 * ux, x - ARROW * ux - 3.6 * uy, y - ARROW * uy + 3.6 * ux], { fill: this.lineColor(emphasis), alpha: this.alpha(value) });
  }

  /** The number of an operand that is drawn out of order. @param {Strand} strand */
  operandMark({ arrow, mark, value }) {
    if (!mark || !arrow) return;
    const [x, y] = [arrow[0] - 24 * Math.cos(arrow[2]), arrow[1] + 24 * Math.sin(arrow[2])];
    this.pen.circle(x, y, 6.5, { fill: this.colors.back });
    this.pen.text(x, y + 3.5, String(mark), { size: 10, color: this.colors.ink, anchor: "middle", alpha: this.alpha(value) });
  }

  /** The part that flows back along one of several uses. @param {Strand} strand */
  part({ part, edges, value }) {
    if (!part || !edges.length || !edges.every((edge) => edge.g === null || this.state.hasPart(edge))) return;
    const text = this.state.partText(edges);
    if (text) this.gradient(text, part[0], part[1], part[2], edges.some((edge) => this.state.isBad(edge.g)), this.alpha(value));
  }

  /** @param {Trunk} trunk */
  trunk({ value, x0, x1, y }) {
    const lit = this.marks.lit.size && value.uses.some((edge) => this.marks.lit.has(edge));
    this.pen.path([[x0, y], [x1, y]], { stroke: this.lineColor(lit ? "lit" : ""), width: lit ? 2.4 : 1.3, alpha: this.alpha(value) });
  }

  /** A value above its line and its gradient below. @param {Trunk} trunk */
  labels({ value, x0, x1, y, label, unit }) {
    if (!unit) return;
    const { colors, pen, state } = this;
    if (state.hasValue(value)) {
      const color = state.isBad(value.v) ? colors.bad : colors.value;
      pen.text(label, y - 6, state.valueText(value), { size: 13, color, anchor: "middle" });
    }
    const text = state.hasGradient(value) ? state.gradientText(value) : "";
    if (!text) return;
    const half = state.measure(text, 13) / 2 + 4;
    this.gradient(text, Math.max(x0, label - half), Math.min(x1, label + half), y, state.isBad(value.g), 1);
  }

  /** A gradient below a line, with the arrow of its direction. @param {string} text @param {number} x0 @param {number} x1 @param {number} y @param {boolean} bad @param {number} alpha */
  gradient(text, x0, x1, y, bad, alpha) {
    const { pen } = this;
    const color = bad ? this.colors.bad : this.colors.gradient;
    pen.path([[x1 - 2, y + 4.5], [x0 + 6, y + 4.5]], { stroke: color, width: 1.3, alpha });
    pen.polygon([x0 + 1, y + 4.5, x0 + 7.5, y + 1.8, x0 + 7.5, y + 7.2], { fill: color, alpha });
    pen.text((x0 + x1) / 2, y + 19, text.replace(/^← /, ""), { size: 13, color, anchor: "middle", italic: true, alpha });
  }

  /** @param {Shape} shape */
  openBox(shape) {
    const { colors, pen } = this;
    const { box, key } = shape.unit;
    if (!box) return;
    this.ring(shape, key, 12);
    pen.rect(shape.x, shape.y, shape.w, shape.h, { fill: colors.groupFill, stroke: this.marks.bad.has(key) ? colors.bad : colors.group, width: 1.2, dash: [5, 4], radius: 12 });
    pen.text(shape.x + 30, shape.y + 19, box.label, { size: 12, color: colors.quiet });
    this.handle(shape.x + 16, shape.y + 15, "−");
  }

  /** The sign that opens or closes a box. @param {number} x @param {number} y @param {string} sign */
  handle(x, y, sign) {
    const { colors, pen } = this;
    pen.circle(x, y, 7.5, { fill: colors.node, stroke: colors.quiet, width: 1 });
    pen.path([[x - 3.5, y], [x + 3.5, y]], { stroke: colors.ink, width: 1.3 });
    if (sign === "+") pen.path([[x, y - 3.5], [x, y + 3.5]], { stroke: colors.ink, width: 1.3 });
  }

  /** The rings of the current step, the selection and the search. @param {Shape} shape @param {string} key @param {number} radius */
  ring(shape, key, radius) {
    const { colors, current, phase, selected, hits } = this.marks;
    const around = (/** @type {number} */ by, /** @type {Look} */ look) => this.pen.rect(shape.x - by, shape.y - by, shape.w + 2 * by, shape.h + 2 * by, { ...look, radius: radius + by });
    if (hits.has(key)) around(7, { stroke: colors.accent, width: 1.5, dash: [3, 3] });
    if (selected === key) around(4, { stroke: colors.accent, width: 2.2 });
    if (current?.key === key && shape.unit.kind !== "open") around(3.5, { stroke: phase === "backward" ? colors.gradient : colors.value, width: 3 });
  }

  /** @param {Shape} shape */
  rings(shape) {
    const { unit } = shape;
    if (!shape.end) this.ring(shape, unit.key, unit.kind === "closed" ? 10 : unit.node?.kind === "operation" ? RADIUS : 5);
  }

  /** The form of an operation or a closed box. @param {Shape} shape */
  body({ unit, end, x, y, w, h }) {
    const { colors, pen, marks, state } = this;
    if (end || (unit.node && unit.node.kind !== "operation")) return;
    const radius = unit.box ? 10 : RADIUS;
    const alpha = this.alpha(unit.node ?? state.graph.nodes[/** @type {Box} */ (unit.box).last]);
    const bad = marks.bad.has(unit.key);
    const isCurrent = marks.current === unit;
    const tone = marks.phase === "backward" ? colors.gradient : colors.value;
    if (unit.box) pen.rect(x + 4, y + 4, w, h, { fill: colors.back, stroke: colors.group, width: 1, radius, alpha });
    if (unit.box || alpha < 1) pen.rect(x, y, w, h, { fill: colors.back, radius });
    pen.rect(x, y, w, h, { fill: colors.node, stroke: bad ? colors.bad : isCurrent ? tone : colors.line, width: bad || isCurrent ? 2 : 1.4, radius, alpha });
  }

  /** The texts of a unit. @param {Shape} shape */
  words(shape) {
    const { unit, end, x, y, w, h } = shape;
    if (end) return this.end(shape);
    if (unit.box) return this.closedBox(shape, unit.box);
    const node = /** @type {FlatNode} */ (unit.node);
    if (node.kind !== "operation") return this.leaf(shape, node);
    const { colors, pen } = this;
    const alpha = this.alpha(node);
    const sign = isSign(node.sign);
    pen.text(x + w / 2, y + RADIUS + (sign ? 6 : 4.5), node.sign, { size: sign ? 17 : 13, color: colors.ink, anchor: "middle", alpha });
    if (node.inside) pen.text(x + w / 2, y + h - 3.5, "⋯", { size: 10, color: colors.quiet, anchor: "middle", alpha });
    pen.text(x + Math.min(10, w / 2), y - 10, localName(node), { size: 11.5, color: this.marks.bad.has(unit.key) ? colors.bad : colors.quiet, alpha });
  }

  /** @param {Shape} shape @param {FlatNode} node */
  leaf(shape, node) {
    const { colors, pen, marks } = this;
    const color = marks.bad.has(shape.unit.key) ? colors.bad : node.kind === "constant" ? colors.quiet : colors.ink;
    pen.text(shape.x + shape.w - 5, shape.y + shape.h / 2 + 4.5, leafText(node), { size: 13, color, anchor: "end", bold: node.kind !== "constant" });
  }

  /** @param {Shape} shape */
  end(shape) {
    const node = /** @type {FlatNode} */ (shape.unit.node);
    this.pen.text(shape.x + 3, shape.y + shape.h / 2 + 4.5, shownName(node), { size: 13, color: this.colors.ink, bold: true, alpha: this.alpha(node) });
  }

  /** @param {Shape} shape @param {Box} box */
  closedBox({ x, y, h }, box) {
    const { colors, pen, state } = this;
    const alpha = this.alpha(state.graph.nodes[box.last]);
    pen.text(x + 30, y + h / 2 + 1, box.label, { size: 13, color: colors.ink, alpha });
    pen.text(x + 30, y + h / 2 + 14, countText(box), { size: 10, color: colors.quiet, alpha });
    this.handle(x + 16, y + h / 2, "+");
  }
}

/** How many values are in a box. @param {Box} box */
const countText = (box) => `${box.count} value${box.count === 1 ? "" : "s"}`;

/** @typedef {{least: number, lines: Path2D, lit: Path2D, named: Shape[], fills: [Path2D, string, number][], marked: Shape[]}} Overview */

/**
 * The overview: small marks and straight lines, all of one look at a time.
 * @param {CanvasRenderingContext2D} context
 * @param {State} state
 * @param {Marks} marks
 * @param {number} scale
 */
function paintOverview(context, state, marks, scale) {
  const { colors, current, selected, hits } = marks;
  const least = 2 ** Math.ceil(Math.log2(1.5 / scale));
  if (marks.overview?.least !== least) marks.overview = overviewOf(state, marks, least);
  const { lines, lit, named, fills, marked } = marks.overview;
  const stroke = (/** @type {Path2D} */ path, /** @type {string} */ color, /** @type {number} */ width, /** @type {number} */ alpha) => {
    context.globalAlpha = alpha;
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke(path);
  };
  stroke(lines, colors.group, Math.min(1 / scale, 6), 0.7);
  stroke(lit, colors.gradient, 2.5 / scale, 1);
  for (const [path, color, alpha] of fills) {
    context.globalAlpha = alpha;
    context.fillStyle = color;
    context.fill(path);
  }
  const grown = (/** @type {Shape} */ { x, y, w, h }) => ({ x: x - 3 / scale, y: y - 3 / scale, w: w + 6 / scale, h: h + 6 / scale });
  fillShapes(context, marked.filter(({ unit }) => unit.key === selected || hits.has(unit.key)).map(grown), colors.accent, 1);
  fillShapes(context, marked.filter(({ unit }) => unit === current).map(grown), marks.phase === "backward" ? colors.gradient : colors.value, 1);
  labelBoxes(context, named, colors, scale);
}

/** What the overview draws, until a mark changes. Of very many lines it draws some. @param {State} state @param {Marks} marks @param {number} least the size of the smallest mark @returns {Overview} */
function overviewOf(state, { colors, bad, lit, current, selected, hits }, least) {
  const { shapes, strands } = state.layout;
  const thin = Math.max(1, Math.ceil(strands.length / OVERVIEW_LINES));
  const lines = new Path2D();
  const emphasised = new Path2D();
  strands.forEach((strand, i) => {
    if (lit.size && strand.edges.some((edge) => lit.has(edge))) trace(emphasised, strand.path);
    if (i % thin) return;
    const end = strand.path[strand.path.length - 1];
    lines.moveTo(strand.path[0][0], strand.path[0][1]);
    lines.lineTo(end[end.length - 2], end[end.length - 1]);
  });
  const boxes = shapes.filter((shape) => shape.unit.kind === "open");
  const plain = shapes.filter((shape) => shape.unit.kind !== "open" && !shape.end);
  const reached = (/** @type {Shape} */ { unit }) => state.hasValue(unit.node ?? state.graph.nodes[/** @type {Box} */ (unit.box).last]);
  const rects = (/** @type {Shape[]} */ some) => {
    const path = new Path2D();
    for (const { x, y, w, h } of some) path.rect(x, y, Math.max(w, least), Math.max(h, least));
    return path;
  };
  const computed = (/** @type {Shape} */ { unit }) => !unit.node || unit.node.kind === "operation";
  return {
    least,
    lines,
    lit: emphasised,
    named: boxes.concat(plain.filter((shape) => shape.unit.kind === "closed")),
    fills: [
      [rects(boxes), colors.group, 0.25],
      [rects(plain.filter((shape) => !reached(shape))), colors.quiet, PALE],
      [rects(plain.filter((shape) => reached(shape) && computed(shape))), colors.line, 1],
      [rects(plain.filter((shape) => reached(shape) && !computed(shape))), colors.value, 0.7],
      [rects(plain.filter((shape) => bad.has(shape.unit.key))), colors.bad, 1],
    ],
    marked: shapes.filter(({ unit, end }) => !end && (unit.key === selected || hits.has(unit.key) || unit === current)),
  };
}

/** @param {CanvasRenderingContext2D} context @param {{x: number, y: number, w: number, h: number}[]} shapes @param {string} color @param {number} alpha */
function fillShapes(context, shapes, color, alpha) {
  if (!shapes.length) return;
  context.globalAlpha = alpha;
  context.fillStyle = color;
  context.beginPath();
  for (const { x, y, w, h } of shapes) context.rect(x, y, w, h);
  context.fill();
}

/** Names of boxes that are large enough for them. @param {CanvasRenderingContext2D} context @param {Shape[]} boxes @param {Palette} colors @param {number} scale */
function labelBoxes(context, boxes, colors, scale) {
  context.globalAlpha = 1;
  context.fillStyle = colors.ink;
  context.textAlign = "start";
  context.font = fontOf(11 / scale);
  for (const { x, y, w, unit } of boxes) {
    const label = unit.box?.label ?? "";
    if (w * scale > label.length * 7 + 8) context.fillText(label, x + 4 / scale, y - 3 / scale);
  }
}
