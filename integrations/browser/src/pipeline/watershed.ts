/**
 * Split a picture into basins around markers.
 *
 * F. Meyer: Color Image Segmentation, 1992; the order of the pixels is that of OpenCV, so that both
 * give the same basins.
 */

/** The label of pixels on the lines between basins. */
export const LINE = -1;
const QUEUED = -2;
const LEVELS = 256;

/** First-in, first-out queues of pixels, one for every difference of grey. */
class LevelQueues {
  readonly #queues: number[][] = Array.from({ length: LEVELS }, () => []);
  readonly #heads = new Int32Array(LEVELS);
  #lowest = LEVELS;

  push(level: number, pixel: number): void {
    this.#queues[level]!.push(pixel);
    this.#lowest = Math.min(this.#lowest, level);
  }

  /** Take the oldest pixel of the lowest level; -1 if there is none. */
  pop(): number {
    while (this.#lowest < LEVELS) {
      const head = this.#heads[this.#lowest]!;
      const queue = this.#queues[this.#lowest]!;
      if (head < queue.length) {
        this.#heads[this.#lowest] = head + 1;
        return queue[head]!;
      }
      this.#lowest++;
    }
    return -1;
  }
}

/**
 * Grow markers until they meet, in place.
 *
 * @param grey one byte a pixel; the outermost pixels do not belong to any basin.
 * @param labels the number of each pixel's marker, from 1; 0 where there is none. Afterwards the
 *   number of its basin, or LINE.
 * @param width the length of a row.
 */
export function watershed(grey: Uint8Array, labels: Int32Array, width: number): void {
  drawBorder(labels, width);
  const neighbours = [-1, 1, -width, width];
  const queues = new LevelQueues();
  for (let pixel = width; pixel < labels.length - width; pixel++) {
    if (labels[pixel] !== 0) continue;
    const level = lowestStep(grey, labels, pixel, neighbours);
    if (level === LEVELS) continue;
    queues.push(level, pixel);
    labels[pixel] = QUEUED;
  }
  for (let pixel = queues.pop(); pixel >= 0; pixel = queues.pop()) {
    const label = labelAround(labels, pixel, neighbours);
    labels[pixel] = label;
    if (label === LINE) continue;
    for (const step of neighbours) {
      const next = pixel + step;
      if (labels[next] !== 0) continue;
      queues.push(Math.abs(grey[pixel]! - grey[next]!), next);
      labels[next] = QUEUED;
    }
  }
}

/** Mark the outermost pixels as lines. */
function drawBorder(labels: Int32Array, width: number): void {
  labels.fill(LINE, 0, width);
  labels.fill(LINE, labels.length - width);
  for (let row = width; row < labels.length; row += width) {
    labels[row] = labels[row - 1] = LINE;
  }
}

/** Return the least difference of grey to a neighbour in a marker; LEVELS if there is none. */
function lowestStep(grey: Uint8Array, labels: Int32Array, pixel: number, steps: number[]): number {
  let lowest = LEVELS;
  for (const step of steps) {
    if (labels[pixel + step]! <= 0) continue;
    lowest = Math.min(lowest, Math.abs(grey[pixel]! - grey[pixel + step]!));
  }
  return lowest;
}

/** Return the basin of a pixel's neighbours, or LINE where two basins meet. */
function labelAround(labels: Int32Array, pixel: number, steps: number[]): number {
  let label = 0;
  for (const step of steps) {
    const other = labels[pixel + step]!;
    if (other <= 0 || other === label) continue;
    if (label !== 0) return LINE;
    label = other;
  }
  return label;
}
