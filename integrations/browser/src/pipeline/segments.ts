/** Split a photograph into segments at its edges. */

import { clamp, makeField, roundHalfEven, type Field, type Segments, type Size } from "./fields.js";
import { gaussianBlur, gradient } from "./filters.js";
import { resizeLinear } from "./resize.js";
import { watershed } from "./watershed.js";

const EDGE_GRADIENT = 0.025; // change of lightness per pixel that counts as an edge
const EDGE_DISSIMILARITY = 0.2; // 1 - cosine of two neighbours' features that counts as an edge
const MIN_MARKER_PIXELS = 4; // smaller flat regions do not become segments

/**
 * Find the segments of a photograph.
 *
 * Regions without an edge are the markers of a watershed, which assigns the pixels between them.
 *
 * @param lightness one channel in [0, 1], at twice the size of the result.
 * @param features the network's features, unit vectors. There is an edge where they change, even if
 *   the grey does not.
 */
export function findSegments(lightness: Field, features: Field): Segments {
  const soft = gaussianBlur(lightness);
  const markers = findMarkers(flatPixels(soft, features), lightness.width);
  const grid = { width: lightness.width / 2, height: lightness.height / 2 };
  if (!markers) return everyPixel(grid);
  const grown = grow(soft, markers);
  return renumbered(grid, (x, y) => grown[2 * y * lightness.width + 2 * x]!);
}

/** Return the mean of pixels' values over each segment, `channels` numbers a segment. */
export function segmentMeans(values: Field, segments: Segments): Float32Array {
  const { channels, data } = values;
  const sums = new Float32Array(segments.count * channels);
  const counts = new Int32Array(segments.count);
  segments.data.forEach((segment, pixel) => {
    counts[segment]!++;
    const to = segment * channels;
    const from = pixel * channels;
    for (let channel = 0; channel < channels; channel++)
      sums[to + channel]! += data[from + channel]!;
  });
  return sums.map((sum, index) => sum / counts[Math.floor(index / channels)]!);
}

/** Return 1 where a picture has no edge, 0 elsewhere. */
function flatPixels(soft: Field, features: Field): Uint8Array {
  const steepness = gradient(soft).data;
  const difference = resizeLinear(dissimilarity(features), soft).data;
  return Uint8Array.from(steepness, (value, pixel) =>
    Number(value < EDGE_GRADIENT && difference[pixel]! < EDGE_DISSIMILARITY),
  );
}

/** Return each pixel's greatest dissimilarity to a neighbour, in [0, 2]. */
function dissimilarity(features: Field): Field {
  const { width, height, channels, data } = features;
  const greatest = makeField(features);
  const compare = (one: number, other: number): void => {
    let product = 0;
    for (let channel = 0; channel < channels; channel++) {
      product += data[one * channels + channel]! * data[other * channels + channel]!;
    }
    greatest.data[one] = Math.max(greatest.data[one]!, 1 - product);
    greatest.data[other] = Math.max(greatest.data[other]!, 1 - product);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      if (x > 0) compare(pixel, pixel - 1);
      if (y > 0) compare(pixel, pixel - width);
    }
  }
  return greatest;
}

/** Number the flat regions from 1, in the order of their first pixels; null if there is none. */
function findMarkers(flat: Uint8Array, width: number): Int32Array | null {
  const markers = new Int32Array(flat.length);
  const seen = flat.map((value) => 1 - value);
  let count = 0;
  for (let pixel = 0; pixel < flat.length; pixel++) {
    if (seen[pixel]) continue;
    const region = regionAt(pixel, seen, width);
    if (region.length < MIN_MARKER_PIXELS) continue;
    count++;
    for (const member of region) markers[member] = count;
  }
  return count ? markers : null;
}

/** Return the pixels that are connected with a pixel, and mark them as seen. */
function regionAt(first: number, seen: Uint8Array, width: number): number[] {
  const region = [first];
  seen[first] = 1;
  for (let index = 0; index < region.length; index++) {
    const pixel = region[index]!;
    const column = pixel % width;
    const near = [pixel - width, pixel + width];
    if (column > 0) near.push(pixel - 1);
    if (column < width - 1) near.push(pixel + 1);
    for (const next of near) {
      if (seen[next] !== 0) continue;
      seen[next] = 1;
      region.push(next);
    }
  }
  return region;
}

/** Grow markers over the whole picture, the lines between them included. */
function grow(soft: Field, markers: Int32Array): Int32Array {
  const { width, height } = soft;
  // A watershed does not assign the outermost pixels, so one more is added on each side.
  const padded = { width: width + 2, height: height + 2 };
  const grey = new Uint8Array(padded.width * padded.height);
  const labels = new Int32Array(grey.length);
  for (let y = 0; y < padded.height; y++) {
    for (let x = 0; x < padded.width; x++) {
      const from = clamp(y - 1, 0, height - 1) * width + clamp(x - 1, 0, width - 1);
      grey[y * padded.width + x] = clamp(roundHalfEven(soft.data[from]! * 255), 0, 255);
      labels[y * padded.width + x] = markers[from]!;
    }
  }
  watershed(grey, labels, padded.width);
  return filled(labels, width, height);
}

/** Return labels without the padding, in which lines have the greatest label around them. */
function filled(labels: Int32Array, width: number, height: number): Int32Array {
  const inner = (x: number, y: number): number => labels[(y + 1) * (width + 2) + x + 1]!;
  const result = new Int32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let label = inner(x, y);
      if (label < 1) {
        for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
          for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
            label = Math.max(label, inner(column, row));
          }
        }
      }
      result[y * width + x] = label;
    }
  }
  return result;
}

/** Number labels anew, from 0 without gaps, in their order. */
function renumbered(size: Size, labelAt: (x: number, y: number) => number): Segments {
  const data = new Int32Array(size.width * size.height);
  for (let pixel = 0; pixel < data.length; pixel++) {
    data[pixel] = labelAt(pixel % size.width, Math.floor(pixel / size.width));
  }
  const labels = [...new Set(data)].sort((one, other) => one - other);
  const numbers = new Map(labels.map((label, number) => [label, number]));
  return { ...size, count: labels.length, data: data.map((label) => numbers.get(label)!) };
}

/** Make each pixel a segment of its own, for a picture that has edges everywhere. */
function everyPixel(size: Size): Segments {
  const count = size.width * size.height;
  return { ...size, count, data: Int32Array.from({ length: count }, (_, pixel) => pixel) };
}
