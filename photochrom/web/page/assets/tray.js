// All photographs as thumbnails, with their progress. The value comes from `tray_value`.
const one = (selector) => element.querySelector(selector);
const statusText = { queued: "waiting", running: "being coloured", done: "coloured",
                     failed: "failed", cancelled: "cancelled", skipped: "in colour already" };

function createItem(picture, chosen) {
  const item = document.createElement("li");
  item.className = picture.status;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "photograph";
  Object.assign(button.dataset, { number: picture.number, what: "photograph" });
  button.title = picture.status === "failed" ? picture.reason : picture.name;
  button.setAttribute("aria-label", `${picture.name}: ${statusText[picture.status]}`);
  if (picture.number === chosen) button.setAttribute("aria-current", "true");
  button.onclick = () => trigger("select", { action: "choose", number: picture.number });
  if (picture.thumb) {
    const image = document.createElement("img");
    image.src = picture.thumb;
    image.alt = "";
    button.append(image);
  }
  const caption = document.createElement("span");
  caption.textContent = ({ done: picture.name, skipped: picture.name, failed: `✗ ${picture.name}` })[picture.status]
    || statusText[picture.status];
  button.append(caption);
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "remove";
  remove.textContent = "×";
  Object.assign(remove.dataset, { number: picture.number, what: "remove" });
  remove.setAttribute("aria-label", `Remove ${picture.name}`);
  remove.onclick = () => trigger("select", { action: "remove", number: picture.number });
  item.append(button, remove);
  return item;
}

let chosen = 0;
const items = new Map();  // JSON of a picture and whether it is chosen → its list item

// Updates the list in place. A list that is drawn anew several times a second would lose the
// keyboard focus, and clicks that begin on one element and end on its successor.
function drawList(pictures) {
  const wanted = new Map(pictures.map((picture) =>
    [JSON.stringify([picture, picture.number === chosen]), picture]));
  const focused = element.contains(document.activeElement) && document.activeElement.dataset;
  items.forEach((item, key) => {
    if (!wanted.has(key)) { item.remove(); items.delete(key); }
  });
  [...wanted].forEach(([key, picture], index) => {
    if (!items.has(key)) items.set(key, createItem(picture, chosen));
    const current = one("ul").children[index];
    if (current !== items.get(key)) one("ul").insertBefore(items.get(key), current || null);
  });
  // The focused item was replaced, so its successor gets the focus
  if (focused?.number && !element.contains(document.activeElement))
    one(`.${focused.what}[data-number="${focused.number}"]`)?.focus();
}

function draw() {
  const { items: pictures = [], done = 0, in_color: inColor = 0, busy = false, paused = false, zip = "",
          sharing = false, compared = null, ...rest } =
    props.value || {};
  chosen = rest.chosen ?? chosen;  // null leaves it as it is
  element.hidden = !pictures.length;
  drawList(pictures);
  const bar = one("progress");
  const waits = pictures.some((picture) => ["queued", "running"].includes(picture.status));
  const comparing = compared !== null && !waits;
  bar.max = comparing ? 1 : pictures.length || 1;
  bar.value = comparing ? compared : done;
  bar.hidden = !busy;
  const progress = busy && comparing
    ? "comparing the photographs"
    : busy
    ? `${done} of ${pictures.length}${paused ? ", paused" : ""}`
    : `${pictures.length} photograph${pictures.length === 1 ? "" : "s"}`;
  const already = `, ${inColor} ${inColor === 1 ? "is" : "are"} in colour already`;
  const failed = pictures.filter((picture) => picture.status === "failed").length;
  one(".count").textContent =
    progress + (inColor ? already : "") + (failed ? `, ${failed} failed` : "");
  one(".anew").hidden = !inColor || pictures.length < 2;
  one(".anew").textContent = inColor === 1 ? "Colour it anew" : `Colour these ${inColor} anew`;
  one(".pause").hidden = one(".cancel").hidden = !busy || comparing;
  one(".pause").textContent = paused ? "Continue" : "Pause";
  one(".zip").hidden = !zip || pictures.length < 2;
  one(".zip").href = zip;
  one(".sharing").hidden = !sharing && pictures.length < 2;
  one(".sharing input").checked = sharing;
}

one(".pause").onclick = () => trigger("select", { action: "pause" });
one(".sharing input").onchange = ({ target }) =>
  trigger("select", { action: "share", wanted: target.checked });
one(".anew").onclick = () => trigger("select", { action: "color_anew" });
one(".cancel").onclick = () => trigger("select", { action: "cancel" });
watch("value", draw);
draw();
