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
  button.dataset.number = each.number;
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
  caption.textContent = each.status === "done" ? each.name : words[each.status];
  button.append(caption);
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "remove";
  remove.textContent = "×";
  remove.setAttribute("aria-label", `Take ${each.name} away`);
  remove.onclick = () => trigger("select", { action: "remove", number: each.number });
  item.append(button, remove);
  return item;
}

function draw() {
  const { items = [], chosen = 0, done = 0, busy = false, paused = false, zip = "" } =
    props.value || {};
  element.hidden = !items.length;
  const focused = document.activeElement?.dataset?.number;
  one("ul").replaceChildren(...items.map((each) => itemOf(each, chosen)));
  if (focused) one(`[data-number="${focused}"]`)?.focus();
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
