// The progress of a film or a document. The value comes from `JobTab`.
const one = (selector) => element.querySelector(selector);
const { invitation, unit } = one(".job").dataset;
const statusText = {
  queued: "is waiting for its turn …",
  running: "is being coloured",
  done: "is in colour",
  failed: "could not be coloured",
  cancelled: "was cancelled",
};

function progressText({ status, done, total }) {
  if (status !== "running" || !(done || total)) return "";
  return total ? `: ${done} of ${total} ${unit}` : `: ${done} ${unit}`;
}

// The finished film takes the place of the preview. `src` is set once, or it would begin anew.
function play(job) {
  const video = one(".playback");
  const source = job.plays && job.result ? job.result : "";
  if ((video.getAttribute("src") || "") === source) return;
  video.hidden = !source;
  one(".unplayable").hidden = true;
  if (source) video.src = source; else video.removeAttribute("src");
}

one(".playback").addEventListener("error", () => {
  const { result, format } = props.value || {};
  if (!result) return;
  one(".playback").hidden = true;
  one(".unplayable").hidden = false;
  one(".unplayable").textContent =
    `This browser cannot play ${format} films of this kind. Save the film, and open it in a player such as VLC.`;
});

function draw() {
  const job = props.value || {};
  const details = [job.reason, job.note].filter(Boolean).map((text) => `: ${text}`).join("");
  one(".say").textContent = job.status
    ? `${job.name || one(".job").ariaLabel} ${statusText[job.status]}${progressText(job)}${details}`
    : invitation;
  const notes = job.notes || [];
  one(".notes").hidden = !notes.length;
  one(".notes").replaceChildren(...notes.map((text) => {
    const entry = document.createElement("li");
    entry.textContent = text;
    return entry;
  }));
  const bar = one("progress");
  bar.hidden = job.status !== "running";
  bar.max = job.total || 1;
  if (job.total) bar.value = job.done; else bar.removeAttribute("value");
  const preview = one(".preview");
  preview.hidden = !job.preview || Boolean(job.plays && job.result);
  if (job.preview) preview.src = job.preview;
  one(".save").hidden = !job.result;
  if (job.result) one(".save").href = job.result;
  play(job);
}

watch("value", draw);
draw();
