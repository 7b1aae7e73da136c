"use strict";
// Mistakes where they stand: carets under the line in the source.

/** @param {Source} source @param {Scene} scene @param {Diagnostic[]} diagnostics */
function showCarets(source, scene, diagnostics) {
  for (const old of source.element.querySelectorAll(".caret")) old.remove();
  for (const old of source.element.querySelectorAll(".wrong")) old.classList.remove("wrong");
  for (const each of diagnostics) {
    const file = scene.sources.findIndex(({ name }) => name === each.file);
    const line = each.line ? source.lines[file]?.[each.line - 1] : undefined;
    if (!line || !each.column) continue;
    const width = each.end_line === each.line && each.end_column ? Math.max(1, each.end_column - each.column) : 1;
    const text = line.querySelector("code")?.textContent ?? "";
    const before = [...text].slice(0, each.column - 1).map((sign) => (sign === "\t" ? "\t" : " ")).join("");
    const caret = el("div", { class: "caret" }, `${before}${"^".repeat(width)} ${each.code}`);
    line.classList.add("wrong");
    line.append(caret);
  }
  const first = source.element.querySelector(".wrong");
  if (first && scene.stale) scrollWithin(source.element, /** @type {HTMLElement} */ (first));
}
