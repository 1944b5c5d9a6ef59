// Put together `dist/`, which a web server serves: the page, the network and ONNX Runtime.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(here, "dist");
const photochrom = join(here, "..", "..", "photochrom");
const model = process.env.PHOTOCHROM_MODEL ?? join(photochrom, "models", "default");
const ort = join(here, "node_modules", "onnxruntime-web");
const LIMIT = 30_000_000; // bytes of the whole folder

// Modules are named .js, since not every web server knows .mjs.
const copies = [
  [join(here, "static"), "."],
  [join(here, "build"), "js"],
  [join(model, "network.onnx"), "model/network.onnx"],
  [join(model, "card.json"), "model/card.json"],
  [join(ort, "dist", "ort.wasm.min.mjs"), "ort/ort.js"],
  [join(ort, "dist", "ort-wasm-simd-threaded.mjs"), "ort/ort-wasm.js"],
  [join(ort, "dist", "ort-wasm-simd-threaded.wasm"), "ort/ort-wasm.wasm"],
];

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function packageVersion() {
  const source = readFileSync(join(photochrom, "__init__.py"), "utf8");
  const found = /^__version__ = "([^"]+)"/m.exec(source);
  if (!found) throw new Error("expected __version__ in photochrom/__init__.py; found none");
  return found[1];
}

// The service worker keeps exactly these files; another content makes another version of them.
function fillServiceWorker(files) {
  const path = join(dist, "service-worker.js");
  const kept = files.filter((file) => file !== path);
  const hash = createHash("sha256");
  for (const file of kept) hash.update(relative(dist, file)).update(readFileSync(file));
  const names = kept.map((file) => JSON.stringify(relative(dist, file).replaceAll("\\", "/")));
  const source = readFileSync(path, "utf8")
    .replace("__VERSION__", `photochrom-${hash.digest("hex").slice(0, 16)}`)
    .replace('"__FILES__"', names.join(", "));
  writeFileSync(path, source);
}

function compile() {
  const tsc = join(here, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [tsc, "--project", here], { stdio: "inherit" });
  if (status !== 0) process.exit(1);
}

for (const folder of ["build", "dist"])
  rmSync(join(here, folder), { recursive: true, force: true });
compile();
mkdirSync(dist);
for (const [source, target] of copies) cpSync(source, join(dist, target), { recursive: true });
writeFileSync(join(dist, "about.json"), JSON.stringify({ version: packageVersion() }) + "\n");
const files = filesIn(dist);
fillServiceWorker(files);
const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
if (bytes > LIMIT) throw new Error(`expected ${LIMIT} bytes at most in dist; received ${bytes}`);
console.log(`dist: ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`);
