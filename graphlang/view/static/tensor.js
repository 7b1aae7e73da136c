"use strict";
// A tensor for the eye: its figures, a heat map, a histogram, images.

/** @param {string} base64 */
function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * All that is known of a value or gradient.
 * @param {string} title
 * @param {Slot|undefined} slot
 * @param {string} dtype
 * @param {"value"|"gradient"} look
 */
function slotView(title, slot, dtype, look) {
  const heading = el("h3", { class: look }, title);
  if (slot === undefined || slot === null) return el("section", { class: "slot" }, heading, el("p", { class: "quiet" }, "none"));
  if (typeof slot !== "object") return el("section", { class: "slot" }, heading, el("p", { class: `number ${look} ${typeof slot === "string" ? "bad" : ""}` }, short(slot, DIGITS, dtype)));
  return el("section", { class: "slot" }, heading, figures(slot), strangeness(slot), elements(slot), imagesView(slot), heatView(slot, title), histogramView(slot, look, title));
}

/** @param {Tensor} tensor */
function figures(tensor) {
  /** @type {[string, string][]} */
  const rows = [["shape", tensor.shape.join(" × ") || "scalar"], ["type", tensor.dtype]];
  const names = /** @type {const} */ ([["mean", "mean"], ["std", "spread"], ["norm", "norm"], ["min", "least"], ["max", "most"]]);
  for (const [field, name] of names) {
    const number = tensor[field];
    if (number !== undefined && number !== null) rows.push([name, short(number, 4)]);
  }
  if (tensor.size && tensor.zero) rows.push(["zeros", share(tensor.zero, tensor.size)]);
  return el("dl", {}, ...rows.map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text))));
}

/** @param {number} count @param {number} of */
const share = (count, of) => `${count} of ${of} (${short((100 * count) / of, 3)} %)`;

/** @param {Tensor} tensor */
function strangeness(tensor) {
  const words = [];
  if (tensor.nan) words.push(`${tensor.nan} nan`);
  if (tensor.inf) words.push(`${tensor.inf} infinite`);
  if (tensor.size > 1 && tensor.zero === tensor.size && tensor.dtype !== "bool") words.push("all zero");
  return words.length ? el("p", { class: "bad" }, `⚠ ${words.join(", ")}`) : null;
}

/** A small tensor as a table of its numbers. @param {Tensor} tensor */
function elements(tensor) {
  const { all, shape } = tensor;
  if (!all || !all.length || all.length > 64) return null;
  const columns = shape.length ? shape[shape.length - 1] : 1;
  const rows = [];
  for (let i = 0; i < all.length; i += columns) {
    rows.push(el("tr", {}, ...all.slice(i, i + columns).map((value) => el("td", { class: typeof value === "string" ? "bad" : null }, shortElement(value, 4, tensor.dtype)))));
  }
  return el("div", { class: "wide", tabindex: "0", role: "group", "aria-label": "All numbers" }, el("table", { class: "numbers" }, el("tbody", {}, ...rows)));
}

/** @param {Tensor} tensor @param {string} title */
function heatView({ heat, shape, size }, title) {
  if (!heat || size < 2) return null;
  const { rows, cols, lo, hi } = heat;
  const canvas = el("canvas", { class: "heat", role: "img", "aria-label": `Heat map of ${title}, from ${short(lo, 3)} to ${short(hi, 3)}` });
  canvas.width = cols;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(cols, rows);
  const bytes = bytesOf(heat.data);
  const most = Math.max(Math.abs(lo), Math.abs(hi)) || 1;
  for (let i = 0; i < rows * cols; i++) {
    image.data.set(diverging((lo + ((hi - lo) * bytes[i]) / 255) / most), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  const width = Math.min(300, Math.max(cols * 4, Math.min(300, cols * 14)));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${Math.max(6, Math.min(220, (width * rows) / cols))}px`;
  const coarse = rows * cols < size ? ", coarsened" : "";
  return el("figure", {}, canvas, el("figcaption", {}, el("i", { class: "scale" }), `${short(-most, 3)} … 0 … ${short(most, 3)}${shape.length > 2 ? `, ${rows} × ${cols}` : ""}${coarse}`));
}

/** Blue below 0, white at 0, red above; -1 and 1 are the extremes. @param {number} t @returns {[number, number, number]} */
function diverging(t) {
  const s = Math.min(1, Math.abs(t)) ** 0.75;
  const [r, g, b] = t < 0 ? [29, 78, 216] : [194, 65, 12];
  const mix = (/** @type {number} */ c) => Math.round(250 + (c - 250) * s);
  return [mix(r), mix(g), mix(b)];
}

/** @param {Tensor} tensor @param {string} look @param {string} title */
function histogramView({ histogram, size }, look, title) {
  if (!histogram || size < 9 || histogram.hi <= histogram.lo) return null;
  const { counts, lo, hi } = histogram;
  const most = Math.max(...counts, 1);
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", `0 0 ${counts.length * 10} 60`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", `histogram ${look}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `Histogram of ${title}, from ${short(lo, 3)} to ${short(hi, 3)}, highest count ${most}`);
  counts.forEach((count, i) => {
    const bar = document.createElementNS(ns, "rect");
    const height = count ? Math.max(1, (58 * count) / most) : 0;
    for (const [name, value] of Object.entries({ x: i * 10 + 0.5, y: 60 - height, width: 9, height })) bar.setAttribute(name, String(value));
    svg.append(bar);
  });
  return el("figure", {}, svg, el("figcaption", { class: "ends" }, el("span", {}, short(lo, 3)), el("span", {}, `most: ${most}`), el("span", {}, short(hi, 3))));
}

/** @param {Tensor} tensor */
function imagesView({ images }) {
  if (!images?.length) return null;
  return el("div", { class: "images" }, ...images.map(({ width, height, channels, data }, number) => {
    const canvas = el("canvas", { role: "img", "aria-label": `Image ${number + 1}` });
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    const bytes = bytesOf(data);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = bytes[i * channels + Math.min(c, channels - 1)];
      image.data[4 * i + 3] = channels === 4 ? bytes[i * channels + 3] : 255;
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }));
}
