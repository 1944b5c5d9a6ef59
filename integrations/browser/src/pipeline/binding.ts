/**
 * Make hints exact: each hint shows the chosen colour, and the object around it follows.
 *
 * A network that is given known colours spreads them over the photograph. At the hint itself it
 * only comes near the colour, and it also colours things that are only slightly similar. So the
 * network's colouring with hints is used only in cells that look like a hinted cell and lie near it;
 * the other cells keep the colouring without hints. What is still missing from the chosen colour is
 * then added to the same object.
 */

import { clamp, makeField, type Field, type Luma } from "./fields.js";
import { type Followers, type HintedPixel } from "./followers.js";
import { chromaOf } from "./hints.js";
import { fitToLuma, type Linear } from "./linear_chroma.js";
import { matrix, solve, transposedTimes, type Matrix } from "./matrix.js";
import { chromaToRgb, gamutDivisor, GREY_LIGHTNESS, labToChroma, rgbToLab } from "./spaces.js";

const DAMPING = 0.02; // keeps a correction below about 3.5 times what is missing
const FLAT_VARIANCE = 1e-3; // variance of luma below which pixels count as equally light
const REGULARIZATION = 1e-3; // for hints that share the same pixels
const AB_ROUNDS = 4; // iterations of `abToChroma`

/** The cells that a pixel is interpolated from. */
interface Corners {
  readonly cells: readonly number[];
  readonly weights: readonly number[];
}

/** A pixel that shows a hint, with what is needed to measure its colour. */
interface Sample extends Corners {
  readonly owner: number;
  /** Its luma, from 0 to 1. */
  readonly y: number;
}

/**
 * Return small chroma that has the hints' colours at the hints, and is unchanged far away.
 *
 * @param followers which cells follow which hints.
 * @param unhinted a and b of Lab without hints, two channels.
 * @param hinted the same with hints.
 */
export function bindSmall(followers: Followers, unhinted: Field, hinted: Field): Field {
  const { followWeight, correctionWeight: parts, visible } = followers;
  const chroma = makeField(unhinted, 2);
  unhinted.data.forEach((value, at) => {
    chroma.data[at] = value + followWeight.data[at >> 1]! * (hinted.data[at]! - value);
  });
  const missing = visible.map(({ rgb }, hint) => {
    const current = coreMean(parts, hint, chroma);
    return chromaOf(rgb).map((value, channel) => value - current[channel]!);
  });
  addParts(chroma, parts, missing);
  return chroma;
}

/** Return the mean chroma of the cells of a hint: those that it has the greatest part of. */
function coreMean(parts: Field, hint: number, chroma: Field): number[] {
  const { channels, data } = parts;
  let greatest = 0;
  for (let at = hint; at < data.length; at += channels) greatest = Math.max(greatest, data[at]!);
  let [count, a, b] = [0, 0, 0];
  for (let cell = 0; cell * channels < data.length; cell++) {
    if (data[cell * channels + hint] !== greatest) continue;
    count++;
    a += chroma.data[2 * cell]!;
    b += chroma.data[2 * cell + 1]!;
  }
  return [a / count, b / count];
}

/** Add to each cell the amounts of the hints, one row a hint, times the cell's parts of them. */
function addParts(target: Field, parts: Field, amounts: Matrix): void {
  for (let at = 0; at < target.data.length; at++) {
    const cell = Math.floor(at / target.channels);
    const channel = at % target.channels;
    amounts.forEach((amount, hint) => {
      target.data[at]! += parts.data[cell * parts.channels + hint]! * amount[channel]!;
    });
  }
}

/**
 * Correct a photograph's chroma so that each hint shows its colour, as far as luma allows.
 *
 * Enlarging the small chroma changes it a little. Most of what is missing is added to the whole
 * object around the hint, up to its edges; the small rest only to the nearest cells.
 *
 * @param followers which cells follow which hints.
 * @param chroma Cb and Cr as functions of luma, nearly right; changed in place.
 * @param luma luma of the photograph.
 */
export function bindFull(followers: Followers, chroma: Linear, luma: Luma): void {
  const { visible, pixels, correctionWeight } = followers;
  const samples = pixels.map((pixel) => sampleAt(pixel, luma, chroma.slope));
  const chosen = pixels.map(({ x, y, owner }) =>
    abToChroma(chromaOf(visible[owner]!.rgb), luma.data[y * luma.width + x]!),
  );
  const means = (values: Matrix): Matrix => ownerMeans(samples, values, visible.length);
  const missing = (): Matrix => {
    const current = evaluate(chroma, samples);
    return chosen.map((value, index) =>
      value.map((part, channel) => part - current[index]![channel]!),
    );
  };
  const parts = fitToLuma(correctionWeight, luma);
  const amounts = solveDamped(means(evaluate(parts, samples)), means(missing()));
  addParts(chroma.slope, parts.slope, amounts);
  addParts(chroma.offset, parts.offset, amounts);
  const rest = fitLines(samples, missing(), visible.length);
  const shares = ownerShares(samples, visible.length);
  addNearby(chroma.slope, shares, rest.slopes);
  addNearby(chroma.offset, shares, rest.offsets);
}

/** Measure a pixel: its luma, and the four cells that it is interpolated from. */
function sampleAt(pixel: HintedPixel, luma: Luma, grid: Field): Sample {
  const place = (at: number, side: number, cells: number): number =>
    clamp((at + 0.5) * (cells / side) - 0.5, 0, cells - 1);
  const [x, y] = [place(pixel.x, luma.width, grid.width), place(pixel.y, luma.height, grid.height)];
  const [left, above] = [Math.floor(x), Math.floor(y)];
  const right = Math.min(left + 1, grid.width - 1);
  const below = Math.min(above + 1, grid.height - 1);
  const [across, down] = [x - left, y - above];
  return {
    owner: pixel.owner,
    y: luma.data[pixel.y * luma.width + pixel.x]! / 255,
    cells: [
      above * grid.width + left,
      above * grid.width + right,
      below * grid.width + left,
      below * grid.width + right,
    ],
    weights: [(1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down],
  };
}

/** Evaluate linear functions of luma at pixels, one row a pixel. */
function evaluate(linear: Linear, samples: readonly Sample[]): Matrix {
  const { channels } = linear.slope;
  const at = (field: Field, { cells, weights }: Corners, channel: number): number =>
    cells.reduce(
      (sum, cell, corner) => sum + field.data[cell * channels + channel]! * weights[corner]!,
      0,
    );
  return matrix(samples.length, channels, (row, channel) => {
    const sample = samples[row]!;
    return at(linear.slope, sample, channel) * sample.y + at(linear.offset, sample, channel);
  });
}

/** Return the mean over each hint of values, one row a pixel. */
function ownerMeans(samples: readonly Sample[], values: Matrix, count: number): Matrix {
  const sums = matrix(count, values[0]!.length, () => 0);
  const numbers = new Array<number>(count).fill(0);
  samples.forEach(({ owner }, index) => {
    numbers[owner]!++;
    values[index]!.forEach((value, column) => (sums[owner]![column]! += value));
  });
  return sums.map((row, owner) => row.map((sum) => sum / numbers[owner]!));
}

/** Return small amounts for which `effect` times them is about `wanted`. */
function solveDamped(effect: Matrix, wanted: Matrix): Matrix {
  const square = transposedTimes(effect, effect);
  square.forEach((row, index) => (row[index]! += DAMPING));
  return solve(square, transposedTimes(effect, wanted));
}

/** Fit each hint's pixel values over luma: slopes and offsets, one row a hint. */
function fitLines(
  samples: readonly Sample[],
  values: Matrix,
  count: number,
): { slopes: Matrix; offsets: Matrix } {
  const means = (rows: Matrix): Matrix => ownerMeans(samples, rows, count);
  const mean = means(values);
  const meanY = means(samples.map(({ y }) => [y]));
  const centred = samples.map(({ y, owner }) => y - meanY[owner]![0]!);
  const variance = means(centred.map((value) => [value * value]));
  const products = means(values.map((row, index) => row.map((value) => value * centred[index]!)));
  const slopes = products.map((row, hint) =>
    row.map((product) => product / (variance[hint]![0]! + FLAT_VARIANCE)),
  );
  const offsets = mean.map((row, hint) =>
    row.map((value, column) => value - slopes[hint]![column]! * meanY[hint]![0]!),
  );
  return { slopes, offsets };
}

/** Return how much each cell counts in the mean of a hint's pixels, one map a hint. */
function ownerShares(samples: readonly Sample[], count: number): Map<number, number>[] {
  const shares = Array.from({ length: count }, () => new Map<number, number>());
  const numbers = new Array<number>(count).fill(0);
  for (const { owner } of samples) numbers[owner]!++;
  for (const { owner, cells, weights } of samples) {
    cells.forEach((cell, corner) => {
      const added = weights[corner]! / numbers[owner]!;
      shares[owner]!.set(cell, (shares[owner]!.get(cell) ?? 0) + added);
    });
  }
  return shares;
}

/** Add the smallest change of cells that adds what every hint is missing, in place. */
function addNearby(target: Field, shares: Map<number, number>[], missing: Matrix): void {
  const count = shares.length;
  const square = matrix(count, count, (row, column) =>
    [...shares[row]!].reduce((sum, [cell, own]) => sum + own * (shares[column]!.get(cell) ?? 0), 0),
  );
  const mean = square.reduce((sum, row, index) => sum + row[index]!, 0) / count;
  square.forEach((row, index) => (row[index]! += mean * REGULARIZATION));
  const amounts = solve(square, missing);
  shares.forEach((share, hint) => {
    for (const [cell, own] of share) {
      amounts[hint]!.forEach((amount, channel) => {
        target.data[cell * target.channels + channel]! += own * amount;
      });
    }
  });
}

/**
 * Return the Cb and Cr that show given a and b of Lab at a luma, as far as the gamut allows.
 *
 * Luma is not lightness: colours of the same luma differ in L, and so a little in a and b. An
 * iteration corrects for that; the best of its rounds is returned.
 */
function abToChroma(wanted: readonly [number, number], level: number): [number, number] {
  const y = level / 255;
  let [a, b] = wanted;
  let best: [number, number] = [0, 0];
  let leastError = Infinity;
  for (let round = 0; round < AB_ROUNDS; round++) {
    const [freeCb, freeCr] = labToChroma(GREY_LIGHTNESS[level]!, a, b);
    const divisor = gamutDivisor(y, freeCb, freeCr);
    const planes: [number, number] = [freeCb / divisor, freeCr / divisor];
    const [, shownA, shownB] = rgbToLab(chromaToRgb(y, ...planes));
    const [missingA, missingB] = [wanted[0] - shownA, wanted[1] - shownB];
    const error = Math.hypot(missingA, missingB);
    if (error < leastError) [best, leastError] = [planes, error];
    a += missingA;
    b += missingB;
  }
  return best;
}
