// Pasted photographs go where dropped ones go.
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files || [])].filter((each) =>
    each.type.startsWith("image/"));
  const input = document.querySelector("#drop input[type=file]");
  if (!files.length || !input) return;
  const moved = new DataTransfer();
  files.forEach((each, index) => moved.items.add(
    new File([each], each.name || `pasted-${index + 1}.png`, { type: each.type })));
  input.files = moved.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  event.preventDefault();
});
