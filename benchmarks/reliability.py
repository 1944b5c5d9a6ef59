"""Kill runs at random moments, damage files, disturb a storage, and count what is lost.

    python benchmarks/reliability.py archive [--photographs 12000] [--kills 50]
    python benchmarks/reliability.py training [--kills 50]
    python benchmarks/reliability.py film [--kills 50]
    python benchmarks/reliability.py fuzz [--photographs 1000] [--films 100]
    python benchmarks/reliability.py s3 [--photographs 10000] [--kills 20] [--executor ray]

Each part works in a new temporary folder with the tiny network of the tests, and prints its counts.
It exits with 1 if anything was lost, done twice or left half done. `--seed` repeats its choices.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import psutil
from PIL import Image

from benchmarks.fuzzing import BATCH, HANG, check_film, fuzz_batch, fuzz_one, write_damaged
from photochrom.archive.manifest import Manifest
from photochrom.errors import PhotochromError
from tests.faults.flaky import FlakyProxy
from tests.faults.runs import MANIFEST, Before, hashes, left_over, spawned
from tests.support import sloped, write_model

CASES = Path(__file__).parents[1] / "tests" / "cases"
TRAINING = [
    "recipe=autoencoder",
    "train.epochs=20",
    "train.batch_size=4",
    "data.size=32",
    "data.validation=0.25",
]


def write_photographs(folder: Path, count: int, side: int, chance: random.Random) -> None:
    """Write different grey photographs of noise that has been made smooth."""
    for number in range(count):
        small = np.frombuffer(chance.randbytes(64), np.uint8).reshape(8, 8)
        path = folder / f"{number // 1000:02}" / f"{number:05}{('.jpg', '.png')[number % 2]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(path)


def kill(process: subprocess.Popen[bytes], *, tree: bool) -> None:
    """Kill a process, and with `tree` all that it has started, too; wait until all have ended."""
    family = psutil.Process(process.pid).children(recursive=True)
    start = time.perf_counter()
    process.kill()
    for each in family if tree else ():
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=3 * HANG)
    assert not alive, f"still there after {3 * HANG} s: {alive}"
    print(f"killed; the last process ended after {time.perf_counter() - start:.1f} s", flush=True)


def wait_for(process: subprocess.Popen[bytes], finished: int) -> None:
    """Wait until so many photographs are done, or the run has ended."""
    while process.poll() is None and done_count() < finished:
        time.sleep(0.02)


def done_count() -> int:
    """Return how many photographs are done; 0 while there is no manifest yet."""
    try:
        with Manifest(MANIFEST) as manifest:
            return manifest.counts()["done"]
    except PhotochromError:
        return 0


def killed_run(asked: list[str], total: int, kills: int, chance: random.Random) -> Counter[str]:
    """Kill a run of an archive again and again, and let it end; raise if anything was redone."""
    happened: Counter[str] = Counter()
    for number in range(kills):
        before = Before()
        with spawned(*asked) as process:
            if chance.random() < 0.2:  # while it starts
                time.sleep(chance.uniform(0, 3))
            else:
                wait_for(process, len(before.done) + chance.randint(0, total // kills))
                time.sleep(chance.uniform(0, 0.05))
            if process.poll() is not None:
                happened["runs that ended before the kill"] += 1
                continue
            kill(process, tree=number % 2 == 0)
        before.check()
        happened["kills"] += 1
        happened["drafts left by a kill"] += len(left_over())
        recorded = {Path(os.path.relpath(entry.output)) for entry in Before().done.values()}
        happened["written, not yet recorded"] += len({*Path("out").rglob("[!.]*.*")} - recorded)
    before = Before()
    with spawned(*asked) as process:
        assert process.wait() == 0, Path("said").read_text()
    before.check()
    happened["lost"] = total - len(Before().done)
    happened["drafts at the end"] = len(left_over())
    return happened


def archive(asked: argparse.Namespace, chance: random.Random) -> bool:
    """Kill a run of photographs on this machine."""
    write_photographs(Path("scans"), asked.photographs, 160, chance)
    options = ["--executor", asked.executor]
    command = ["archive", "run", "scans", "--manifest", "run.sqlite", "-o", "out", *options]
    happened = killed_run(command, asked.photographs, asked.kills, chance)
    calm = ["archive", "run", "scans", "--manifest", "calm.sqlite", "-o", "calm"]
    run_to_the_end(calm)
    run_to_the_end(["archive", "verify", "run.sqlite", "--sources"])
    return concluded(happened, hashes() == hashes("calm.sqlite"))


def s3(asked: argparse.Namespace, chance: random.Random) -> bool:
    """Kill a run from one bucket to another, while a share of all answers is disturbed."""
    import fsspec

    write_photographs(Path("scans"), asked.photographs, 48, chance)
    with moto_server() as port, FlakyProxy(port, seed=asked.seed) as proxy:
        os.environ["AWS_ENDPOINT_URL"] = proxy.url
        storage = fsspec.filesystem("s3")
        for bucket in ("scans", "out"):
            storage.mkdir(bucket)
        storage.put("scans/", "scans/", recursive=True)
        proxy.share = asked.share
        command = ["archive", "run", "s3://scans", "--manifest", "run.sqlite", "-o", "s3://out/a"]
        command += ["--executor", asked.executor, "--workers", str(asked.workers)]
        started = time.perf_counter()
        happened = killed_run(command, asked.photographs, asked.kills, chance)
        print(f"{time.perf_counter() - started:.0f} s; answers: {dict(proxy.happened)}")
        proxy.share = 0
        happened["objects"] = len(storage.find("out/a"))
        run_to_the_end(["archive", "run", "scans", "--manifest", "calm.sqlite", "-o", "calm"])
        run_to_the_end(["archive", "verify", "run.sqlite"])
    whole = happened["objects"] == asked.photographs
    return concluded(happened, whole and hashes() == hashes("calm.sqlite"))


@contextlib.contextmanager
def moto_server() -> Iterator[int]:
    """Yield the port of an S3 in a process of its own."""
    os.environ |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "none")
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    code = (
        "import sys, time, logging; logging.getLogger('werkzeug').setLevel(logging.ERROR);"
        "from moto.server import ThreadedMotoServer as S; s = S(port=0, verbose=False); s.start();"
        "print(s.get_host_and_port()[1], flush=True); sys.stdin.read()"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout
    try:
        yield int(server.stdout.readline())
    finally:
        server.kill()
        server.wait()


def training(asked: argparse.Namespace, chance: random.Random) -> bool:
    """Kill training runs, and compare their weights with those of an undisturbed one."""
    from tests.pictures import fill

    fill(Path("photos"), 16)
    settings = [part for each in TRAINING for part in ("--set", each)]
    seconds = run_to_the_end(["train", "photos", "--run", "calm", *settings, "--no-export"])
    calm = weights(Path("calm"))

    def command() -> list[str]:
        if list(Path("run", "checkpoints").glob("*.keras")):
            return ["train", "--run", "run", "--resume", "--no-export"]
        shutil.rmtree("run", ignore_errors=True)
        return ["train", "photos", "--run", "run", *settings, "--no-export"]

    def is_same() -> bool:
        pairs = zip(calm, weights(Path("run")), strict=True)
        same = all(np.allclose(one, other, rtol=1e-4, atol=1e-6) for one, other in pairs)
        shutil.rmtree("run")
        return same

    return killed_again_and_again(asked.kills, command, is_same, seconds, chance)


def weights(run: Path) -> list[Any]:
    """Return the last weights of a run, and the state of its optimizer."""
    import keras

    network = keras.saving.load_model(max(Path(run, "checkpoints").glob("*.keras")))
    return [*network.get_weights(), *map(np.asarray, network.optimizer.variables)]


def film(asked: argparse.Namespace, chance: random.Random) -> bool:
    """Kill the colouring of a film, and compare it frame by frame with an undisturbed one."""
    from tests.films import panned, planes, write_film

    frames = panned(160) + panned(160, name="coffee")
    write_film(Path("in.mkv"), frames * max(1, asked.frames // len(frames)))
    seconds = run_to_the_end(["film", "in.mkv", "calm.mkv", "--codec", "ffv1"])
    calm = planes(Path("calm.mkv"))

    def is_same() -> bool:
        made = planes(Path("out.mkv"))
        Path("out.mkv").unlink()
        left = sorted(path.name for path in Path().iterdir())
        assert left == ["calm.mkv", "in.mkv", "model", "said"], left
        return len(calm) == len(made) and all(
            time == other and all(map(np.array_equal, one, two))
            for (time, one), (other, two) in zip(calm, made, strict=True)
        )

    # A kill may come after the film is whole and before the program ends.
    command = ["film", "in.mkv", "out.mkv", "--codec", "ffv1", "--exists", "skip"]
    return killed_again_and_again(asked.kills, lambda: command, is_same, seconds, chance)


def killed_again_and_again(
    kills: int,
    command: Callable[[], list[str]],
    is_same: Callable[[], bool],
    seconds: float,
    chance: random.Random,
) -> bool:
    """Kill a command that goes on where it was, and begin anew each time that it has ended.

    Args:
        kills: how often.
        command: returns what to run next.
        is_same: compares the result with that of an undisturbed run, and deletes it.
        seconds: how long an undisturbed run takes.
        chance: decides the moments.
    """
    happened: Counter[str] = Counter()
    while True:
        last = happened["kills"] >= kills
        with spawned(*command()) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(None if last else chance.uniform(0.1, 1) * seconds)
            if process.poll() is None:
                kill(process, tree=True)
                happened["kills"] += 1
                continue
            assert process.returncode == 0, Path("said").read_text()
        happened["completed"] += 1
        happened["differ"] += not is_same()
        if last:
            return concluded(happened, not happened["differ"])


# --- damaged files ----------------------------------------------------------------------------


def fuzz(asked: argparse.Namespace, chance: random.Random) -> bool:
    """Colour damaged photographs and films, and count how it ends."""
    known = [path for path in sorted(CASES.rglob("*.*")) if path.stat().st_size < 1 << 20]
    kinds = ("film", "pdf")
    photographs = [path for path in known if not set(kinds) & set(path.parts)]
    films = [path for path in known if "film" in path.parts]
    happened: Counter[str] = Counter()
    for number in range(0, asked.photographs, BATCH):
        count = min(BATCH, asked.photographs - number)
        fuzz_batch(write_damaged(photographs, count, number, chance), happened)
    for number in range(asked.films):
        [path] = write_damaged(films, 1, number, chance)
        ended = fuzz_one(["film", str(path), "out.mkv"], path)
        happened[f"film: {ended}"] += 1
        if Path("out.mkv").exists():
            check_film(Path("out.mkv"))
            happened["half films"] += ended != "coloured"
        shutil.rmtree("damaged")
    fine = ("coloured", "refused", "done", "failed", "skipped")
    return concluded(
        happened, all(not count or name.endswith(fine) for name, count in happened.items())
    )


# --- the whole --------------------------------------------------------------------------------


def run_to_the_end(command: list[str]) -> float:
    """Run the program, and return how many seconds it took."""
    start = time.perf_counter()
    with spawned(*command) as process:
        assert process.wait() == 0, Path("said").read_text()
    return time.perf_counter() - start


def concluded(happened: Counter[str], same: bool) -> bool:
    """Print the counts, and return whether all is as it should be."""
    for name, count in happened.items():
        print(f"{name}: {count:,}")
    wrong = ("lost", "half films", "files left over", "drafts at the end")
    good = same and not any(happened[name] for name in wrong)
    print("as it should be" if good else "NOT as it should be")
    return good


PARTS: dict[str, Callable[[Any, random.Random], bool]] = {
    "archive": archive,
    "training": training,
    "film": film,
    "fuzz": fuzz,
    "s3": s3,
}


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--photographs", type=int)
    parser.add_argument("--films", type=int, default=100)
    parser.add_argument("--frames", type=int, default=1600)
    parser.add_argument("--kills", type=int)
    parser.add_argument("--executor", default="threads")
    parser.add_argument("--workers", type=int, default=2, help="of `s3`, which mostly waits")
    parser.add_argument("--share", type=float, default=0.02, help="of the answers disturbed")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    counts = {"archive": 12_000, "fuzz": 1000, "s3": 10_000}
    asked.photographs = asked.photographs or counts.get(asked.part, 0)
    asked.kills = 20 if asked.kills is None and asked.part == "s3" else asked.kills or 50
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="reliability-") as folder, contextlib.chdir(folder):
        model = write_model(Path("model"), sloped())
        os.environ["PHOTOCHROM_MODEL"] = str(model.absolute())
        start = time.perf_counter()
        good = PARTS[asked.part](asked, random.Random(asked.seed))
        print(f"{time.perf_counter() - start:.0f} s")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
