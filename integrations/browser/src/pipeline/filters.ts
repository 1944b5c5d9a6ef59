/** Filters of small pictures, by the rules of OpenCV. */

import { clamp, makeField, type Field } from "./fields.js";

const BLUR_TAPS = 4; // pixels to each side, for a standard deviation of 1

/** Blur a field of one channel with a Gaussian whose standard deviation is 1 pixel. */
export function gaussianBlur(field: Field): Field {
  const taps = Float64Array.from({ length: 2 * BLUR_TAPS + 1 }, (_, index) =>
    Math.exp(-((index - BLUR_TAPS) ** 2) / 2),
  );
  const sum = taps.reduce((total, tap) => total + tap, 0);
  const kernel = Float32Array.from(taps, (tap) => tap / sum);
  return convolve(convolve(field, kernel, true), kernel, false);
}

/** Return the change of lightness per pixel: the length of the gradient, by Sobel's filter. */
export function gradient(field: Field): Field {
  const slope = Float32Array.of(-1 / 8, 0, 1 / 8);
  const smooth = Float32Array.of(1, 2, 1);
  const across = convolve(convolve(field, slope, true), smooth, false).data;
  const down = convolve(convolve(field, smooth, true), slope, false).data;
  const result = makeField(field);
  for (let i = 0; i < across.length; i++) result.data[i] = Math.hypot(across[i]!, down[i]!);
  return result;
}

/** Filter along rows or columns; beyond the edge, the picture is mirrored at its last pixel. */
function convolve(field: Field, kernel: Float32Array, alongRows: boolean): Field {
  const { width, height, data } = field;
  const length = alongRows ? width : height;
  const reach = kernel.length >> 1;
  const places = Int32Array.from({ length: length + 2 * reach }, (_, index) =>
    mirrored(index - reach, length),
  );
  const result = makeField(field);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let tap = 0; tap < kernel.length; tap++) {
        const place = places[(alongRows ? x : y) + tap]!;
        sum += kernel[tap]! * data[alongRows ? y * width + place : place * width + x]!;
      }
      result.data[y * width + x] = sum;
    }
  }
  return result;
}

/** Return the index within 0 to length - 1 that a mirror at the first and last pixel gives. */
function mirrored(index: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const place = ((index % period) + period) % period;
  return place < length ? place : period - place;
}

/** Return the mean of a window around each pixel; beyond the edge, the last pixel is repeated. */
export function boxMean(field: Field, radius: number): Field {
  return boxSum(boxSum(field, radius, true), radius, false);
}

function boxSum(field: Field, radius: number, alongRows: boolean): Field {
  const { width, height, channels, data } = field;
  const result = makeField(field, channels);
  const last = (alongRows ? width : height) - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let offset = -radius; offset <= radius; offset++) {
          const place = clamp((alongRows ? x : y) + offset, 0, last);
          const at = alongRows ? y * width + place : place * width + x;
          sum += data[at * channels + channel]!;
        }
        result.data[(y * width + x) * channels + channel] = sum / (2 * radius + 1);
      }
    }
  }
  return result;
}
