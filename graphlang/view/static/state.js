"use strict";
// What the page shows, and what follows from it.

/** @typedef {{kind: "node"|"box"|"edge", id: string}} Selected */

/** Above so many nodes boxes start closed, and where the picture with all of them open is wider than this. */
const MANY = 300;
const WIDE = 2400;

class State {
  /** @param {Scene} scene */
  constructor(scene) {
    /** Boxes that are not as they start. @type {Set<string>} */
    this.toggled = new Set();
    /** @type {Set<string>} */
    this.unfolded = new Set();
    /** @type {Selected|null} */
    this.selection = null;
    /** @type {Measure} */
    this.measure = (text, size) => text.length * size * 0.58;
    this.scene = scene;
    this.slots = [...scene.slots];
    this.startClosed = scene.nodes.length > MANY;
    this.graph = graphOf(scene, this.unfolded);
    this.steps = stepsOf(this.graph);
    this.layout = this.laidOut();
    if (!this.startClosed && scene.boxes.length && this.layout.width > WIDE) {
      this.startClosed = true;
      this.layout = this.laidOut();
    }
    this.stops = stopsOf(this.steps, (node) => this.unitOf(node));
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
    this.layout = this.laidOut();
    this.stops = stopsOf(this.steps, (node) => this.unitOf(node));
  }

  laidOut() {
    const count = this.graph.nodes.length;
    const measure = count > 1500 ? (/** @type {string} */ text, /** @type {number} */ size) => text.length * size * 0.6 : this.measure;
    return layoutOf(this.graph, (box) => this.isOpen(box), {
      measure,
      value: (node) => this.valueText(node),
      gradient: (node) => this.gradientText(node),
      part: (edges) => this.partText(edges),
    });
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
