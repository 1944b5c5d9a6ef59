/** Colours as the page's elements write them. */

import { type Triple } from "../pipeline/spaces.js";

/** Write sRGB from 0 to 255 as #rrggbb. */
export function toHex(rgb: Triple): string {
  return `#${rgb.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("")}`;
}

/** Read #rrggbb. */
export function fromHex(text: string): Triple {
  const value = Number.parseInt(text.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
