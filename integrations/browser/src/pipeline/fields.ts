/** Small pictures of numbers, and the luma of a photograph. */

/**
 * A picture of floating-point numbers, channels last.
 *
 * The value of channel c at column x and row y is `data[(y * width + x) * channels + c]`.
 */
export interface Field {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** The BT.601 luma of a photograph, one byte a pixel, row after row. */
export interface Luma {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The number of each pixel's segment, from 0 without gaps, row after row. */
export interface Segments {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  readonly data: Int32Array;
}

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Make a field of zeros, or one around numbers that exist already. */
export function makeField(size: Size, channels = 1, data?: Float32Array): Field {
  const length = size.width * size.height * channels;
  return {
    width: size.width,
    height: size.height,
    channels,
    data: data ?? new Float32Array(length),
  };
}

/** Limit a number to a range. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** Return 0 up to `begin`, 1 from `end` on, and a straight line between them. */
export function ramp(value: number, begin: number, end: number): number {
  return clamp((value - begin) / (end - begin), 0, 1);
}

/** Round to the nearest whole number, and halves to the even one, as NumPy does. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
