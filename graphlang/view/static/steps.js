"use strict";
// The steps: what is given, each operation forward, each operation backward, and all at once.

/** @typedef {{phase: "start"|"forward"|"backward"|"done", node: FlatNode|null}} Step */
/** @typedef {{all: Step[], value: Int32Array, gradient: Int32Array, part: Int32Array, last: number}} Steps */

const NEVER = 0x7fffffff;

/**
 * The steps, and at which of them each value, gradient and part appears.
 * @param {Graph} graph
 * @returns {Steps}
 */
function stepsOf(graph) {
  const { nodes, edges, scene } = graph;
  /** @type {Step[]} */
  const all = [{ phase: "start", node: null }];
  const value = new Int32Array(nodes.length);
  const gradient = new Int32Array(nodes.length).fill(NEVER);
  const part = new Int32Array(edges.length).fill(NEVER);
  for (const node of nodes) {
    if (!isComputed(node)) continue;
    value[node.index] = all.length;
    all.push({ phase: "forward", node });
  }
  const of = scene.of === null ? undefined : graph.byId.get(scene.of);
  if (of) {
    for (let i = nodes.length - 1; i >= 0; i--) {
      const node = nodes[i];
      const passes = node.operands.some((edge) => edge.g !== null);
      const sums = node.uses.filter((edge) => edge.g !== null).length > 1;
      if (node.g === null || !(passes || sums || node === of)) continue;
      for (const edge of node.operands) if (edge.g !== null) part[edge.index] = all.length;
      all.push({ phase: "backward", node });
    }
    for (const node of nodes) {
      if (node.g === null) continue;
      let latest = -1;
      for (const edge of node.uses) if (edge.g !== null) latest = Math.max(latest, part[edge.index]);
      gradient[node.index] = node === of ? all.findIndex((step) => step.phase === "backward" && step.node === of) : latest < 0 ? all.length : latest;
    }
  }
  all.push({ phase: "done", node: null });
  return { all, value, gradient, part, last: all.length - 1 };
}

/**
 * The steps at which one stops: those of a closed box that follow one another count as one.
 * @param {Steps} steps
 * @param {(node: FlatNode) => Unit} unitOf
 * @returns {number[]}
 */
function stopsOf(steps, unitOf) {
  /** @type {number[]} */
  const stops = [];
  steps.all.forEach((step, i) => {
    const next = steps.all[i + 1];
    const goesOn = next && step.node && next.node && step.phase === next.phase && unitOf(step.node) === unitOf(next.node) && unitOf(step.node).kind === "closed";
    if (!goesOn) stops.push(i);
  });
  return stops;
}

/** The first stop after a position, or the last. @param {number[]} stops @param {number} position */
function stopAfter(stops, position) {
  return stops.find((stop) => stop > position) ?? stops[stops.length - 1];
}

/** The last stop before a position, or the first. @param {number[]} stops @param {number} position */
function stopBefore(stops, position) {
  for (let i = stops.length - 1; i >= 0; i--) if (stops[i] < position) return stops[i];
  return stops[0];
}

/** The stop at a position or next after it. @param {number[]} stops @param {number} position */
const stopAt = (stops, position) => stopAfter(stops, position - 1);
