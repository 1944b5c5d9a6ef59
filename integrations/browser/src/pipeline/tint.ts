/**
 * Tell whether a picture is grey, tinted (sepia, cyanotype, faded) or in colour.
 *
 * In a tinted picture, chroma depends on lightness alone: apart from noise, all pixels lie on one
 * curve through Lab. In a colour photograph they do not.
 */

import { clamp, type Luma, type Size } from "./fields.js";
import { downscale } from "./resize.js";
import { rgbToLab, type Triple } from "./spaces.js";

/** What kind of picture it is; all but "colour" are monochrome. */
export type Tint = "grey" | "tinted" | "colour";

/** Pixels as the browser decodes them: four bytes each, RGBA. */
interface Pixels extends Size {
  readonly data: Uint8ClampedArray;
}

// The picture is reduced to this side, where grain and the noise of JPEG average out, and at least
// by this factor, where the artefacts of halved chroma do.
const SIDE = 64;
const REDUCTION = 4;
const NODES = 32; // nodes of the curve along lightness
const GREY_CHROMA = 2; // Lab units; less looks grey
const IGNORED_SHARE = 0.002; // share of the most extreme pixels, which do not count
const MAX_SPREAD = 2.2; // Lab units: root mean square distance from the curve in a tinted picture
// A print that is tinted unevenly: of 1,017 photographs in colour, none is so.
const WEAKEST_SHARE = 0.01;
const MIN_TINT = 12; // Lab units: chroma along the mean hue of the pixels with least of it
const MAX_ACROSS = 1.85; // Lab units: root mean square chroma across the mean hue
const MAX_DISTANCE = 15; // Lab units: largest distance from the curve in a tinted picture

/** Tell what kind of picture it is. */
export function tintOf(pixels: Pixels): Tint {
  const lab = smallLab(pixels);
  const chroma = lab.map(([, a, b]) => Math.hypot(a, b));
  if (quantile(chroma, 1 - IGNORED_SHARE) < GREY_CHROMA) return "grey";
  const distance = distanceFromCurve(lab);
  const squares = distance.reduce((sum, value) => sum + value * value, 0);
  const spread = Math.sqrt(squares / distance.length);
  const farthest = quantile(distance, 1 - IGNORED_SHARE);
  if (spread < MAX_SPREAD && farthest < MAX_DISTANCE) return "tinted";
  return hasOneStrongHue(lab) ? "tinted" : "colour";
}

/**
 * Return whether all pixels have one hue, and none is without colour.
 *
 * A sepia print with stains and torn edges is tinted unevenly, but nothing in it is grey.
 */
function hasOneStrongHue(lab: readonly Triple[]): boolean {
  const meanA = lab.reduce((sum, [, a]) => sum + a, 0) / lab.length;
  const meanB = lab.reduce((sum, [, , b]) => sum + b, 0) / lab.length;
  const length = Math.max(Math.hypot(meanA, meanB), 1e-6);
  const [alongA, alongB] = [meanA / length, meanB / length];
  const weakest = quantile(
    lab.map(([, a, b]) => a * alongA + b * alongB),
    WEAKEST_SHARE,
  );
  const squares = lab.reduce((sum, [, a, b]) => sum + (b * alongA - a * alongB) ** 2, 0);
  return weakest > MIN_TINT && Math.sqrt(squares / lab.length) < MAX_ACROSS;
}

/** Return the pixels of a small copy in Lab. */
function smallLab({ width, height, data }: Pixels): Triple[] {
  const scale = Math.min(SIDE / Math.max(width, height), 1 / REDUCTION);
  const size = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
  const [red, green, blue] = [0, 1, 2].map((channel) => {
    const plane = new Uint8Array(width * height);
    for (let pixel = 0; pixel < plane.length; pixel++) plane[pixel] = data[4 * pixel + channel]!;
    return downscale({ width, height, data: plane }, size);
  }) as [Luma, Luma, Luma];
  return Array.from(red.data, (value, pixel) =>
    rgbToLab([value / 255, green.data[pixel]! / 255, blue.data[pixel]! / 255]),
  );
}

/** Return each pixel's distance in (a, b) from the mean of its lightness. */
function distanceFromCurve(lab: readonly Triple[]): number[] {
  const places = lab.map(([lightness]) => (lightness / 100) * (NODES - 1));
  const low = places.map((place) => clamp(Math.trunc(place), 0, NODES - 2));
  const curves = ([1, 2] as const).map((channel) => {
    const weights = new Float64Array(NODES);
    const totals = new Float64Array(NODES);
    lab.forEach((color, pixel) => {
      const node = low[pixel]!;
      const share = places[pixel]! - node;
      weights[node]! += 1 - share;
      weights[node + 1]! += share;
      totals[node]! += (1 - share) * color[channel];
      totals[node + 1]! += share * color[channel];
    });
    const [smoothTotals, smoothWeights] = [smoothed(totals), smoothed(weights)];
    return smoothTotals.map((total, node) => total / (smoothWeights[node]! + 1e-6));
  });
  return lab.map(([, a, b], pixel) => {
    const node = low[pixel]!;
    const share = places[pixel]! - node;
    const [ownA, ownB] = curves.map(
      (curve) => curve[node]! * (1 - share) + curve[node + 1]! * share,
    ) as [number, number];
    return Math.hypot(a - ownA, b - ownB);
  });
}

/** Average each node with its neighbours. */
function smoothed(values: Float64Array): Float64Array {
  return values.map(
    (value, node) => ((values[node - 1] ?? 0) + 2 * value + (values[node + 1] ?? 0)) / 4,
  );
}

/** Return the value below which a share of the values lies, interpolated between two of them. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (place - low) * (sorted[high]! - sorted[low]!);
}
