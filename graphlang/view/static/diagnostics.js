"use strict";
// Diagnostics of a file that was saved with a mistake: the live page shows them above the panel.

/** @param {Scene} scene @param {(source: number, line: number) => void} show */
function showDiagnostics(scene, show) {
  const place = byId("diagnostics");
  const list = scene.diagnostics ?? [];
  place.hidden = !list.length;
  place.replaceChildren(...list.map((each) => {
    const source = Math.max(0, scene.sources.findIndex(({ name }) => name === each.file));
    const where = each.line ? `${scene.sources.length > 1 && each.file ? `${each.file}, ` : ""}line ${each.line}` : "";
    return el("article", { class: each.severity === "warning" ? "warning" : "bad" },
      el("h2", {}, each.code ? `${each.code}  ` : "", where && el("button", { class: "link", onclick: () => show(source, each.line ?? 1) }, where)),
      el("p", {}, each.message),
      each.help ? el("p", { class: "quiet" }, each.help) : null);
  }));
}
