"use strict";
// The address of what is seen: step, selection and groups stand in the fragment.

/** @param {State} state @returns {string} */
function fragmentOf(state) {
  const { step, selection, steps, position } = state;
  const parts = new URLSearchParams();
  if (step.node) parts.set("step", `${step.phase}:${step.node.id}`);
  else if (position < steps.last) parts.set("step", step.phase);
  if (selection) parts.set("select", `${selection.kind}:${selection.id}`);
  for (const id of state.toggled) parts.append("toggle", id);
  for (const id of state.unfolded) parts.append("unfold", id);
  return parts.toString();
}

/** Takes step, selection and groups from a fragment; what is not in this graph is left out. @param {State} state @param {string} fragment */
function applyFragment(state, fragment) {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  const boxes = new Set(state.scene.boxes.map((box) => box.id));
  const inner = new Set(state.scene.nodes.filter((node) => node.inside).map((node) => node.id));
  state.toggled = new Set(parts.getAll("toggle").filter((id) => boxes.has(id)));
  const unfolded = new Set(parts.getAll("unfold").filter((id) => inner.has(id)));
  if (unfolded.size || state.unfolded.size) {
    state.unfolded = unfolded;
    state.regraph();
  } else state.relayout();
  const [phase, id] = halves(parts.get("step") ?? "");
  const position = state.steps.all.findIndex((step) => step.phase === phase && (step.node?.id ?? "") === id);
  state.position = position < 0 ? state.steps.last : position;
  const [kind, selected] = halves(parts.get("select") ?? "");
  const exists = kind === "node" ? state.graph.byId.has(selected) : kind === "box" ? state.graph.boxes.has(selected) : kind === "edge" && state.edge(selected);
  state.selection = exists ? { kind: /** @type {Selected["kind"]} */ (kind), id: selected } : null;
}

/** @param {string} text @returns {[string, string]} */
function halves(text) {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
