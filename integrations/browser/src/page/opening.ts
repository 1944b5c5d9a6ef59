/** The ways to open a photograph: choose, drop or paste it. */

import { one, say } from "./elements.js";

/** Call a function with each photograph that a person opens. */
export function onPhotograph(open: (file: File) => void): void {
  const input = one<HTMLInputElement>("#file");
  const take = (files: FileList | null | undefined): void => {
    const [file, ...others] = files ?? [];
    if (!file) return;
    if (others.length) say(`Expected one photograph; received ${others.length + 1} files.`, true);
    else open(file);
  };
  one("#choose").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    take(input.files);
    input.value = ""; // so that the same file can be chosen again
  });
  document.addEventListener("paste", (event) => take(event.clipboardData?.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dragged");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dragged");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dragged");
    take(event.dataTransfer?.files);
  });
}
