// The alternatives to choose from. The value comes from `alternatives_value`.
function draw() {
  const { pictures, chosen = 0 } = props.value || {};
  if (!pictures) {
    // The pictures are out of date. They take time to make, so ask only if a person can see them.
    if (element.offsetParent) trigger("select", { action: "ask" });
    return;
  }
  element.querySelector("div").replaceChildren(...pictures.map((source, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", index ? `Alternative ${index + 1}` : "Most likely colours");
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
