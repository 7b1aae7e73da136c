"use strict";
// Light or dark: as the system has it, until the reader chooses.

/** @typedef {{back: string, ink: string, line: string, node: string, value: string, gradient: string, group: string,
 *   quiet: string, accent: string, bad: string, groupFill: string}} Palette */

const COLOR_NAMES = /** @type {const} */ (["back", "ink", "line", "node", "value", "gradient", "group", "quiet", "accent", "bad", "groupFill"]);
const FONTS = "Inter,'Segoe UI','Helvetica Neue',Arial,'DejaVu Sans','Noto Sans','Noto Sans CJK KR','Apple SD Gothic Neo','Malgun Gothic',sans-serif";

const systemDark = () => matchMedia("(prefers-color-scheme: dark)").matches;
const isDark = () => (document.documentElement.dataset.theme ?? (systemDark() ? "dark" : "light")) === "dark";

/** The colours of the style sheet, for the canvas. @returns {Palette} */
function palette() {
  const style = getComputedStyle(document.documentElement);
  const colors = COLOR_NAMES.map((name) => [name, style.getPropertyValue(`--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`).trim()]);
  return Object.fromEntries(colors);
}

/** @param {() => void} changed */
function startTheme(changed) {
  const button = byId("theme");
  const label = () => {
    button.textContent = isDark() ? "☀" : "☾";
    button.setAttribute("aria-label", isDark() ? "Light colours" : "Dark colours");
  };
  const remembered = remember("graphlang-theme");
  if (remembered === "light" || remembered === "dark") document.documentElement.dataset.theme = remembered;
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    remember("graphlang-theme", next);
    label();
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    label();
    changed();
  });
  label();
}

/** Reads or writes a preference; a page without storage forgets it. @param {string} key @param {string} [value] */
function remember(key, value) {
  try {
    if (value !== undefined) localStorage.setItem(key, value);
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
