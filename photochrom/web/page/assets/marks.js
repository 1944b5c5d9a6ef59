// The colours that a person has given, to change or remove. The value is a list of marks.
function rowOf(mark, index) {
  const row = document.createElement("li");
  const picker = document.createElement("input");
  picker.type = "color";
  picker.value = mark.color;
  picker.setAttribute("aria-label", `Colour ${index + 1}`);
  picker.onchange = () => trigger("select", { action: "recolor", index, color: picker.value });
  const text = document.createElement("span");
  const [x, y] = mark.points[0].map((share) => `${Math.round(share * 100)}%`);
  const name = /^#(..)\1\1$/.test(mark.color) ? "grey" : mark.color;
  text.textContent = `${name}${mark.radius ? ", painted" : ""}, ${x} from left, ${y} from top`;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "Remove";
  remove.setAttribute("aria-label", `Remove colour ${index + 1}`);
  remove.onclick = () => trigger("select", { action: "unmark", index });
  row.append(picker, text, remove);
  return row;
}

function draw() {
  const marks = props.value || [];
  element.querySelector("ol").replaceChildren(...marks.map(rowOf));
  element.querySelector("p").hidden = marks.length > 0;
}

watch("value", draw);
draw();
