/** What the page and its worker say to each other. */

import { type Reading } from "./pipeline/card.js";
import { type Size } from "./pipeline/fields.js";
import { type Hint } from "./pipeline/hints.js";
import { type ColorCandidate } from "./pipeline/prediction.js";
import { type Tint } from "./pipeline/tint.js";

/** How a photograph is to be coloured. */
export interface Choices {
  readonly vividness: number;
  readonly hints: readonly Hint[];
}

/** The formats in which a result can be saved. */
export type SaveFormat = "PNG" | "JPEG";

/** A picture for the screen: four bytes a pixel. */
export interface Preview extends Size {
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** What the page learns about a model. */
export interface ModelFacts {
  readonly readings: Reading[];
  readonly vividness: number;
  /** The number of threads that the network runs on. */
  readonly threads: number;
}

/** What the page learns about a photograph. */
export interface OpenedPhotograph extends Size {
  readonly tint: Tint;
  readonly isTransparent: boolean;
  readonly depth: number;
  /** The photograph in grey. */
  readonly grey: Preview;
}

/** The work that the page can ask for, with its arguments and its result. */
export interface Work {
  load: { argument: null; result: ModelFacts };
  open: { argument: File; result: OpenedPhotograph };
  color: { argument: Choices; result: Preview };
  candidates: { argument: { x: number; y: number }; result: ColorCandidate[] };
  save: { argument: { choices: Choices; format: SaveFormat }; result: Blob };
}

/** A request of the page. */
export type Request = {
  [Kind in keyof Work]: { id: number; kind: Kind; argument: Work[Kind]["argument"] };
}[keyof Work];

/** The worker's answer: a result, or a message about what went wrong. */
export type Response = { id: number; result: unknown } | { id: number; error: string };
