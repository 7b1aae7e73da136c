"use strict";
// The search: values by name, operation or sign, and groups.

const MOST_RESULTS = 12;

/** @typedef {{kind: "node"|"box", id: string, text: string, about: string, rank: number}} Match */

class Search {
  /** @param {State} state @param {(matches: Match[]) => void} light @param {(match: Match) => void} choose */
  constructor(state, light, choose) {
    this.state = state;
    this.light = light;
    this.choose = choose;
    this.field = byId("search-field");
    this.list = byId("search-results");
    /** @type {Match[]} */
    this.matches = [];
    this.active = 0;
    this.field.addEventListener("input", () => this.search());
    this.field.addEventListener("focus", () => this.search());
    this.field.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const count = Math.min(this.matches.length, MOST_RESULTS);
      if (count) this.active = (this.active + (event.key === "ArrowDown" ? 1 : count - 1)) % count;
      this.write();
    } else if (event.key === "Enter" && this.matches.length) {
      event.preventDefault();
      this.pick(this.matches[this.active]);
    } else if (event.key === "Escape") {
      this.field.value = "";
      this.search();
      this.close();
      byId("stage").focus();
    }
  }

  /** @param {Match} match */
  pick(match) {
    this.choose(match);
    this.close();
    byId("stage").focus();
  }

  search() {
    this.matches = matchesOf(this.state, this.field.value.trim().toLowerCase());
    this.active = 0;
    this.light(this.matches);
    this.write();
  }

  close() {
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  write() {
    const text = this.field.value.trim();
    const open = text !== "";
    this.list.hidden = !open;
    this.field.setAttribute("aria-expanded", String(open));
    if (!open) return;
    const shown = this.matches.slice(0, MOST_RESULTS);
    this.list.replaceChildren(...shown.map((match, i) => el("li", { id: `result-${i}`, role: "option", "aria-selected": String(i === this.active), onpointerdown: (/** @type {Event} */ event) => {
      event.preventDefault();
      this.pick(match);
    } }, el("span", {}, match.text), el("small", {}, match.about))));
    if (!shown.length) this.list.append(el("li", { class: "quiet", role: "option", "aria-disabled": "true", "aria-selected": "false" }, "Nothing has this name."));
    if (this.matches.length > MOST_RESULTS) this.list.append(el("li", { class: "quiet", role: "option", "aria-disabled": "true", "aria-selected": "false" }, `and ${this.matches.length - MOST_RESULTS} more`));
    if (shown.length) this.field.setAttribute("aria-activedescendant", `result-${this.active}`);
    else this.field.removeAttribute("aria-activedescendant");
    this.list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }
}

/** @param {State} state @param {string} text @returns {Match[]} */
function matchesOf(state, text) {
  if (!text) return [];
  /** @type {Match[]} */
  const matches = [];
  const rank = (/** @type {string} */ name) => {
    const at = name.toLowerCase().indexOf(text);
    return at < 0 ? 9 : name.length === text.length ? 0 : at === 0 ? 1 : 2;
  };
  for (const node of state.graph.nodes) {
    const best = Math.min(rank(shownName(node)), rank(node.id) + 1, rank(node.op || "") + 2, rank(node.sign) + 2);
    if (best < 9) matches.push({ kind: "node", id: node.id, text: shownName(node), about: node.kind === "operation" ? node.sign : node.kind, rank: best });
  }
  for (const box of state.graph.boxes.values()) {
    const best = Math.min(rank(box.label), rank(box.id) + 1);
    if (best < 9) matches.push({ kind: "box", id: box.id, text: box.label, about: "group", rank: best });
  }
  return matches.sort((p, q) => p.rank - q.rank);
}
