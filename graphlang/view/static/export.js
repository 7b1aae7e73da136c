"use strict";
// What is seen as a file: SVG and PNG, with fonts and colours inside.

/** The part of the picture that is seen, as SVG. @param {Stage} stage @param {boolean} whole all of it instead */
function seenAsSvg(stage, whole = false) {
  const { state, camera, colors } = stage;
  const { layout, scene } = state;
  const margin = 24;
  const [left, top] = whole ? [-margin, -margin] : camera.toWorld(0, 0);
  const [right, bottom] = whole ? [layout.width + margin, layout.height + margin] : camera.toWorld(camera.width, camera.height);
  const pen = new SvgPen();
  new Painter(state, pen, stage.marks).paint(left, top, right, bottom);
  const size = [right - left, bottom - top].map((length) => xy(length * (whole ? 1 : camera.scale)));
  const outputs = state.graph.nodes.filter((node) => node.output).map((node) => `${shownName(node)} ${state.valueText(node)}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${[left, top, right - left, bottom - top].map(xy).join(" ")}" width="${size[0]}" height="${size[1]}" role="img" font-family="${escaped(FONTS)}">`,
    `<title>${escaped(scene.title || scene.file)}</title>`,
    `<desc>${escaped(`A computational graph. Outputs: ${outputs.join(", ")}.`)}</desc>`,
    `<rect x="${xy(left)}" y="${xy(top)}" width="${xy(right - left)}" height="${xy(bottom - top)}" fill="${colors.back}"/>`,
    ...pen.parts,
    "</svg>\n",
  ].join("\n");
}

/** @param {Stage} stage */
function saveSvg(stage) {
  save(new Blob([seenAsSvg(stage)], { type: "image/svg+xml" }), `${fileName(stage)}.svg`);
}

/** The canvas at twice its size. @param {Stage} stage */
function savePng(stage) {
  const { camera, state, colors } = stage;
  const canvas = document.createElement("canvas");
  const dots = Math.max(2, devicePixelRatio || 1);
  canvas.width = Math.round(camera.width * dots);
  canvas.height = Math.round(camera.height * dots);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = colors.back;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const scale = camera.scale * dots;
  context.setTransform(scale, 0, 0, scale, -camera.x * scale, -camera.y * scale);
  const [right, bottom] = camera.toWorld(camera.width, camera.height);
  const view = [camera.x, camera.y, right, bottom];
  if (camera.scale < OVERVIEW) paintOverview(context, state, stage.marks, camera.scale);
  else new Painter(state, new CanvasPen(context, scale), stage.marks).paint(view[0], view[1], view[2], view[3]);
  canvas.toBlob((blob) => blob && save(blob, `${fileName(stage)}.png`), "image/png");
}

/** @param {Stage} stage */
function fileName(stage) {
  const name = (stage.state.scene.file || "graph").split(/[\\/]/).pop() ?? "graph";
  return name.replace(/\.graph$/, "").replace(/[^\w.-]+/g, "_") || "graph";
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
