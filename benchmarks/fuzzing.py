"""Damage files, and see how the program ends with them; a part of `benchmarks/reliability.py`."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from tests.commands import PROGRAM

HANG = 60  # seconds
BATCH = 25  # files that one process gets
ENDS = {0: "coloured", 1: "refused", 2: "refused"}  # exit codes of a program that works


def damaged(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Return a file with a few wrong bytes, or without its end, or with a piece of another."""
    way = chance.choice(("flips", "flips", "cut", "splice", "hole"))
    start = chance.randrange(len(data))
    length = min(chance.choice((4, 64, 1024, 16384)), len(data) - start)
    if way == "cut":
        return data[:start]
    if way == "hole":
        return data[:start] + bytes(length) + data[start + length :]
    if way == "splice":
        at = chance.randrange(len(other))
        return data[:start] + other[at : at + length] + data[start + length :]
    wrong = bytearray(data)
    # Headers are at the start, and the most can go wrong there.
    reach = len(data) if chance.random() < 0.5 else min(len(data), 512)
    for _ in range(chance.randint(1, 20)):
        wrong[chance.randrange(reach)] ^= 1 << chance.randrange(8)
    return bytes(wrong)


def write_damaged(known: list[Path], count: int, first: int, chance: random.Random) -> list[Path]:
    """Write damaged copies to the folder `damaged`."""
    paths = []
    Path("damaged").mkdir()
    for number in range(first, first + count):
        source, other = chance.choice(known), chance.choice(known)
        paths.append(Path("damaged", f"{number:05}{source.suffix}"))
        paths[-1].write_bytes(damaged(source.read_bytes(), other.read_bytes(), chance))
    return paths


def fuzz_batch(paths: list[Path], happened: Counter[str]) -> None:
    """Colour several photographs in one process; one by one if that ends badly."""
    from photochrom import photo

    command = ["colorize", "--in-color", "recolor", "--json", "-o", "out"]
    if fuzz_one([*command, "damaged"], Path("damaged")) in ENDS.values():
        happened["photographs without a word"] += len(paths) - len(said_of(happened))
    else:
        for path in paths:
            ended = fuzz_one([*command, str(path)], path)
            happened[f"photograph: {ended}"] += 1
    for path in Path("out").rglob("*.*"):
        photo.read(path)  # whole, not half
        happened["drafts at the end"] += path.name.startswith(".")
    shutil.rmtree("out")
    shutil.rmtree("damaged")


def said_of(happened: Counter[str]) -> list[str]:
    """Count what the program said of each photograph, and return it."""
    lines = Path("said-of").read_text().splitlines()
    statuses = [json.loads(line)["status"] for line in lines]
    for status in statuses:
        happened[f"photograph: {status}"] += 1
    return statuses


def fuzz_one(command: list[str], path: Path) -> str:
    """Run the program, and say how it ended; keep the file where it ended badly."""
    Path("out").mkdir(exist_ok=True)
    seconds = HANG if path.is_file() else HANG + 5 * BATCH
    with Path("said-of").open("wb") as said, Path("said").open("w+b") as errors:
        try:
            code = subprocess.run(
                [*PROGRAM, *command], stdout=said, stderr=errors, timeout=seconds, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            ended = "hung"
        else:
            ended = ENDS.get(code, f"ended with {code}")
        if b"Traceback" in os.pread(errors.fileno(), 1 << 20, 0):
            ended = "traceback"
    if ended not in ENDS.values() and path.is_file():
        shutil.copy(path, tempfile.gettempdir())
        print(f"{ended}: {Path(tempfile.gettempdir(), path.name)}", flush=True)
        print(Path("said").read_text(errors="replace")[-2000:], flush=True)
    return ended


def check_film(path: Path) -> None:
    """Read a whole film, and delete it."""
    import av

    with av.open(str(path)) as opened:
        for _ in opened.decode(video=0):
            pass
    path.unlink()
