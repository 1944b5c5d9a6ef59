/**
 * Read the luma plane of a JPEG file in colour.
 *
 * Luma that is computed from decoded RGB is off by rounding, and by more where a channel was
 * clipped. Some browsers also give the planes as the file stores them.
 */

import { type Luma } from "../pipeline/fields.js";
import { type Header } from "./header.js";
import { turnedLuma } from "./orientation.js";

// A profile changes colours and so their luma: then the stored plane does not fit the colours.
const MIN_AGREEMENT = 0.99; // share of the pixels in which both may differ by rounding only

/**
 * Return the luma plane of a file, upright; null where the browser does not give it.
 *
 * @param bytes the whole file.
 * @param header its head.
 * @param computed luma computed from the decoded colours, upright.
 */
export async function storedLuma(
  bytes: Uint8Array<ArrayBuffer>,
  header: Header,
  computed: Luma,
): Promise<Luma | null> {
  if (typeof ImageDecoder === "undefined" || header.format !== "JPEG" || header.isGrey) return null;
  const decoder = new ImageDecoder({ type: "image/jpeg", data: bytes });
  try {
    const { image } = await decoder.decode();
    const plane = await firstPlane(image);
    const luma = plane && turnedLuma(plane, header.orientation);
    return luma && agrees(luma, computed) ? luma : null;
  } catch {
    return null; // the file was decoded in another way already
  } finally {
    decoder.close();
  }
}

/** Return the luma plane of a frame that consists of planes, and close the frame. */
async function firstPlane(image: VideoFrame): Promise<Luma | null> {
  try {
    if (!image.format?.startsWith("I4") || !image.visibleRect) return null;
    const { width, height } = image.visibleRect;
    const planes = new Uint8Array(image.allocationSize());
    const [layout] = await image.copyTo(planes);
    if (!layout) return null;
    const data = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      const from = layout.offset + y * layout.stride;
      data.set(planes.subarray(from, from + width), y * width);
    }
    return { width, height, data };
  } finally {
    image.close();
  }
}

/** Return whether two lumas of a photograph differ by rounding only. */
function agrees(stored: Luma, computed: Luma): boolean {
  if (stored.width !== computed.width || stored.height !== computed.height) return false;
  let near = 0;
  stored.data.forEach((level, pixel) => {
    if (Math.abs(level - computed.data[pixel]!) <= 1) near++;
  });
  return near >= MIN_AGREEMENT * stored.data.length;
}
