/** Resize pictures by the rules of OpenCV, which the Python package uses. */

import { clamp, makeField, roundHalfEven, type Field, type Luma, type Size } from "./fields.js";

/** Pictures are halved while they are at least this many times the size, as in Python. */
const HALVE_ABOVE = 4;
const FIXED_POINT = 2048; // OpenCV's linear weights of bytes have 11 bits

/** The source pixels that one target pixel covers, and how much each counts. */
interface Span {
  readonly first: number;
  readonly weights: Float32Array;
}

/** Where each target pixel lies between two source pixels. */
export interface Interpolation {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly share: Float32Array;
}

/** Return a smaller copy of a luma: each pixel is the mean of the pixels that it covers. */
export function downscale(luma: Luma, size: Size): Luma {
  let small = luma;
  while (Math.min(small.width / size.width, small.height / size.height) >= HALVE_ABOVE) {
    small = halved(small);
  }
  return resizeArea(small, size);
}

/** Return a luma at half its size; an odd row or column at the end is dropped. */
function halved(luma: Luma): Luma {
  const width = luma.width >> 1;
  const height = luma.height >> 1;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    let at = 2 * y * luma.width;
    for (let x = 0; x < width; x++, at += 2) {
      const below = at + luma.width;
      const sum = luma.data[at]! + luma.data[at + 1]! + luma.data[below]! + luma.data[below + 1]!;
      data[y * width + x] = (sum + 2) >> 2;
    }
  }
  return { width, height, data };
}

/** Resize a luma as OpenCV's INTER_AREA does. */
function resizeArea(luma: Luma, size: Size): Luma {
  if (luma.width === size.width && luma.height === size.height) return luma;
  const across = luma.width / size.width;
  const down = luma.height / size.height;
  if (across === 2 && down === 2) return halved(luma);
  if (across < 1 || down < 1) return enlarged(luma, size);
  const rows = spans(luma.height, size.height);
  const columns = spans(luma.width, size.width);
  const data = new Uint8Array(size.width * size.height);
  const sums = new Float32Array(size.width);
  for (let y = 0; y < size.height; y++) {
    sumOfRows(luma, rows[y]!, columns, sums);
    for (let x = 0; x < size.width; x++) data[y * size.width + x] = roundHalfEven(sums[x]!);
  }
  return { width: size.width, height: size.height, data };
}

/**
 * Write the weighted means of the pixels in a span of rows, for every span of columns.
 *
 * Each product is rounded to 32 bits, as in OpenCV: otherwise, some means are a level off.
 */
function sumOfRows(luma: Luma, rows: Span, columns: Span[], sums: Float32Array): void {
  sums.fill(0);
  rows.weights.forEach((weight, offset) => {
    const row = (rows.first + offset) * luma.width;
    columns.forEach((column, x) => {
      let sum = 0;
      const first = row + column.first;
      for (let i = 0; i < column.weights.length; i++) {
        sum = Math.fround(sum + Math.fround(luma.data[first + i]! * column.weights[i]!));
      }
      sums[x]! += Math.fround(weight * sum);
    });
  });
}

/** Return which source pixels each of `target` pixels covers, when `source` pixels are reduced. */
function spans(source: number, target: number): Span[] {
  const scale = scaleOf(source, target);
  return Array.from({ length: target }, (_, index) => {
    const begin = index * scale;
    const end = begin + scale;
    const cell = Math.min(scale, source - begin);
    const last = Math.min(Math.floor(end), source - 1);
    const first = Math.min(Math.ceil(begin), last);
    const weights: number[] = [];
    if (first - begin > 1e-3) weights.push((first - begin) / cell);
    const start = first - weights.length;
    for (let whole = first; whole < last; whole++) weights.push(1 / cell);
    if (end - last > 1e-3) weights.push(Math.min(end - last, 1, cell) / cell);
    return { first: start, weights: Float32Array.from(weights) };
  });
}

/** Enlarge a luma along at least one side, as OpenCV's INTER_AREA does: linearly, in integers. */
function enlarged(luma: Luma, size: Size): Luma {
  const columns = areaInterpolation(luma.width, size.width);
  const rows = areaInterpolation(luma.height, size.height);
  const data = new Uint8Array(size.width * size.height);
  const fixed = (share: number): number => roundHalfEven(share * FIXED_POINT);
  const row = (y: number, x: number): number => {
    const from = y * luma.width;
    const share = columns.share[x]!;
    const left = luma.data[from + columns.left[x]!]! * fixed(1 - share);
    return left + luma.data[from + columns.right[x]!]! * fixed(share);
  };
  for (let y = 0; y < size.height; y++) {
    const [above, below] = [fixed(1 - rows.share[y]!), fixed(rows.share[y]!)];
    for (let x = 0; x < size.width; x++) {
      const first = (above * (row(rows.left[y]!, x) >> 4)) >> 16;
      const second = (below * (row(rows.right[y]!, x) >> 4)) >> 16;
      data[y * size.width + x] = (first + second + 2) >> 2;
    }
  }
  return { width: size.width, height: size.height, data };
}

/** Return the interpolation that OpenCV's INTER_AREA uses where it enlarges. */
function areaInterpolation(source: number, target: number): Interpolation {
  const made = emptyInterpolation(target);
  const scale = scaleOf(source, target);
  for (let index = 0; index < target; index++) {
    let place = Math.floor(index * scale);
    let share = index + 1 - (place + 1) * (target / source);
    share = share <= 0 ? 0 : share - Math.floor(share);
    if (place >= source - 1) [place, share] = [source - 1, 0];
    made.left[index] = place;
    made.right[index] = Math.min(place + 1, source - 1);
    made.share[index] = share;
  }
  return made;
}

/** Return the linear interpolation of `target` pixels between the centres of `source` pixels. */
export function interpolation(source: number, target: number): Interpolation {
  const made = emptyInterpolation(target);
  const scale = scaleOf(source, target);
  for (let index = 0; index < target; index++) {
    const place = clamp(Math.fround((index + 0.5) * scale - 0.5), 0, source - 1);
    const left = Math.floor(place);
    made.left[index] = left;
    made.right[index] = Math.min(left + 1, source - 1);
    made.share[index] = place - left;
  }
  return made;
}

/** Return source pixels per target pixel, rounded twice, as OpenCV rounds it. */
function scaleOf(source: number, target: number): number {
  return 1 / (target / source);
}

function emptyInterpolation(length: number): Interpolation {
  return {
    left: new Int32Array(length),
    right: new Int32Array(length),
    share: new Float32Array(length),
  };
}

/** Resize a field of any channels with linear interpolation. */
export function resizeLinear(field: Field, size: Size): Field {
  const { channels } = field;
  const columns = interpolation(field.width, size.width);
  const rows = interpolation(field.height, size.height);
  const result = makeField(size, channels);
  const wide = makeField({ width: size.width, height: field.height }, channels);
  for (let y = 0; y < field.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const left = (y * field.width + columns.left[x]!) * channels;
      const right = (y * field.width + columns.right[x]!) * channels;
      const to = (y * size.width + x) * channels;
      mix(field.data, left, right, columns.share[x]!, wide.data, to, channels);
    }
  }
  const stride = size.width * channels;
  for (let y = 0; y < size.height; y++) {
    const [above, below] = [rows.left[y]! * stride, rows.right[y]! * stride];
    mix(wide.data, above, below, rows.share[y]!, result.data, y * stride, stride);
  }
  return result;
}

/** Write `count` numbers between those at `first` and those at `second`. */
function mix(
  source: Float32Array,
  first: number,
  second: number,
  share: number,
  target: Float32Array,
  to: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    target[to + i] = source[first + i]! * (1 - share) + source[second + i]! * share;
  }
}

/** Reduce a field of one channel by a whole factor: each pixel is the mean of a square. */
export function reduce(field: Field, factor: number): Field {
  const size = { width: field.width / factor, height: field.height / factor };
  const result = makeField(size);
  for (let y = 0; y < field.height; y++) {
    const row = Math.floor(y / factor) * size.width;
    for (let x = 0; x < field.width; x++) {
      result.data[row + Math.floor(x / factor)]! += field.data[y * field.width + x]!;
    }
  }
  return { ...result, data: result.data.map((sum) => sum / (factor * factor)) };
}
