/** The list of the colours that a person gave. */

import { type Size } from "../pipeline/fields.js";
import { type Hint } from "../pipeline/hints.js";
import { type Triple } from "../pipeline/spaces.js";
import { fromHex, toHex } from "./colors.js";
import { makeButton, one } from "./elements.js";

/** What a person does in the list. */
export interface HintActions {
  readonly recolor: (index: number, rgb: Triple) => void;
  readonly remove: (index: number) => void;
}

/** Show the hints of a photograph as rows, in which they can be changed and removed. */
export function showHintList(hints: readonly Hint[], photo: Size, actions: HintActions): void {
  one("#no-hints").hidden = hints.length > 0;
  one("#hints").replaceChildren(
    ...hints.map((hint, index) => makeRow(hint, index, photo, actions)),
  );
}

function makeRow(hint: Hint, index: number, photo: Size, actions: HintActions): HTMLElement {
  const row = document.createElement("li");
  const picker = document.createElement("input");
  picker.type = "color";
  picker.value = toHex(hint.rgb);
  picker.setAttribute("aria-label", `Colour ${index + 1}`);
  picker.addEventListener("change", () => actions.recolor(index, fromHex(picker.value)));
  const text = document.createElement("span");
  const percent = (place: number, side: number): number => Math.round((100 * place) / side);
  const [x, y] = [percent(hint.x, photo.width), percent(hint.y, photo.height)];
  text.textContent = `${x} % across, ${y} % down`;
  const remove = makeButton("Remove", () => actions.remove(index));
  remove.setAttribute("aria-label", `Remove colour ${index + 1}`);
  row.append(picker, text, remove);
  return row;
}
