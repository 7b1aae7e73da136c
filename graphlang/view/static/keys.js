"use strict";
// The keys. Everything in the page can be done with them.

/** @type {[string, string][]} */
const KEYS = [
  ["← →", "step back, step forward"],
  ["Home End", "first step, last step"],
  ["Space", "play and pause"],
  ["↑ ↓", "select the value before or after"],
  ["Shift + arrows", "along the edges: to an operand, to a use, to the one above or below"],
  ["e", "select the edges of the value one after the other: the chain rule"],
  ["Enter", "open or close what is selected"],
  ["g", "open or close all groups"],
  ["/", "search"],
  ["f", "zoom to fit"],
  ["+ −", "zoom"],
  ["w a s d", "move the picture"],
  ["t", "light or dark"],
  ["Esc", "select nothing"],
  ["?", "these keys"],
];

/** @param {Record<string, (event: KeyboardEvent) => void>} actions by key, `Shift+` before it where needed */
function startKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const dialog = byId("keys");
    if (dialog.open) return;
    const tag = target.tagName;
    if (tag === "INPUT" || tag === "TEXTAREA" || tag === "SELECT") {
      if (event.key === "Escape") byId("stage").focus();
      return;
    }
    const pressable = tag === "BUTTON" || tag === "SUMMARY" || tag === "A";
    if (pressable && (event.key === "Enter" || event.key === " ")) return;
    if (target.getAttribute("role") === "tab" && /^Arrow|^Home$|^End$/.test(event.key)) return;
    if (target.closest("#panel") && /^(ArrowUp|ArrowDown|PageUp|PageDown)$/.test(event.key)) return;
    const name = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = actions[name];
    if (!action) return;
    event.preventDefault();
    action(event);
  });
}

/** The dialog with all keys. */
function startHelp() {
  const dialog = byId("keys");
  dialog.replaceChildren(
    el("h2", { id: "keys-title" }, "Keys"),
    el("dl", {}, ...KEYS.map(([key, text]) => el("div", {}, el("dt", {}, ...key.split(" ").map((part) => (part === "+" && key !== "+ −" ? " + " : el("kbd", {}, part)))), el("dd", {}, text)))),
    el("p", {}, "Drag to move, turn the wheel or pinch to zoom, double-click to open or close."),
    el("form", { method: "dialog" }, el("button", { class: "wide-button" }, "Close")),
  );
  byId("help").addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("click", (/** @type {Event} */ event) => {
    if (event.target === dialog) dialog.close();
  });
}
