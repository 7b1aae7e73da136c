"use strict";
// Which part of the picture is seen: a point at the top left corner, and a scale.

const SCALE_LEAST = 0.001;
const SCALE_MOST = 4;

class Camera {
  constructor() {
    this.x = 0;
    this.y = 0;
    this.scale = 1;
    this.width = 1;
    this.height = 1;
    /** Called when the view has moved. @type {() => void} */
    this.moved = () => {};
    this.flight = 0;
  }

  /** @param {number} dx @param {number} dy in pixels of the screen */
  pan(dx, dy) {
    this.land();
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.moved();
  }

  /** @param {number} sx @param {number} sy the point that stays @param {number} factor */
  zoom(sx, sy, factor) {
    this.land();
    const scale = Math.min(SCALE_MOST, Math.max(SCALE_LEAST, this.scale * factor));
    this.x += sx / this.scale - sx / scale;
    this.y += sy / this.scale - sy / scale;
    this.scale = scale;
    this.moved();
  }

  /** @param {number} sx @param {number} sy @returns {[number, number]} */
  toWorld(sx, sy) {
    return [this.x + sx / this.scale, this.y + sy / this.scale];
  }

  /** @param {number} x @param {number} y @returns {[number, number]} */
  toScreen(x, y) {
    return [(x - this.x) * this.scale, (y - this.y) * this.scale];
  }

  /** Shows a rectangle as large as it fits. @param {number} left @param {number} top @param {number} right @param {number} bottom @param {boolean} fly */
  fit(left, top, right, bottom, fly) {
    const margin = Math.min(40, this.width * 0.05);
    const scale = Math.min((this.width - 2 * margin) / Math.max(1, right - left), (this.height - 2 * margin) / Math.max(1, bottom - top), 1.6);
    const bounded = Math.max(SCALE_LEAST, scale);
    this.to((left + right) / 2 - this.width / 2 / bounded, (top + bottom) / 2 - this.height / 2 / bounded, bounded, fly);
  }

  /** Moves just so far that a rectangle is seen. @param {number} left @param {number} top @param {number} right @param {number} bottom */
  reveal(left, top, right, bottom) {
    const margin = Math.min(60, this.width / 8) / this.scale;
    const [w, h] = [this.width / this.scale, this.height / this.scale];
    let { x, y } = this;
    if (right + margin > x + w) x = right + margin - w;
    if (left - margin < x) x = left - margin;
    if (bottom + margin > y + h) y = bottom + margin - h;
    if (top - margin < y) y = top - margin;
    if (x !== this.x || y !== this.y) this.to(x, y, this.scale, true);
  }

  /** @param {number} x @param {number} y @param {number} scale @param {boolean} fly */
  to(x, y, scale, fly) {
    this.land();
    if (!fly || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      [this.x, this.y, this.scale] = [x, y, scale];
      return this.moved();
    }
    const start = performance.now();
    const [x0, y0, s0] = [this.x, this.y, this.scale];
    const frame = (/** @type {number} */ now) => {
      const t = Math.min(1, Math.max(0, (now - start) / 180));
      const ease = t * (2 - t);
      this.scale = s0 * (scale / s0) ** ease;
      // The point that both views share keeps moving straight while the scale changes.
      const share = scale === s0 ? ease : (1 / s0 - 1 / this.scale) / (1 / s0 - 1 / scale);
      this.x = x0 + (x - x0) * share;
      this.y = y0 + (y - y0) * share;
      this.flight = t < 1 ? requestAnimationFrame(frame) : 0;
      this.moved();
    };
    this.flight = requestAnimationFrame(frame);
  }

  /** Ends a flight where it is. */
  land() {
    cancelAnimationFrame(this.flight);
    this.flight = 0;
  }
}
