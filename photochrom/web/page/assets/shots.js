// The shots of a film, one of which is shown large to give colours in. The value comes from
// `shots_value`; the event "select" reports what a person does.
const one = (selector) => element.querySelector(selector);
const stage = one(".stage"), cross = { x: 0.5, y: 0.5 };
const popover = createPopover(one(".popover"));
// `drawn` is the state of the shot that was drawn last: the value comes again and again while other
// frames are being coloured, and a list that is drawn anew would close its colour pickers
let current = {}, chosen = null, drawn = "";

const report = (action, details = {}) =>
  trigger("select", { action, number: chosen ? chosen.number : 0, ...details });
const say = (text) => { one(".say").textContent = text; };

// 75.5 seconds are 1:15.5
function clock(seconds) {
  const tenths = Math.round(seconds * 10), minutes = Math.floor(tenths / 600);
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// --- the sheet -------------------------------------------------------------------------------

function statusText({ status, shots, done, total, reason }) {
  const found = counted(shots.length, "shot");
  const share = total ? `, ${Math.min(100, Math.round(done / total * 100))}% searched` : "";
  const given = [
    [shots.reduce((sum, { marks }) => sum + marks.length, 0), "colour"],
    [shots.filter(({ photograph }) => photograph).length, "reference photograph"],
  ].filter(([count]) => count).map(([count, word]) => counted(count, word)).join(" and ");
  const colors = given ? `; you have given ${given}` : "";
  const last = shots.length ? clock(shots[shots.length - 1].end) : "";
  return {
    waiting: "Looking for shots …",
    running: `Looking for shots: ${found}${share}`,
    done: `${found}${colors}`,
    more: `${found}, up to ${last}${colors}`,
    stopped: `${found}; the search was stopped${colors}`,
    failed: `The shots cannot be shown: ${reason}`,
  }[status];
}

function cellOf(shot) {
  const cell = document.createElement("li");
  const button = createButton("", () => report("choose", { number: shot.number }));
  const image = document.createElement("img");
  image.src = shot.thumb;
  image.alt = "";
  const time = document.createElement("span");
  time.textContent = clock(shot.start);
  const dots = document.createElement("span");
  dots.className = "dots";
  dots.replaceChildren(...shot.marks.map(({ color }) => {
    const dot = document.createElement("i");
    dot.style.background = color;
    return dot;
  }));
  const given = [
    ...(shot.marks.length ? [counted(shot.marks.length, "colour")] : []),
    ...(shot.photograph ? ["a reference photograph"] : []),
  ].join(" and ");
  button.setAttribute("aria-label", `Shot at ${clock(shot.start)}${given && ", with " + given}`);
  button.append(image, time, dots);
  if (shot.photograph) {
    const photograph = document.createElement("img");
    photograph.className = "photograph";
    photograph.src = shot.photograph;
    photograph.alt = "";
    button.append(photograph);
  }
  cell.append(button);
  return cell;
}

// Cells that stay are changed in place, so that the focus stays, too, and pictures do not flicker.
function drawSheet(shots) {
  const list = one(".sheet"), kept = new Map();
  for (const cell of list.children) kept.set(cell.dataset.number, cell);
  list.replaceChildren(...shots.map((shot) => {
    const state = JSON.stringify([shot.thumb, shot.marks, shot.photograph]);
    let cell = kept.get(String(shot.number));
    if (!cell) cell = cellOf(shot);
    else if (cell.dataset.state !== state) cell.replaceChildren(...cellOf(shot).children);
    cell.dataset.number = shot.number;
    cell.dataset.state = state;
    const button = cell.firstChild;
    if (shot.number === current.chosen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    return cell;
  }));
}

one(".stop").onclick = () => report("stop");
one(".more").onclick = () => report("more");

// --- one shot --------------------------------------------------------------------------------

function editMark(mark, point, index) {
  popover.open({ ...point, color: mark.color }, "This colour", (color) => {
    popover.hide();
    say("Colouring …");
    report("recolor", { index, color });
  }, [], () => {
    popover.hide();
    report("unmark", { index });
  });
}

function drawShot() {
  one(".shot").hidden = !chosen;
  if (current.problem) say("Nothing has changed.");
  const state = JSON.stringify([chosen, current.all_shots]);
  if (state === drawn) return;
  drawn = state;
  if (!chosen) return;
  const { marks, photograph, start, end, ratio, picture } = chosen;
  one(".title").textContent = `Shot from ${clock(start)} to ${clock(end)}`;
  stage.style.setProperty("--ratio", ratio);
  load(one(".frame"), picture);
  one(".frame").alt = `The shot at ${clock(start)} in colour`;
  one(".marks").replaceChildren(...marks.map((mark, index) => createMarkButton(mark,
    (point) => editMark(mark, point, index))));
  one(".mark-rows").replaceChildren(...marks.map((mark, index) => createMarkRow(mark, index, {
    onRecolor: (color) => report("recolor", { index, color }),
    onRemove: () => report("unmark", { index }),
  })));
  const where = current.all_shots ? "in all shots" : "in this shot";
  const followed = [...(marks.length ? ["these colours"] : []),
                    ...(photograph ? ["the reference photograph"] : [])].join(" and ");
  say(followed
    ? `The film follows ${followed} ${where}, wherever it shows similar things.`
    : "Click on something whose colour you know, or add a reference photograph below.");
}

function draw() {
  const before = chosen && chosen.number;
  current = props.value || {};
  const { status, done, total, shots = [] } = current;
  element.querySelector(".shots").hidden = !status;
  if (!status) { chosen = null; drawn = ""; one(".sheet").replaceChildren(); popover.hide(); return; }
  chosen = shots.find(({ number }) => number === current.chosen) || null;
  const searching = status === "waiting" || status === "running";
  one(".count").textContent = statusText(current);
  one("progress").hidden = one(".stop").hidden = !searching;
  one(".more").hidden = status !== "more";
  one("progress").max = total || 1;
  if (total) one("progress").value = done; else one("progress").removeAttribute("value");
  drawSheet(shots);
  const isOther = before !== (chosen && chosen.number);
  if (isOther) popover.hide();
  drawShot();
  if (isOther && chosen) one(".shot").scrollIntoView({ block: "nearest" });
}

async function askAt(point) {
  const { number } = chosen;
  const colors = await popover.likely(point,
    () => server.color_candidates(current.key, number, point.x, point.y), say);
  if (!popover.isAbout(point)) return;  // a person has chosen another point meanwhile
  popover.open(point, "What colour is this?", (color) => {
    popover.hide();
    stage.focus({ preventScroll: true });
    say("Colouring …");
    report("mark", { points: [[point.x, point.y]], color });
  }, colors || []);
}

stage.addEventListener("click", (event) => {
  if (!event.target.closest("button, .popover")) askAt(pointWithin(stage, event));
});
stage.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { popover.hide(); stage.focus(); return; }
  if (event.target !== stage) return;
  const step = event.shiftKey ? 0.1 : 0.02;
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
                     ArrowDown: [0, 1] }[event.key] || [0, 0];
  if (event.key === "Enter") askAt({ ...cross });
  else if (!dx && !dy) return;
  cross.x = Math.min(1, Math.max(0, cross.x + dx * step));
  cross.y = Math.min(1, Math.max(0, cross.y + dy * step));
  stage.style.setProperty("--cross-x", cross.x * 100 + "%");
  stage.style.setProperty("--cross-y", cross.y * 100 + "%");
  event.preventDefault();
});

watch("value", draw);
draw();
