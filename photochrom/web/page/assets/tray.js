// All photographs, small, with how far each is. Told what `tray_value` makes.
const one = (name) => element.querySelector(name);
const words = { waiting: "waits", working: "is being coloured", done: "coloured",
                failed: "failed", cancelled: "cancelled" };

function itemOf(each, chosen) {
  const item = document.createElement("li");
  item.className = each.status;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "photograph";
  Object.assign(button.dataset, { number: each.number, what: "photograph" });
  button.title = each.reason || each.name;
  button.setAttribute("aria-label", `${each.name}: ${words[each.status]}`);
  if (each.number === chosen) button.setAttribute("aria-current", "true");
  button.onclick = () => trigger("select", { action: "choose", number: each.number });
  if (each.thumb) {
    const image = document.createElement("img");
    image.src = each.thumb;
    image.alt = "";
    button.append(image);
  }
  const caption = document.createElement("span");
  caption.textContent = ({ done: each.name, failed: `✗ ${each.name}` })[each.status]
    || words[each.status];
  button.append(caption);
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "remove";
  remove.textContent = "×";
  Object.assign(remove.dataset, { number: each.number, what: "remove" });
  remove.setAttribute("aria-label", `Take ${each.name} away`);
  remove.onclick = () => trigger("select", { action: "remove", number: each.number });
  item.append(button, remove);
  return item;
}

let chosen = 0;
const drawn = new Map();  // what an item was made of → the item

function draw() {
  const { items = [], done = 0, busy = false, paused = false, zip = "", ...more } =
    props.value || {};
  chosen = more.chosen ?? chosen;
  element.hidden = !items.length;
  const wanted = new Map(items.map((each) => [JSON.stringify([each, each.number === chosen]), each]));
  const focused = element.contains(document.activeElement) && document.activeElement.dataset;
  drawn.forEach((item, key) => {
    if (!wanted.has(key)) { item.remove(); drawn.delete(key); }
  });
  [...wanted].forEach(([key, each], index) => {  // what has not changed stays, under a click, too
    if (!drawn.has(key)) drawn.set(key, itemOf(each, chosen));
    const there = one("ul").children[index];
    if (there !== drawn.get(key)) one("ul").insertBefore(drawn.get(key), there || null);
  });
  if (focused?.number && !element.contains(document.activeElement))
    one(`.${focused.what}[data-number="${focused.number}"]`)?.focus();
  const bar = one("progress");
  bar.max = items.length || 1;
  bar.value = done;
  bar.hidden = !busy;
  one(".count").textContent = busy
    ? `${done} of ${items.length}${paused ? ", paused" : ""}`
    : `${items.length} photograph${items.length === 1 ? "" : "s"}`;
  one(".pause").hidden = one(".cancel").hidden = !busy;
  one(".pause").textContent = paused ? "Go on" : "Pause";
  one(".zip").hidden = !zip || items.length < 2;
  one(".zip").href = zip;
}

one(".pause").onclick = () => trigger("select", { action: "pause" });
one(".cancel").onclick = () => trigger("select", { action: "cancel" });
watch("value", draw);
draw();
