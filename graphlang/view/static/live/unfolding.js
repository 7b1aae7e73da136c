"use strict";
// What is inside of an operation: the live page asks for it when it is opened.

class Unfolding {
  /** @param {Page} page @param {(node: string) => Promise<any>} ask */
  constructor(page, ask) {
    this.page = page;
    this.ask = ask;
    /** Operations that are known to have nothing inside. @type {Set<string>} */
    this.empty = new Set();
    /** What is to be opened once it has come. @type {string|null} */
    this.wanted = null;
    const toggle = page.toggleInside.bind(page);
    page.toggleInside = (id) => (this.mayOpen(id) ? void this.fetch(id) : toggle(id));
    const toggleHere = page.toggleHere.bind(page);
    page.toggleHere = () => {
      const { selection } = page.state;
      if (selection?.kind === "node" && this.mayOpen(selection.id)) void this.fetch(selection.id, toggleHere);
      else toggleHere();
    };
    const node = page.panel.node.bind(page.panel);
    page.panel.node = (shown, follows) => {
      const content = node(shown, follows);
      if (this.mayOpen(shown.id)) content.splice(follows ? 2 : 1, 0, el("button", { class: "wide-button", id: "open-inside", onclick: () => page.toggleInside(shown.id) }, "Show its primitives"));
      return content;
    };
  }

  /** Whether there may be something inside that has not come yet. @param {string} id */
  mayOpen(id) {
    const node = this.page.state.scene.nodes.find((each) => each.id === id);
    return Boolean(node && node.kind === "operation" && !node.inside && !this.empty.has(id));
  }

  /** @param {string} id @param {() => void} otherwise */
  async fetch(id, otherwise = () => say("There is nothing inside: it is a primitive.")) {
    this.wanted = id;
    const { revision } = await this.ask(id);
    if (revision === null) {
      this.wanted = null;
      this.empty.add(id);
      this.page.panel.show();
      otherwise();
    } else this.arrived();
  }

  /** A scene has come: opens what was waited for. */
  arrived() {
    const id = this.wanted;
    if (id === null || !this.page.state.scene.nodes.some((node) => node.id === id && node.inside)) return;
    this.wanted = null;
    if (!this.page.state.unfolded.has(id)) this.page.toggleInside(id);
  }
}
