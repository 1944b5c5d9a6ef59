// Pasted photographs, and files dropped anywhere, go where dropped ones go.
function take(files, place) {
  const input = document.querySelector(`${place} input[type=file]`);
  if (!files.length || !input) return;
  const moved = new DataTransfer();
  files.forEach((each, index) => moved.items.add(
    new File([each], each.name || `pasted-${index + 1}.png`, { type: each.type })));
  input.files = moved.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files || [])].filter((each) =>
    each.type.startsWith("image/"));
  if (!files.length) return;
  take(files, "#drop");
  event.preventDefault();
});

// A browser would leave the page for a file that is dropped beside the field for it.
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  const files = [...(event.dataTransfer?.files || [])];
  if (event.defaultPrevented || !files.length) return;
  event.preventDefault();
  if (document.querySelector("#film-drop")?.offsetParent) take(files.slice(0, 1), "#film-drop");
  else take(files, "#drop");
});
