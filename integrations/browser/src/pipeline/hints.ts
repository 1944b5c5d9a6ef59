/** Colours that a person knows, at places in the photograph. */

import { makeField, roundHalfEven, type Field, type Size } from "./fields.js";
import { rgbToLab, type Triple } from "./spaces.js";

/** A colour that a person knows, at a place. */
export interface Hint {
  /** Column and row in pixels of the upright photograph, from its upper left corner. */
  readonly x: number;
  readonly y: number;
  /** The colour as sRGB, from 0 to 255. */
  readonly rgb: Triple;
}

const RADIUS = 1 / 100; // of a hint, relative to the photograph's shorter side

/** Return the a and b of Lab of a colour. */
export function chromaOf(rgb: Triple): readonly [number, number] {
  const [, a, b] = rgbToLab([rgb[0] / 255, rgb[1] / 255, rgb[2] / 255]);
  return [a, b];
}

/**
 * Draw hints as the known colours that a network reads; later ones cover earlier ones.
 *
 * @param photo size of the photograph.
 * @param size size of the result.
 * @returns a and b of Lab, and 1 where they are known, three channels.
 */
export function drawKnown(hints: readonly Hint[], photo: Size, size: Size): Field {
  const known = makeField(size, 3);
  owners(hints, photo, size).forEach((number, pixel) => {
    if (number >= 0) known.data.set([...chromaOf(hints[number]!.rgb), 1], 3 * pixel);
  });
  return known;
}

/** Return the number of the last hint that covers each pixel of a canvas, or -1. */
export function owners(hints: readonly Hint[], photo: Size, size: Size): Int32Array {
  const numbers = new Int32Array(size.width * size.height).fill(-1);
  const across = size.width / photo.width;
  const down = size.height / photo.height;
  const length = Math.min(photo.width, photo.height) * RADIUS * Math.min(across, down);
  const radius = roundHalfEven(Math.min(length, Math.hypot(size.width, size.height)));
  hints.forEach((hint, number) => {
    fillCircle(size, Math.trunc(hint.x * across), Math.trunc(hint.y * down), radius, (pixel) => {
      numbers[pixel] = number;
    });
  });
  return numbers;
}

/** Call a function for each pixel of a circle within a canvas; the circle is that of OpenCV. */
function fillCircle(
  size: Size,
  x: number,
  y: number,
  radius: number,
  paint: (pixel: number) => void,
): void {
  const line = (row: number, reach: number): void => {
    if (row < 0 || row >= size.height) return;
    const last = Math.min(size.width - 1, x + reach);
    for (let column = Math.max(0, x - reach); column <= last; column++) {
      paint(row * size.width + column);
    }
  };
  let [error, plus, minus] = [0, 1, 2 * radius - 1];
  let [wide, high] = [radius, 0];
  while (wide >= high) {
    for (const sign of [-1, 1]) {
      line(y + sign * high, wide);
      line(y + sign * wide, high);
    }
    high++;
    error += plus;
    plus += 2;
    if (error <= 0) continue;
    error -= minus;
    wide--;
    minus -= 2;
  }
}
