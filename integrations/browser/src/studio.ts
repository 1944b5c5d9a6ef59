/** What the worker does: it holds the network and one photograph, and colours it. */

import type * as Ort from "onnxruntime-web/wasm";

import { encodeJpeg } from "./files/jpeg.js";
import { decodePhotograph, type Photograph } from "./files/photograph.js";
import { encodePng } from "./files/png.js";
import { provenancePacket } from "./files/xmp.js";
import {
  type Choices,
  type ModelFacts,
  type OpenedPhotograph,
  type Preview,
  type SaveFormat,
} from "./messages.js";
import { checkCard, readingsOf, type Card } from "./pipeline/card.js";
import { type Luma } from "./pipeline/fields.js";
import { compose, type Linear } from "./pipeline/linear_chroma.js";
import { Network } from "./pipeline/network.js";
import { Prediction, type ColorCandidate } from "./pipeline/prediction.js";
import { downscale } from "./pipeline/resize.js";

const PREVIEW_SIDE = 1600; // pixels of the longer side of a picture for the screen
const MAX_THREADS = 8; // more do not help a network of this size
const CANDIDATES = 6; // colours that are offered for a place
const ROOT = new URL("..", import.meta.url);

/** A photograph that is open, with what is known about it so far. */
interface Opened {
  readonly photograph: Photograph;
  readonly preview: Luma;
  prediction: Promise<Prediction> | null;
  colored: { key: string; chroma: Linear } | null;
}

/** The network and one open photograph. */
export class Studio {
  #network: Promise<Network> | null = null;
  #opened: Opened | null = null;

  /** Load the network, and say which readings its card names. */
  async load(): Promise<ModelFacts> {
    const { card } = await this.#ready();
    return { readings: readingsOf(card), vividness: card.vividness, threads: threadCount() };
  }

  /** Open a photograph in place of the last one, without running the network. */
  async open(file: File): Promise<OpenedPhotograph> {
    this.#opened = null; // frees its memory first
    const photograph = await decodePhotograph(file);
    const preview = previewOf(photograph.luma);
    this.#opened = { photograph, preview, prediction: null, colored: null };
    const { width, height } = photograph.luma;
    const { tint, alpha, depth } = photograph;
    const isTransparent = alpha !== null;
    return { width, height, tint, isTransparent, depth, grey: greyPreview(preview) };
  }

  /** Colour the open photograph for the screen. */
  async color(choices: Choices): Promise<Preview> {
    const opened = this.#require();
    const chroma = await this.#chroma(opened, choices);
    const { width, height } = opened.preview;
    return { width, height, rgba: compose(chroma, opened.preview) as Preview["rgba"] };
  }

  /** Return the most likely colours at a pixel of the open photograph. */
  async candidates({ x, y }: { x: number; y: number }): Promise<ColorCandidate[]> {
    return (await this.#predict(this.#require())).candidates(x, y, CANDIDATES);
  }

  /** Colour the open photograph at full resolution, and encode it as a file. */
  async save(argument: { choices: Choices; format: SaveFormat }): Promise<Blob> {
    const opened = this.#require();
    const { luma, alpha } = opened.photograph;
    const chroma = await this.#chroma(opened, argument.choices);
    const xmp = provenancePacket(await version());
    if (argument.format === "JPEG") return encodeJpeg(luma, compose(chroma, luma), xmp);
    return encodePng(luma, alpha !== null, xmp, (top, rows) => {
      const rgba = compose(chroma, luma, top, rows);
      const begin = top * luma.width;
      alpha?.subarray(begin, begin + rgba.length / 4).forEach((value, pixel) => {
        rgba[4 * pixel + 3] = value;
      });
      return rgba;
    });
  }

  #require(): Opened {
    if (!this.#opened) throw new Error("Expected an open photograph; there is none.");
    return this.#opened;
  }

  #predict(opened: Opened): Promise<Prediction> {
    opened.prediction ??= this.#ready()
      .then((network) => Prediction.of(network, opened.photograph.luma))
      .catch((error: unknown) => {
        opened.prediction = null;
        throw error;
      });
    return opened.prediction;
  }

  /** Return the network; if it could not be loaded, the next call tries again. */
  async #ready(): Promise<Network> {
    this.#network ??= loadNetwork();
    try {
      return await this.#network;
    } catch (error) {
      this.#network = null;
      throw error;
    }
  }

  /** Return the colours for choices; those of the last choices are kept. */
  async #chroma(opened: Opened, choices: Choices): Promise<Linear> {
    const key = JSON.stringify(choices);
    if (opened.colored?.key !== key) {
      const prediction = await this.#predict(opened);
      opened.colored = { key, chroma: await prediction.color(choices.vividness, choices.hints) };
    }
    return opened.colored.chroma;
  }
}

/** Several threads need memory that is shared, which browsers allow isolated pages only. */
function threadCount(): number {
  return crossOriginIsolated ? Math.min(MAX_THREADS, navigator.hardwareConcurrency || 1) : 1;
}

async function loadNetwork(): Promise<Network> {
  const [ort, card, network] = await Promise.all([
    import(new URL("ort/ort.js", ROOT).href) as Promise<typeof Ort>,
    fetched("model/card.json").then((response) => response.json() as Promise<Card>),
    fetched("model/network.onnx").then((response) => response.arrayBuffer()),
  ]);
  ort.env.wasm.numThreads = threadCount();
  ort.env.wasm.wasmPaths = {
    mjs: new URL("ort/ort-wasm.js", ROOT).href,
    wasm: new URL("ort/ort-wasm.wasm", ROOT).href,
  };
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(new Uint8Array(network), {
    executionProviders: ["wasm"],
    // Optimizing takes a second at each start, and saves a tenth of one for each photograph.
    graphOptimizationLevel: "disabled",
    // Threads that wait for work sleep: spinning, they would slow the page down.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
  return new Network(checkCard(card), session, ort.Tensor);
}

async function fetched(path: string): Promise<globalThis.Response> {
  const response = await fetch(new URL(path, ROOT));
  if (!response.ok)
    throw new Error(`Expected ${path} beside this page; received ${response.status}.`);
  return response;
}

async function version(): Promise<string> {
  const about = (await (await fetched("about.json")).json()) as { version: string };
  return about.version;
}

/** Return luma at a size for the screen. */
function previewOf(luma: Luma): Luma {
  const scale = Math.min(1, PREVIEW_SIDE / Math.max(luma.width, luma.height));
  const side = (length: number): number => Math.max(1, Math.round(length * scale));
  return downscale(luma, { width: side(luma.width), height: side(luma.height) });
}

function greyPreview({ width, height, data }: Luma): Preview {
  const rgba = new Uint8ClampedArray(4 * data.length).fill(255);
  data.forEach((level, pixel) => rgba.fill(level, 4 * pixel, 4 * pixel + 3));
  return { width, height, rgba };
}
