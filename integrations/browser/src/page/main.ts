/** The page: it opens a photograph, shows it, and asks the worker for colours. */

import { type OpenedPhotograph } from "../messages.js";
import { type Hint } from "../pipeline/hints.js";
import { Chooser } from "./chooser.js";
import { Client } from "./client.js";
import { chosenFormat, download, limitFormats, resultName, VividnessControl } from "./controls.js";
import { one, say, sayError } from "./elements.js";
import { showHintList } from "./hint_list.js";
import { onPhotograph } from "./opening.js";
import { Stage } from "./stage.js";

/** The photograph that is open. */
interface Current extends OpenedPhotograph {
  readonly file: File;
  hints: Hint[];
}

const client = new Client();
const chooser = new Chooser();
const vividness = new VividnessControl(() => void recolor());
const stage = new Stage(
  (x, y) => void addHint(x, y),
  (index) => void editHint(index),
);
const loaded = client.ask("load", null);
let current: Current | null = null;
let request = 0; // the number of the last wish for colours
let idle: Promise<unknown> = Promise.resolve(); // when the worker has finished the last colours

/** Load the network, while a person chooses a photograph. */
async function start(): Promise<void> {
  say("Loading the network …");
  try {
    const { readings, vividness: chosen, threads } = await loaded;
    vividness.offer(readings, chosen);
    one("#engine").textContent =
      `The network runs in this browser, on ${countOf(threads, "thread")}.`;
    if (!current) say("Ready.");
  } catch (error) {
    sayError(error);
  }
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Open a photograph, and colour it unless it is in colour already. */
async function open(file: File): Promise<void> {
  const started = performance.now();
  one("#work").hidden = one("#kept").hidden = true;
  current = null;
  const own = ++request;
  say(`Opening ${file.name} …`);
  try {
    const opened = await client.ask("open", file);
    if (own !== request) return; // another one was opened meanwhile
    current = { ...opened, file, hints: [] };
    document.body.classList.add("has-photograph");
    if (opened.tint === "colour") keep(current);
    else await begin(current, started);
  } catch (error) {
    if (own === request) sayError(error);
  }
}

/** Show a photograph in colour as it is, and offer to colour it anew. */
function keep({ file }: Current): void {
  const image = one<HTMLImageElement>("#kept img");
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(file);
  one("#kept").hidden = false;
  say(`${file.name} is in colour already, so it is left as it is.`);
}

/** Show a photograph and colour it for the first time. */
async function begin(photograph: Current, started: number): Promise<void> {
  one("#kept").hidden = true;
  one("#work").hidden = false;
  limitFormats(photograph.isTransparent);
  stage.setMode("compare");
  stage.open(photograph, photograph.grey);
  showHints();
  await loaded; // the reading that is chosen first comes from the card
  if (!(await recolor())) return;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const { width, height, file, depth } = photograph;
  const note = depth > 8 ? ` Its ${depth} bits a sample were reduced to 8.` : "";
  say(`${file.name}, ${width} × ${height}, coloured in ${seconds} s.${note}`);
}

/**
 * Colour the open photograph again, and return whether the colours are shown.
 *
 * Of several wishes in a row, only the last counts.
 */
async function recolor(): Promise<boolean> {
  if (!current) return false;
  const [photograph, own] = [current, ++request];
  say("Colouring …");
  await idle;
  if (own !== request) return false;
  const work = client.ask("color", choicesOf(photograph));
  idle = work.catch(() => undefined);
  try {
    const colors = await work;
    if (photograph !== current) return false;
    stage.showColors(colors);
    if (own === request) say("Done.");
    return own === request;
  } catch (error) {
    if (photograph === current) sayError(error);
    return false;
  }
}

function choicesOf({ hints }: Current): { vividness: number; hints: Hint[] } {
  return { vividness: vividness.value, hints };
}

/** Ask for the colour of a place, and give it to the place. */
async function addHint(x: number, y: number): Promise<void> {
  const photograph = current;
  if (!photograph) return;
  const choice = await chooser.ask(null, client.ask("candidates", { x, y }));
  if (photograph !== current || !choice || choice === "remove") return;
  changeHints([...photograph.hints, { x, y, rgb: choice.rgb }]);
}

/** Ask for another colour for a hint, and change or remove it. */
async function editHint(index: number): Promise<void> {
  const photograph = current;
  const hint = photograph?.hints[index];
  if (!hint) return;
  const choice = await chooser.ask(hint.rgb, client.ask("candidates", { x: hint.x, y: hint.y }));
  if (photograph !== current || !choice) return;
  const changed = choice === "remove" ? [] : [{ ...hint, rgb: choice.rgb }];
  changeHints(photograph.hints.toSpliced(index, 1, ...changed));
}

function changeHints(hints: Hint[]): void {
  if (!current) return;
  current.hints = hints;
  showHints();
  void recolor();
}

function showHints(): void {
  if (!current) return;
  const { hints } = current;
  stage.showHints(hints);
  showHintList(hints, current, {
    recolor: (index, rgb) => changeHints(hints.with(index, { ...hints[index]!, rgb })),
    remove: (index) => changeHints(hints.toSpliced(index, 1)),
  });
}

/** Save the photograph in colour, at full resolution. */
async function save(): Promise<void> {
  if (!current) return;
  const photograph = current;
  const button = one<HTMLButtonElement>("#save");
  const format = chosenFormat();
  const name = resultName(photograph.file.name, format);
  button.disabled = true;
  say(`Saving ${name} …`);
  try {
    download(await client.ask("save", { choices: choicesOf(photograph), format }), name);
    say(`Saved ${name}.`);
  } catch (error) {
    sayError(error);
  } finally {
    button.disabled = false;
  }
}

/** Keep the page's files, so that it opens without a network, where the browser allows it. */
function keepFiles(): void {
  if (!("serviceWorker" in navigator)) return;
  // Without it the page works as before, but only while its server does.
  navigator.serviceWorker.register("service-worker.js").catch(() => undefined);
}

onPhotograph((file) => void open(file));
one("#save").addEventListener("click", () => void save());
one("#recolor").addEventListener("click", () => {
  if (current) begin(current, performance.now()).catch(sayError);
});
void start().then(keepFiles);
