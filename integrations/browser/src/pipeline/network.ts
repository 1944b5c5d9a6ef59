/** Run the network on photographs, with ONNX Runtime. */

import type { InferenceSession, Tensor } from "onnxruntime-web/wasm";

import { type Card } from "./card.js";
import { clamp, makeField, roundHalfEven, type Field, type Luma, type Size } from "./fields.js";
import { downscale } from "./resize.js";
import { GREY_LIGHTNESS } from "./spaces.js";

const MAX_ASPECT = 64; // longer strips are squeezed to this aspect ratio
const CHANNELS = 4; // lightness, known a and b, and where they are known

/** What makes the tensors of an engine: the class `Tensor` of ONNX Runtime. */
export type TensorClass = new (
  type: "float32",
  data: Float32Array,
  dims: readonly number[],
) => Tensor;

/** What a network returns for one photograph. */
export interface Output {
  /** Logits, one channel a bin. */
  readonly logits: Field;
  /** Unit vectors that are similar where things look similar. */
  readonly features: Field;
}

/** A network with its card. */
export class Network {
  readonly card: Card;
  readonly #session: InferenceSession;
  readonly #tensor: TensorClass;

  constructor(card: Card, session: InferenceSession, tensor: TensorClass) {
    this.card = card;
    this.#session = session;
    this.#tensor = tensor;
  }

  /** Convert a photograph's luma to the network's input: the L of Lab, at the size that fits. */
  lightness(luma: Luma): Field {
    const small = downscale(luma, fittingSize(luma, this.card));
    return makeField(
      small,
      1,
      Float32Array.from(small.data, (level) => GREY_LIGHTNESS[level]!),
    );
  }

  /**
   * Run the network on one photograph.
   *
   * Throws an Error if the network cannot run, or has no output for features.
   *
   * @param lightness as `lightness` returns it.
   * @param known a and b of Lab, and 1 where they are known, three channels; null for none.
   */
  async run(lightness: Field, known: Field | null): Promise<Output> {
    const { input_scale: scale, known_scale: knownScale } = this.card;
    const input = new Float32Array(CHANNELS * lightness.data.length);
    lightness.data.forEach((level, pixel) => {
      input[CHANNELS * pixel] = level * scale;
      if (!known) return;
      input[CHANNELS * pixel + 1] = known.data[3 * pixel]! * knownScale;
      input[CHANNELS * pixel + 2] = known.data[3 * pixel + 1]! * knownScale;
      input[CHANNELS * pixel + 3] = known.data[3 * pixel + 2]!;
    });
    const shape = [1, lightness.height, lightness.width, CHANNELS];
    const tensor = new this.#tensor("float32", input, shape);
    const names = this.#session.outputNames;
    const results = await this.#session.run({ [this.#session.inputNames[0]!]: tensor });
    const [logits, features] = names.map((name) => fieldOf(results[name]!));
    if (!logits || !features) throw new Error("expected a network with two outputs; received one");
    return { logits, features };
  }
}

/** Return the size at which a photograph enters the network: its aspect ratio, and a fixed area. */
export function fittingSize(photo: Size, card: Card): Size {
  const { working_size: side, size_multiple: multiple } = card;
  const aspect = clamp(photo.height / photo.width, 1 / MAX_ASPECT, MAX_ASPECT) ** 0.5;
  const fit = (length: number): number => Math.max(1, roundHalfEven(length / multiple)) * multiple;
  return { width: fit(side / aspect), height: fit(side * aspect) };
}

function fieldOf(tensor: Tensor): Field {
  const [, height, width, channels] = tensor.dims as [number, number, number, number];
  return { width, height, channels, data: Float32Array.from(tensor.data as Float32Array) };
}
