// Several answers to choose from. Told what `answers_value` makes.
function draw() {
  const { pictures, chosen = 0 } = props.value || {};
  if (!pictures) {  // of another photograph, or of other choices
    if (element.offsetParent) trigger("select", { action: "ask" });
    return;
  }
  element.querySelector("div").replaceChildren(...pictures.map((source, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", index ? `Answer ${index + 1}` : "The best answer");
    button.setAttribute("aria-pressed", String(index === chosen));
    button.onclick = () => trigger("select", { action: "variant", index });
    const image = document.createElement("img");
    image.src = source;
    image.alt = "";
    button.append(image);
    return button;
  }));
}

watch("value", draw);
draw();
