// How far a film is, with its latest frame. Told what `FilmTab` makes.
const one = (name) => element.querySelector(name);
const words = {
  queued: "waits for its turn …",
  running: "is being coloured",
  done: "is in colour",
  failed: "could not be coloured",
  cancelled: "was not coloured",
};

function draw() {
  const film = props.value || {};
  const running = film.status === "running";
  const far = running && film.total ? `: ${film.done} of ${film.total} frames` : "";
  const why = film.reason ? `: ${film.reason}` : "";
  one(".say").textContent = film.status
    ? `${film.name || "The film"} ${words[film.status]}${far}${why}`
    : "Drop a film. Its luma, sound and subtitles stay as they are.";
  const bar = one("progress");
  bar.hidden = !running;
  bar.max = film.total || 1;
  bar.value = film.done || 0;
  const look = one(".look");
  look.hidden = !film.look;
  if (film.look) look.src = film.look;
  one(".save").hidden = !film.result;
  if (film.result) one(".save").href = film.result;
}

watch("value", draw);
draw();
