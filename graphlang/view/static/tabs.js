"use strict";
// The tabs of the panel, by mouse and by arrow keys.

/** Below this width the panel lies under the picture. */
const NARROW = 760;

/** @param {() => void} changed */
function startTabs(changed) {
  const narrow = matchMedia(`(max-width: ${NARROW}px)`);
  narrow.addEventListener("change", () => placeSource(narrow.matches));
  placeSource(narrow.matches);
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[role="tab"]')]);
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      chooseTab(tab.id);
      changed();
    });
    tab.addEventListener("keydown", (event) => {
      const shown = tabs.filter((each) => !each.hidden && getComputedStyle(each).display !== "none");
      const at = shown.indexOf(tab);
      /** @type {Record<string, number>} */
      const moves = { ArrowRight: at + 1, ArrowLeft: at - 1 + shown.length, Home: 0, End: shown.length - 1 };
      if (!(event.key in moves)) return;
      event.preventDefault();
      const next = shown[moves[event.key] % shown.length];
      chooseTab(next.id);
      next.focus();
      changed();
    });
  }
  document.querySelector(".skip")?.addEventListener("click", (event) => {
    event.preventDefault();
    chooseTab("tab-values");
    changed();
    byId("panel-values").focus();
  });
}

/** @param {string} id */
function chooseTab(id) {
  if (byId(id).hidden) return;
  for (const tab of document.querySelectorAll('[role="tab"]')) {
    if (/** @type {HTMLElement} */ (tab).hidden) continue;
    const chosen = tab.id === id;
    tab.setAttribute("aria-selected", String(chosen));
    /** @type {HTMLElement} */ (tab).tabIndex = chosen ? 0 : -1;
    byId(tab.getAttribute("aria-controls") ?? "").hidden = !chosen;
  }
}

/** The source has a tab where the page is narrow, and a place of its own where it is wide. @param {boolean} narrow */
function placeSource(narrow) {
  const panel = byId("panel-source");
  byId("tab-source").hidden = !narrow;
  byId("source-title").hidden = narrow;
  if (narrow) {
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", "tab-source");
    panel.hidden = true;
  } else {
    if (byId("tab-source").getAttribute("aria-selected") === "true") chooseTab("tab-node");
    panel.setAttribute("role", "region");
    panel.setAttribute("aria-labelledby", "source-title");
    panel.hidden = false;
  }
}
