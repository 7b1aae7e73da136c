"use strict";
// The height of everything in a column: as near to its neighbours as the order within the column allows.

const GAP = 12;
const MOST_GAP = 40;
/** @type {Link[]} */
const NO_LINKS = [];

/** @param {Item[][]} columns @param {number} sweeps */
function placeHeights(columns, sweeps) {
  for (const column of columns) stack(column);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (let c = columns.length - 2; c >= 0; c--) settle(columns[c], "right", sweep > 0);
    for (let c = 0; c < columns.length; c++) settle(columns[c], "left", true);
  }
  for (let c = columns.length - 2; c >= 0; c--) settle(columns[c], "leaves", true);
  closeGaps(columns.flat());
}

/** Moves everything up to 0, and closes bands in which there is nothing. @param {Item[]} items */
function closeGaps(items) {
  items.sort((p, q) => p.y - p.up - (q.y - q.up));
  let bottom = -Infinity;
  let shift = 0;
  for (const item of items) {
    const top = item.y - item.up;
    if (bottom === -Infinity) shift = top;
    else if (top > bottom + MOST_GAP) shift += top - bottom - MOST_GAP;
    bottom = Math.max(bottom, item.y + item.down);
    item.y -= shift;
  }
}

/** @param {Item[]} column */
function stack(column) {
  let y = 0;
  let total = 0;
  for (const item of column) total += item.up + item.down + GAP;
  y = -total / 2;
  for (const item of column) {
    item.y = y + item.up;
    y = item.y + item.down + GAP;
  }
}

/**
 * Moves the items of a column as near as possible to where their neighbours on one side want them.
 * Items that want to overlap form a block, which moves to the mean of their wishes.
 * @param {Item[]} column
 * @param {"left"|"right"|"leaves"} side the last moves only what has nothing to its left, towards its right
 * @param {boolean} stay whether items without neighbours on this side stay where they are
 */
function settle(column, side, stay) {
  const count = column.length;
  // Blocks as columns of numbers: where each begins, its wish and its weight.
  const first = new Int32Array(count + 1);
  const wishes = new Float64Array(count);
  const weights = new Float64Array(count);
  const offsets = new Float64Array(count);
  let blocks = 0;
  let offset = 0;
  for (let i = 0; i < count; i++) {
    const item = column[i];
    if (i) offset += column[i - 1].down + item.up + GAP;
    offsets[i] = offset;
    const pinned = side === "leaves" && item.left.length > 0 && !(item.floating && item.kind === "pass");
    const links = pinned ? NO_LINKS : item[side === "left" ? "left" : "right"];
    let wish = (links.length ? wishOf(item, links, side) : item.y) - offset;
    let weight = pinned ? 1e6 : links.length ? weightOf(item, links) : stay ? 0.05 : 0.01;
    let from = i;
    while (blocks && wishes[blocks - 1] >= wish) {
      blocks--;
      const sum = weights[blocks] + weight;
      wish = (wishes[blocks] * weights[blocks] + wish * weight) / sum;
      weight = sum;
      from = first[blocks];
    }
    first[blocks] = from;
    wishes[blocks] = wish;
    weights[blocks++] = weight;
  }
  first[blocks] = count;
  for (let block = 0; block < blocks; block++) for (let i = first[block]; i < first[block + 1]; i++) column[i].y = wishes[block] + offsets[i];
}

/** How firmly an item insists on its wish: what keeps the main line straight most of all. @param {Item} item @param {Link[]} links */
function weightOf(item, links) {
  if (item.floating) return item.kind === "pass" ? 0.5 : 0.2;
  if (item.kind === "pass" || item.kind === "branch") return item.value?.kind === "operation" ? 60 : 8;
  if (item.kind === "open" || item.kind === "closed") return 40;
  return links.length === 1 || links.filter((link) => !link.a.floating).length === 1 ? 40 : 4;
}

/** @param {Item} item @param {Link[]} links @param {"left"|"right"|"leaves"} side */
function wishOf(item, links, side) {
  if (side !== "left") {
    let sum = 0;
    for (const link of links) sum += link.b.y + (link.b.ins.get(link.value.index) ?? 0) - (item.outs.get(link.value.index) ?? 0);
    return sum / links.length;
  }
  if (links.length === 1) return leftHeight(item, links[0]);
  const main = item.floating ? links : links.filter((link) => !link.a.floating);
  const heights = main.map((link) => leftHeight(item, link));
  heights.sort((p, q) => p - q);
  const half = heights.length >> 1;
  return heights.length % 2 ? heights[half] : (heights[half - 1] + heights[half]) / 2;
}

/** The height at which a link from the left would be level. @param {Item} item @param {Link} link */
const leftHeight = (item, link) => link.a.y + (link.a.outs.get(link.value.index) ?? 0) - (item.ins.get(link.value.index) ?? 0);
