/** Write JPEG files with the browser's encoder. */

import { type Size } from "../pipeline/fields.js";

const XMP_NAME = "http://ns.adobe.com/xap/1.0/\0";
const APP1 = 0xe1;
const SOI_BYTES = 2;
/** The quality of the files, from 0 to 1: that of the Python package. */
const QUALITY = 0.92;

/** Encode pixels as JPEG, with an XMP packet. */
export async function encodeJpeg(
  { width, height }: Size,
  rgba: Uint8ClampedArray,
  xmp: string,
): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser has no memory for a picture of this size.");
  context.putImageData(new ImageData(rgba as Uint8ClampedArray<ArrayBuffer>, width, height), 0, 0);
  const encoded = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  return withXmp(new Uint8Array(await encoded.arrayBuffer()), xmp);
}

/** Insert an XMP packet after the first segment of a JPEG file. */
function withXmp(file: Uint8Array, xmp: string): Blob {
  const packet = new TextEncoder().encode(XMP_NAME + xmp);
  const head = new DataView(new ArrayBuffer(4));
  head.setUint16(0, 0xff00 | APP1);
  head.setUint16(2, packet.length + 2);
  const first = new DataView(file.buffer, file.byteOffset);
  const after = SOI_BYTES + 2 + first.getUint16(SOI_BYTES + 2);
  const parts = [file.subarray(0, after), head.buffer, packet, file.subarray(after)];
  return new Blob(parts as BlobPart[], { type: "image/jpeg" });
}
