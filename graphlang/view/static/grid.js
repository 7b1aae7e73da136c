"use strict";
// Which shapes and lines lie in a part of the picture.

const CELL = 900;

class Grid {
  constructor() {
    /** @type {Map<string, {shapes: Shape[], trunks: Trunk[], strands: Strand[]}>} */
    this.cells = new Map();
    /** Lines that cross many cells. @type {Strand[]} */
    this.long = [];
  }

  /** @param {Layout} layout */
  fill(layout) {
    for (const shape of layout.shapes) this.enter("shapes", shape, shape.x, shape.y - 20, shape.x + shape.w, shape.y + shape.h);
    for (const trunk of layout.trunks) this.enter("trunks", trunk, trunk.x0, trunk.y - 20, trunk.x1, trunk.y + 22);
    for (const strand of layout.strands) {
      const [left, top, right, bottom] = strand.box;
      if ((right - left) / CELL + (bottom - top) / CELL > 12) this.long.push(strand);
      else this.enter("strands", strand, left, top, right, bottom);
    }
  }

  /** @param {"shapes"|"trunks"|"strands"} kind @param {any} thing @param {number} left @param {number} top @param {number} right @param {number} bottom */
  enter(kind, thing, left, top, right, bottom) {
    for (let i = Math.floor(left / CELL); i <= Math.floor(right / CELL); i++) {
      for (let j = Math.floor(top / CELL); j <= Math.floor(bottom / CELL); j++) {
        const key = `${i} ${j}`;
        let cell = this.cells.get(key);
        if (!cell) this.cells.set(key, (cell = { shapes: [], trunks: [], strands: [] }));
        cell[kind].push(thing);
      }
    }
  }

  /**
   * What lies in a rectangle, each thing once.
   * @param {number} left @param {number} top @param {number} right @param {number} bottom
   */
  within(left, top, right, bottom) {
    const shapes = new Set();
    const trunks = new Set();
    const strands = new Set(this.long.filter(({ box }) => box[0] < right && box[2] > left && box[1] < bottom && box[3] > top));
    for (let i = Math.floor(left / CELL); i <= Math.floor(right / CELL); i++) {
      for (let j = Math.floor(top / CELL); j <= Math.floor(bottom / CELL); j++) {
        const cell = this.cells.get(`${i} ${j}`);
        if (!cell) continue;
        for (const shape of cell.shapes) if (shape.x < right && shape.x + shape.w > left && shape.y - 20 < bottom && shape.y + shape.h + 4 > top) shapes.add(shape);
        for (const trunk of cell.trunks) if (trunk.x0 < right && trunk.x1 > left && trunk.y - 20 < bottom && trunk.y + 22 > top) trunks.add(trunk);
        for (const strand of cell.strands) if (strand.box[0] < right && strand.box[2] > left && strand.box[1] < bottom && strand.box[3] > top) strands.add(strand);
      }
    }
    return { shapes: /** @type {Set<Shape>} */ (shapes), trunks: /** @type {Set<Trunk>} */ (trunks), strands: /** @type {Set<Strand>} */ (strands) };
  }
}
