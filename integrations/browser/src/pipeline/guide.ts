/** Lightness and segments of a photograph, which guide how its colours are decoded. */

import { type Field, type Segments } from "./fields.js";
import { reduce } from "./resize.js";
import { findSegments } from "./segments.js";
import { GREY_LIGHTNESS } from "./spaces.js";

/** The guide of a photograph, at the size of a network's output. */
export interface Guide {
  /** One channel, from 0 (black) to 1 (white). */
  readonly lightness: Field;
  readonly segments: Segments;
}

/**
 * Make a guide from a network's input.
 *
 * @param lightness the L of Lab, at the size of the input.
 * @param stride pixels of the input per pixel of the output, along a side.
 * @param features the network's features, unit vectors.
 */
export function makeGuide(lightness: Field, stride: number, features: Field): Guide {
  const white = GREY_LIGHTNESS[255]!;
  const reduced = reduce(lightness, stride / 2); // edges are found at twice the size
  const fine = { ...reduced, data: reduced.data.map((level) => level / white) };
  return { lightness: reduce(fine, 2), segments: findSegments(fine, features) };
}
