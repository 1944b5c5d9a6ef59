/** Turn pictures upright, as the EXIF orientation from 1 to 8 says. */

import { type Luma, type Size } from "../pipeline/fields.js";

/** Where the x axis (a, b) and the y axis (c, d) of a picture go, and where its corner goes. */
export interface Turn extends Size {
  readonly axes: readonly [number, number, number, number];
  /** How far the picture is moved back, in sides of the result, where an axis is reversed. */
  readonly across: 0 | 1;
  readonly down: 0 | 1;
}

const AXES: readonly Turn["axes"][] = [
  [1, 0, 0, 1],
  [-1, 0, 0, 1],
  [-1, 0, 0, -1],
  [1, 0, 0, -1],
  [0, 1, 1, 0],
  [0, 1, -1, 0],
  [0, -1, -1, 0],
  [0, -1, 1, 0],
];

/** Return how a picture of a size is turned, with the size of the result. */
export function turnOf({ width, height }: Size, orientation: number): Turn {
  const axes = AXES[orientation - 1]!;
  const [a, b, c, d] = axes;
  const across = a + c < 0 ? 1 : 0;
  const down = b + d < 0 ? 1 : 0;
  return a
    ? { width, height, axes, across, down }
    : { width: height, height: width, axes, across, down };
}

/** Return a luma turned upright. */
export function turnedLuma(luma: Luma, orientation: number): Luma {
  if (orientation === 1) return luma;
  const { width, height, axes, across, down } = turnOf(luma, orientation);
  const [a, b, c, d] = axes;
  const first = across * (width - 1) + down * (height - 1) * width;
  const [right, below] = [a + b * width, c + d * width];
  const data = new Uint8Array(width * height);
  for (let y = 0, from = 0; y < luma.height; y++) {
    for (let x = 0; x < luma.width; x++) data[first + x * right + y * below] = luma.data[from++]!;
  }
  return { width, height, data };
}
