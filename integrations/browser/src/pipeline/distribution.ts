/** A distribution over colours for every place, and how it is decoded to one colour. */

import { PLAIN, type Card, type DecodingParams } from "./card.js";
import { makeField, ramp, type Field } from "./fields.js";
import { type Guide } from "./guide.js";
import { segmentMeans } from "./segments.js";

/** A colour that may be at a place. */
export interface Candidate {
  /** The a and b of Lab. */
  readonly chroma: readonly [number, number];
  /** How likely this colour, or a similar one, is; from 0 to 1. */
  readonly probability: number;
}

// Limit on the factor of chroma restoration: a larger one would make faint traces strong colours.
const MAX_RESTORATION = 2;
const CONFIDENT = 0.25; // certainty from which a pixel keeps all of its chroma
const BLACK = [0.04, 0.16] as const; // lightness: entirely black, and not black any more
const WHITE = [0.84, 0.97] as const; // lightness: not white yet, and entirely white
const CAST_HALF_CHROMA = 8; // ab units; a pixel of this chroma gets half the cast correction
const CANDIDATE_SPREAD = 12; // ab units; a person sees nearer colours as one
const MIN_PROBABILITY = 0.01; // less likely colours are not offered as candidates
const TINY = 1e-6; // avoids division by zero

/** Logits over bins of chroma for every pixel of a small picture. */
export class Distribution {
  readonly #logits: Field;
  readonly #bins: Float32Array;
  readonly #rarity: Float32Array;
  readonly #guide: Guide;

  /**
   * Make a distribution from a network's output.
   *
   * Throws an Error if the output does not have one channel for each bin of the card.
   */
  constructor(output: Field, card: Card, guide: Guide) {
    if (output.channels !== card.bins.length) {
      throw new Error(
        `expected a network with ${card.bins.length} channels; received ${output.channels}`,
      );
    }
    this.#logits = output;
    this.#bins = Float32Array.from(card.bins.flat());
    this.#rarity = Float32Array.from(card.bins, (_, bin) => Math.log(card.bin_weights?.[bin] ?? 1));
    this.#guide = guide;
  }

  /**
   * Return the mean chroma under decoding parameters, two channels.
   *
   * The mean of many possible colours is duller than each of them. Chroma restoration makes up for
   * that with one factor for the whole picture; a factor for each pixel would make stains where the
   * network is uncertain.
   */
  mean(params: DecodingParams): Field {
    const { chroma, squares } = this.#expected(this.#agreed(params.agreement), params);
    const lengths = squares.map(
      (_, at) => chroma.data[2 * at]! ** 2 + chroma.data[2 * at + 1]! ** 2,
    );
    // The square of the mean is at most the mean of the squares; their ratio over the whole
    // picture tells how much averaging has dulled it, and at a pixel how certain its colour is.
    const dulling = total(squares) / Math.max(total(lengths), TINY);
    const factor =
      params.gain * Math.min(dulling ** (params.chroma_restoration / 2), MAX_RESTORATION);
    for (let at = 0; at < squares.length; at++) {
      const certainty = lengths[at]! / Math.max(squares[at]!, TINY);
      const muted = params.caution * (1 - ramp(certainty, 0, CONFIDENT));
      const scale = (1 - muted) * this.#toneFactor(at, params.clean_tones) * factor;
      chroma.data[2 * at]! *= scale;
      chroma.data[2 * at + 1]! *= scale;
    }
    // Only the cast that the factor has added is corrected, not the photograph's own.
    const added = Math.max(0, 1 - 1 / Math.max(factor, TINY));
    removeCast(chroma, added, params.cast_correction);
    return chroma;
  }

  /**
   * Return the most likely colours of a pixel, no two of them similar, the most likely first.
   *
   * @param pixel the number of the pixel, row after row.
   * @param count the largest number of colours.
   * @param params decoding parameters that choose the colours; vivid ones find rare ones, too.
   */
  candidates(pixel: number, count: number, params: DecodingParams): Candidate[] {
    const weighted = this.#probabilities(pixel, params);
    const plain = this.#probabilities(pixel, PLAIN);
    const peaks = this.#peaks(weighted, count);
    const groups = peaks.map(() => ({ weight: 0, a: 0, b: 0, probability: 0 }));
    weighted.forEach((weight, bin) => {
      if (!groups.length) return;
      const group = groups[this.#nearest(bin, peaks)]!;
      group.weight += weight;
      group.a += weight * this.#bins[2 * bin]!;
      group.b += weight * this.#bins[2 * bin + 1]!;
      group.probability += plain[bin]!;
    });
    return groups
      .filter((group) => group.weight > MIN_PROBABILITY)
      .map(({ weight, a, b, probability }) => ({
        chroma: [a / weight, b / weight] as const,
        probability,
      }))
      .sort((one, other) => other.probability - one.probability);
  }

  /** Return logits in which each pixel is moved towards the mean of its segment by a share. */
  #agreed(share: number): Float32Array {
    const { channels, data } = this.#logits;
    if (!share) return data;
    const { segments } = this.#guide;
    const means = segmentMeans(this.#logits, segments);
    const moved = new Float32Array(data.length);
    segments.data.forEach((segment, pixel) => {
      for (let bin = 0; bin < channels; bin++) {
        const at = pixel * channels + bin;
        moved[at] = data[at]! + share * (means[segment * channels + bin]! - data[at]!);
      }
    });
    return moved;
  }

  /** Return the expectations of chroma and of its square for every pixel. */
  #expected(
    logits: Float32Array,
    params: DecodingParams,
  ): { chroma: Field; squares: Float32Array } {
    const chroma = makeField(this.#logits, 2);
    const squares = new Float32Array(this.#logits.width * this.#logits.height);
    for (let pixel = 0; pixel < squares.length; pixel++) {
      const weights = this.#weights(logits, pixel, params);
      let [sum, a, b, square] = [0, 0, 0, 0];
      for (let bin = 0; bin < weights.length; bin++) {
        const [weight, binA, binB] = [
          weights[bin]!,
          this.#bins[2 * bin]!,
          this.#bins[2 * bin + 1]!,
        ];
        sum += weight;
        a += weight * binA;
        b += weight * binB;
        square += weight * (binA * binA + binB * binB);
      }
      chroma.data[2 * pixel] = a / sum;
      chroma.data[2 * pixel + 1] = b / sum;
      squares[pixel] = square / sum;
    }
    return { chroma, squares };
  }

  /** Return the probabilities of a pixel's bins before they are normalized. */
  #weights(logits: Float32Array, pixel: number, params: DecodingParams): Float64Array {
    const bins = this.#rarity.length;
    const weights = new Float64Array(bins);
    let highest = -Infinity;
    for (let bin = 0; bin < bins; bin++) {
      weights[bin] = logits[pixel * bins + bin]! + this.#rarity[bin]! * params.rebalancing;
      highest = Math.max(highest, weights[bin]!);
    }
    for (let bin = 0; bin < bins; bin++) {
      weights[bin] = Math.exp((weights[bin]! - highest) / params.temperature);
    }
    return weights;
  }

  /** Return the probability of each bin of a pixel. */
  #probabilities(pixel: number, params: DecodingParams): Float64Array {
    const weights = this.#weights(this.#logits.data, pixel, params);
    const sum = total(weights);
    return weights.map((weight) => weight / sum);
  }

  /** Return up to `count` bins around which much probability lies, no two of them similar. */
  #peaks(probabilities: Float64Array, count: number): number[] {
    const mass = probabilities.map((_, bin) =>
      probabilities.reduce(
        (sum, weight, other) =>
          sum + weight * Math.exp(this.#distance(bin, other) / (-2 * CANDIDATE_SPREAD ** 2)),
        0,
      ),
    );
    const peaks: number[] = [];
    while (peaks.length < count) {
      const highest = mass.reduce((best, value, bin) => (value > mass[best]! ? bin : best), 0);
      if (mass[highest]! <= MIN_PROBABILITY) break;
      peaks.push(highest);
      mass.forEach((_, bin) => {
        if (this.#distance(bin, highest) < (2 * CANDIDATE_SPREAD) ** 2) mass[bin] = 0;
      });
    }
    return peaks;
  }

  /** Return which of the peaks is nearest to a bin. */
  #nearest(bin: number, peaks: number[]): number {
    const distances = peaks.map((peak) => this.#distance(bin, peak));
    return distances.indexOf(Math.min(...distances));
  }

  /** Return the squared distance of two bins. */
  #distance(one: number, other: number): number {
    const a = this.#bins[2 * one]! - this.#bins[2 * other]!;
    const b = this.#bins[2 * one + 1]! - this.#bins[2 * other + 1]!;
    return a * a + b * b;
  }

  /** Return the factor on a pixel's chroma that cleans black and white. */
  #toneFactor(pixel: number, share: number): number {
    const lightness = this.#guide.lightness.data[pixel]!;
    return 1 - share * (1 - ramp(lightness, ...BLACK) + ramp(lightness, ...WHITE));
  }
}

/** Remove a share of the mean chroma, times `added`, on average; greys stay grey. */
function removeCast(chroma: Field, added: number, share: number): void {
  if (!share) return;
  const count = chroma.width * chroma.height;
  const lengths = Float32Array.from({ length: count }, (_, at) =>
    Math.hypot(chroma.data[2 * at]!, chroma.data[2 * at + 1]!),
  );
  const weights = lengths.map((length) => length / (length + CAST_HALF_CHROMA));
  const weight = Math.max(total(weights) / count, TINY);
  for (const channel of [0, 1]) {
    let sum = 0;
    for (let at = channel; at < chroma.data.length; at += 2) sum += chroma.data[at]!;
    const cast = (sum / count) * added * share;
    weights.forEach((own, at) => {
      chroma.data[2 * at + channel]! -= (cast * own) / weight;
    });
  }
}

function total(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
