/**
 * Find which cells of a photograph follow a hint: those that look like it and lie near it.
 *
 * A cell is one position of the network's output, which is a small picture. Cells in the hint's own
 * segment follow more readily than the rest. Distances are in sides of the picture, so that they do
 * not depend on its size.
 */

import { makeField, ramp, type Field, type Segments, type Size } from "./fields.js";
import { owners, type Hint } from "./hints.js";
import { resizeLinear } from "./resize.js";
import { segmentMeans } from "./segments.js";

// Which cells follow a hint: similarity, less a cost for distance, must reach a threshold.
const FREE_DISTANCE = 0.25; // sides; up to there, distance costs nothing
const DISTANCE_COST = 0.6; // similarity that is lost over each further side
const FOLLOW_RANGE = [0.5, 0.75] as const; // similarity where following begins and is complete
const SEGMENT_BONUS = 0.2; // similarity that a cell in the hint's segment gains
const BONUS_FADES = [0.25, 0.6] as const; // sides; the bonus fades between these distances
const OTHER_SEGMENT_COST = 0.05; // similarity that is lost in another segment
const SEGMENT_AGREEMENT = 0.5; // how far similarity is moved towards its segment's mean
// Which cells get a share of a hint's correction: similar ones, in a Gaussian around the hint.
const CORRECTION_RANGE = [0.6, 0.9] as const; // similarity where it begins and is complete
const CORRECTION_REACH = 0.2; // sides: standard deviation
const SEGMENT_REACH = 2; // factor on the reach within the hint's segment
const RIVALRY = 3; // hints share a cell by this power of their strengths
// A hint lies in a segment if this share of the cells in its main segment lies in that one, too.
const MIN_SEGMENT_SHARE = 0.25;
const SUPERSAMPLING = 2; // hints are drawn at this multiple of the network's input size
const MAX_CELLS = 64; // cells of a hint that other cells are compared to
const MAX_PIXELS = 256; // pixels of a hint that its colour is measured on
const TINY = 1e-6; // avoids division by zero

/** A pixel of the photograph that shows a hint. */
export interface HintedPixel {
  readonly x: number;
  readonly y: number;
  /** The index of its hint among the visible ones. */
  readonly owner: number;
}

/** Which cells follow which hints. */
export interface Followers {
  /** The hints that are not covered by later ones. */
  readonly visible: readonly Hint[];
  readonly pixels: readonly HintedPixel[];
  /** How far a cell takes the network's colouring with hints, one channel in [0, 1]. */
  readonly followWeight: Field;
  /** How much of each hint's correction a cell gets, one channel a hint, in [0, 1]. */
  readonly correctionWeight: Field;
}

/**
 * Compare all cells with each hint.
 *
 * @param hints one or more; later ones cover earlier ones.
 * @param photo size of the photograph.
 * @param input size of the network's input.
 * @param segments segments of the photograph, at the size of the network's output.
 * @param features the network's features, unit vectors.
 */
export function findFollowers(
  hints: readonly Hint[],
  photo: Size,
  input: Size,
  segments: Segments,
  features: Field,
): Followers {
  const { visible, pixels } = hintedPixels(hints, photo, input);
  const { similarity, distance } = compare(pixels, visible.length, photo, segments, features);
  agree(similarity, segments);
  const cells = pixels.map((pixel) => cellOf(pixel, photo, segments));
  const own = ownSegments(segments, cells, pixels, visible.length);
  const followWeight = makeField(segments);
  const correctionWeight = makeField(segments, visible.length);
  for (let cell = 0; cell < followWeight.data.length; cell++) {
    const from = cell * visible.length;
    const strengths = visible.map((_, hint) => {
      const at = from + hint;
      const [likeness, sides] = [similarity.data[at]!, distance.data[at]!];
      const inside = own[segments.data[cell]! * visible.length + hint]!;
      const follows = following(likeness, sides, inside);
      followWeight.data[cell] = Math.max(followWeight.data[cell]!, follows);
      return correction(likeness, sides, inside);
    });
    correctionWeight.data.set(shared(strengths), from);
  }
  claim(cells, pixels, followWeight, correctionWeight);
  return { visible, pixels, followWeight, correctionWeight };
}

/** Return at most `count` items, evenly spread from the first on, in their order. */
function subsample<Item>(items: readonly Item[], count: number): Item[] {
  const kept = Math.min(count, items.length);
  return Array.from(
    { length: kept },
    (_, index) => items[Math.floor((index * items.length) / kept)]!,
  );
}

/** Return some pixels of the photograph for each hint that is not covered by later ones. */
function hintedPixels(
  hints: readonly Hint[],
  photo: Size,
  input: Size,
): { visible: Hint[]; pixels: HintedPixel[] } {
  const canvas = {
    width: Math.min(SUPERSAMPLING * input.width, photo.width),
    height: Math.min(SUPERSAMPLING * input.height, photo.height),
  };
  const covered = hints.map((): number[] => []);
  owners(hints, photo, canvas).forEach((number, pixel) => covered[number]?.push(pixel));
  const visible = hints.filter((_, number) => covered[number]!.length);
  const pixels = covered
    .filter((places) => places.length)
    .flatMap((places, owner) =>
      subsample(places, MAX_PIXELS).map((place) => ({
        x: Math.floor(((place % canvas.width) + 0.5) * (photo.width / canvas.width)),
        y: Math.floor((Math.floor(place / canvas.width) + 0.5) * (photo.height / canvas.height)),
        owner,
      })),
    );
  return { visible, pixels };
}

/** Return the number of the cell of a grid in which a pixel lies. */
function cellOf(pixel: HintedPixel, photo: Size, grid: Size): number {
  const row = Math.floor((pixel.y * grid.height) / photo.height);
  return row * grid.width + Math.floor((pixel.x * grid.width) / photo.width);
}

/**
 * Compare every cell of a grid to the cells of each hint.
 *
 * @returns similarity to the most similar cell of each hint, and distance to its nearest cell, in
 *   sides; one channel a hint each.
 */
function compare(
  pixels: readonly HintedPixel[],
  count: number,
  photo: Size,
  grid: Size,
  features: Field,
): { similarity: Field; distance: Field } {
  // Compared at the coarser size of the features, then enlarged.
  const similarity = makeField(features, count);
  const distance = makeField(features, count);
  for (let hint = 0; hint < count; hint++) {
    const own = pixels.filter((pixel) => pixel.owner === hint);
    const cells = [...new Set(own.map((pixel) => cellOf(pixel, photo, features)))];
    const chosen = subsample(
      cells.sort((one, other) => one - other),
      MAX_CELLS,
    );
    for (let cell = 0; cell < features.width * features.height; cell++) {
      const at = cell * count + hint;
      similarity.data[at] = Math.max(...chosen.map((other) => likeness(features, cell, other)));
      distance.data[at] = Math.min(...chosen.map((other) => sides(features, cell, other)));
    }
  }
  return { similarity: resizeLinear(similarity, grid), distance: resizeLinear(distance, grid) };
}

/** Return the cosine of the features of two cells. */
function likeness(features: Field, one: number, other: number): number {
  const { channels, data } = features;
  let product = 0;
  for (let channel = 0; channel < channels; channel++) {
    product += data[one * channels + channel]! * data[other * channels + channel]!;
  }
  return product;
}

/** Return the distance of two cells of a grid, in sides. */
function sides(grid: Size, one: number, other: number): number {
  const across = ((one % grid.width) - (other % grid.width)) / grid.width;
  const rows = Math.floor(one / grid.width) - Math.floor(other / grid.width);
  return Math.hypot(across, rows / grid.height);
}

/** Move similarity towards its mean over each segment, in place. */
function agree(similarity: Field, segments: Segments): void {
  const means = segmentMeans(similarity, segments);
  const { channels, data } = similarity;
  for (let at = 0; at < data.length; at++) {
    const segment = segments.data[Math.floor(at / channels)]!;
    data[at]! += SEGMENT_AGREEMENT * (means[segment * channels + (at % channels)]! - data[at]!);
  }
}

/** Return 1 for each segment and hint where the hint lies in the segment, 0 elsewhere. */
function ownSegments(
  segments: Segments,
  cells: readonly number[],
  pixels: readonly HintedPixel[],
  count: number,
): Uint8Array {
  const counts = new Int32Array(segments.count * count);
  const most = new Int32Array(count);
  cells.forEach((cell, index) => {
    const { owner } = pixels[index]!;
    const number = ++counts[segments.data[cell]! * count + owner]!;
    most[owner] = Math.max(most[owner]!, number);
  });
  return Uint8Array.from(counts, (number, at) =>
    Number(number >= MIN_SEGMENT_SHARE * most[at % count]!),
  );
}

/** Return how far a cell follows a hint, in [0, 1]. */
function following(similarity: number, distance: number, inside: number): number {
  const cost = DISTANCE_COST * Math.max(distance - FREE_DISTANCE, 0);
  const bonus = inside ? SEGMENT_BONUS * (1 - smooth(distance, BONUS_FADES)) : -OTHER_SEGMENT_COST;
  return smooth(similarity - cost + bonus, FOLLOW_RANGE);
}

/** Return how much of a hint's correction a cell gets, in [0, 1]. */
function correction(similarity: number, distance: number, inside: number): number {
  const share = smooth(similarity + (inside ? SEGMENT_BONUS : 0), CORRECTION_RANGE);
  const reach = CORRECTION_REACH * (inside ? SEGMENT_REACH : 1);
  return share * Math.exp(distance ** 2 / (-2 * reach ** 2));
}

/** Return 0 up to the begin of a range, 1 from its end on, and a smooth curve between them. */
function smooth(value: number, [begin, end]: readonly [number, number]): number {
  const share = ramp(value, begin, end);
  return share * share * (3 - 2 * share);
}

/** Share a cell among hints by their strengths. */
function shared(strengths: readonly number[]): number[] {
  const rivals = strengths.map((strength) => strength ** RIVALRY);
  const sum = rivals.reduce((total, rival) => total + rival, 0);
  return strengths.map((strength, hint) => strength * (rivals[hint]! / Math.max(sum, TINY)));
}

/** Give hinted cells to their own hints only, whatever their similarity, in place. */
function claim(
  cells: readonly number[],
  pixels: readonly HintedPixel[],
  followWeight: Field,
  correctionWeight: Field,
): void {
  const { channels, data } = correctionWeight;
  for (const cell of cells) {
    followWeight.data[cell] = 1;
    data.fill(0, cell * channels, (cell + 1) * channels);
  }
  cells.forEach((cell, index) => data[cell * channels + pixels[index]!.owner]!++);
  for (const cell of new Set(cells)) {
    const part = data.subarray(cell * channels, (cell + 1) * channels);
    const sum = part.reduce((total, value) => total + value, 0);
    part.forEach((value, hint) => (part[hint] = value / sum));
  }
}
