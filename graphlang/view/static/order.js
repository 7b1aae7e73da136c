"use strict";
// The order within each column, so that few lines cross: sweeps that sort by the middle of the neighbours.

const SWEEPS = 10;
const COUNTED = 4000;

/** @param {Columns} arrangement @param {number} milliseconds how long it may take on large graphs */
function orderColumns({ columns, links }, milliseconds) {
  const until = performance.now() + milliseconds;
  const counted = links.length <= COUNTED;
  let best = counted ? crossings(columns) : Infinity;
  let kept = counted ? columns.map((column) => [...column]) : null;
  for (let sweep = 0; sweep < SWEEPS && best > 0; sweep++) {
    const forward = sweep % 2 === 0;
    for (let i = 1; i < columns.length; i++) sortColumn(columns[forward ? i : columns.length - 1 - i], forward);
    if (kept) {
      const now = crossings(columns);
      if (now < best) {
        best = now;
        kept = columns.map((column) => [...column]);
      }
    } else if (performance.now() > until) break;
  }
  if (!kept) return;
  kept.forEach((column, c) => {
    columns[c] = column;
    column.forEach((item, i) => (item.order = i));
  });
}

/** @param {Item[]} column @param {boolean} forward */
function sortColumn(column, forward) {
  /** @type {[number, Item][]} */
  const keyed = column.map((item) => [middle(item, forward), item]);
  keyed.sort((p, q) => p[0] - q[0] || p[1].order - q[1].order);
  keyed.forEach(([, item], i) => {
    item.order = i;
    column[i] = item;
  });
}

/** The mean place of an item's neighbours on one side. @param {Item} item @param {boolean} forward */
function middle(item, forward) {
  const links = forward ? item.left : item.right;
  if (!links.length) return item.order;
  let sum = 0;
  for (const link of links) sum += forward ? portOrder(link.a, link.value, link.a.outs) : portOrder(link.b, link.value, link.b.ins);
  return sum / links.length;
}

/** @param {Item} item @param {FlatNode} value @param {Map<number, number>} ports */
function portOrder(item, value, ports) {
  const offset = ports.get(value.index);
  return offset === undefined ? item.order : item.order + (0.8 * offset) / (item.up + item.down);
}

/** @param {Item[][]} columns */
function crossings(columns) {
  let count = 0;
  for (const column of columns) {
    /** @type {[number, number][]} */
    const ends = [];
    for (const item of column) {
      for (const link of item.right) ends.push([portOrder(item, link.value, item.outs), portOrder(link.b, link.value, link.b.ins)]);
    }
    ends.sort((p, q) => p[0] - q[0] || p[1] - q[1]);
    count += inversions(ends.map((end) => end[1]));
  }
  return count;
}

/** The pairs of a list that are in the wrong order, counted while sorting it. @param {number[]} list @returns {number} */
function inversions(list) {
  let count = 0;
  let from = list;
  let to = new Array(list.length);
  for (let width = 1; width < list.length; width *= 2) {
    for (let start = 0; start < list.length; start += 2 * width) {
      const half = Math.min(start + width, list.length);
      const end = Math.min(start + 2 * width, list.length);
      let left = start;
      let right = half;
      for (let i = start; i < end; i++) {
        if (left < half && (right >= end || from[left] <= from[right])) to[i] = from[left++];
        else {
          count += half - left;
          to[i] = from[right++];
        }
      }
    }
    [from, to] = [to, from];
  }
  return count;
}
