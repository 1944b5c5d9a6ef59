/** A network's prediction for a photograph, from which colours are computed quickly. */

import { bindFull, bindSmall } from "./binding.js";
import { decodingParams } from "./card.js";
import { Distribution, type Candidate } from "./distribution.js";
import { clamp, type Field, type Luma } from "./fields.js";
import { findFollowers } from "./followers.js";
import { makeGuide, type Guide } from "./guide.js";
import { drawKnown, type Hint } from "./hints.js";
import { fitChroma, type Linear } from "./linear_chroma.js";
import { type Network, type Output } from "./network.js";
import { chromaToRgb, gamutDivisor, GREY_LIGHTNESS, labToChroma, type Triple } from "./spaces.js";

// Luma of colours to choose from is kept within these bounds: near black or white, all look alike.
const CANDIDATE_LUMA = [90, 200] as const;

/** A colour to choose from, as sRGB from 0 to 255, and how likely it or a similar one is. */
export interface ColorCandidate {
  readonly rgb: Triple;
  readonly probability: number;
}

/** A photograph and the network's output for it. */
export class Prediction {
  readonly #network: Network;
  readonly #luma: Luma;
  readonly #lightness: Field;
  readonly #output: Output;
  readonly #guide: Guide;
  #hinted: { key: string; logits: Field } | null = null;

  private constructor(network: Network, luma: Luma, lightness: Field, output: Output) {
    this.#network = network;
    this.#luma = luma;
    this.#lightness = lightness;
    this.#output = output;
    this.#guide = makeGuide(lightness, network.card.stride, output.features);
  }

  /** Run the network on a photograph: the expensive step. */
  static async of(network: Network, luma: Luma): Promise<Prediction> {
    const lightness = network.lightness(luma);
    return new Prediction(network, luma, lightness, await network.run(lightness, null));
  }

  /**
   * Colour the photograph: return Cb and Cr as functions of its luma.
   *
   * @param vividness from 0 (cautious) to 1 (vivid).
   * @param hints colours that a person knows. If they have changed, the network runs once more.
   */
  async color(vividness: number, hints: readonly Hint[]): Promise<Linear> {
    const unhinted = this.#smallChroma(this.#output.logits, vividness);
    if (!hints.length) return fitChroma(unhinted, this.#luma);
    const hinted = this.#smallChroma(await this.#runWith(hints), vividness);
    const { segments } = this.#guide;
    const { features } = this.#output;
    const followers = findFollowers(hints, this.#luma, this.#lightness, segments, features);
    const chroma = fitChroma(bindSmall(followers, unhinted, hinted), this.#luma);
    bindFull(followers, chroma, this.#luma);
    return chroma;
  }

  /** Return the most likely colours at a pixel of the photograph, the most likely first. */
  candidates(x: number, y: number, count: number): ColorCandidate[] {
    const { width, height } = this.#output.logits;
    const row = Math.floor((y / this.#luma.height) * height);
    const column = Math.floor((x / this.#luma.width) * width);
    const params = decodingParams(this.#network.card, 1);
    const found = this.#distribution(this.#output.logits).candidates(
      row * width + column,
      count,
      params,
    );
    const level = this.#luma.data[Math.floor(y) * this.#luma.width + Math.floor(x)]!;
    const luma = clamp(level, ...CANDIDATE_LUMA);
    return found.map((candidate) => shown(candidate, luma));
  }

  #smallChroma(logits: Field, vividness: number): Field {
    return this.#distribution(logits).mean(decodingParams(this.#network.card, vividness));
  }

  #distribution(logits: Field): Distribution {
    return new Distribution(logits, this.#network.card, this.#guide);
  }

  /** Run the network with hints; the last output is kept for further vividnesses. */
  async #runWith(hints: readonly Hint[]): Promise<Field> {
    const key = JSON.stringify(hints);
    if (this.#hinted?.key !== key) {
      const known = drawKnown(hints, this.#luma, this.#lightness);
      const { logits } = await this.#network.run(this.#lightness, known);
      this.#hinted = { key, logits };
    }
    return this.#hinted.logits;
  }
}

/** Return a candidate as the sRGB colour that shows it at a luma. */
function shown({ chroma, probability }: Candidate, level: number): ColorCandidate {
  const y = level / 255;
  const [cb, cr] = labToChroma(GREY_LIGHTNESS[level]!, ...chroma);
  const divisor = gamutDivisor(y, cb, cr);
  const [red, green, blue] = chromaToRgb(y, cb / divisor, cr / divisor).map((value) =>
    Math.round(clamp(value, 0, 1) * 255),
  ) as [number, number, number];
  return { rgb: [red, green, blue], probability };
}
