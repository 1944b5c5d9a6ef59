/** The card of a model: what its network reads and writes, and how its output becomes colour. */

/** The parameters by which a network's output is decoded; Python's `DecodingParams` explains them. */
export interface DecodingParams {
  readonly rebalancing: number;
  readonly temperature: number;
  readonly gain: number;
  readonly chroma_restoration: number;
  readonly agreement: number;
  readonly caution: number;
  readonly clean_tones: number;
  readonly cast_correction: number;
}

/** The fields of `card.json` that this page needs. */
export interface Card {
  readonly format: number;
  readonly color_space: string;
  readonly input_scale: number;
  readonly output_kind: string;
  readonly working_size: number;
  readonly size_multiple: number;
  readonly stride: number;
  readonly known_scale: number;
  readonly bins: readonly (readonly [number, number])[];
  readonly bin_weights: readonly number[] | null;
  readonly faithful: DecodingParams;
  readonly vivid: DecodingParams;
  readonly vividness: number;
}

/** A named way to read the network's output. */
export interface Reading {
  readonly name: string;
  readonly vividness: number;
}

/** The decoding parameters that change nothing. */
export const PLAIN: DecodingParams = {
  rebalancing: 0,
  temperature: 1,
  gain: 1,
  chroma_restoration: 0,
  agreement: 0,
  caution: 0,
  clean_tones: 0,
  cast_correction: 0,
};

/**
 * Check that this page can use a card, and return it.
 *
 * Throws an Error for a model of another kind, for example one that predicts a single colour.
 */
export function checkCard(card: Card): Card {
  const usable =
    card.format === 1 &&
    card.color_space === "lab" &&
    card.output_kind === "distribution" &&
    card.size_multiple > 0 &&
    card.known_scale !== 0 &&
    (card.stride === 2 || card.stride === 4);
  if (!usable) {
    throw new Error(
      "expected a model that predicts a distribution over Lab colours, takes hints and has a " +
        "stride of 2 or 4; this model's card says otherwise",
    );
  }
  return card;
}

/** Return the readings that a card names: its two ends, and its default between them. */
export function readingsOf(card: Card): Reading[] {
  return [
    { name: "faithful", vividness: 0 },
    { name: "default", vividness: card.vividness },
    { name: "vivid", vividness: 1 },
  ];
}

/**
 * Return the decoding parameters for a vividness from 0 to 1.
 *
 * Temperature is interpolated geometrically, since it is a ratio; the others linearly.
 */
export function decodingParams(card: Card, vividness: number): DecodingParams {
  const from = { ...PLAIN, ...card.faithful };
  const to = { ...PLAIN, ...card.vivid };
  const between = (a: number, b: number): number => a + (b - a) * vividness;
  return {
    rebalancing: between(from.rebalancing, to.rebalancing),
    temperature: from.temperature * (to.temperature / from.temperature) ** vividness,
    gain: between(from.gain, to.gain),
    chroma_restoration: between(from.chroma_restoration, to.chroma_restoration),
    agreement: between(from.agreement, to.agreement),
    caution: between(from.caution, to.caution),
    clean_tones: between(from.clean_tones, to.clean_tones),
    cast_correction: between(from.cast_correction, to.cast_correction),
  };
}
