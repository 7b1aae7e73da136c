"use strict";
// The page: its parts, and what happens between them.

class Page {
  /** @param {Scene} scene */
  constructor(scene) {
    const state = (this.state = new State(scene, textMeasure()));
    this.rules = new Rules(state);
    this.stage = new Stage(state, (hit) => this.pressed(hit), (hit) => this.opened(hit));
    /** The value whose edges are selected one after the other. @type {FlatNode|undefined} */
    this.around = undefined;
    this.stepper = new Stepper(state, this.rules, (position) => this.go(position));
    this.panel = new Panel(state, this.rules, {
      select: (selection) => this.select(selection, true),
      toggleBox: (id) => this.toggleBox(id),
      toggleInside: (id) => this.toggleInside(id),
      goTo: (phase, node) => this.go(state.steps.all.findIndex((step) => step.phase === phase && step.node === node)),
    });
    this.values = new Values(state, (id) => this.select({ kind: "node", id }, true));
    this.source = new Source(state, (nodes) => this.light(nodes));
    this.editor = new Editor(state, () => this.recomputed());
    this.search = new Search(state, (matches) => this.lightKeys(matches.map((match) => `${match.kind} ${match.id}`)), (match) => this.find(match));
  }

  start() {
    applyFragment(this.state, location.hash);
    startTheme(() => this.stage.redraw());
    startTabs(() => this.tabChanged());
    startHelp();
    this.keys();
    byId("fit").addEventListener("click", () => this.stage.fit(true));
    byId("groups").addEventListener("click", () => this.toggleAll());
    byId("export-svg").addEventListener("click", () => saveSvg(this.stage));
    byId("export-png").addEventListener("click", () => savePng(this.stage));
    addEventListener("hashchange", () => {
      if (location.hash.replace(/^#/, "") === fragmentOf(this.state)) return;
      applyFragment(this.state, location.hash);
      this.relaid();
    });
    startPrinting(this.stage, this.values);
    this.loaded();
    this.stage.resize();
    this.stage.start();
    if (this.state.selection) this.reveal();
  }

  /** A scene was taken: writes everything that depends on it. */
  loaded() {
    const { scene } = this.state;
    document.title = `${scene.title || scene.file} – graphlang`;
    byId("title").textContent = scene.title || scene.file;
    byId("title").title = scene.file;
    byId("legend").hidden = scene.of === null;
    showDiagnostics(scene, (source, line) => this.showLine(source, line));
    this.source.load();
    this.editor.load();
    this.values.changed();
    this.relaid();
  }

  /** @param {number} source @param {number} line */
  showLine(source, line) {
    chooseTab("tab-source");
    this.source.mark([[source, line]], null);
  }

  /** Lets a server compute what is changed in the page. @param {Transport} transport */
  connect(transport) {
    this.editor.transport = transport;
    this.editor.load();
  }

  /** The layout is new. */
  relaid() {
    const groups = byId("groups");
    groups.hidden = !this.state.scene.boxes.length;
    groups.textContent = this.anyOpen() ? "Close groups" : "Open groups";
    this.stage.redraw();
    this.shown();
  }

  /** The step or the selection has changed. */
  shown() {
    this.stage.remark();
    this.stepper.show();
    this.panel.show();
    this.source.show();
    const fragment = fragmentOf(this.state);
    if (fragment !== location.hash.replace(/^#/, "")) {
      try {
        history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
      } catch {
        // A page inside a frame may not change its address.
      }
    }
  }

  /** The numbers have changed. */
  recomputed() {
    if (this.state.graph.nodes.length <= 600) this.state.relayout();
    this.values.changed();
    this.stage.redraw();
    this.stepper.show();
    this.panel.show();
  }

  /**
   * Takes another scene, for instance of a file that was saved, and keeps step, selection, groups and view.
   * @param {Scene} scene
   */
  update(scene) {
    const { state, stage } = this;
    const { step, position, steps } = state;
    const kept = { phase: step.phase, id: step.node?.id, atEnd: position === steps.last };
    state.adopt(scene);
    const again = state.steps.all.findIndex((each) => each.phase === kept.phase && each.node?.id === kept.id);
    state.position = again >= 0 && !kept.atEnd ? again : state.steps.last;
    const { selection, graph } = state;
    const there = selection && (selection.kind === "node" ? graph.byId.has(selection.id) : selection.kind === "box" ? graph.boxes.has(selection.id) : state.edge(selection.id));
    if (!there) state.selection = null;
    stage.hits = new Set();
    this.loaded();
  }

  // ---- steps ----------------------------------------------------------------------------------------------

  /** @param {number} position */
  go(position) {
    const { state } = this;
    state.position = Math.max(0, Math.min(state.steps.last, position));
    state.selection = null;
    this.shown();
    const { node } = state.step;
    if (node) this.stage.reveal(state.unitOf(node).key);
  }

  // ---- selection ------------------------------------------------------------------------------------------

  /** @param {Selected|null} selection @param {boolean} reveal */
  select(selection, reveal = false) {
    const { state } = this;
    state.selection = selection;
    this.stepper.stop();
    if (selection && byId("panel-node").hidden && !byId("panel-source").contains(document.activeElement) && innerWidth > NARROW) chooseTab("tab-node");
    this.shown();
    if (reveal) this.reveal();
    say(this.inWords());
  }

  reveal() {
    const { state, stage } = this;
    const { selection } = state;
    if (!selection) return;
    const edge = selection.kind === "edge" ? state.edge(selection.id) : undefined;
    const key = edge ? state.unitOf(edge.target).key : unitKey(state, selection);
    if (key) stage.reveal(key);
  }

  /** What is selected, for a screen reader. */
  inWords() {
    const { state } = this;
    const { selection, graph } = state;
    if (!selection) return "Nothing selected.";
    if (selection.kind === "edge") {
      const edge = state.edge(selection.id);
      return edge ? this.rules.chain(edge).map(textOf).join(". ") : "";
    }
    if (selection.kind === "box") {
      const box = graph.boxes.get(selection.id);
      return box ? `Group ${box.label}, ${box.count} values, ${state.isOpen(box) ? "open" : "closed"}.` : "";
    }
    const node = graph.byId.get(selection.id);
    if (!node) return "";
    const value = node.kind === "operation" ? textOf(this.rules.forward(node)) : `${shownName(node)} = ${short(state.slot(node.v), ELEMENT_DIGITS, node.dtype)}`;
    return `${value}.${node.g === null ? "" : ` Gradient ${short(state.slot(node.g), ELEMENT_DIGITS, node.dtype)}.`}`;
  }

  /** @param {Hit|null} hit */
  pressed(hit) {
    this.lightKeys([]);
    if (hit?.kind === "handle") return this.toggleBox(hit.id);
    this.select(hit ? { kind: /** @type {Selected["kind"]} */ (hit.kind), id: hit.id } : null);
  }

  /** A double click. @param {Hit} hit */
  opened(hit) {
    if (hit.kind === "box") this.toggleBox(hit.id);
    else if (hit.kind === "node") this.toggleInside(hit.id);
  }

  /** @param {FlatNode[]} nodes */
  light(nodes) {
    this.lightKeys(nodes.map((node) => this.state.unitOf(node).key));
    if (nodes.length) this.stage.reveal(this.state.unitOf(nodes[nodes.length - 1]).key);
    say(`${nodes.length} value${nodes.length === 1 ? "" : "s"}: ${nodes.slice(0, 10).map(shownName).join(", ")}`);
  }

  /** @param {string[]} keys */
  lightKeys(keys) {
    if (!keys.length && !this.stage.hits.size) return;
    this.stage.hits = new Set(keys);
    this.stage.remark();
  }

  /** Goes to what was searched for, and opens the groups around it. @param {Match} match */
  find(match) {
    const { state } = this;
    const node = match.kind === "node" ? state.graph.byId.get(match.id) : undefined;
    let around = node ? node.box : state.graph.boxes.get(match.id)?.parent ?? null;
    let changed = false;
    while (around !== null) {
      const box = state.graph.boxes.get(around);
      if (!box) break;
      if (!state.isOpen(box)) {
        flip(state.toggled, box.id);
        changed = true;
      }
      around = box.parent;
    }
    if (changed) {
      state.relayout();
      this.relaid();
    }
    this.select({ kind: match.kind, id: match.id }, true);
  }

  /** Selects the next value in the order of the table. @param {number} by */
  along(by) {
    const { state } = this;
    const nodes = state.graph.nodes.filter((node) => state.unitOf(node).kind === "node" && (node.kind !== "constant" || node.name));
    const boxes = [...state.layout.levels.units.values()].filter((unit) => unit.kind === "closed");
    const stops = [...nodes.map((node) => ({ kind: /** @type {const} */ ("node"), id: node.id, at: node.index })), ...boxes.map((unit) => ({ kind: /** @type {const} */ ("box"), id: unit.id, at: unit.first }))].sort((p, q) => p.at - q.at);
    if (!stops.length) return;
    const { selection } = state;
    let at = selection ? stops.findIndex((stop) => stop.kind === selection.kind && stop.id === state.graph.byId.get(selection.id)?.id || stop.kind === selection.kind && stop.id === selection.id) : -1;
    if (at < 0 && state.step.node) at = stops.findIndex((stop) => stop.id === state.step.node?.id) - (by > 0 ? 1 : -1);
    const next = stops[Math.max(0, Math.min(stops.length - 1, at < 0 && by < 0 ? stops.length - 1 : at + by))];
    this.select({ kind: next.kind, id: next.id }, true);
  }

  /** The value that is selected, or that the current step computes. @returns {FlatNode|undefined} */
  here() {
    const { state } = this;
    const { selection } = state;
    if (selection?.kind === "node") return state.graph.byId.get(selection.id);
    if (selection?.kind === "edge") return state.edge(selection.id)?.source;
    if (selection?.kind === "box") return state.graph.nodes[state.graph.boxes.get(selection.id)?.last ?? -1];
    return state.step.node ?? undefined;
  }

  /** Follows the edges from the selected value. @param {"left"|"right"|"up"|"down"} direction */
  follow(direction) {
    const { state } = this;
    const node = this.here();
    const shape = node && state.layout.byUnit.get(state.unitOf(node).key);
    if (!node || !shape) return this.along(1);
    const units = direction === "left" ? node.operands.map((edge) => state.unitOf(edge.source)) : direction === "right" ? node.uses.map((edge) => state.unitOf(edge.target)) : [...state.layout.byUnit.values()].filter((other) => other.unit.kind !== "open" && Math.abs(other.x - shape.x) < 80).map((other) => other.unit);
    const sign = direction === "up" ? -1 : 1;
    /** @type {{unit: Unit, distance: number}|null} */
    let best = null;
    for (const unit of units) {
      const other = state.layout.byUnit.get(unit.key);
      if (!other || other === shape) continue;
      const dy = other.y + other.h / 2 - shape.y - shape.h / 2;
      if ((direction === "up" || direction === "down") && dy * sign <= 0) continue;
      const distance = Math.abs(dy) + Math.abs(other.x - shape.x) / 10;
      if (!best || distance < best.distance) best = { unit, distance };
    }
    if (best) this.select(best.unit.node ? { kind: "node", id: best.unit.node.id } : { kind: "box", id: best.unit.id }, true);
  }

  /** Selects the edges of the current value one after the other. */
  nextEdge() {
    const { state } = this;
    const { selection } = state;
    const edge = selection?.kind === "edge" ? state.edge(selection.id) : undefined;
    const goesOn = edge && this.around && (this.around === edge.source || this.around === edge.target);
    if (!goesOn) this.around = this.here();
    const edges = this.around ? [...this.around.uses, ...this.around.operands] : state.graph.edges;
    if (!edges.length) return;
    const next = edges[(edge ? edges.indexOf(edge) + 1 : 0) % edges.length];
    this.select({ kind: "edge", id: edgeId(next) }, true);
  }

  // ---- groups ---------------------------------------------------------------------------------------------

  /** @param {string} id */
  toggleBox(id) {
    const { state } = this;
    const box = state.graph.boxes.get(id);
    if (!box) return;
    if (box.unfolds !== null) return this.toggleInside(box.unfolds);
    this.anchored(`box ${id}`, `box ${id}`, () => {
      flip(state.toggled, id);
      state.relayout();
    });
    say(this.inWords());
  }

  /** Shows a node as its primitives, or as one again. @param {string} id */
  toggleInside(id) {
    const { state } = this;
    const unfolds = [...state.unfolded].find((each) => each === id || state.graph.byId.get(each)?.id === id);
    const node = state.scene.nodes.find((each) => each.id === (unfolds ?? id));
    if (!node?.inside) return;
    const keys = [`node ${node.id}`, `box ${insideBox(node.id)}`];
    if (unfolds) keys.reverse();
    this.anchored(keys[0], keys[1], () => {
      const { step } = state;
      flip(state.unfolded, node.id);
      state.regraph();
      const at = state.steps.all.findIndex((each) => each.phase === step.phase && each.node?.id === step.node?.id);
      state.position = at < 0 ? state.steps.last : at;
      if (state.selection?.kind !== "node" || !state.graph.byId.has(state.selection.id)) state.selection = null;
    });
  }

  /**
   * Changes the layout; what was changed stays where it is on the screen.
   * @param {string} before @param {string} after @param {() => void} change
   */
  anchored(before, after, change) {
    const { state, stage } = this;
    const { camera } = stage;
    const old = state.layout.byUnit.get(before);
    const [sx, sy] = old ? camera.toScreen(old.x, old.y + old.h / 2) : [0, 0];
    change();
    const shape = state.layout.byUnit.get(after);
    if (old && shape) {
      camera.to(shape.x - sx / camera.scale, shape.y + shape.h / 2 - sy / camera.scale, camera.scale, false);
    }
    this.relaid();
  }

  anyOpen() {
    const { graph } = this.state;
    return [...graph.boxes.values()].some((box) => box.unfolds === null && box.parent === null && this.state.isOpen(box));
  }

  toggleAll() {
    const { state } = this;
    const open = this.anyOpen();
    for (const box of state.graph.boxes.values()) if (box.unfolds === null && state.isOpen(box) === open) flip(state.toggled, box.id);
    state.relayout();
    this.relaid();
    this.stage.fit(true);
  }

  // ---- keys -----------------------------------------------------------------------------------------------

  keys() {
    const { stage, stepper } = this;
    const { camera } = stage;
    const zoom = (/** @type {number} */ factor) => camera.zoom(camera.width / 2, camera.height / 2, factor);
    startKeys({
      ArrowRight: () => stepper.to("next"),
      ArrowLeft: () => stepper.to("back"),
      Home: () => stepper.to("first"),
      End: () => stepper.to("last"),
      " ": () => stepper.toggle(),
      ArrowDown: () => this.along(1),
      ArrowUp: () => this.along(-1),
      "Shift+ArrowLeft": () => this.follow("left"),
      "Shift+ArrowRight": () => this.follow("right"),
      "Shift+ArrowUp": () => this.follow("up"),
      "Shift+ArrowDown": () => this.follow("down"),
      e: () => this.nextEdge(),
      Enter: () => this.toggleHere(),
      g: () => this.toggleAll(),
      f: () => stage.fit(true),
      "/": () => byId("search-field").focus(),
      t: () => byId("theme").click(),
      "?": () => byId("keys").showModal(),
      "+": () => zoom(1.25),
      "=": () => zoom(1.25),
      "-": () => zoom(0.8),
      w: () => camera.pan(0, 60),
      s: () => camera.pan(0, -60),
      a: () => camera.pan(60, 0),
      d: () => camera.pan(-60, 0),
      Escape: () => {
        this.lightKeys([]);
        this.select(null);
      },
    });
  }

  /** Opens or closes what is selected: a group, the inside of an operation, or the group around a value. */
  toggleHere() {
    const { selection, graph, scene } = this.state;
    if (selection?.kind === "box") return this.toggleBox(selection.id);
    const node = this.here();
    if (!node) return;
    const unit = this.state.unitOf(node);
    if (unit.kind === "closed") return this.toggleBox(unit.id);
    if (scene.nodes.some((each) => each.id === node.id && each.inside)) return this.toggleInside(node.id);
    const box = node.box === null ? undefined : graph.boxes.get(node.box);
    if (!box) return;
    this.state.selection = box.unfolds === null ? { kind: "box", id: box.id } : { kind: "node", id: box.unfolds };
    this.toggleBox(box.id);
  }

  /** A tab was opened: what is written only when it is seen. */
  tabChanged() {
    this.values.show();
    this.source.show();
  }
}

/** @param {Set<string>} set @param {string} item */
function flip(set, item) {
  if (!set.delete(item)) set.add(item);
}

/** On paper stand the whole picture and the table of all values. @param {Stage} stage @param {Values} values */
function startPrinting(stage, values) {
  /** @type {HTMLElement|null} */
  let paper = null;
  addEventListener("beforeprint", () => {
    const theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
    stage.redraw();
    paper = el("div", { id: "paper" }, el("h1", {}, stage.state.scene.title || stage.state.scene.file));
    const parsed = new DOMParser().parseFromString(seenAsSvg(stage, true), "image/svg+xml").documentElement;
    paper?.append(document.importNode(parsed, true), el("div", { id: "paper-rule" }, byId("rule").textContent), ...values.content());
    if (paper) document.body.append(paper);
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    stage.redraw();
  });
  addEventListener("afterprint", () => paper?.remove());
}

addEventListener("DOMContentLoaded", () => {
  const scene = JSON.parse(byId("scene").textContent);
  const page = new Page(scene);
  page.start();
  // For the live page, for notebooks and for tests.
  /** @type {any} */ (window).graphlang = {
    page,
    update: (/** @type {Scene} */ next) => page.update(next),
    /** @param {Transport} transport */
    connect: (transport) => page.connect(transport),
  };
});
