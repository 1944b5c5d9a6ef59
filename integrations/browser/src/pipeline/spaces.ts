/** Convert between sRGB, CIE Lab (D65) and BT.601 chroma, as `photochrom.color` does. */

/** Red, green and blue; in [0, 1] unless a comment says otherwise. */
export type Triple = readonly [number, number, number];

/** The weights of red, green and blue in BT.601 luma. */
export const LUMA_WEIGHTS: Triple = [0.299, 0.587, 0.114];
/** The factor from Cr to the difference of red from luma. */
export const RED_CR = 1.402;
/** The factor from Cb to the difference of blue from luma. */
export const BLUE_CB = 1.772;
/** The factor from Cb to its part of the difference of green from luma. */
export const GREEN_CB = (-0.114 * BLUE_CB) / 0.587;
/** The factor from Cr to its part of the difference of green from luma. */
export const GREEN_CR = (-0.299 * RED_CR) / 0.587;

// CIE XYZ of linear sRGB (IEC 61966-2-1), and the D65 white that OpenCV divides by.
const XYZ_OF_LINEAR: readonly Triple[] = [
  [0.412453, 0.35758, 0.180423],
  [0.212671, 0.71516, 0.072169],
  [0.019334, 0.119193, 0.950227],
];
const LINEAR_OF_XYZ: readonly Triple[] = [
  [3.240479, -1.53715, -0.498535],
  [-0.969256, 1.875991, 0.041556],
  [0.055648, -0.204043, 1.057311],
];
const WHITE: Triple = [0.950456, 1, 1.088754];
const DARK = 0.008856; // below this share of white, Lab is a straight line
const MAX_CHROMA = 1e6; // larger values would overflow; the gamut is far smaller anyway

const dot = (row: Triple, values: Triple): number =>
  row[0] * values[0] + row[1] * values[1] + row[2] * values[2];

const linear = (value: number): number =>
  value <= 0.04045 ? value / 12.92 : ((Math.max(value, 0) + 0.055) / 1.055) ** 2.4;

/** Apply the sRGB curve; below zero it continues as a straight line, so nothing is clipped. */
const encoded = (value: number): number =>
  value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;

const root = (share: number): number =>
  share > DARK ? Math.cbrt(share) : 7.787 * share + 16 / 116;

/** Convert sRGB in [0, 1] to CIE Lab. */
export function rgbToLab(rgb: Triple): Triple {
  const light: Triple = [linear(rgb[0]), linear(rgb[1]), linear(rgb[2])];
  const [x, y, z] = XYZ_OF_LINEAR.map((row, index) => dot(row, light) / WHITE[index]!) as [
    number,
    number,
    number,
  ];
  const lightness = y > DARK ? 116 * Math.cbrt(y) - 16 : 903.3 * y;
  return [lightness, 500 * (root(x) - root(y)), 200 * (root(y) - root(z))];
}

/** Convert CIE Lab to sRGB; colours out of gamut lie outside [0, 1]. */
export function labToRgb(lab: Triple): Triple {
  const y = (lab[0] + 16) / 116;
  const xyz = [y + lab[1] / 500, y, y - lab[2] / 200].map((share, index) => {
    const light = share > 6 / 29 ? share ** 3 : (share - 4 / 29) * (108 / 841);
    return light * WHITE[index]!;
  }) as [number, number, number];
  return [
    encoded(dot(LINEAR_OF_XYZ[0]!, xyz)),
    encoded(dot(LINEAR_OF_XYZ[1]!, xyz)),
    encoded(dot(LINEAR_OF_XYZ[2]!, xyz)),
  ];
}

/** Return the Cb and Cr of a Lab colour, without a limit to the gamut. */
export function labToChroma(lightness: number, a: number, b: number): readonly [number, number] {
  const finite = (value: number): number =>
    Number.isNaN(value) ? 0 : Math.min(MAX_CHROMA, Math.max(-MAX_CHROMA, value));
  const rgb = labToRgb([lightness, finite(a), finite(b)]);
  const y = dot(LUMA_WEIGHTS, rgb);
  return [(rgb[2] - y) / BLUE_CB, (rgb[0] - y) / RED_CR];
}

/** Return the RGB of luma in [0, 1] with Cb and Cr in [-0.5, 0.5], without a limit to the gamut. */
export function chromaToRgb(y: number, cb: number, cr: number): Triple {
  return [y + RED_CR * cr, y + GREEN_CB * cb + GREEN_CR * cr, y + BLUE_CB * cb];
}

/** The L of Lab for every grey level from 0 to 255. */
export const GREY_LIGHTNESS: Float32Array = Float32Array.from({ length: 256 }, (_, level) => {
  const grey = Math.fround(level / 255);
  return rgbToLab([grey, grey, grey])[0];
});

/**
 * Return by how much chroma must be divided so that it fits the gamut, 1 or more.
 *
 * Luma + d must lie in [0, 1] for the differences d of red, green and blue from luma. So chroma is
 * divided by the largest of d / (1 - luma) and d / -luma, if that is above 1.
 */
export function gamutDivisor(y: number, cb: number, cr: number): number {
  const red = cr * RED_CR;
  const blue = cb * BLUE_CB;
  const green = cb * GREEN_CB + cr * GREEN_CR;
  const highest = Math.max(red, green, blue) / (1 + 1e-6 - y);
  const lowest = Math.min(red, green, blue) / (-1e-6 - y);
  return Math.max(highest, lowest, 1);
}

/** Return the BT.601 luma of an RGB colour in whole levels, rounded as OpenCV rounds it. */
export function lumaOf(red: number, green: number, blue: number): number {
  return (red * 9798 + green * 19235 + blue * 3735 + 16384) >> 15;
}
