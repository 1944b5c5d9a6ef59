// Puts files that are pasted, or dropped anywhere on the page, into Gradio's upload field.
function upload(files, field) {
  const input = document.querySelector(`${field} input[type=file]`);
  if (!files.length || !input) return;
  // Scripts may set the files of an input only by way of a DataTransfer
  const transfer = new DataTransfer();
  files.forEach((file, index) => transfer.items.add(
    new File([file], file.name || `pasted-${index + 1}.png`, { type: file.type })));
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files || [])].filter((file) =>
    file.type.startsWith("image/"));
  if (!files.length) return;
  upload(files, "#drop");
  event.preventDefault();
});

// Without this, a browser leaves the page and opens a file that is dropped outside of the field.
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  const files = [...(event.dataTransfer?.files || [])];
  if (event.defaultPrevented || !files.length) return;
  event.preventDefault();
  // The field of a hidden tab has no offsetParent
  const single = ["#film-drop", "#document-drop"].find((field) =>
    document.querySelector(field)?.offsetParent);
  if (single) upload(files.slice(0, 1), single);
  else upload(files, "#drop");
});

// Ctrl+Z undoes and Ctrl+Shift+Z redoes, except in a field, which has its own.
document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || !["z", "y"].includes(key)) return;
  if (event.target.closest?.("textarea, input:not([type=range], [type=color], [type=checkbox])"))
    return;
  document.querySelector(key === "y" || event.shiftKey ? "#redo" : "#undo")?.click();
  event.preventDefault();
});
