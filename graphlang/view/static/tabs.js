"use strict";
// The tabs of the panel, by mouse and by arrow keys.

/** @param {() => void} changed */
function startTabs(changed) {
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
  for (const tab of document.querySelectorAll('[role="tab"]')) {
    const chosen = tab.id === id;
    tab.setAttribute("aria-selected", String(chosen));
    /** @type {HTMLElement} */ (tab).tabIndex = chosen ? 0 : -1;
    byId(tab.getAttribute("aria-controls") ?? "").hidden = !chosen;
  }
}
