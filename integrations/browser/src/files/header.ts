/** Read the head of an image file: its kind, and what must be known before it is decoded. */

/** What the head of a file says. */
export interface Header {
  readonly format: "JPEG" | "PNG" | "WebP";
  readonly width: number;
  readonly height: number;
  /** Whether the file stores grey samples alone, so that they are luma as they are. */
  readonly isGrey: boolean;
  /** Bits of a sample. */
  readonly depth: number;
  /** Whether a PNG file states a gamma, but no profile, so that its samples are converted. */
  readonly hasGamma: boolean;
  /** The EXIF orientation of a JPEG or WebP file, 1 to 8; 1 for PNG, which browsers turn. */
  readonly orientation: number;
}

/** The first bytes of formats that this page does not read. */
const OTHERS: readonly (readonly [string, string])[] = [
  ["GIF8", "a GIF"],
  ["BM", "a BMP"],
  ["II*\0", "a TIFF or raw"],
  ["MM\0*", "a TIFF or raw"],
  ["%PDF", "a PDF"],
  ["\0\0\0\x0cjP", "a JPEG 2000"],
  ["\xff\x0a", "a JPEG XL"],
  ["\0\0\0\x0cJXL", "a JPEG XL"],
];
const APP1 = 0xe1; // the marker of the segment with EXIF in a JPEG file
const EXIF = 0x45786966; // "Exif"
const PNG = "\x89PNG\r\n\x1a\n";

/**
 * Read the head of a file.
 *
 * Throws an Error that says what was expected, if the file is of another kind, damaged or animated.
 *
 * @param bytes the whole file.
 * @param name the file's name in messages.
 */
export function readHeader(bytes: Uint8Array, name: string): Header {
  if (!bytes.length) throw new Error(`${name} is empty.`);
  const start = text(bytes, 0, 16);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (start.startsWith("\xff\xd8\xff")) return jpegHeader(view);
    if (start.startsWith(PNG)) return pngHeader(view, name);
    if (start.startsWith("RIFF") && start.slice(8, 12) === "WEBP") return webpHeader(view, name);
  } catch (error) {
    if (error instanceof RangeError) throw new Error(`${name} is damaged or truncated.`);
    throw error;
  }
  const other = OTHERS.find(([signature]) => start.startsWith(signature))?.[1] ?? boxFormat(start);
  const received = other
    ? `${name} is ${other} file, which the Photochrom program reads`
    : `${name} is none of these`;
  throw new Error(`Expected a JPEG, PNG or WebP file; ${received}.`);
}

/** Name the format of files that consist of boxes, as HEIC and AVIF do; null for others. */
function boxFormat(start: string): string | null {
  if (start.slice(4, 8) !== "ftyp") return null;
  return start.slice(8, 11) === "avi" ? "an AVIF" : "a HEIC or film";
}

/** Return bytes as text, one character a byte. */
function text(bytes: Uint8Array, begin: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(begin, end));
}

function jpegHeader(view: DataView): Header {
  let at = 2;
  let orientation = 1;
  for (;;) {
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff || marker === 0xff) {
      at++; // a fill byte, or junk, which decoders skip
      continue;
    }
    const isExif = marker === APP1 && view.getUint32(at + 4) === EXIF;
    if (isExif) orientation = exifOrientation(view, at + 4);
    // Frame headers are C0 to CF, except DHT, JPG and DAC.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) break;
    at += 2 + view.getUint16(at + 2);
  }
  return {
    format: "JPEG",
    width: view.getUint16(at + 7),
    height: view.getUint16(at + 5),
    isGrey: view.getUint8(at + 9) === 1,
    depth: view.getUint8(at + 4),
    hasGamma: false,
    orientation,
  };
}

function pngHeader(view: DataView, name: string): Header {
  const chunks = chunksBeforePixels(view);
  refuseAnimation(chunks.has("acTL"), name);
  const colorType = view.getUint8(25);
  return {
    format: "PNG",
    width: view.getUint32(16),
    height: view.getUint32(20),
    isGrey: colorType === 0 || colorType === 4,
    depth: view.getUint8(24),
    hasGamma: chunks.has("gAMA") && !chunks.has("sRGB") && !chunks.has("iCCP"),
    orientation: 1,
  };
}

/** Return the names of the chunks of a PNG file before its pixels. */
function chunksBeforePixels(view: DataView): Set<string> {
  const names = new Set<string>();
  for (let at = 8; at + 12 <= view.byteLength; at += 12 + view.getUint32(at)) {
    const name = String.fromCharCode(...[4, 5, 6, 7].map((byte) => view.getUint8(at + byte)));
    if (name === "IDAT") break;
    names.add(name);
  }
  return names;
}

function webpHeader(view: DataView, name: string): Header {
  const kind = view.getUint32(12);
  const head = {
    format: "WebP",
    isGrey: false,
    depth: 8,
    hasGamma: false,
    orientation: 1,
  } as const;
  if (kind === 0x56503858) {
    refuseAnimation((view.getUint8(20) & 2) !== 0, name); // VP8X
    const side = (at: number): number =>
      1 + view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
    return { ...head, width: side(24), height: side(27), orientation: webpOrientation(view) };
  }
  if (kind === 0x5650384c) {
    const bits = view.getUint32(21, true); // VP8L
    return { ...head, width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
  }
  const side = (at: number): number => view.getUint16(at, true) & 0x3fff; // VP8
  return { ...head, width: side(26), height: side(28) };
}

/** Return the orientation in the EXIF chunk of a WebP file; 1 if there is none. */
function webpOrientation(view: DataView): number {
  let at = 12;
  while (at + 8 <= view.byteLength) {
    const length = view.getUint32(at + 4, true);
    if (view.getUint32(at) === 0x45584946) return exifOrientation(view, at + 8); // EXIF
    at += 8 + length + (length & 1);
  }
  return 1;
}

/** Return the orientation that EXIF metadata names; 1 if it names none, or is damaged. */
function exifOrientation(view: DataView, start: number): number {
  try {
    const head = start + (view.getUint32(start) === EXIF ? 6 : 0); // WebP needs no such name
    const little = view.getUint16(head) === 0x4949;
    const directory = head + view.getUint32(head + 4, little);
    const count = view.getUint16(directory, little);
    for (let entry = directory + 2; entry < directory + 2 + 12 * count; entry += 12) {
      if (view.getUint16(entry, little) !== 0x0112) continue;
      const value = view.getUint16(entry + 8, little);
      return value >= 1 && value <= 8 ? value : 1;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}

function refuseAnimation(isAnimated: boolean, name: string): void {
  if (isAnimated) throw new Error(`Expected one picture; ${name} is an animation.`);
}
