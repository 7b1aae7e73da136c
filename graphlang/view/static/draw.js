"use strict";
// Draws what is seen with a pen: the canvas of the page, or the SVG that is saved.

const PALE = 0.28;
/** Below this scale texts cannot be read: an overview is drawn. */
const OVERVIEW = 0.26;
const OVERVIEW_LINES = 2500;

/** @typedef {{colors: Palette, current: Unit|null, phase: string, active: Set<FlatEdge>, lit: Set<FlatEdge>, selected: string|null,
 *   hits: Set<string>, bad: Set<string>, marks: Map<number, number>}} Marks what is emphasised */

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
  return { colors, current, phase: step.phase, active, lit, selected, hits, bad: badUnits(state), marks: new Map() };
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

  /** Everything in a rectangle. @param {number} left @param {number} top @param {number} right @param {number} bottom */
  paint(left, top, right, bottom) {
    const seen = this.state.layout.grid.within(left, top, right, bottom);
    const boxes = [...seen.shapes].filter((shape) => shape.unit.kind === "open").sort((p, q) => p.depth - q.depth);
    for (const box of boxes) this.openBox(box);
    for (const strand of seen.strands) if (!this.emphasis(strand)) this.strand(strand);
    for (const trunk of seen.trunks) this.trunk(trunk);
    for (const strand of seen.strands) if (this.emphasis(strand)) this.strand(strand);
    for (const strand of seen.strands) this.part(strand);
    for (const shape of seen.shapes) if (shape.unit.kind !== "open") this.shape(shape);
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

  /** @param {Strand} strand */
  strand(strand) {
    const { colors, pen } = this;
    const emphasis = this.emphasis(strand);
    const stroke = emphasis === "forward" ? colors.value : emphasis ? colors.gradient : colors.line;
    const look = { stroke, width: emphasis ? 2.4 : 1.3, alpha: this.alpha(strand.value) };
    pen.path(strand.path, look);
    if (!strand.arrow) return;
    const [x, y, angle] = strand.arrow;
    const [ux, uy] = [Math.cos(angle), -Math.sin(angle)];
    pen.polygon([x, y, x - ARROW * ux + 3.6 * uy, y - ARROW * uy - 3.6 * ux, x - ARROW * ux - 3.6 * uy, y - ARROW * uy + 3.6 * ux], { fill: stroke, alpha: look.alpha });
  }

  /** The part that flows back along one of several uses. @param {Strand} strand */
  part({ part, edges, value }) {
    if (!part || !edges.length || !edges.every((edge) => edge.g === null || this.state.hasPart(edge))) return;
    const text = this.state.partText(edges);
    if (text) this.gradient(text, part[0], part[1], part[2], edges.some((edge) => this.state.isBad(edge.g)), this.alpha(value));
  }

  /** @param {Trunk} trunk */
  trunk({ value, x0, x1, y, label, unit }) {
    const { colors, pen, state } = this;
    const alpha = this.alpha(value);
    const lit = this.marks.lit.size && value.uses.some((edge) => this.marks.lit.has(edge));
    pen.path([[x0, y], [x1, y]], { stroke: lit ? colors.gradient : colors.line, width: lit ? 2.4 : 1.3, alpha });
    if (!unit) return;
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
  shape(shape) {
    const { unit, end } = shape;
    if (end) return this.end(shape);
    if (unit.kind === "closed") return this.closedBox(shape);
    const node = /** @type {FlatNode} */ (unit.node);
    if (node.kind !== "operation") return this.leaf(shape, node);
    const { colors, pen, marks } = this;
    const alpha = this.alpha(node);
    const bad = marks.bad.has(unit.key);
    const isCurrent = marks.current === unit;
    const tone = marks.phase === "backward" ? colors.gradient : colors.value;
    this.ring(shape, unit.key, RADIUS);
    pen.rect(shape.x, shape.y, shape.w, shape.h, { fill: colors.back, radius: RADIUS });
    pen.rect(shape.x, shape.y, shape.w, shape.h, { fill: colors.node, stroke: bad ? colors.bad : isCurrent ? tone : colors.line, width: bad || isCurrent ? 2 : 1.4, radius: RADIUS, alpha });
    const sign = isSign(node.sign);
    pen.text(shape.x + shape.w / 2, shape.y + RADIUS + (sign ? 6 : 4.5), node.sign, { size: sign ? 17 : 13, color: colors.ink, anchor: "middle", alpha });
    if (node.inside) pen.text(shape.x + shape.w / 2, shape.y + shape.h - 3.5, "⋯", { size: 10, color: colors.quiet, anchor: "middle", alpha });
    pen.text(shape.x + Math.min(10, shape.w / 2), shape.y - 7, localName(node), { size: 11.5, color: bad ? colors.bad : colors.quiet, alpha });
  }

  /** @param {Shape} shape @param {FlatNode} node */
  leaf(shape, node) {
    const { colors, pen, marks } = this;
    this.ring(shape, shape.unit.key, 5);
    const color = marks.bad.has(shape.unit.key) ? colors.bad : node.kind === "constant" ? colors.quiet : colors.ink;
    pen.text(shape.x + shape.w - 5, shape.y + shape.h / 2 + 4.5, leafText(node), { size: 13, color, anchor: "end", bold: node.kind !== "constant" });
  }

  /** @param {Shape} shape */
  end(shape) {
    const node = /** @type {FlatNode} */ (shape.unit.node);
    this.pen.text(shape.x + 3, shape.y + shape.h / 2 + 4.5, shownName(node), { size: 13, color: this.colors.ink, bold: true, alpha: this.alpha(node) });
  }

  /** @param {Shape} shape */
  closedBox(shape) {
    const { colors, pen, marks, state } = this;
    const { box, key } = shape.unit;
    if (!box) return;
    const last = state.graph.nodes[box.last];
    const alpha = this.alpha(last);
    this.ring(shape, key, 10);
    pen.rect(shape.x + 4, shape.y + 4, shape.w, shape.h, { fill: colors.back, stroke: colors.group, width: 1, radius: 10, alpha });
    pen.rect(shape.x, shape.y, shape.w, shape.h, { fill: colors.back, radius: 10 });
    pen.rect(shape.x, shape.y, shape.w, shape.h, { fill: colors.node, stroke: marks.bad.has(key) ? colors.bad : colors.line, width: marks.bad.has(key) ? 2 : 1.4, radius: 10, alpha });
    pen.text(shape.x + 30, shape.y + shape.h / 2 + 1, box.label, { size: 13, color: colors.ink, alpha });
    pen.text(shape.x + 30, shape.y + shape.h / 2 + 14, `${box.count} value${box.count === 1 ? "" : "s"}`, { size: 10, color: colors.quiet, alpha });
    this.handle(shape.x + 16, shape.y + shape.h / 2, "+");
  }
}

/**
 * The overview: small marks and straight lines, many at a time.
 * @param {CanvasRenderingContext2D} context
 * @param {State} state
 * @param {Marks} marks
 * @param {number[]} view left, top, right, bottom
 * @param {number} scale
 */
function paintOverview(context, state, marks, view, scale) {
  const { colors, current, selected, hits, bad, lit } = marks;
  const seen = state.layout.grid.within(view[0], view[1], view[2], view[3]);
  context.lineWidth = Math.min(1 / scale, 6);
  const thin = Math.max(1, Math.ceil(seen.strands.size / OVERVIEW_LINES));
  let number = 0;
  context.globalAlpha = 0.7;
  context.strokeStyle = colors.group;
  context.beginPath();
  for (const { path } of seen.strands) {
    if (number++ % thin) continue;
    const end = path[path.length - 1];
    context.moveTo(path[0][0], path[0][1]);
    context.lineTo(end[end.length - 2], end[end.length - 1]);
  }
  context.stroke();
  if (lit.size) {
    context.globalAlpha = 1;
    context.strokeStyle = colors.gradient;
    context.lineWidth = 2.5 / scale;
    context.beginPath();
    for (const strand of seen.strands) if (strand.edges.some((edge) => lit.has(edge))) trace(context, strand.path);
    context.stroke();
  }
  const boxes = [...seen.shapes].filter((shape) => shape.unit.kind === "open");
  fillShapes(context, boxes, colors.group, 0.25);
  const plain = [...seen.shapes].filter((shape) => shape.unit.kind !== "open" && !shape.end);
  const reached = (/** @type {Shape} */ { unit }) => state.hasValue(unit.node ?? state.graph.nodes[/** @type {Box} */ (unit.box).last]);
  fillShapes(context, plain.filter((shape) => !reached(shape)), colors.quiet, PALE);
  fillShapes(context, plain.filter((shape) => reached(shape) && shape.unit.node?.kind === "operation"), colors.line, 1);
  fillShapes(context, plain.filter((shape) => reached(shape) && shape.unit.node?.kind !== "operation"), colors.value, 0.7);
  fillShapes(context, plain.filter((shape) => bad.has(shape.unit.key)), colors.bad, 1);
  const grown = (/** @type {Shape} */ shape) => ({ ...shape, x: shape.x - 3 / scale, y: shape.y - 3 / scale, w: shape.w + 6 / scale, h: shape.h + 6 / scale });
  const marked = plain.concat(boxes);
  fillShapes(context, marked.filter(({ unit }) => unit.key === selected || hits.has(unit.key)).map(grown), colors.accent, 1);
  fillShapes(context, plain.filter(({ unit }) => unit === current).map(grown), marks.phase === "backward" ? colors.gradient : colors.value, 1);
  labelBoxes(context, boxes.concat(plain.filter((shape) => shape.unit.kind === "closed")), colors, scale);
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
