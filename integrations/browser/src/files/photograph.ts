/** Decode a photograph with the browser's own decoders. */

import { type Luma } from "../pipeline/fields.js";
import { lumaOf } from "../pipeline/spaces.js";
import { tintOf, type Tint } from "../pipeline/tint.js";
import { readHeader, type Header } from "./header.js";
import { turnOf } from "./orientation.js";
import { storedLuma } from "./stored_luma.js";

/** The largest number of pixels: what one canvas holds in the usual browsers on a computer. */
export const MAX_PIXELS = 100_000_000;

/** A photograph, upright and in sRGB. */
export interface Photograph {
  readonly luma: Luma;
  /** One byte a pixel; null for a photograph without transparency. */
  readonly alpha: Uint8Array | null;
  readonly tint: Tint;
  /** Bits of a sample in the file. */
  readonly depth: number;
}

/**
 * Decode a photograph, turn it upright and find its luma.
 *
 * Throws an Error whose message is for people, if the file is damaged, too large, of another kind,
 * or if the browser changes pixels.
 */
export async function decodePhotograph(file: File): Promise<Photograph> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const header = readHeader(bytes, file.name);
  checkSize(header, file.name);
  checkCanvas();
  const pixels = await pixelsOf(file, header);
  const computed = lumaOfPixels(pixels, header.isGrey);
  return {
    luma: (await storedLuma(bytes, header, computed)) ?? computed,
    alpha: alphaOf(pixels),
    tint: header.isGrey ? "grey" : tintOf(pixels),
    depth: header.depth,
  };
}

function checkSize({ width, height }: Header, name: string): void {
  if (!width || !height)
    throw new Error(`Expected at least one pixel; ${name} is ${width} × ${height}.`);
  if (width * height <= MAX_PIXELS) return;
  const millions = Math.round((width * height) / 1e6);
  throw new Error(
    `Expected ${MAX_PIXELS / 1e6} megapixels at most in a browser; ${name} has ${millions}.`,
  );
}

/** Refuse a browser that adds noise to pixels, as some do against tracking. */
function checkCanvas(): void {
  const side = 16;
  const context = contextOf(side, side);
  const sent = new ImageData(side, side);
  for (let at = 0; at < sent.data.length; at++) sent.data[at] = at % 4 === 3 ? 255 : at % 251;
  context.putImageData(sent, 0, 0);
  const received = context.getImageData(0, 0, side, side).data;
  if (sent.data.every((value, at) => value === received[at])) return;
  throw new Error(
    "This browser changes the pixels of pictures, as a protection against tracking. Allow this " +
      "page to read canvas data, or use another browser.",
  );
}

function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser has no memory for a picture of this size.");
  return context;
}

/** Return upright pixels: grey samples as they are stored, colours converted to sRGB. */
async function pixelsOf(file: File, header: Header): Promise<ImageData> {
  const isTurnedHere = header.format === "WebP"; // browsers turn JPEG and PNG themselves
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, {
      imageOrientation: isTurnedHere ? "none" : "from-image",
      premultiplyAlpha: "none",
      colorSpaceConversion: header.isGrey && !header.hasGamma ? "none" : "default",
    });
  } catch {
    throw new Error(`${file.name} is damaged, or this browser cannot decode it.`);
  }
  try {
    return upright(bitmap, isTurnedHere ? header.orientation : 1);
  } finally {
    bitmap.close();
  }
}

/** Return the pixels of a picture, turned as an EXIF orientation says. */
function upright(bitmap: ImageBitmap, orientation: number): ImageData {
  const { width, height, axes, across, down } = turnOf(bitmap, orientation);
  const context = contextOf(width, height);
  context.imageSmoothingEnabled = false;
  context.setTransform(...axes, across * width, down * height);
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, width, height);
}

function lumaOfPixels({ width, height, data }: ImageData, isGrey: boolean): Luma {
  const luma = new Uint8Array(width * height);
  for (let pixel = 0, at = 0; pixel < luma.length; pixel++, at += 4) {
    luma[pixel] = isGrey ? data[at]! : lumaOf(data[at]!, data[at + 1]!, data[at + 2]!);
  }
  return { width, height, data: luma };
}

function alphaOf({ data }: ImageData): Uint8Array | null {
  const alpha = new Uint8Array(data.length / 4);
  for (let pixel = 0; pixel < alpha.length; pixel++) alpha[pixel] = data[4 * pixel + 3]!;
  return alpha.every((value) => value === 255) ? null : alpha;
}
