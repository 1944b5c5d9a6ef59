/** The reading, the vividness, and saving. */

import { type SaveFormat } from "../messages.js";
import { type Reading } from "../pipeline/card.js";
import { one } from "./elements.js";

/** The controls that say how to read the network's output. */
export class VividnessControl {
  readonly #range = one<HTMLInputElement>("#vividness");
  readonly #group = one("#readings");
  readonly #onChange: () => void;
  #readings: readonly Reading[] = [];

  /** Make the controls; `onChange` is called when a person changes one. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#range.addEventListener("input", () => this.#change(Number(this.#range.value)));
  }

  /** The vividness that is chosen, from 0 to 1. */
  get value(): number {
    return Number(this.#range.value);
  }

  /** Offer the readings of a model's card, and choose its default. */
  offer(readings: readonly Reading[], vividness: number): void {
    this.#readings = readings;
    const choices = readings.map((reading) => this.#makeChoice(reading));
    this.#group.replaceChildren(one("legend", this.#group), ...choices);
    this.#show(vividness);
  }

  #makeChoice({ name, vividness }: Reading): HTMLElement {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = "reading";
    radio.value = name;
    radio.addEventListener("change", () => this.#change(vividness));
    label.append(radio, ` ${name}`);
    return label;
  }

  #change(vividness: number): void {
    this.#show(vividness);
    this.#onChange();
  }

  #show(vividness: number): void {
    this.#range.value = String(vividness);
    one("#vividness-value").textContent = vividness.toFixed(2);
    for (const radio of this.#group.querySelectorAll<HTMLInputElement>("input")) {
      const reading = this.#readings.find(({ name }) => name === radio.value);
      radio.checked = reading?.vividness === vividness;
    }
  }
}

/** Return the format that is chosen for saving. */
export function chosenFormat(): SaveFormat {
  return one<HTMLSelectElement>("#format").value as SaveFormat;
}

/** Allow only PNG for photographs with transparency, which JPEG cannot hold. */
export function limitFormats(isTransparent: boolean): void {
  const select = one<HTMLSelectElement>("#format");
  one<HTMLOptionElement>("option[value=JPEG]", select).disabled = isTransparent;
  if (isTransparent) select.value = "PNG";
}

/** Save a file under a name, as a download. */
export function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Return the name of a result: `old.jpg` becomes `old-colorized.png`. */
export function resultName(name: string, format: SaveFormat): string {
  return `${name.replace(/\.[^.]*$/, "")}-colorized.${format === "PNG" ? "png" : "jpg"}`;
}
