"use strict";
// What the page shows, and what follows from it.

/** @typedef {{kind: "node"|"box"|"edge", id: string}} Selected */

/** Above so many nodes boxes start closed, and where the picture with all of them open is wider than this. */
const MANY = 300;
const WIDE = 2400;

class State {
  /** @param {Scene} scene @param {Measure} measure */
  constructor(scene, measure) {
    /** Boxes that are not as they start. @type {Set<string>} */
    this.toggled = new Set();
    /** @type {Set<string>} */
    this.unfolded = new Set();
    /** @type {Selected|null} */
    this.selection = null;
    this.measure = measure;
    this.scene = scene;
    this.slots = [...scene.slots];
    this.startClosed = scene.nodes.length > MANY;
    this.graph = graphOf(scene, this.unfolded);
    this.steps = stepsOf(this.graph);
    /** The layout and the stops, computed when they are asked for. @type {{layout: Layout, stops: number[]}|null} */
    this.arranged = null;
    if (!this.startClosed && scene.boxes.length && this.layout.width > WIDE) {
      this.startClosed = true;
      this.relayout();
    }
    this.position = this.steps.last;
  }

  /** Takes another scene. @param {Scene} scene */
  adopt(scene) {
    this.scene = scene;
    this.slots = [...scene.slots];
    this.regraph();
  }

  /** Makes the graph anew, after a node was unfolded or folded. */
  regraph() {
    this.graph = graphOf(this.scene, this.unfolded);
    this.steps = stepsOf(this.graph);
    this.relayout();
  }

  relayout() {
    this.arranged = null;
  }

  get layout() {
    return this.arrange().layout;
  }

  get stops() {
    return this.arrange().stops;
  }

  arrange() {
    if (this.arranged) return this.arranged;
    const many = this.graph.nodes.length > 1500;
    const layout = layoutOf(this.graph, (box) => this.isOpen(box), {
      measure: many ? (text, size) => text.length * size * 0.6 : this.measure,
      value: (node) => this.valueText(node),
      gradient: (node) => this.gradientText(node),
      part: (edges) => this.partText(edges),
    });
    const stops = stopsOf(this.steps, (node) => /** @type {Unit} */ (layout.levels.unitOf.get(node.id)));
    return (this.arranged = { layout, stops });
  }

  /** @param {Box} box */
  isOpen(box) {
    return box.unfolds !== null || this.startClosed === this.toggled.has(box.id);
  }

  /** @param {FlatNode} node */
  unitOf(node) {
    return /** @type {Unit} */ (this.layout.levels.unitOf.get(node.id));
  }

  get step() {
    return this.steps.all[this.position];
  }

  /** Edges by what identifies them. @param {string} id @returns {FlatEdge|undefined} */
  edge(id) {
    return this.graph.edges.find((edge) => edgeId(edge) === id);
  }

  // ---- what is reached at the current step --------------------------------------------------------------

  /** @param {FlatNode} node */
  hasValue(node) {
    return this.steps.value[node.index] <= this.position;
  }

  /** @param {FlatNode} node */
  hasGradient(node) {
    return node.g !== null && this.steps.gradient[node.index] <= this.position;
  }

  /** @param {FlatEdge} edge */
  hasPart(edge) {
    return edge.g !== null && this.steps.part[edge.index] <= this.position;
  }

  // ---- texts --------------------------------------------------------------------------------------------

  /** @param {number|null|undefined} slot @returns {Slot|undefined} */
  slot(slot) {
    return slot === null || slot === undefined ? undefined : this.slots[slot];
  }

  /** @param {FlatNode} node */
  valueText(node) {
    return node.kind === "constant" && !node.name ? "" : edgeValue(this.slot(node.v), node.dtype);
  }

  /** @param {FlatNode} node */
  gradientText(node) {
    return edgeGradient(this.slot(node.g), node.dtype);
  }

  /** What flows back along some edges together. @param {FlatEdge[]} edges */
  partText(edges) {
    const parts = edges.filter((edge) => edge.g !== null).map((edge) => this.slot(edge.g));
    if (!parts.length) return "";
    if (parts.length === 1) return edgeGradient(parts[0], edges[0].source.dtype);
    const numbers = parts.map(asNumber);
    return numbers.includes(null) ? "" : edgeGradient(numbers.reduce((a, b) => /** @type {number} */ (a) + /** @type {number} */ (b), 0), edges[0].source.dtype);
  }

  /** Whether a value or gradient is not a number. @param {number|null|undefined} slot */
  isBad(slot) {
    const content = this.slot(slot);
    if (typeof content === "string") return true;
    if (typeof content === "number") return !Number.isFinite(content);
    return typeof content === "object" && content !== null && Boolean(content.nan || content.inf);
  }
}

/** @param {FlatEdge} edge */
const edgeId = (edge) => `${edge.from} → ${edge.to} ${edge.place ?? ""}`;
