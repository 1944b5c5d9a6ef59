/** The dialog in which a person chooses the colour of a place. */

import { type ColorCandidate } from "../pipeline/prediction.js";
import { type Triple } from "../pipeline/spaces.js";
import { fromHex, toHex } from "./colors.js";
import { makeButton, one } from "./elements.js";

const GREY: Triple = [128, 128, 128];

/** What a person chose: a colour, to remove the hint, or nothing. */
export type Choice = { rgb: Triple } | "remove" | null;

/** The dialog for one colour. */
export class Chooser {
  readonly #dialog = one<HTMLDialogElement>("#chooser");
  readonly #color = one<HTMLInputElement>("#color", this.#dialog);
  #answer: (choice: Choice) => void = () => undefined;

  constructor() {
    const click = (selector: string, choice: () => Choice): void =>
      one(selector, this.#dialog).addEventListener("click", () => this.#close(choice()));
    click("#use-color", () => ({ rgb: fromHex(this.#color.value) }));
    click("#keep-grey", () => ({ rgb: GREY }));
    click("#remove", () => "remove");
    this.#dialog.addEventListener("close", () => this.#close(null));
  }

  /**
   * Ask for the colour of a place.
   *
   * @param current the colour that it has, if a person gave it one already.
   * @param candidates colours to choose from, as soon as they are known.
   */
  ask(current: Triple | null, candidates: Promise<ColorCandidate[]>): Promise<Choice> {
    this.#color.value = toHex(current ?? GREY);
    one("#remove", this.#dialog).hidden = !current;
    this.#offer([]);
    this.#dialog.showModal();
    return new Promise((resolve) => {
      this.#answer = resolve;
      candidates.then(
        (found) => {
          if (this.#answer === resolve) this.#offer(found); // it still asks for this place
        },
        () => undefined, // a colour can be chosen without them
      );
    });
  }

  #offer(candidates: readonly ColorCandidate[]): void {
    one("#likely", this.#dialog).hidden = !candidates.length;
    const swatches = candidates.map(({ rgb, probability }) => {
      const swatch = makeButton("", () => this.#close({ rgb }));
      swatch.style.background = toHex(rgb);
      const share = probability < 0.005 ? "less than 1" : Math.round(100 * probability);
      swatch.setAttribute("aria-label", `${toHex(rgb)}, probability ${share} percent`);
      swatch.title = `${share} %`;
      return swatch;
    });
    one(".swatches", this.#dialog).replaceChildren(...swatches);
  }

  #close(choice: Choice): void {
    const answer = this.#answer;
    this.#answer = () => undefined;
    if (this.#dialog.open) this.#dialog.close();
    answer(choice);
  }
}
