// What the components share that let a person give colours: swatches, a popover, and rows of a list.
// A mark is a colour that a person has given; points are shares of the width and the height.
const GREY = "#808080";

// Setting the same source again would load the picture again.
function load(image, source) {
  if (image.getAttribute("src") !== source) image.src = source;
}

// The point of an event within an element, as shares of its width and height, 0 to 1.
function pointWithin(stage, event) {
  const box = stage.getBoundingClientRect();
  const clamp = (value) => Math.min(1, Math.max(0, value));
  return { x: clamp((event.clientX - box.left) / box.width),
           y: clamp((event.clientY - box.top) / box.height) };
}

function createSwatch(color, label, onChoose) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "swatch";
  button.style.background = color;
  button.title = label;
  button.setAttribute("aria-label", label);
  button.onclick = () => onChoose(color);
  return button;
}

function createButton(text, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.onclick = onClick;
  return button;
}

// A button on the picture, at the place of a mark; `onEdit(point)` is called when it is pressed.
function createMarkButton(mark, onEdit) {
  const [x, y] = mark.points[Math.floor(mark.points.length / 2)];
  const button = createSwatch(mark.color, `Your colour ${mark.color}: change or remove it`,
    () => onEdit({ x, y }));
  button.classList.add("mark");
  button.style.left = x * 100 + "%";
  button.style.top = y * 100 + "%";
  return button;
}

// A row of a list of marks, to change or remove one.
function createMarkRow(mark, index, { onRecolor, onRemove }) {
  const row = document.createElement("li");
  const picker = document.createElement("input");
  picker.type = "color";
  picker.value = mark.color;
  picker.setAttribute("aria-label", `Colour ${index + 1}`);
  picker.onchange = () => onRecolor(picker.value);
  const text = document.createElement("span");
  const [x, y] = mark.points[0].map((share) => `${Math.round(share * 100)}%`);
  const name = /^#(..)\1\1$/.test(mark.color) ? "grey" : mark.color;
  text.textContent = `${name}${mark.radius ? ", painted" : ""}, ${x} from left, ${y} from top`;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "Remove";
  remove.setAttribute("aria-label", `Remove colour ${index + 1}`);
  remove.onclick = onRemove;
  row.append(picker, text, remove);
  return row;
}

// A popover that asks for the colour at a point.
function createPopover(popover) {
  let about = null;  // the point

  function hide() {
    popover.hidden = true;
    about = null;
  }

  // The likely colours at a point; none if `ask` fails.
  async function likely(point, ask, showMessage) {
    about = point;
    try {
      return await ask();
    } catch {
      showMessage("There are no suggestions here. Choose any colour.");
      return [];
    }
  }

  // `colors` are pairs of a colour and its probability; `onRemove` adds a button to remove the mark.
  function open(point, title, onChoose, colors, onRemove) {
    about = point;
    popover.replaceChildren();
    const heading = document.createElement("p");
    heading.textContent = title;
    const row = document.createElement("div");
    row.className = "swatches";
    colors.forEach(([color, share]) =>
      row.append(createSwatch(color, `${color}, ${Math.round(share * 100)}% likely`, onChoose)));
    const label = document.createElement("label");
    label.textContent = "Another ";
    const picker = document.createElement("input");
    picker.type = "color";
    picker.value = colors.length ? colors[0][0] : point.color || GREY;
    picker.onchange = () => onChoose(picker.value);
    label.append(picker);
    const buttons = document.createElement("div");
    buttons.className = "buttons";
    buttons.append(label, createButton("Keep grey", () => onChoose(GREY)));
    if (onRemove) buttons.append(createButton("Remove", onRemove));
    popover.append(heading, row, buttons);
    popover.style.setProperty("--x", point.x * 100 + "%");
    popover.style.setProperty("--y", point.y * 100 + "%");
    popover.dataset.side = (point.x > 0.5 ? "left" : "right") + (point.y > 0.5 ? " above" : " below");
    popover.hidden = false;
    (popover.querySelector("button") || picker).focus();
  }

  return { hide, likely, open, isAbout: (point) => about === point };
}
