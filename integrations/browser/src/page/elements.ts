/** Find and make elements of the page. */

/** Return the one element that a selector names; throws an Error if there is none. */
export function one<Kind extends Element = HTMLElement>(
  selector: string,
  root: ParentNode = document,
): Kind {
  const found = root.querySelector<Kind>(selector);
  if (!found) throw new Error(`expected an element ${selector}; found none`);
  return found;
}

/** Make a button. */
export function makeButton(text: string, onClick: () => void): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", onClick);
  return button;
}

/** Show a message to people, aloud for those who use a screen reader. */
export function say(text: string, isError = false): void {
  const status = one("#status");
  status.textContent = text;
  status.classList.toggle("error", isError);
}

/** Show what went wrong. */
export function sayError(error: unknown): void {
  say(error instanceof Error ? error.message : String(error), true);
}
