"use strict";
// Making elements. Names and texts of a scene become text nodes, never markup.

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);

/**
 * @param {string} tag
 * @param {Record<string, any>} attributes `class`, `onclick` and the like; false and null leave an attribute out
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any}
 */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") /** @type {any} */ (element).value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

/** Says something to a screen reader. @param {string} text */
function say(text) {
  byId("said").textContent = text;
}

/** Calls a function once at the next frame, however often it is asked for. @param {() => void} draw */
function onNextFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}
