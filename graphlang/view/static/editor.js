"use strict";
// Fields and sliders for inputs. A change recomputes everything in the page, by the code that was generated from
// the recorded program, or asks the live page to.

/** @typedef {{inputs?: Record<string, any>, hypers?: Record<string, number|string|boolean>, reset?: boolean}} Change */
/** @typedef {{change: (change: Change) => void, fields?: () => Node[]}} Transport */

class Editor {
  /** @param {State} state @param {() => void} changed called after everything was computed anew */
  constructor(state, changed) {
    this.state = state;
    this.changed = changed;
    this.element = byId("panel-inputs");
    /** The live page sets this. @type {Transport|null} */
    this.transport = null;
    /** @type {((x: number[]) => (number|boolean)[])|null} */
    this.compute = null;
    /** @type {Map<string, {field: any, slider: any}>} */
    this.controls = new Map();
    /** For the live page: the fields of `hyper`s. @type {Map<string, any>} */
    this.hypers = new Map();
    /** What was set since it was last computed. @type {Map<string, number|boolean>} */
    this.edited = new Map();
    /** Which fields there are. */
    this.built = "";
    this.recompute = onNextFrame(() => this.recomputeNow());
  }

  /** Builds the fields anew; those of the live page stay where they are still right, since one may be in use. */
  load() {
    const { scene } = this.state;
    const fields = JSON.stringify([Boolean(this.transport), scene.nodes.filter((node) => node.kind === "input").map(({ id, shape, dtype }) => [id, shape, dtype]), (scene.hypers ?? []).map(({ name }) => name)]);
    if (this.transport && fields === this.built) return this.rewrite();
    this.built = fields;
    this.compute = scene.program ? programOf(scene.program.code) : null;
    this.controls.clear();
    this.hypers.clear();
    const inputs = scene.program ? scene.program.inputs : this.transport ? scene.nodes.filter((node) => node.editable).map((node) => node.id) : [];
    const rows = inputs.map((id) => this.row(id, scene.nodes.find((node) => node.id === id)));
    const hypers = this.transport ? (scene.hypers ?? []).map(({ name, value }) => this.hyper(name, value)) : [];
    const more = this.transport?.fields?.() ?? [];
    const focused = document.activeElement?.id ?? "";
    this.element.replaceChildren(...present([
      !inputs.length && !this.transport && el("p", { class: "quiet" }, "Single numbers among the inputs can be changed here. This graph has none, or computes with arrays: graphlang view --live computes those."),
      ...rows,
      ...more,
      el("p", { id: "input-problem", class: "bad", role: "alert" }),
      inputs.length + more.length + hypers.length > 0 && el("button", { id: "reset", class: "wide-button", onclick: () => this.reset() }, "Reset"),
      hypers.length > 0 && el("h3", {}, "Hypers"),
      ...hypers,
    ]));
    if (focused.startsWith("input-") || focused.startsWith("hyper-")) byId(focused)?.focus();
  }

  /** Writes the numbers of the scene into the fields, except into one that is being edited. */
  rewrite() {
    for (const [id, { field, slider }] of this.controls) {
      const edited = this.edited.has(id) || document.activeElement === field || document.activeElement === slider;
      const value = asNumber(this.state.slots[this.state.scene.nodes.find((node) => node.id === id)?.v ?? -1] ?? null);
      if (edited || value === null) continue;
      if (!field) {
        slider.checked = value !== 0;
        continue;
      }
      if (value < Number(slider.min) || value > Number(slider.max)) bound(slider, value, slider.step === "1");
      this.write(id);
    }
    for (const { name, value } of this.state.scene.hypers ?? []) {
      const field = this.hypers.get(name);
      if (field && field !== document.activeElement) field.value = String(value);
    }
  }

  /** @param {string} id @param {SceneNode|undefined} node */
  row(id, node) {
    const start = asNumber(this.state.scene.slots[node?.v ?? -1]) ?? 0;
    if (node?.dtype === "bool") return this.truth(id, Boolean(start));
    const whole = /int/.test(node?.dtype ?? "");
    const slider = el("input", { type: "range", "aria-label": `${id}, slider`, oninput: () => this.set(id, Number(slider.value)) });
    const field = el("input", { type: "text", inputmode: "decimal", id: `input-${id}`, autocomplete: "off", spellcheck: "false", oninput: () => {
      const number = numberIn(field.value);
      const value = whole && !Number.isSafeInteger(number) ? null : number;
      field.setAttribute("aria-invalid", String(value === null));
      if (value !== null) this.set(id, value, true);
    }, onchange: () => this.write(id) });
    this.controls.set(id, { field, slider });
    bound(slider, start, whole);
    field.value = short(start, DIGITS, node?.dtype);
    slider.value = String(start);
    return el("div", { class: "input" }, el("label", { for: `input-${id}` }, id), field, slider);
  }

  /** An input that is true or false. @param {string} id @param {boolean} start */
  truth(id, start) {
    const field = el("input", { type: "checkbox", id: `input-${id}`, onchange: () => this.set(id, Number(field.checked), true) });
    field.checked = start;
    this.controls.set(id, { field: null, slider: field });
    return el("div", { class: "input" }, el("label", { for: `input-${id}` }, id), field);
  }

  /** @param {string} name @param {number|string|boolean} value */
  hyper(name, value) {
    const field = el("input", { type: "text", id: `hyper-${name}`, autocomplete: "off", spellcheck: "false", onchange: () => {
      const number = numberIn(field.value);
      this.transport?.change({ hypers: { [name]: number ?? field.value } });
    } });
    field.value = String(value);
    this.hypers.set(name, field);
    return el("div", { class: "input" }, el("label", { for: `hyper-${name}` }, name), field);
  }

  /** @param {string} id @param {number} value @param {boolean} typed */
  set(id, value, typed = false) {
    const node = this.state.scene.nodes.find((each) => each.id === id);
    if (!node) return;
    this.state.slots[node.v] = node.dtype === "bool" ? Boolean(value) : value;
    this.edited.set(id, node.dtype === "bool" ? Boolean(value) : value);
    const controls = this.controls.get(id);
    if (controls?.field && typed) {
      if (value < Number(controls.slider.min) || value > Number(controls.slider.max)) bound(controls.slider, value, /int/.test(node.dtype));
      controls.slider.value = String(value);
    } else this.write(id);
    this.recompute();
  }

  /** Writes the number of an input into its field and slider. @param {string} id */
  write(id) {
    const node = this.state.scene.nodes.find((each) => each.id === id);
    const controls = this.controls.get(id);
    if (!node || !controls?.field) return;
    const value = asNumber(this.state.slots[node.v] ?? null) ?? 0;
    controls.field.value = short(value, DIGITS, node.dtype);
    controls.field.setAttribute("aria-invalid", "false");
    controls.slider.value = String(value);
  }

  reset() {
    this.edited.clear();
    if (this.transport) return this.transport.change({ reset: true });
    this.state.slots = [...this.state.scene.slots];
    this.load();
    this.changed();
  }

  /** Computes all slots from the inputs. */
  recomputeNow() {
    const { scene, slots } = this.state;
    const { program } = scene;
    const inputs = Object.fromEntries(this.edited);
    this.edited.clear();
    if (this.transport) {
      this.transport.change({ inputs });
      return;
    }
    const values = [...this.controls.keys()].map((id) => asNumber(slots[scene.nodes.find((node) => node.id === id)?.v ?? -1] ?? null) ?? NaN);
    if (!program || !this.compute) return;
    const problem = byId("input-problem");
    try {
      const results = this.compute(values);
      program.slots.forEach((slot, i) => (slots[slot] = results[i]));
      problem.textContent = "";
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
    }
    this.changed();
  }
}

/** A number as the language writes it, or null. @param {string} text */
function numberIn(text) {
  const trimmed = text.trim().replace(/_/g, "").replace(/^−/, "-");
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(trimmed)) return null;
  return Number(trimmed);
}

/** Lets a slider go from 0 to twice a number. @param {any} slider @param {number} value @param {boolean} whole */
function bound(slider, value, whole) {
  const span = Math.abs(value) || 1;
  const low = value > 0 ? 0 : value < 0 ? -2 * span : -span;
  const high = value < 0 ? 0 : value > 0 ? 2 * span : span;
  const nice = 10 ** Math.floor(Math.log10(span / 50));
  slider.min = String(whole ? Math.floor(low) : low);
  slider.max = String(whole ? Math.ceil(high) : high);
  slider.step = String(whole ? 1 : nice);
}

/**
 * The function of a program. Its code was generated from the recorded program, and stands in a script of its own, so
 * that the page needs no permission to evaluate text.
 * @param {string} code
 * @returns {(x: number[]) => (number|boolean)[]}
 */
function programOf(code) {
  const script = document.createElement("script");
  const isFunction = /^\s*(\(|function\b|x\s*=>)/.test(code);
  script.textContent = `window.graphlangProgram = ${isFunction ? code : `(x) => {${code}\n}`};`;
  document.head.append(script);
  script.remove();
  const { graphlangProgram } = /** @type {any} */ (window);
  delete (/** @type {any} */ (window).graphlangProgram);
  return graphlangProgram;
}
