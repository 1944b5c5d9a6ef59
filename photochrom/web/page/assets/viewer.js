// One photograph, large: before and after, uncertain places, and colours that a person gives.
// The value comes from `viewer_value`; the event "select" reports what a person does.
const one = (selector) => element.querySelector(selector);
const stage = one(".stage"), range = one(".position");
const popover = createPopover(one(".popover"));
// `current` is the last value drawn
let mode = "compare", current = null;
let ink = null;  // colour of the brush; null asks for one after the next stroke
const brush = createBrush(stage, one(".size input"), onPainted);
const instructions = {
  correct: "Click on something whose colour you know.",
  brush: "Paint over what should have a colour of your own, or stay grey.",
  eraser: "Rub over a colour that you have given, to take it away.",
};
const stageLabels = {
  compare: "Before and after; move the border with the arrow keys",
  correct: "Choose a point: click, or move the cross with the arrow keys and press Enter",
  brush: "Paint, or move the cross with the arrow keys; Enter puts the brush down and lifts it",
  eraser: "Rub, or move the cross with the arrow keys; Enter puts the eraser down and lifts it",
};

const showMessage = (text) => { one(".say").textContent = text; };
const report = (action) => trigger("select", action);

function setDivider(percent) {
  range.value = percent;
  stage.style.setProperty("--divider", percent + "%");
}

function setMode(next) {
  mode = next;
  element.querySelectorAll("button[data-mode]").forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.mode === mode)));
  stage.dataset.mode = mode;
  stage.setAttribute("aria-label", stageLabels[mode]);
  one(".brush").hidden = !brush.isChosen();
  one(".brush").dataset.mode = mode;
  one(".brush").setAttribute("aria-label", mode === "eraser" ? "Eraser" : "Brush");
  brush.cancel();
  popover.hide();
  if (instructions[mode]) showMessage(instructions[mode]);
}

function setInk(color) {
  ink = color;
  one(".brush .grey").setAttribute("aria-pressed", String(ink === GREY));
  one(".ink").dataset.chosen = String(Boolean(ink) && ink !== GREY);
  if (ink) one(".ink input").value = ink;
}

const pointOf = (event) => pointWithin(stage, event);

// --- colours that a person gives -------------------------------------------------------------

// Asks for the colour at a point, and calls `onChoose` with it.
async function askForColor(point, onChoose) {
  const { session, number } = current;
  const colors = await popover.likely(point,
    () => server.color_candidates(session, number, point.x, point.y), showMessage);
  if (!popover.isAbout(point)) return;  // a person has chosen another point meanwhile
  if (!colors) {
    popover.hide();
    brush.cancel();
    showMessage("This is the page around the photographs, which keeps its colour.");
    return;
  }
  popover.open(point, "What colour is this?", (color) => {
    popover.hide();
    stage.focus({ preventScroll: true });
    onChoose(color);
  }, colors);
}

function giveColor(points, color, radius = null) {
  showMessage("Colouring …");
  report({ action: "mark", points: points.map(({ x, y }) => [x, y]), color, radius });
}

function askAt(point) {
  askForColor(point, (color) => giveColor([point], color));
}

function onPainted(points, radius) {
  if (mode === "eraser") {
    report({ action: "erase", points: points.map(({ x, y }) => [x, y]), radius });
    brush.cancel();
  } else if (ink) giveColor(points, ink, radius);
  else askForColor(points[Math.floor(points.length / 2)], (color) => {
    setInk(color);
    giveColor(points, color, radius);
  });
}

function editMark(mark, point, index) {
  popover.open({ ...point, color: mark.color }, "This colour", (color) => {
    popover.hide();
    report({ action: "recolor", index, color });
  }, [], () => {
    popover.hide();
    report({ action: "unmark", index });
  });
}

function drawMarks() {
  const marks = current.marks || [];
  one(".marks").replaceChildren(...marks.map((mark, index) => createMarkButton(mark,
    (point) => editMark(mark, point, index))));
  brush.draw([current.width, current.height], marks);
}

// --- album pages -----------------------------------------------------------------------------

const albumBox = one(".album input");

function drawAlbumSwitch() {
  const { found, in_color: inColor, album } = current;
  one(".album").hidden = !found;
  albumBox.checked = album;
  one(".album span").textContent = albumText(found, inColor);
}

function albumText(found, inColor) {
  if (inColor) return `Colour only the grey photographs on this page, ${found} of ${found + inColor}`;
  return found > 1 ? `Colour the ${found} photographs on this page each on its own`
                   : "Leave the border as it is";
}

albumBox.addEventListener("change", () => {
  const wanted = albumBox.checked;
  albumBox.checked = current.album;  // until it is done
  showMessage("Colouring …");
  report({ action: "album", wanted });
});

// --- drawing ---------------------------------------------------------------------------------

function drawExamples(examples) {
  one(".examples").replaceChildren(...examples.map(({ name, alt }) => {
    const button = document.createElement("button");
    button.type = "button";
    const image = document.createElement("img");
    image.src = "/session/example/" + name;
    image.alt = alt;
    button.append(image);
    button.onclick = () => { showMessage("Colouring …"); report({ action: "example", name }); };
    return button;
  }));
}

function drawKept() {
  one(".kept").hidden = current.status !== "skipped";
  if (current.status !== "skipped") return;
  load(one(".kept img"), current.before);
  one(".kept img").alt = current.name;
  showMessage(`${current.name}, ${current.width} × ${current.height}, is left as it is`);
}

one(".kept button").onclick = () => {
  showMessage("Colouring …");
  report({ action: "color_anew" });
};

function draw() {
  const previous = current;
  current = props.value || {};
  const done = current.status === "done";
  const isOther = !previous || previous.number !== current.number
    || previous.session !== current.session;
  one(".empty").hidden = Boolean(current.number);
  one(".picture").hidden = one(".bar").hidden = stage.hidden = range.hidden = !done;
  if (current.examples) drawExamples(current.examples);
  if (isOther) { popover.hide(); setDivider(50); setInk(null); }
  if (isOther || !done) brush.cancel();
  drawKept();
  if (current.status === "skipped") return;
  if (!done) {
    const statusText = { queued: "is waiting for its turn …", running: "is being coloured …",
                         cancelled: "was cancelled", failed: "could not be coloured: " };
    const text = `${current.name} ${statusText[current.status]}${current.reason || ""}`;
    showMessage(current.number ? text : "");
    return;
  }
  one(".viewer").style.setProperty("--ratio", current.width / current.height);
  load(one(".before"), current.before);
  load(one(".after"), current.after);
  if (one(".doubt").checked) load(one(".unsure"), current.unsure);
  one(".unsure").hidden = !one(".doubt").checked;
  one(".save").href = current.coloured;
  one(".save").setAttribute("download", current.save_as);
  one(".share").href = current.share;
  one(".share").setAttribute("download", current.share_as);
  one(".before").alt = `${current.name} before colouring`;
  one(".after").alt = `${current.name} in colour`;
  drawMarks();
  drawAlbumSwitch();
  const { name, width, height, seconds } = current;
  const about = `${name}, ${width} × ${height}, coloured in ${seconds}\u00a0s`;
  showMessage(current.problem ? "Nothing has changed." : about);
}

// --- mouse and keyboard ----------------------------------------------------------------------

element.querySelectorAll("button[data-mode]").forEach((button) =>
  button.addEventListener("click", () => setMode(button.dataset.mode)));
range.addEventListener("input", () => setDivider(range.value));
one(".doubt").addEventListener("change", draw);
one(".brush .grey").onclick = () => setInk(ink === GREY ? null : GREY);
one(".ink input").addEventListener("input", (event) => setInk(event.target.value));

function beginPainting(point) {
  popover.hide();
  brush.begin(point, mode === "eraser" ? "#ffffff" : ink || "#ffffff");
}

function cancelPainting() {
  popover.hide();
  brush.cancel();
}

let dragging = false;
stage.addEventListener("pointerdown", (event) => {
  if (mode === "correct" || !event.isPrimary || event.button
      || event.target.closest("button, .popover")) return;
  stage.setPointerCapture(event.pointerId);
  if (brush.isChosen()) { beginPainting(pointOf(event)); return; }
  dragging = true;
  setDivider(pointOf(event).x * 100);
});
stage.addEventListener("pointermove", (event) => {
  if (!event.isPrimary) return;
  if (dragging) setDivider(pointOf(event).x * 100);
  else if (brush.isChosen()) brush.move(pointOf(event));
});
stage.addEventListener("pointerup", (event) => {
  dragging = false;
  if (event.isPrimary) brush.end();
});
stage.addEventListener("pointercancel", () => { dragging = false; brush.cancel(); });
stage.addEventListener("click", (event) => {
  if (mode === "correct" && !event.target.closest("button, .popover")) askAt(pointOf(event));
});

// Enter chooses the point of the cross, or puts the brush down and lifts it.
function pressEnter() {
  if (mode === "correct") askAt({ ...cross });
  else if (brush.isPainting()) brush.end();
  else if (brush.isChosen()) {
    beginPainting({ ...cross });
    showMessage("Move with the arrow keys, and press Enter to finish or Escape to cancel.");
  }
}

const cross = { x: 0.5, y: 0.5 };  // the point that the arrow keys move
stage.addEventListener("keydown", (event) => {
  if (event.target !== stage) {
    if (event.key === "Escape") { cancelPainting(); stage.focus(); }
    return;
  }
  const step = event.shiftKey ? 0.1 : 0.02;
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
                     ArrowDown: [0, 1] }[event.key] || [0, 0];
  if (event.key === "Enter") pressEnter();
  else if (event.key === "Escape") cancelPainting();
  else if (!dx && !dy) return;
  else if (mode === "compare")
    setDivider(Math.min(100, Math.max(0, Number(range.value) + dx * step * 100)));
  else {
    cross.x = Math.min(1, Math.max(0, cross.x + dx * step));
    cross.y = Math.min(1, Math.max(0, cross.y + dy * step));
    stage.style.setProperty("--cross-x", cross.x * 100 + "%");
    stage.style.setProperty("--cross-y", cross.y * 100 + "%");
    if (brush.isChosen()) brush.move({ ...cross });
  }
  event.preventDefault();
});

watch("value", draw);
setMode("compare");
showMessage("");
draw();
