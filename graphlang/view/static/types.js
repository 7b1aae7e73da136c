"use strict";
/**
 * What the page gets: a scene. `graphlang/view/scene.py` says what each field means.
 *
 * @typedef {number|string|boolean|Tensor|null} Slot a number, "nan", "inf", "-inf", a truth value or a tensor
 * @typedef {{shape: number[], dtype: string, size: number, mean: number|string, std: number|string,
 *   norm: number|string, min: number|string, max: number|string, nan: number, inf: number, zero: number,
 *   all?: (number|string|boolean)[]|null, heat?: Heat|null, histogram?: Histogram|null,
 *   images?: Picture[]|null}} Tensor
 * @typedef {{rows: number, cols: number, lo: number, hi: number, data: string}} Heat
 * @typedef {{lo: number, hi: number, counts: number[]}} Histogram
 * @typedef {{width: number, height: number, channels: number, data: string}} Picture
 * @typedef {string|{v?: number, g?: number, local?: number, name: string}} Token
 * @typedef {{id: string, name: string, op: string, sign: string, kind: string, box: string|null,
 *   at: number[]|null, line: number[]|null, dtype: string, shape: number[], v: number, g: number|null,
 *   forward: Token[]|null, output?: boolean, editable?: boolean, doc?: string[]|string|null,
 *   inside?: {nodes: SceneNode[], edges: SceneEdge[], boxes?: SceneBox[]}|null, outer?: string,
 *   result?: boolean, shown?: string}} SceneNode
 * @typedef {{from: string, to: string, place: number|string|null, besides?: boolean, g: number|null,
 *   rule: Token[]|null, local: number|null}} SceneEdge
 * @typedef {{id: string, parent: string|null, label: string, kind: string, at?: number[]|null}} SceneBox
 * @typedef {{version: number, title: string, file: string, sources: {name: string, text: string}[],
 *   of: string|null, seed: number|string|null, nodes: SceneNode[], edges: SceneEdge[], boxes: SceneBox[],
 *   slots: Slot[], program: {inputs: string[], code: string, slots: number[]}|null,
 *   bad?: {node: string, what: string}|null, dead?: {node: string, units: number, of: number}[],
 *   diagnostics?: Diagnostic[], hypers?: {name: string, value: number|string|boolean}[], stale?: boolean}} Scene
 * @typedef {{code: string, severity?: string, message: string, help?: string|null, label?: string|null,
 *   file?: string|null, line?: number|null, column?: number|null, end_line?: number|null, end_column?: number|null}} Diagnostic
 *
 * What is drawn: the scene with the insides of unfolded nodes put in their place.
 *
 * @typedef {SceneNode & {index: number, uses: FlatEdge[], operands: FlatEdge[]}} FlatNode
 * @typedef {SceneEdge & {index: number, source: FlatNode, target: FlatNode}} FlatEdge
 * @typedef {{id: string, parent: string|null, label: string, kind: string, first: number, last: number,
 *   count: number, unfolds: string|null}} Box
 */
