// The colours that a person has given, to change or remove. The value is a list of marks.
function draw() {
  const marks = props.value || [];
  element.querySelector("ol").replaceChildren(...marks.map((mark, index) => createMarkRow(mark, index, {
    onRecolor: (color) => trigger("select", { action: "recolor", index, color }),
    onRemove: () => trigger("select", { action: "unmark", index }),
  })));
  element.querySelector("p").hidden = marks.length > 0;
}

watch("value", draw);
draw();
