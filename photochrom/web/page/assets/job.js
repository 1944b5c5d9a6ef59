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

function draw() {
  const job = props.value || {};
  const details = [job.reason, job.note].filter(Boolean).map((text) => `: ${text}`).join("");
  one(".say").textContent = job.status
    ? `${job.name || one(".job").ariaLabel} ${statusText[job.status]}${progressText(job)}${details}`
    : invitation;
  const bar = one("progress");
  bar.hidden = job.status !== "running";
  bar.max = job.total || 1;
  if (job.total) bar.value = job.done; else bar.removeAttribute("value");
  const preview = one(".preview");
  preview.hidden = !job.preview;
  if (job.preview) preview.src = job.preview;
  one(".save").hidden = !job.result;
  if (job.result) one(".save").href = job.result;
}

watch("value", draw);
draw();
