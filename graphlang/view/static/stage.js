"use strict";
// The stage: the canvas with the picture, and what mouse and fingers do there.

/** @typedef {{kind: "node"|"box"|"edge"|"handle", id: string}} Hit */

class Stage {
  /** @param {State} state @param {(hit: Hit|null) => void} pressed @param {(hit: Hit) => void} opened */
  constructor(state, pressed, opened) {
    this.state = state;
    this.pressed = pressed;
    this.opened = opened;
    /** @type {HTMLElement} */
    this.element = byId("stage");
    /** @type {HTMLCanvasElement} */
    this.canvas = byId("canvas");
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d", { alpha: false }));
    this.camera = new Camera();
    this.minimap = new Minimap(state, this.camera);
    this.colors = palette();
    /** @type {Set<string>} */
    this.hits = new Set();
    this.marks = marksOf(state, this.colors, this.hits);
    this.draw = onNextFrame(() => this.drawNow());
    this.camera.moved = this.draw;
    this.listen();
  }

  /** What is emphasised has changed. */
  remark() {
    this.marks = marksOf(this.state, this.colors, this.hits);
    this.draw();
  }

  /** The layout or the colours have changed. */
  redraw() {
    this.colors = palette();
    this.minimap.redraw(this.colors);
    this.remark();
  }

  resize() {
    const { clientWidth, clientHeight } = this.element;
    const dots = devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * dots);
    this.canvas.height = Math.round(clientHeight * dots);
    this.camera.width = Math.max(1, clientWidth);
    this.camera.height = Math.max(1, clientHeight);
    this.minimap.redraw(this.colors);
    this.drawNow();
  }

  drawNow() {
    const { context, camera, state, colors } = this;
    const dots = devicePixelRatio || 1;
    const { scale } = camera;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = 1;
    context.fillStyle = colors.back;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(dots * scale, 0, 0, dots * scale, -camera.x * dots * scale, -camera.y * dots * scale);
    const view = [camera.x, camera.y, camera.x + camera.width / scale, camera.y + camera.height / scale];
    if (scale < OVERVIEW) paintOverview(context, state, this.marks, scale);
    else new Painter(state, new CanvasPen(context, scale), this.marks).paint(view[0], view[1], view[2], view[3]);
    this.minimap.frame(colors);
  }

  /** @param {boolean} fly */
  fit(fly) {
    const { width, height } = this.state.layout;
    this.camera.fit(0, 0, width, height, fly);
  }

  /** The first look: everything, unless it would be too small to read; then the beginning. */
  start() {
    const { camera } = this;
    const { width, height, shapes } = this.state.layout;
    camera.fit(0, 0, width, height, false);
    if (camera.scale >= 0.45) return;
    const scale = Math.max(0.62, Math.min(1, (camera.height - 60) / height));
    const seen = shapes.filter((shape) => shape.unit.kind !== "open" && shape.x < (camera.width * 0.8) / scale);
    const middle = seen.reduce((sum, shape) => sum + shape.y + shape.h / 2, 0) / Math.max(1, seen.length);
    const whole = height * scale < camera.height;
    camera.to(-24 / scale, (whole ? height / 2 : middle) - camera.height / scale / 2, scale, false);
  }

  /** @param {string} key */
  reveal(key) {
    const shape = this.state.layout.byUnit.get(key);
    if (!shape) return;
    if (this.camera.scale < OVERVIEW) {
      const { width, height } = this.camera;
      this.camera.to(shape.x + shape.w / 2 - width / 1.4, shape.y + shape.h / 2 - height / 1.4, 0.7, true);
    } else if (shape.unit.kind !== "open") this.camera.reveal(shape.x, shape.y, shape.x + shape.w, shape.y + shape.h);
  }

  // ---- what is where --------------------------------------------------------------------------------------

  /** @param {number} sx @param {number} sy @returns {Hit|null} */
  at(sx, sy) {
    const { camera, state } = this;
    const [x, y] = camera.toWorld(sx, sy);
    const near = 6 / camera.scale;
    const seen = state.layout.grid.within(x - near - 30, y - near - 30, x + near, y + near + 30);
    const shapes = [...seen.shapes].sort((p, q) => q.depth - p.depth || Number(p.unit.kind === "open") - Number(q.unit.kind === "open"));
    for (const { unit, x: left, y: top, w, h } of shapes) {
      if (x < left - near || x > left + w + near || y < top - near || y > top + h + near) continue;
      if (unit.kind === "open") {
        if (Math.hypot(x - left - 16, y - top - 15) < 14) return { kind: "handle", id: unit.id };
      } else if (unit.kind === "closed" && Math.hypot(x - left - 16, y - top - h / 2) < 14) return { kind: "handle", id: unit.id };
      else return unit.node ? { kind: "node", id: unit.node.id } : { kind: "box", id: unit.id };
    }
    let best = near * 1.6;
    /** @type {Hit|null} */
    let hit = null;
    for (const strand of seen.strands) {
      const distance = distanceTo(strand.path, x, y);
      if (distance >= best || !strand.edges.length) continue;
      best = distance;
      hit = strand.edges.length === 1 ? { kind: "edge", id: edgeId(strand.edges[0]) } : { kind: "node", id: strand.value.id };
    }
    for (const trunk of seen.trunks) {
      if (x < trunk.x0 || x > trunk.x1 || Math.abs(y - trunk.y) >= Math.max(best, 14)) continue;
      const [use] = trunk.value.uses;
      return trunk.value.uses.length === 1 && use ? { kind: "edge", id: edgeId(use) } : { kind: "node", id: trunk.value.id };
    }
    if (hit) return hit;
    const open = shapes.find(({ unit, x: left, y: top, w }) => unit.kind === "open" && x > left && x < left + w && y > top && y < top + 26);
    return open ? { kind: "box", id: open.unit.id } : null;
  }

  // ---- mouse and fingers ----------------------------------------------------------------------------------

  listen() {
    const { element, camera } = this;
    /** @type {Map<number, {x: number, y: number}>} */
    const fingers = new Map();
    let travelled = 0;
    let spread = 0;
    const place = (/** @type {MouseEvent} */ event) => {
      const { left, top } = element.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };
    element.addEventListener("pointerdown", (event) => {
      if (event.button > 1) return;
      element.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, place(event));
      if (fingers.size === 1) travelled = 0;
      spread = 0;
    });
    element.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      const now = place(event);
      if (!before) {
        element.style.cursor = this.at(now.x, now.y) ? "pointer" : "grab";
        return;
      }
      travelled += Math.hypot(now.x - before.x, now.y - before.y);
      fingers.set(event.pointerId, now);
      if (travelled < 4) return;
      element.style.cursor = "grabbing";
      camera.pan((now.x - before.x) / fingers.size, (now.y - before.y) / fingers.size);
      if (fingers.size < 2) return;
      const [a, b] = [...fingers.values()];
      const distance = Math.hypot(a.x - b.x, a.y - b.y);
      if (spread) camera.zoom((a.x + b.x) / 2, (a.y + b.y) / 2, distance / spread);
      spread = distance;
    });
    const lifted = (/** @type {PointerEvent} */ event) => {
      const pressed = fingers.delete(event.pointerId) && event.type === "pointerup" && travelled < 4 && !fingers.size;
      spread = 0;
      element.style.cursor = "grab";
      if (!pressed) return;
      const { x, y } = place(event);
      this.pressed(this.at(x, y));
    };
    element.addEventListener("pointerup", lifted);
    element.addEventListener("pointercancel", lifted);
    element.addEventListener("dblclick", (event) => {
      const { x, y } = place(event);
      const hit = this.at(x, y);
      if (hit && hit.kind !== "handle") this.opened(hit);
    });
    element.addEventListener("wheel", (event) => {
      event.preventDefault();
      const { x, y } = place(event);
      const pixels = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
      if (event.shiftKey) camera.pan(-(event.deltaX || event.deltaY) * pixels, 0);
      else camera.zoom(x, y, Math.exp(-event.deltaY * pixels * (event.ctrlKey ? 0.01 : 0.0018)));
    }, { passive: false });
    new ResizeObserver(() => this.resize()).observe(element);
  }
}

/** The distance of a point to a path. @param {number[][]} path @param {number} x @param {number} y */
function distanceTo(path, x, y) {
  let best = Infinity;
  let [px, py] = path[0];
  /** @param {number} qx @param {number} qy */
  const segment = (qx, qy) => {
    const [dx, dy] = [qx - px, qy - py];
    const length = dx * dx + dy * dy;
    const t = length ? Math.max(0, Math.min(1, ((x - px) * dx + (y - py) * dy) / length)) : 0;
    best = Math.min(best, Math.hypot(x - px - t * dx, y - py - t * dy));
    [px, py] = [qx, qy];
  };
  for (const part of path.slice(1)) {
    if (part.length === 2) segment(part[0], part[1]);
    else {
      const [x0, y0] = [px, py];
      for (let i = 1; i <= 14; i++) {
        const t = i / 14;
        const s = 1 - t;
        segment(
          s * s * s * x0 + 3 * s * s * t * part[0] + 3 * s * t * t * part[2] + t * t * t * part[4],
          s * s * s * y0 + 3 * s * s * t * part[1] + 3 * s * t * t * part[3] + t * t * t * part[5],
        );
      }
    }
  }
  return best;
}
