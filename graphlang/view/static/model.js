"use strict";
// The scene as a graph: nodes that know their edges, boxes that know their nodes, unfolded nodes replaced.

/** @typedef {{scene: Scene, nodes: FlatNode[], edges: FlatEdge[], byId: Map<string, FlatNode>, boxes: Map<string, Box>,
 *   alias: Map<string, string>}} Graph */

/** The box that stands for an unfolded node. @param {string} id */
const insideBox = (id) => `inside ${id}`;
/** The name of a node inside an unfolded one. @param {string} id @param {string} inner */
const insideId = (id, inner) => `${id} › ${inner}`;

/**
 * @param {Scene} scene
 * @param {Set<string>} unfolded ids of nodes that are shown as their primitives
 * @returns {Graph}
 */
function graphOf(scene, unfolded) {
  /** @type {SceneNode[]} */
  const nodes = [];
  /** @type {SceneEdge[]} */
  const edges = [...scene.edges];
  /** @type {(SceneBox & {unfolds?: string})[]} */
  const boxes = [...scene.boxes];
  /** @type {Map<string, string>} */
  const alias = new Map();
  for (const node of scene.nodes) {
    if (node.inside && unfolded.has(node.id)) unfold(node, nodes, edges, boxes, alias);
    else nodes.push(node);
  }
  return linked(scene, nodes, edges, boxes, alias);
}

/**
 * Puts the inside of a node in its place.
 * @param {SceneNode} node
 * @param {SceneNode[]} nodes
 * @param {SceneEdge[]} edges
 * @param {(SceneBox & {unfolds?: string})[]} boxes
 * @param {Map<string, string>} alias
 */
function unfold(node, nodes, edges, boxes, alias) {
  const inside = /** @type {NonNullable<SceneNode["inside"]>} */ (node.inside);
  const box = insideBox(node.id);
  boxes.push({ id: box, parent: node.box, label: node.name ? `${node.sign}  ${node.name}` : node.sign, kind: "inside", unfolds: node.id });
  for (const inner of inside.boxes ?? []) boxes.push({ ...inner, id: insideId(node.id, inner.id), parent: inner.parent === null ? box : insideId(node.id, inner.parent) });
  /** @type {Map<string, string>} */
  const ids = new Map();
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const inner of inside.nodes) {
    ids.set(inner.id, inner.outer ?? insideId(node.id, inner.id));
    if (inner.result) alias.set(node.id, insideId(node.id, inner.id));
    if (inner.outer) continue;
    const word = inner.op || inner.sign;
    const count = (counts.get(word) ?? 0) + 1;
    counts.set(word, count);
    const name = inner.name || (inner.result ? node.name : "");
    nodes.push({ ...inner, name, shown: count > 1 ? `${word} ${count}` : word, id: insideId(node.id, inner.id), box: inner.box ? insideId(node.id, inner.box) : box, at: node.at, line: node.line, output: inner.result && node.output });
  }
  // The edges into the node end inside it.
  for (let i = edges.length - 1; i >= 0; i--) if (edges[i].to === node.id) edges.splice(i, 1);
  for (const edge of inside.edges) {
    edges.push({ ...edge, from: ids.get(edge.from) ?? edge.from, to: ids.get(edge.to) ?? edge.to });
  }
}

/**
 * @param {Scene} scene
 * @param {SceneNode[]} plain
 * @param {SceneEdge[]} plainEdges
 * @param {(SceneBox & {unfolds?: string})[]} plainBoxes
 * @param {Map<string, string>} alias
 * @returns {Graph}
 */
function linked(scene, plain, plainEdges, plainBoxes, alias) {
  const nodes = plain.map((node, index) => /** @type {FlatNode} */ ({ ...node, index, uses: [], operands: [] }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const [id, result] of alias) {
    const node = byId.get(result);
    if (node) byId.set(id, node);
  }
  /** @type {FlatEdge[]} */
  const edges = [];
  for (const edge of plainEdges) {
    const source = byId.get(edge.from);
    const target = byId.get(edge.to);
    if (!source || !target || source === target) continue;
    const flat = { ...edge, from: source.id, to: target.id, index: edges.length, source, target };
    edges.push(flat);
    source.uses.push(flat);
    target.operands.push(flat);
  }
  return { scene, nodes, edges, byId, boxes: boxesOf(plainBoxes, nodes), alias };
}

/**
 * The boxes that hold nodes, parents before children.
 * @param {(SceneBox & {unfolds?: string})[]} plain
 * @param {FlatNode[]} nodes
 */
function boxesOf(plain, nodes) {
  const all = new Map(plain.map((box) => [box.id, box]));
  /** @type {Map<string, Box>} */
  const boxes = new Map();
  /** @param {string|null} id @returns {Box|null} */
  const entered = (id) => {
    const box = id === null ? undefined : all.get(id);
    if (!box) return null;
    const there = boxes.get(box.id);
    if (there) return there;
    entered(box.parent);
    const parent = box.parent !== null && all.has(box.parent) ? box.parent : null;
    const opened = { id: box.id, parent, label: box.label, kind: box.kind, first: Infinity, last: -1, count: 0, unfolds: box.unfolds ?? null };
    boxes.set(box.id, opened);
    return opened;
  };
  for (const node of nodes) {
    for (let box = entered(node.box); box; box = box.parent === null ? null : /** @type {Box} */ (boxes.get(box.parent))) {
      box.first = Math.min(box.first, node.index);
      box.last = Math.max(box.last, node.index);
      box.count++;
    }
    if (node.box !== null && !all.has(node.box)) node.box = null;
  }
  return boxes;
}

/**
 * For each box the outermost closed box around it (itself included), or null where all around it is open.
 * @param {Graph} graph
 * @param {(box: Box) => boolean} isOpen
 * @returns {Map<string, string|null>}
 */
function closedAround(graph, isOpen) {
  /** @type {Map<string, string|null>} */
  const around = new Map();
  for (const box of graph.boxes.values()) {
    const outer = box.parent === null ? null : around.get(box.parent) ?? null;
    around.set(box.id, outer ?? (isOpen(box) ? null : box.id));
  }
  return around;
}

/** Whether the value is computed, rather than given. @param {FlatNode} node */
const isComputed = (node) => node.kind === "operation";
