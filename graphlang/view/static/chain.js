"use strict";
// The chain rule: what an edge passes back, as products along the paths from the end of the graph.

const MOST_PATHS = 5;

/**
 * The paths from the end of an edge to the value that backward starts from, each as the edges on it, last first.
 * @param {Graph} graph
 * @param {FlatEdge} edge
 * @returns {{paths: FlatEdge[][], count: number}}
 */
function pathsBack(graph, edge) {
  const of = graph.scene.of === null ? undefined : graph.byId.get(graph.scene.of);
  /** The number of paths from each node. @type {Map<FlatNode, number>} */
  const counts = new Map();
  for (let i = graph.nodes.length - 1; i >= edge.target.index; i--) {
    const node = graph.nodes[i];
    let count = node === of ? 1 : 0;
    for (const use of node.uses) if (use.g !== null) count += counts.get(use.target) ?? 0;
    counts.set(node, count);
  }
  const count = counts.get(edge.target) ?? 0;
  /** @type {FlatEdge[][]} */
  const paths = [];
  /** @type {{node: FlatNode, path: FlatEdge[]}[]} */
  const open = count ? [{ node: edge.target, path: [edge] }] : [];
  while (open.length && paths.length < MOST_PATHS) {
    const { node, path } = /** @type {{node: FlatNode, path: FlatEdge[]}} */ (open.pop());
    if (node === of) paths.push([...path].reverse());
    for (const use of [...node.uses].reverse()) {
      if (use.g !== null && counts.get(use.target)) open.push({ node: use.target, path: [...path, use] });
    }
  }
  return { paths, count };
}

/** The edges on all paths from an edge to the end. @param {Graph} graph @param {FlatEdge} edge */
function edgesBack(graph, edge) {
  const edges = new Set([edge]);
  const nodes = new Set([edge.target]);
  const open = [edge.target];
  const of = graph.scene.of === null ? undefined : graph.byId.get(graph.scene.of);
  while (open.length) {
    const node = /** @type {FlatNode} */ (open.pop());
    if (node === of) continue;
    for (const use of node.uses) {
      if (use.g === null) continue;
      edges.add(use);
      if (nodes.has(use.target)) continue;
      nodes.add(use.target);
      open.push(use.target);
    }
  }
  return edges;
}
