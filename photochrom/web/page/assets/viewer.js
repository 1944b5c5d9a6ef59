// The photograph, large: before and after, where the network is unsure, and colours by hand.
// Told what `viewer_value` makes; says what a person wants by the event "select".
const one = (name) => element.querySelector(name);
const stage = one(".stage"), range = one(".position"), popover = one(".popover");
let mode = "compare", place = null, shown = null;

const say = (text) => { one(".say").textContent = text; };
const tell = (what) => trigger("select", what);

function setDivider(percent) {
  range.value = percent;
  stage.style.setProperty("--divider", percent + "%");
}

function setMode(next) {
  mode = next;
  element.querySelectorAll("button[data-mode]").forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.mode === mode)));
  stage.dataset.mode = mode;
  stage.setAttribute("aria-label", mode === "compare"
    ? "Before and after; the arrow keys move the border"
    : "Choose a place: click, or move the cross with the arrow keys and press Enter");
  hidePopover();
  if (mode === "correct") say("Click on something whose colour you know.");
}

function shareOf(event) {
  const box = stage.getBoundingClientRect();
  const clamp = (value) => Math.min(1, Math.max(0, value));
  return { x: clamp((event.clientX - box.left) / box.width),
           y: clamp((event.clientY - box.top) / box.height) };
}

// --- colours by hand -----------------------------------------------------------------------

function hidePopover() {
  popover.hidden = true;
  place = null;
}

function swatch(color, words, chosen) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "swatch";
  button.style.background = color;
  button.title = words;
  button.setAttribute("aria-label", words);
  button.onclick = () => chosen(color);
  return button;
}

function openPopover(at, title, chosen, colors, remove) {
  place = at;
  popover.replaceChildren();
  const heading = document.createElement("p");
  heading.textContent = title;
  const row = document.createElement("div");
  row.className = "swatches";
  colors.forEach(([color, share]) =>
    row.append(swatch(color, `${color}, ${Math.round(share * 100)}% likely`, chosen)));
  const label = document.createElement("label");
  label.textContent = "Any colour ";
  const picker = document.createElement("input");
  picker.type = "color";
  picker.value = colors.length ? colors[0][0] : at.color || "#808080";
  picker.onchange = () => chosen(picker.value);
  label.append(picker);
  popover.append(heading, row, label);
  if (remove) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Remove";
    button.onclick = remove;
    popover.append(button);
  }
  popover.style.setProperty("--x", at.x * 100 + "%");
  popover.style.setProperty("--y", at.y * 100 + "%");
  popover.dataset.side = (at.x > 0.5 ? "left" : "right") + (at.y > 0.5 ? " above" : " below");
  popover.hidden = false;
  (popover.querySelector("button") || picker).focus();
}

async function ask(at) {
  const { desk, number } = shown;
  let colors = [];
  place = at;
  try {
    colors = await server.color_candidates(desk, number, at.x, at.y);
  } catch {
    say("No colours could be proposed here; choose any.");
  }
  if (place !== at) return;  // another place was chosen meanwhile
  openPopover(at, "What colour is it?", (color) => {
    hidePopover();
    stage.focus({ preventScroll: true });
    say("Colouring …");
    tell({ action: "mark", desk, number, x: at.x, y: at.y, color });
  }, colors);
}

function editMark(mark, index) {
  const { desk, number } = shown;
  openPopover(mark, "This colour", (color) => {
    hidePopover();
    tell({ action: "recolor", desk, number, index, color });
  }, [], () => {
    hidePopover();
    tell({ action: "unmark", desk, number, index });
  });
}

function drawMarks() {
  one(".marks").replaceChildren(...(shown.marks || []).map((mark, index) => {
    const button = swatch(mark.color, `Your colour ${mark.color}; change or remove it`,
      () => editMark(mark, index));
    button.classList.add("mark");
    button.style.left = mark.x * 100 + "%";
    button.style.top = mark.y * 100 + "%";
    return button;
  }));
}

// --- drawing -------------------------------------------------------------------------------

function load(image, source) {
  if (image.getAttribute("src") !== source) image.src = source;
}

function drawExamples(examples) {
  one(".examples").replaceChildren(...examples.map(({ name, alt }) => {
    const button = document.createElement("button");
    button.type = "button";
    const image = document.createElement("img");
    image.src = "/desk/example/" + name;
    image.alt = alt;
    button.append(image);
    button.onclick = () => { say("Colouring …"); tell({ action: "example", name }); };
    return button;
  }));
}

function draw() {
  const before = shown;
  shown = props.value || {};
  const done = shown.status === "done";
  const another = !before || before.number !== shown.number || before.desk !== shown.desk;
  one(".empty").hidden = Boolean(shown.number);
  one(".bar").hidden = stage.hidden = !done;
  range.hidden = !done;
  if (shown.examples) drawExamples(shown.examples);
  if (another) { hidePopover(); setDivider(50); }
  if (!done) {
    const words = { waiting: "waits for its turn …", working: "is being coloured …",
                    cancelled: "was not coloured", failed: "could not be coloured: " };
    say(shown.number ? `${shown.name} ${words[shown.status]}${shown.reason || ""}` : "");
    return;
  }
  one(".viewer").style.setProperty("--ratio", shown.width / shown.height);
  load(one(".before"), shown.before);
  load(one(".after"), shown.after);
  if (one(".doubt").checked) load(one(".unsure"), shown.unsure);
  one(".unsure").hidden = !one(".doubt").checked;
  one(".save").href = shown.coloured;
  one(".save").setAttribute("download", shown.name);
  one(".before").alt = `${shown.name} as it came`;
  one(".after").alt = `${shown.name} in colour`;
  drawMarks();
  say(`${shown.name}, ${shown.width} × ${shown.height}, coloured in ${shown.seconds} s`);
}

// --- hands ---------------------------------------------------------------------------------

element.querySelectorAll("button[data-mode]").forEach((button) =>
  button.addEventListener("click", () => setMode(button.dataset.mode)));
range.addEventListener("input", () => setDivider(range.value));
one(".doubt").addEventListener("change", draw);

let dragging = false;
stage.addEventListener("pointerdown", (event) => {
  if (mode !== "compare" || event.target.closest("button, .popover")) return;
  dragging = true;
  stage.setPointerCapture(event.pointerId);
  setDivider(shareOf(event).x * 100);
});
stage.addEventListener("pointermove", (event) => {
  if (dragging) setDivider(shareOf(event).x * 100);
});
stage.addEventListener("pointerup", () => { dragging = false; });
stage.addEventListener("pointercancel", () => { dragging = false; });
stage.addEventListener("click", (event) => {
  if (mode === "correct" && !event.target.closest("button, .popover")) ask(shareOf(event));
});

const cross = { x: 0.5, y: 0.5 };
stage.addEventListener("keydown", (event) => {
  if (event.target !== stage) {
    if (event.key === "Escape") { hidePopover(); stage.focus(); }
    return;
  }
  const step = event.shiftKey ? 0.1 : 0.02;
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
                     ArrowDown: [0, 1] }[event.key] || [0, 0];
  if (event.key === "Enter" && mode === "correct") ask({ ...cross });
  else if (event.key === "Escape") hidePopover();
  else if (!dx && !dy) return;
  else if (mode === "compare") setDivider(Math.min(100, Math.max(0, +range.value + dx * step * 100)));
  else {
    cross.x = Math.min(1, Math.max(0, cross.x + dx * step));
    cross.y = Math.min(1, Math.max(0, cross.y + dy * step));
    stage.style.setProperty("--cross-x", cross.x * 100 + "%");
    stage.style.setProperty("--cross-y", cross.y * 100 + "%");
  }
  event.preventDefault();
});

watch("value", draw);
setMode("compare");
say("");
draw();
