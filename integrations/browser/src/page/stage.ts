/** The photograph before and after, with the border between them and the places of hints. */

import { type Preview } from "../messages.js";
import { clamp, type Size } from "../pipeline/fields.js";
import { type Hint } from "../pipeline/hints.js";
import { toHex } from "./colors.js";
import { makeButton, one } from "./elements.js";

/** What a click on the photograph does. */
export type Mode = "compare" | "correct";

/** A place in the photograph, as shares of its width and height, from 0 to 1. */
interface Place {
  readonly x: number;
  readonly y: number;
}

const STEP = 0.02; // how far an arrow key moves the cross or the border
const FINE_STEP = 0.004; // the same with Shift
const LABELS: Record<Mode, string> = {
  compare: "Before and after; move the border with the left and right arrow keys",
  correct: "Choose a place: click, or move the cross with the arrow keys and press Enter",
};
const ARROWS: Record<string, Place> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** The stage on which the photograph is shown. */
export class Stage {
  readonly #element = one(".stage");
  readonly #range = one<HTMLInputElement>("#border");
  readonly #cross = one(".cross");
  readonly #onChoose: (x: number, y: number) => void;
  readonly #onEdit: (index: number) => void;
  #mode: Mode = "compare";
  #size: Size = { width: 1, height: 1 };
  #place: Place = { x: 0.5, y: 0.5 };

  /**
   * Make the stage.
   *
   * @param onChoose called with a pixel of the photograph, when a person chooses a place.
   * @param onEdit called with the index of a hint, when a person presses its mark.
   */
  constructor(onChoose: (x: number, y: number) => void, onEdit: (index: number) => void) {
    this.#onChoose = onChoose;
    this.#onEdit = onEdit;
    this.#range.addEventListener("input", () => this.#setBorder(Number(this.#range.value)));
    this.#element.addEventListener("pointerdown", (event) => this.#onPointer(event));
    this.#element.addEventListener("pointermove", (event) => {
      if (event.buttons & 1 && this.#mode === "compare") this.#dragTo(event);
    });
    this.#element.addEventListener("keydown", (event) => this.#onKey(event));
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-mode]")) {
      if (button === this.#element) continue;
      button.addEventListener("click", () => this.setMode(button.dataset.mode as Mode));
    }
    this.setMode("compare");
  }

  /** Show a photograph in grey, before its colours are known. */
  open(size: Size, grey: Preview): void {
    this.#size = size;
    const ratio = String(size.width / size.height);
    this.#element.style.setProperty("--ratio", ratio);
    this.#range.style.setProperty("--ratio", ratio);
    this.#setBorder(50);
    paint(one<HTMLCanvasElement>(".before"), grey);
    paint(one<HTMLCanvasElement>(".after"), grey);
  }

  /** Show the photograph in colour. */
  showColors(colors: Preview): void {
    paint(one<HTMLCanvasElement>(".after"), colors);
  }

  /** Show the hints on the photograph. */
  showHints(hints: readonly Hint[]): void {
    const marks = hints.map((hint, index) => {
      const mark = makeButton("", () => this.#onEdit(index));
      const color = toHex(hint.rgb);
      mark.setAttribute("aria-label", `Your colour ${color}: change or remove it`);
      mark.style.background = color;
      mark.style.left = `${(100 * hint.x) / this.#size.width}%`;
      mark.style.top = `${(100 * hint.y) / this.#size.height}%`;
      return mark;
    });
    one(".marks").replaceChildren(...marks);
  }

  /** Choose what a click on the photograph does. */
  setMode(mode: Mode): void {
    this.#mode = mode;
    this.#element.dataset.mode = mode;
    this.#element.setAttribute("aria-label", LABELS[mode]);
    for (const button of document.querySelectorAll<HTMLButtonElement>(".modes [data-mode]")) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
    // To see the place that gets a colour, the whole photograph is shown in colour.
    this.#setBorder(mode === "correct" ? 0 : 50);
    this.#cross.hidden = true;
  }

  #setBorder(percent: number): void {
    this.#range.value = String(percent);
    this.#element.style.setProperty("--border", `${percent}%`);
  }

  #dragTo(event: PointerEvent): void {
    this.#setBorder(100 * this.#placeOf(event).x);
  }

  #placeOf(event: PointerEvent): Place {
    const box = this.#element.getBoundingClientRect();
    return {
      x: clamp((event.clientX - box.left) / box.width, 0, 1),
      y: clamp((event.clientY - box.top) / box.height, 0, 1),
    };
  }

  #onPointer(event: PointerEvent): void {
    if (event.button !== 0 || (event.target as Element).closest(".marks")) return;
    if (this.#mode === "compare") {
      this.#element.setPointerCapture(event.pointerId);
      this.#dragTo(event);
    } else this.#choose(this.#placeOf(event));
  }

  #onKey(event: KeyboardEvent): void {
    if (event.target !== this.#element) return;
    const arrow = ARROWS[event.key];
    const step = event.shiftKey ? FINE_STEP : STEP;
    if (arrow && this.#mode === "compare") {
      this.#setBorder(clamp(Number(this.#range.value) + 100 * step * arrow.x, 0, 100));
    } else if (arrow) this.#moveCross(arrow, step);
    else if (event.key === "Enter" && this.#mode === "correct") this.#choose(this.#place);
    else return;
    event.preventDefault();
  }

  #moveCross(arrow: Place, step: number): void {
    const { x, y } = this.#place;
    this.#place = { x: clamp(x + step * arrow.x, 0, 1), y: clamp(y + step * arrow.y, 0, 1) };
    this.#cross.hidden = false;
    this.#cross.style.left = `${100 * this.#place.x}%`;
    this.#cross.style.top = `${100 * this.#place.y}%`;
  }

  #choose(place: Place): void {
    this.#place = place;
    const { width, height } = this.#size;
    const pixel = (share: number, side: number): number =>
      Math.min(side - 1, Math.floor(share * side));
    this.#onChoose(pixel(place.x, width), pixel(place.y, height));
  }
}

function paint(canvas: HTMLCanvasElement, { width, height, rgba }: Preview): void {
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.putImageData(new ImageData(rgba, width, height), 0, 0);
}
