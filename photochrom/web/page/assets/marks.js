// The colours that a person has given, to be changed or taken away. Told a list of marks.
function rowOf(mark, index) {
  const row = document.createElement("li");
  const picker = document.createElement("input");
  picker.type = "color";
  picker.value = mark.color;
  picker.setAttribute("aria-label", `Colour ${index + 1}`);
  picker.onchange = () => trigger("select", { action: "recolor", index, color: picker.value });
  const where = document.createElement("span");
  where.textContent =
    `${mark.color}, ${Math.round(mark.x * 100)}% across, ${Math.round(mark.y * 100)}% down`;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "Remove";
  remove.setAttribute("aria-label", `Remove colour ${index + 1}`);
  remove.onclick = () => trigger("select", { action: "unmark", index });
  row.append(picker, where, remove);
  return row;
}

function draw() {
  const marks = props.value || [];
  element.querySelector("ol").replaceChildren(...marks.map(rowOf));
  element.querySelector("p").hidden = marks.length > 0;
}

watch("value", draw);
draw();
