"use strict";
// The rule of a step, once with names and once with numbers.

/** A piece of a rule and how it looks. @typedef {{text: string, look: ""|"value"|"gradient"|"quiet"}} Piece */

/** @param {string} text @returns {Piece} */
const plainPiece = (text) => ({ text, look: "" });
const EQUALS = plainPiece(" = ");

class Rules {
  /** @param {State} state */
  constructor(state) {
    this.state = state;
  }

  /** The name of a gradient. @param {FlatNode} node */
  gradientName(node) {
    const { scene, graph } = this.state;
    const of = scene.of === null ? undefined : graph.byId.get(scene.of);
    return `∂${of ? shownName(of) : scene.of}/∂${shownName(node)}`;
  }

  /** @param {number|null|undefined} slot @param {string} dtype @param {"value"|"gradient"} look @returns {Piece} */
  number(slot, dtype, look) {
    const content = this.state.slot(slot);
    if (typeof content !== "object" || content === null) return { text: short(content, ELEMENT_DIGITS, dtype), look };
    return { text: shortTensor(content, 4), look };
  }

  /** Tokens with names. @param {Token[]} rule @returns {Piece[]} */
  names(rule) {
    return rule.map((token) => {
      if (typeof token === "string") return plainPiece(token);
      return { text: token.name, look: token.v !== undefined ? "value" : "gradient" };
    });
  }

  /**
   * Tokens with numbers, or null where a tensor is among them or nothing to fill in.
   * @param {Token[]} rule
   * @returns {Piece[]|null}
   */
  numbers(rule) {
    let filled = false;
    /** @type {Piece[]} */
    const pieces = [];
    for (let i = 0; i < rule.length; i++) {
      const token = rule[i];
      if (typeof token === "string") {
        pieces.push(plainPiece(token));
        continue;
      }
      const content = this.state.slot(token.v ?? token.g ?? token.local);
      if (content === undefined || (typeof content === "object" && !(content?.all && content.size <= 4))) return null;
      const number = this.number(token.v ?? token.g ?? token.local, "", token.v !== undefined ? "value" : "gradient");
      if (number.text.startsWith("-") && i > 0) number.text = `(${number.text})`;
      pieces.push(number);
      filled = true;
    }
    return filled ? pieces : null;
  }

  /** A computation: what it is of, with names, with numbers, and its result. @param {Piece} left @param {Token[]|null} rule @param {Piece} result @returns {Piece[]} */
  equation(left, rule, result) {
    const pieces = [left];
    if (rule) {
      const names = this.names(rule);
      pieces.push(EQUALS, ...names);
      const numbers = this.numbers(rule);
      if (numbers && textOf(numbers) !== textOf(names)) pieces.push(EQUALS, ...numbers);
      if (textOf(pieces).endsWith(` = ${result.text}`)) return pieces;
    }
    return [...pieces, EQUALS, result];
  }

  /** @param {FlatNode} node @returns {Piece[]} */
  forward(node) {
    const rule = node.forward ?? this.application(node);
    return this.equation({ text: shownName(node), look: "value" }, rule, this.number(node.v, node.dtype, "value"));
  }

  /** An operation applied to its operands, where the scene has no rule. @param {FlatNode} node @returns {Token[]|null} */
  application(node) {
    if (!node.operands.length) return null;
    const operands = [...node.operands].sort((p, q) => Number(p.besides ?? false) - Number(q.besides ?? false));
    /** @type {Token[]} */
    const tokens = operands.map(({ source }) => ({ v: source.v, name: shownName(source) }));
    if (isSign(node.sign) && tokens.length === 2) return [tokens[0], ` ${node.sign} `, tokens[1]];
    return [`${node.op || node.sign}(`, ...tokens.flatMap((token, i) => (i ? [", ", token] : [token])), ")"];
  }

  /** What flows back along an edge. @param {FlatEdge} edge @returns {Piece[]} */
  backward(edge) {
    const left = this.gradientName(edge.source) + (this.usesOf(edge.source).length > 1 ? ` via ${shownName(edge.target)}` : "");
    return this.equation({ text: left, look: "gradient" }, edge.rule, this.number(edge.g, edge.source.dtype, "gradient"));
  }

  /** The uses of a value through which a gradient comes back. @param {FlatNode} node */
  usesOf(node) {
    return node.uses.filter((edge) => edge.g !== null);
  }

  /** The gradient of a value that is used several times: the sum of its parts. @param {FlatNode} node @returns {Piece[]|null} */
  sum(node) {
    const uses = this.usesOf(node);
    if (uses.length < 2) return null;
    const pieces = [{ text: this.gradientName(node), look: /** @type {const} */ ("gradient") }, EQUALS];
    const few = uses.slice(0, 6);
    const tensors = few.some((edge) => typeof this.state.slot(edge.g) === "object");
    few.forEach((edge, i) => {
      if (i) pieces.push(plainPiece(" + "));
      const number = this.number(edge.g, node.dtype, "gradient");
      pieces.push(tensors ? { text: `part via ${shownName(edge.target)}`, look: "gradient" } : bracketed(number));
    });
    if (uses.length > few.length) pieces.push(plainPiece(` + … (${uses.length} parts)`));
    return [...pieces, EQUALS, this.number(node.g, node.dtype, "gradient")];
  }

  /** The lines of a step. @param {Step} step @returns {Piece[][]} */
  lines(step) {
    const { scene, graph, steps } = this.state;
    const { node } = step;
    const of = scene.of === null ? undefined : graph.byId.get(scene.of);
    if (step.phase === "start") {
      const leaves = graph.nodes.filter((leaf) => leaf.kind === "input").slice(0, 8);
      const pieces = leaves.flatMap((leaf, i) => [...(i ? [plainPiece("   ")] : []), plainPiece(`${shownName(leaf)}\u00a0=\u00a0`), this.number(leaf.v, leaf.dtype, "value")]);
      return [[plainPiece("Given: "), ...pieces]];
    }
    if (step.phase === "done") {
      const outputs = graph.nodes.filter((each) => each.output || each === of).slice(0, 4);
      const pieces = outputs.flatMap((each, i) => [...(i ? [plainPiece("   ")] : []), plainPiece(`${shownName(each)}\u00a0=\u00a0`), this.number(each.v, each.dtype, "value")]);
      const told = steps.last > 1 ? " — play, or press ← to go back step by step" : "";
      return [[...pieces, { text: told, look: "quiet" }]];
    }
    if (!node) return [];
    if (step.phase === "forward") return [this.forward(node)];
    /** @type {Piece[][]} */
    const lines = [];
    if (node === of) lines.push([{ text: `∂${shownName(of)}/∂${shownName(of)}`, look: "gradient" }, EQUALS, this.number(of.g, of.dtype, "gradient"), { text: "   where backward starts", look: "quiet" }]);
    const sum = this.sum(node);
    if (sum) lines.push(sum);
    for (const edge of node.operands) if (edge.g !== null) lines.push(this.backward(edge));
    return lines;
  }

  /**
   * The chain rule for an edge: products along the paths back to the start.
   * @param {FlatEdge} edge
   * @returns {Piece[][]}
   */
  chain(edge) {
    const { graph, scene } = this.state;
    if (edge.g === null) return [[{ text: "No gradient flows along this edge.", look: "quiet" }]];
    const { paths, count } = pathsBack(graph, edge);
    const of = /** @type {FlatNode} */ (graph.byId.get(/** @type {string} */ (scene.of)));
    const result = this.number(edge.g, edge.source.dtype, "gradient");
    const parts = this.usesOf(edge.source).length;
    const left = { text: this.gradientName(edge.source) + (parts > 1 ? ` via ${shownName(edge.target)}` : ""), look: /** @type {const} */ ("gradient") };
    if (!count || count > MOST_PATHS) {
      const intro = count ? `${count > 1e6 ? "Very many" : count} paths lead back to ${shownName(of)}; their sum has arrived at ${shownName(edge.target)}. From there:` : "";
      return [...(intro ? [[{ text: intro, look: /** @type {const} */ ("quiet") }]] : []), this.backward(edge)];
    }
    const seed = asNumber(this.state.slot(of.g));
    const products = paths.map((path) => this.product(path, seed));
    if (paths.length === 1) {
      const [{ names, numbers }] = products;
      return [[left, EQUALS, ...names, ...(numbers ? [EQUALS, ...numbers] : []), ...(numbers && textOf(numbers) === result.text ? [] : [EQUALS, result])], ...this.othersOf(edge)];
    }
    /** @type {Piece[][]} */
    const lines = [[{ text: `${paths.length} paths lead back to ${shownName(of)}; the products along them are added.`, look: "quiet" }]];
    /** @type {Piece[]} */
    const sum = [];
    products.forEach(({ names, numbers, product }, i) => {
      const total = product === null ? [] : [EQUALS, { text: short(product, ELEMENT_DIGITS, "float64"), look: /** @type {const} */ ("gradient") }];
      lines.push([plainPiece(`${i + 1}.  `), ...names, ...(numbers ? [EQUALS, ...numbers] : []), ...total]);
      if (i) sum.push(plainPiece(" + "));
      sum.push(bracketed({ text: product === null ? `(${i + 1})` : short(product, ELEMENT_DIGITS, "float64"), look: "gradient" }));
    });
    return [...lines, [left, EQUALS, ...sum, EQUALS, result], ...this.othersOf(edge)];
  }

  /** The product along a path. @param {FlatEdge[]} path @param {number|null} seed */
  product(path, seed) {
    /** @type {Piece[]} */
    const names = [];
    /** @type {Piece[]} */
    const numbers = [];
    let product = /** @type {number|null} */ (1);
    if (seed !== null && seed !== 1) {
      names.push({ text: "seed", look: "gradient" });
      numbers.push({ text: short(seed, ELEMENT_DIGITS, "float64"), look: "gradient" });
      product = seed;
    }
    for (const edge of path) {
      if (names.length) names.push(plainPiece(" × "));
      if (numbers.length) numbers.push(plainPiece(" × "));
      names.push({ text: `∂${shownName(edge.target)}/∂${shownName(edge.source)}`, look: "gradient" });
      const local = asNumber(this.state.slot(edge.local) ?? null);
      numbers.push(bracketed({ text: local === null ? "?" : short(local, ELEMENT_DIGITS, "float64"), look: "gradient" }));
      product = product === null || local === null ? null : product * local;
    }
    return { names, numbers: product === null ? null : numbers, product };
  }

  /** That a value has other uses too, and the sum of all. @param {FlatEdge} edge @returns {Piece[][]} */
  othersOf(edge) {
    const sum = this.sum(edge.source);
    return sum ? [[{ text: `${shownName(edge.source)} is used ${this.usesOf(edge.source).length} times: `, look: "quiet" }, ...sum]] : [];
  }
}

/** A negative number inside a product or sum stands in brackets. @param {Piece} piece @returns {Piece} */
function bracketed(piece) {
  return piece.text.startsWith("-") ? { ...piece, text: `(${piece.text})` } : piece;
}

/** A node in a formula. @param {FlatNode} node */
const shownName = (node) => node.name || (node.kind === "constant" ? node.sign : node.shown || node.id);

/** @param {Piece[]} pieces */
const textOf = (pieces) => pieces.map((piece) => piece.text).join("");

/** @param {Piece[]} pieces */
function pieceElements(pieces) {
  return pieces.map((piece) => (piece.look ? el("span", { class: piece.look }, piece.text) : document.createTextNode(piece.text)));
}
