// The progress of a film, with its latest frame. The value comes from `FilmTab`.
const one = (selector) => element.querySelector(selector);
const statusText = {
  queued: "is waiting for its turn …",
  running: "is being coloured",
  done: "is in colour",
  failed: "could not be coloured",
  cancelled: "was cancelled",
};

function draw() {
  const film = props.value || {};
  const running = film.status === "running";
  const progress = running && film.total ? `: ${film.done} of ${film.total} frames` : "";
  const reason = film.reason ? `: ${film.reason}` : "";
  one(".say").textContent = film.status
    ? `${film.name || "The film"} ${statusText[film.status]}${progress}${reason}`
    : "Drop a film here. Its luma, sound and subtitles do not change.";
  const bar = one("progress");
  bar.hidden = !running;
  bar.max = film.total || 1;
  bar.value = film.done || 0;
  const preview = one(".preview");
  preview.hidden = !film.preview;
  if (film.preview) preview.src = film.preview;
  one(".save").hidden = !film.result;
  if (film.result) one(".save").href = film.result;
}

watch("value", draw);
draw();
