"use strict";
// Numbers for a reader, by the rules of graphlang/draw/numbers.py.

const DIGITS = 10;
const ELEMENT_DIGITS = 6;
const FULL = 8;
/** @type {Record<string, number>} */
const DIGITS_OF_DTYPE = { float16: 3, float32: 7 };

/**
 * A number without the noise of its last bits; a tensor in full or in summary.
 * @param {Slot|undefined} value
 * @param {number} digits
 * @param {string} dtype
 * @returns {string}
 */
function short(value, digits = DIGITS, dtype = "") {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "object") return shortTensor(value, Math.min(digits, DIGITS_OF_DTYPE[value.dtype] ?? digits));
  return shortScalar(value, Math.min(digits, DIGITS_OF_DTYPE[dtype] ?? digits), dtype);
}

/** @param {number|boolean|string} value @param {number} digits @param {string} dtype @returns {string} */
function shortScalar(value, digits, dtype = "") {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "true" : "false";
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (/^u?int/.test(dtype)) return BigInt(value).toString();
  if (Number.isInteger(value) && Math.abs(value) < 1e15 && digits >= DIGITS) return String(value + 0);
  const text = pythonRepr(rounded(value, digits));
  return text === "-0" ? "0" : text;
}

/**
 * The nearest number of so many digits; of two that are as near, the even one, as in Python.
 * @param {number} value
 * @param {number} digits
 */
function rounded(value, digits) {
  if (value === 0) return value;
  const up = value.toPrecision(digits);
  if (Number(up) === value) return value;
  const exact = Math.abs(value).toExponential(100 - 1).replace(/e.*$/, "").replace(".", "");
  if (exact[digits] !== "5" || /[^0]/.test(exact.slice(digits + 1))) return Number(up);
  if (Number(exact[digits - 1]) % 2) return Number(up);
  const exponent = Number(Math.abs(value).toExponential(99).split("e")[1]);
  return Math.sign(value) * Number(`${exact[0]}.${exact.slice(1, digits)}e${exponent}`);
}

/** A float as Python writes it, without `.0` at its end. @param {number} value */
function pythonRepr(value) {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [mantissa, power] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const sign = value < 0 ? "-" : "";
  const figures = mantissa.replace(/[-.]/g, "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${figures}`;
  const whole = figures.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return sign + (figures.length > exponent + 1 ? `${whole}.${figures.slice(exponent + 1)}` : whole);
}

/** @param {Tensor} tensor @param {number} digits @returns {string} */
function shortTensor(tensor, digits) {
  const { all, size, shape } = tensor;
  if (all && size > 0 && size <= FULL) return nested(all, shape, 0, 0, Math.min(digits, ELEMENT_DIGITS), tensor.dtype);
  const form = `[${shape.join(", ")}]`;
  if (!size) return `${form}  empty`;
  if (tensor.dtype === "bool") return `${form}  true ${size - tensor.zero} of ${size}`;
  const strange = (tensor.nan ? `  ${tensor.nan} nan` : "") + (tensor.inf ? `  ${tensor.inf} inf` : "");
  if (tensor.nan + tensor.inf >= size) return form + strange;
  const figures = /** @type {const} */ (["mean", "min", "max"]).map((name) => `  ${name} ${short(tensor[name], 4)}`);
  return form + figures.join("") + strange;
}

/**
 * @param {(number|string|boolean)[]} all
 * @param {number[]} shape
 * @param {number} axis
 * @param {number} start
 * @param {number} digits
 * @param {string} dtype
 * @returns {string}
 */
function nested(all, shape, axis, start, digits, dtype) {
  if (axis === shape.length) return shortElement(all[start], digits, dtype);
  const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const parts = Array.from({ length: shape[axis] }, (_, i) => nested(all, shape, axis + 1, start + i * stride, digits, dtype));
  return `[${parts.join(", ")}]`;
}

/** An element of a tensor. @param {number|string|boolean} value @param {number} digits @param {string} dtype */
function shortElement(value, digits, dtype = "") {
  const whole = typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 1e15;
  return whole ? String(value + 0) : shortScalar(value, digits, dtype);
}

/** What stands above an edge. @param {Slot|undefined} value @param {string} dtype */
function edgeValue(value, dtype) {
  if (typeof value !== "object" || value === null) return short(value, ELEMENT_DIGITS, dtype);
  if (value.all && value.size && value.size <= 3 && value.shape.length === 1) return shortTensor(value, 3);
  const form = value.shape.join("×") || "1";
  return value.nan || value.inf ? `${form}  ${value.nan ? "nan" : "inf"}` : form;
}

/** What stands below an edge. @param {Slot|undefined} value @param {string} dtype */
function edgeGradient(value, dtype) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "object") return `← ${short(value, ELEMENT_DIGITS, dtype)}`;
  if (value.all && value.size && value.size <= 3 && value.shape.length === 1) return `← ${shortTensor(value, 3)}`;
  return `← |${short(value.norm, 3)}|`;
}

/** A slot as a number, if it is one. @param {Slot|undefined} value @returns {number|null} */
function asNumber(value) {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  if (value === "nan") return NaN;
  if (value === "inf") return Infinity;
  if (value === "-inf") return -Infinity;
  return null;
}
