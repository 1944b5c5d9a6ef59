/**
 * Enlarge the chroma of a small picture to every pixel of a photograph, along edges of its luma.
 *
 * This is the fast guided filter (K. He, J. Sun: Fast Guided Filter, arXiv:1505.00996, 2015). In
 * every window of a small picture, chroma is fitted as a linear function of luma. The functions are
 * enlarged, not the chroma, so colours end at the edges of the luma.
 */

import { makeField, type Field, type Luma } from "./fields.js";
import { boxMean } from "./filters.js";
import { downscale, interpolation } from "./resize.js";
import {
  BLUE_CB,
  gamutDivisor,
  GREEN_CB,
  GREEN_CR,
  GREY_LIGHTNESS,
  labToChroma,
  RED_CR,
} from "./spaces.js";

const RADIUS = 2; // half the side of the filter's window, in pixels of the small picture
const EPSILON = 1e-3; // variance of luma below which a window counts as flat

/** Values as linear functions of luma in [0, 1], for every pixel of a small picture. */
export interface Linear {
  readonly slope: Field;
  readonly offset: Field;
}

/**
 * Fit Cb and Cr, in [-0.5, 0.5], as functions of luma.
 *
 * @param chroma a and b of Lab, two channels.
 * @param luma luma of the photograph.
 */
export function fitChroma(chroma: Field, luma: Luma): Linear {
  const small = downscale(luma, chroma);
  const planes = makeField(chroma, 2);
  small.data.forEach((level, at) => {
    const [a, b] = [chroma.data[2 * at]!, chroma.data[2 * at + 1]!];
    planes.data.set(labToChroma(GREY_LIGHTNESS[level]!, a, b), 2 * at);
  });
  return fitLinear(small, planes);
}

/** Fit any values of a small picture as functions of the photograph's luma. */
export function fitToLuma(values: Field, luma: Luma): Linear {
  return fitLinear(downscale(luma, values), values);
}

/** Fit values ≈ slope · luma + offset in a window around every pixel, and average the windows. */
function fitLinear(luma: Luma, values: Field): Linear {
  const { channels } = values;
  const guide = makeField(
    luma,
    1,
    Float32Array.from(luma.data, (level) => level / 255),
  );
  const mean = (field: Field): Field => boxMean(field, RADIUS);
  const times = (field: Field): Field => ({
    ...field,
    data: field.data.map((value, at) => value * guide.data[Math.floor(at / field.channels)]!),
  });
  const [meanGuide, meanValues] = [mean(guide).data, mean(values)];
  const [meanSquare, meanProduct] = [mean(times(guide)).data, mean(times(values)).data];
  const slope = makeField(values, channels);
  const offset = makeField(values, channels);
  meanValues.data.forEach((value, at) => {
    const pixel = Math.floor(at / channels);
    const centre = meanGuide[pixel]!;
    const variance = meanSquare[pixel]! - centre * centre;
    slope.data[at] = (meanProduct[at]! - centre * value) / (variance + EPSILON);
    offset.data[at] = value - slope.data[at]! * centre;
  });
  return { slope: mean(slope), offset: mean(offset) };
}

/**
 * Return the colours of some rows of a photograph as opaque RGBA, without changing its luma.
 *
 * Where a colour does not fit the gamut, its chroma shrinks towards grey; nothing is clipped.
 *
 * @param chroma Cb and Cr as functions of luma.
 * @param luma luma of the photograph, in any size of the same proportions.
 * @param top the first row.
 * @param count the number of rows.
 */
export function compose(
  chroma: Linear,
  luma: Luma,
  top = 0,
  count = luma.height - top,
): Uint8ClampedArray {
  const { width, height } = luma;
  const rgba = new Uint8ClampedArray(4 * width * count).fill(255);
  const small = chroma.slope;
  const columns = interpolation(small.width, width);
  const rows = interpolation(small.height, height);
  const row = new Float32Array(4 * small.width);
  for (let y = top; y < top + count; y++) {
    mixRow(chroma, rows.left[y]!, rows.right[y]!, rows.share[y]!, row);
    for (let x = 0; x < width; x++) {
      const [left, right] = [4 * columns.left[x]!, 4 * columns.right[x]!];
      const share = columns.share[x]!;
      const at = (offset: number): number =>
        row[left + offset]! * (1 - share) + row[right + offset]! * share;
      const pixel = y * width + x;
      const grey = luma.data[pixel]! / 255;
      const [cb, cr] = [at(0) * grey + at(2), at(1) * grey + at(3)];
      writeColor(grey, cb, cr, rgba, 4 * (pixel - top * width));
    }
  }
  return rgba;
}

/** Write the two slopes and two offsets of each column, between two rows of the small picture. */
function mixRow(
  chroma: Linear,
  above: number,
  below: number,
  share: number,
  row: Float32Array,
): void {
  const { width } = chroma.slope;
  for (let x = 0; x < width; x++) {
    const [first, second] = [2 * (above * width + x), 2 * (below * width + x)];
    for (const channel of [0, 1]) {
      const [one, other] = [first + channel, second + channel];
      const { slope, offset } = chroma;
      row[4 * x + channel] = slope.data[one]! * (1 - share) + slope.data[other]! * share;
      row[4 * x + 2 + channel] = offset.data[one]! * (1 - share) + offset.data[other]! * share;
    }
  }
}

/** Write one colour within the gamut; a clamped array rounds halves to even, as NumPy does. */
function writeColor(
  grey: number,
  cb: number,
  cr: number,
  rgba: Uint8ClampedArray,
  to: number,
): void {
  const divisor = gamutDivisor(grey, cb, cr);
  const [blue, red] = [cb / divisor, cr / divisor];
  rgba[to] = (grey + RED_CR * red) * 255;
  rgba[to + 1] = (grey + GREEN_CB * blue + GREEN_CR * red) * 255;
  rgba[to + 2] = (grey + BLUE_CB * blue) * 255;
}
