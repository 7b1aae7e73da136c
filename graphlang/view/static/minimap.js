"use strict";
// The minimap: the whole picture, small, with the part that is seen. A click or a drag moves there.

class Minimap {
  /** @param {State} state @param {Camera} camera */
  constructor(state, camera) {
    this.state = state;
    this.camera = camera;
    /** @type {HTMLCanvasElement} */
    this.canvas = byId("minimap");
    /** The picture without the frame, drawn once for each layout. @type {HTMLCanvasElement} */
    this.picture = document.createElement("canvas");
    this.scale = 1;
    const move = (/** @type {PointerEvent} */ event) => {
      if (!(event.buttons & 1)) return;
      const { left, top } = this.canvas.getBoundingClientRect();
      const { width, height, scale } = camera;
      camera.to((event.clientX - left) / this.scale - width / scale / 2, (event.clientY - top) / this.scale - height / scale / 2, scale, false);
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      move(event);
    });
    this.canvas.addEventListener("pointermove", move);
  }

  /** Draws the picture anew. @param {Palette} colors */
  redraw(colors) {
    const { layout } = this.state;
    const most = Math.min(180, this.camera.width * 0.3);
    this.scale = Math.min(most / Math.max(1, layout.width), 110 / Math.max(1, layout.height));
    const dots = devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.picture]) {
      canvas.width = Math.max(1, Math.ceil(layout.width * this.scale * dots));
      canvas.height = Math.max(1, Math.ceil(layout.height * this.scale * dots));
    }
    this.canvas.style.width = `${Math.ceil(layout.width * this.scale)}px`;
    this.canvas.style.height = `${Math.max(3, Math.ceil(layout.height * this.scale))}px`;
    const context = this.picture.getContext("2d");
    if (!context) return;
    context.scale(dots * this.scale, dots * this.scale);
    const least = 2 / this.scale;
    const shapes = layout.shapes.filter((shape) => !shape.end);
    const grown = (/** @type {Shape} */ { x, y, w, h }) => ({ x, y, w: Math.max(w, least), h: Math.max(h, least) });
    fillShapes(context, shapes.filter(({ unit }) => unit.kind === "open"), colors.group, 0.25);
    fillShapes(context, shapes.filter(({ unit }) => unit.kind !== "open").map(grown), colors.line, 0.8);
  }

  /** Draws the frame of what is seen. @param {Palette} colors */
  frame(colors) {
    const { camera, canvas } = this;
    const { layout } = this.state;
    const [w, h] = [camera.width / camera.scale, camera.height / camera.scale];
    const all = camera.x <= 0 && camera.y <= 0 && camera.x + w >= layout.width && camera.y + h >= layout.height;
    canvas.hidden = all;
    const context = all ? null : canvas.getContext("2d");
    if (!context) return;
    const dots = (devicePixelRatio || 1) * this.scale;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(this.picture, 0, 0);
    context.strokeStyle = colors.accent;
    context.lineWidth = 2;
    context.strokeRect(Math.max(1, camera.x * dots), Math.max(1, camera.y * dots), Math.min(canvas.width - 2, w * dots), Math.min(canvas.height - 2, h * dots));
  }
}
