/** Write PNG files, so that every sample is stored as it is. */

import { type Size } from "../pipeline/fields.js";

/** Gives the pixels of some rows, four bytes a pixel. */
export type RowSource = (top: number, rows: number) => Uint8ClampedArray;

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const RGB = 2;
const RGBA = 6;
const PAETH = 4; // the number of the filter
const BAND_PIXELS = 1 << 20; // pixels that are in memory at once

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/**
 * Encode pixels of 8 bits in sRGB, with an XMP packet.
 *
 * @param size size of the picture.
 * @param hasAlpha whether the file stores alpha, too.
 * @param xmp the packet.
 * @param source gives the pixels, from top to bottom.
 */
export async function encodePng(
  size: Size,
  hasAlpha: boolean,
  xmp: string,
  source: RowSource,
): Promise<Blob> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, size.width);
  view.setUint32(4, size.height);
  header.set([8, hasAlpha ? RGBA : RGB], 8);
  const pixels = await compressed(size, hasAlpha ? 4 : 3, source);
  const keyword = "XML:com.adobe.xmp";
  const text = new TextEncoder().encode(`${keyword}\0\0\0\0\0${xmp}`);
  return new Blob(
    [
      SIGNATURE,
      chunk("IHDR", header),
      chunk("sRGB", Uint8Array.of(0)),
      chunk("iTXt", text),
      chunk("IDAT", pixels),
      chunk("IEND", new Uint8Array(0)),
    ] as BlobPart[],
    { type: "image/png" },
  );
}

/** Filter and compress the pixels, band after band. */
async function compressed(size: Size, channels: number, source: RowSource): Promise<Uint8Array> {
  const stream = new CompressionStream("deflate");
  const writer = stream.writable.getWriter();
  const result = new Response(stream.readable).arrayBuffer();
  const rows = Math.max(1, Math.floor(BAND_PIXELS / size.width));
  let above: Uint8Array = new Uint8Array(size.width * channels);
  for (let top = 0; top < size.height; top += rows) {
    const count = Math.min(rows, size.height - top);
    const band = withChannels(source(top, count), channels);
    await writer.write(filtered(band, above, size.width, channels) as BufferSource);
    above = band.slice(-size.width * channels);
  }
  await writer.close();
  return new Uint8Array(await result);
}

/** Return pixels of four bytes with as many channels as the file stores. */
function withChannels(rgba: Uint8ClampedArray, channels: number): Uint8Array {
  const result = new Uint8Array((rgba.length / 4) * channels);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += channels) {
    for (let channel = 0; channel < channels; channel++)
      result[to + channel] = rgba[from + channel]!;
  }
  return result;
}

/** Filter rows by Paeth's predictor, each with the number of the filter before it. */
function filtered(band: Uint8Array, above: Uint8Array, width: number, step: number): Uint8Array {
  const length = width * step;
  const count = band.length / length;
  const result = new Uint8Array(band.length + count);
  for (let row = 0; row < count; row++) {
    const from = row * length;
    const to = row * (length + 1);
    result[to] = PAETH;
    for (let at = 0; at < length; at++) {
      const up = row ? band[from + at - length]! : above[at]!;
      const left = at < step ? 0 : band[from + at - step]!;
      const upLeft = at < step ? 0 : row ? band[from + at - length - step]! : above[at - step]!;
      result[to + 1 + at] = band[from + at]! - predicted(left, up, upLeft);
    }
  }
  return result;
}

/** Return whichever of three neighbours is nearest to left + up - upLeft. */
function predicted(left: number, up: number, upLeft: number): number {
  const toLeft = Math.abs(up - upLeft);
  const toUp = Math.abs(left - upLeft);
  const toUpLeft = Math.abs(left + up - 2 * upLeft);
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}

/** Return a chunk: its length, name, data and checksum. */
function chunk(name: string, data: Uint8Array): Uint8Array {
  const result = new Uint8Array(data.length + 12);
  const view = new DataView(result.buffer);
  view.setUint32(0, data.length);
  result.set(new TextEncoder().encode(name), 4);
  result.set(data, 8);
  view.setUint32(data.length + 8, checksum(result.subarray(4, data.length + 8)));
  return result;
}

/** Return the CRC-32 of bytes. */
function checksum(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
