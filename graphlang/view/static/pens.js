"use strict";
// Two pens that draw the same: one on a canvas, one as SVG.

/** @typedef {{fill?: string, stroke?: string, width?: number, dash?: number[], alpha?: number, radius?: number}} Look */
/** @typedef {{size: number, color: string, anchor?: "start"|"middle"|"end", bold?: boolean, italic?: boolean, alpha?: number}} TextLook */
/** @typedef {{path(parts: number[][], look: Look): void, polygon(points: number[], look: Look): void,
 *   circle(x: number, y: number, r: number, look: Look): void,
 *   rect(x: number, y: number, w: number, h: number, look: Look): void,
 *   text(x: number, y: number, text: string, look: TextLook): void, finish(): void}} Pen */

/** Smaller text is not drawn on the screen. */
const READABLE = 4.5;

/** A function that measures text, and remembers. @returns {Measure} */
function textMeasure() {
  const context = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  /** @type {Map<string, number>} */
  const widths = new Map();
  return (text, size, bold) => {
    const key = `${size}${bold ? "b" : ""} ${text}`;
    let width = widths.get(key);
    if (width === undefined) {
      if (widths.size > 20000) widths.clear();
      context.font = fontOf(size, bold);
      widths.set(key, (width = context.measureText(text).width));
    }
    return width;
  };
}

/** So many forms of one look are drawn at once: more make a path slow. */
const AT_ONCE = 64;

/** Draws forms that follow one another and look the same at once. @implements {Pen} */
class CanvasPen {
  /** @param {CanvasRenderingContext2D} context @param {number} scale */
  constructor(context, scale) {
    this.context = context;
    this.scale = scale;
    this.font = "";
    /** The look of what waits to be drawn. @type {Look|null} */
    this.look = null;
    this.waiting = 0;
  }

  /** Begins a form with a look. @param {Look} look */
  form(look) {
    const same = this.look && this.waiting < AT_ONCE && look.fill === this.look.fill && look.stroke === this.look.stroke && look.width === this.look.width && look.alpha === this.look.alpha && !look.dash && !this.look.dash;
    if (same) this.waiting++;
    else {
      this.finish();
      this.look = look;
      this.waiting = 1;
      this.context.beginPath();
    }
  }

  /** Draws what waits. */
  finish() {
    if (this.look) this.ink(this.look);
    this.look = null;
  }

  /** @param {Look} look */
  ink({ fill, stroke, width = 1.4, dash, alpha = 1 }) {
    const { context } = this;
    context.globalAlpha = alpha;
    if (fill) {
      context.fillStyle = fill;
      context.fill();
    }
    if (!stroke) return;
    context.strokeStyle = stroke;
    context.lineWidth = width;
    if (dash) context.setLineDash(dash);
    context.stroke();
    if (dash) context.setLineDash([]);
  }

  /** @param {number[][]} parts @param {Look} look */
  path(parts, look) {
    this.form(look);
    trace(this.context, parts);
  }

  /** @param {number[]} points @param {Look} look */
  polygon(points, look) {
    const { context } = this;
    this.form(look);
    context.moveTo(points[0], points[1]);
    for (let i = 2; i < points.length; i += 2) context.lineTo(points[i], points[i + 1]);
    context.closePath();
  }

  /** @param {number} x @param {number} y @param {number} r @param {Look} look */
  circle(x, y, r, look) {
    this.form(look);
    this.context.moveTo(x + r, y);
    this.context.arc(x, y, r, 0, 2 * Math.PI);
  }

  /** @param {number} x @param {number} y @param {number} w @param {number} h @param {Look} look */
  rect(x, y, w, h, look) {
    this.form(look);
    if (look.radius) this.context.roundRect(x, y, w, h, look.radius);
    else this.context.rect(x, y, w, h);
  }

  /** @param {number} x @param {number} y @param {string} text @param {TextLook} look */
  text(x, y, text, { size, color, anchor = "start", bold, italic, alpha = 1 }) {
    if (!text || size * this.scale < READABLE) return;
    this.finish();
    const { context } = this;
    const font = fontOf(size, bold, italic);
    if (font !== this.font) context.font = this.font = font;
    context.globalAlpha = alpha;
    context.textAlign = anchor === "middle" ? "center" : anchor;
    context.fillStyle = color;
    context.fillText(text, x, y);
  }
}

/** @param {CanvasRenderingContext2D|Path2D} context @param {number[][]} parts */
function trace(context, parts) {
  context.moveTo(parts[0][0], parts[0][1]);
  for (let i = 1; i < parts.length; i++) {
    const p = parts[i];
    if (p.length === 2) context.lineTo(p[0], p[1]);
    else context.bezierCurveTo(p[0], p[1], p[2], p[3], p[4], p[5]);
  }
}

/** @param {number} size @param {boolean} [bold] @param {boolean} [italic] */
const fontOf = (size, bold, italic) => `${italic ? "italic " : ""}${bold ? "600 " : ""}${size}px ${FONTS}`;

/** @implements {Pen} */
class SvgPen {
  constructor() {
    /** @type {string[]} */
    this.parts = [];
  }

  finish() {}

  /** @param {Look} look */
  ink({ fill, stroke, width = 1.4, dash, alpha = 1 }) {
    const line = stroke ? ` stroke="${stroke}" stroke-width="${width}" stroke-linecap="round"${dash ? ` stroke-dasharray="${dash.join(" ")}"` : ""}` : "";
    return ` fill="${fill ?? "none"}"${line}${alpha < 1 ? ` opacity="${alpha}"` : ""}`;
  }

  /** @param {number[][]} parts @param {Look} look */
  path(parts, look) {
    const d = parts.map((p, i) => (i ? (p.length === 2 ? "L" : "C") : "M") + p.map(xy).join(" ")).join("");
    this.parts.push(`<path d="${d}"${this.ink(look)}/>`);
  }

  /** @param {number[]} points @param {Look} look */
  polygon(points, look) {
    this.parts.push(`<polygon points="${points.map(xy).join(" ")}"${this.ink(look)}/>`);
  }

  /** @param {number} x @param {number} y @param {number} r @param {Look} look */
  circle(x, y, r, look) {
    this.parts.push(`<circle cx="${xy(x)}" cy="${xy(y)}" r="${xy(r)}"${this.ink(look)}/>`);
  }

  /** @param {number} x @param {number} y @param {number} w @param {number} h @param {Look} look */
  rect(x, y, w, h, look) {
    this.parts.push(`<rect x="${xy(x)}" y="${xy(y)}" width="${xy(w)}" height="${xy(h)}" rx="${xy(look.radius ?? 0)}"${this.ink(look)}/>`);
  }

  /** @param {number} x @param {number} y @param {string} text @param {TextLook} look */
  text(x, y, text, { size, color, anchor = "start", bold, italic, alpha = 1 }) {
    if (!text) return;
    const style = `${bold ? ' font-weight="600"' : ""}${italic ? ' font-style="italic"' : ""}${alpha < 1 ? ` opacity="${alpha}"` : ""}`;
    this.parts.push(`<text x="${xy(x)}" y="${xy(y)}" font-size="${size}" fill="${color}" text-anchor="${anchor}"${style}>${escaped(text)}</text>`);
  }
}

/** @param {number} value */
const xy = (value) => String(Math.round(value * 10) / 10);

/** Text for XML, without the characters that it cannot hold. @param {string} text */
function escaped(text) {
  /** @type {Record<string, string>} */
  const signs = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd").replace(/[&<>"']/g, (sign) => signs[sign]);
}
