"""Measure the service against the bare colorizer: speed, latency, memory and overload.

    python benchmarks/service.py [--rounds 5] [--seconds 6] [--requests 2000]

Requests a second are taken in turn with the colorizer's own, reading and encoding included, in as
many threads of another process, so that both meet the same machine. The clients run on it, too.
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from photochrom import Colorizer

MANY, OVERLOAD = 16, 64


@dataclass
class Answers:
    """The responses to a number of requests.

    Attributes:
        seconds: that all of them took.
        each: status and seconds of each.
    """

    seconds: float = 0.0
    each: list[tuple[int, float]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.each) / self.seconds

    def within(self, share: float) -> float:
        """Return the milliseconds within which the given share of requests was answered."""
        taken = sorted(seconds for _, seconds in self.each)
        return 1000 * taken[min(len(taken) - 1, int(share * len(taken)))]


def photograph(width: int, height: int, kind: str = "JPEG") -> bytes:
    """A grey photograph with real detail."""
    from benchmarks.coloring import mosaic

    stream = io.BytesIO()
    Image.fromarray(mosaic(width, height)).save(stream, kind, quality=92)
    return stream.getvalue()


def request(data: bytes, **fields: object) -> bytes:
    """All bytes of a request."""
    lines = [f'Content-Disposition: form-data; name="{n}"\r\n\r\n{v}' for n, v in fields.items()]
    picture = 'Content-Disposition: form-data; name="image"; filename="old.jpg"\r\n\r\n'
    start = "".join(f"--x\r\n{line}\r\n" for line in lines) + f"--x\r\n{picture}"
    body = start.encode() + data + b"\r\n--x--\r\n"
    head = (
        "POST /api/v1/colorize HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def ask(connection: socket.socket, sent: bytes) -> tuple[int, float]:
    """Return the status, and the seconds until the last byte arrives."""
    start = time.perf_counter()
    connection.sendall(sent)
    head = b""
    while b"\r\n\r\n" not in head:
        came = connection.recv(1 << 18)
        if not came:
            raise ConnectionError("the service hung up")
        head += came
    first, _, rest = head.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", first)
    assert length
    left = int(length[1]) - len(rest)
    while left > 0:
        left -= len(connection.recv(1 << 18))
    return int(first.split()[1]), time.perf_counter() - start


def load(
    place: tuple[str, int], requests: Sequence[bytes], clients: int, until: Callable[[int], bool]
) -> Answers:
    """Let clients send requests one after another, each on its own connection."""
    answers, numbers = Answers(), itertools.count()
    start = time.perf_counter()

    def client() -> None:
        with socket.create_connection(place) as connection:
            while not until(number := next(numbers)):
                answers.each.append(ask(connection, requests[number % len(requests)]))

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.seconds = time.perf_counter() - start
    return answers


def lasting(seconds: float) -> Callable[[int], bool]:
    end = time.perf_counter() + seconds
    return lambda _: time.perf_counter() > end


def bare(colorizer: Colorizer, data: bytes, workers: int, seconds: float) -> float:
    """Return how many photographs per second a colorizer reads, colours and encodes."""
    done, end = itertools.count(), lasting(seconds)

    def work() -> None:
        while not end(0):
            colorizer.colorize(data).encode("JPEG")
            next(done)

    start = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return next(done) / (time.perf_counter() - start)


@contextmanager
def serving(*options: object) -> Iterator[tuple[subprocess.Popen[bytes], tuple[str, int]]]:
    """Yield a service and its address."""
    with tempfile.TemporaryFile() as said:
        command = ["-m", "photochrom", "serve", "--no-page", "--port", "0", *map(str, options)]
        process = subprocess.Popen([sys.executable, *command], stderr=said)
        try:
            while not (found := re.search(rb":(\d+)\n", os.pread(said.fileno(), 1000, 0))):
                time.sleep(0.1)
            yield process, ("127.0.0.1", int(found.group(1)))
        finally:
            process.terminate()
            process.wait(60)


def resident(process: subprocess.Popen[bytes]) -> float:
    """Return the memory of a process now, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found
    return int(found[1]) / 1024


def speed(workers: int, rounds: int, seconds: float, shape: tuple[int, int]) -> None:
    """Measure the service and the bare colorizer in turn, with photographs of one megapixel.

    Each has a network made for the first shape that it meets. The service meets 3:2 at its start.
    """
    data = photograph(*shape)
    sent = [request(data)]
    rates: dict[str, list[float]] = {"bare": [], "as many": [], "16": []}
    answers: dict[str, list[tuple[int, float]]] = {"as many": [], "16": []}
    colorizer = Colorizer()
    with serving("--workers", workers) as (_, place):
        load(place, sent, workers, lasting(2))
        bare(colorizer, data, workers, 2)
        for _ in range(rounds):
            rates["bare"].append(bare(colorizer, data, workers, seconds))
            for name, clients in (("as many", workers), ("16", MANY)):
                found = load(place, sent, clients, lasting(seconds))
                assert all(status == 200 for status, _ in found.each)
                rates[name].append(found.rate)
                answers[name] += found.each
    alone = statistics.median(rates["bare"])
    print(
        f"{shape[0]} × {shape[1]}, {len(data) // 1000} KB, {workers} workers; "
        f"bare colorizer: {alone:.1f} a second"
    )
    for name, clients in (("as many", workers), ("16", MANY)):
        rate, each = statistics.median(rates[name]), Answers(1, answers[name])
        shares = [ours / theirs for ours, theirs in zip(rates[name], rates["bare"], strict=True)]
        print(
            f"{clients} clients: {rate:.1f} a second, {100 * statistics.median(shares):.0f}% of it "
            f"({100 * min(shares):.0f} to {100 * max(shares):.0f}), p50 {each.within(0.5):.0f} ms, "
            f"p99 {each.within(0.99):.0f} ms",
            flush=True,
        )


def mixed() -> list[bytes]:
    """Requests of several sizes, formats and fields, and some that fail."""
    small, large = photograph(640, 480), photograph(1152, 864)
    return [
        request(small),
        request(photograph(400, 300, "PNG")),
        request(small, vividness=0.8, format="webp"),
        request(small, hints="100,100,#7a1f1f"),
        request(large),
        request(small, variants=2),
        request(b"no photograph"),
        request(photograph(300, 400), format="png", palette="#2b4c7e"),
        request(small, vividness=7),
        request(small[: len(small) // 2]),
    ]


def memory(workers: int, requests: int) -> None:
    """Measure the memory of a process before and after many requests."""
    for name, sent in (("640 × 480", [request(photograph(640, 480))]), ("mixed", mixed())):
        with serving("--workers", workers) as (process, place):
            load(place, sent, 4, lambda number: number >= 200)
            megabytes = [resident(process)]
            for _ in range(4):
                found = load(place, sent, 4, lambda number: number >= requests // 4)
                megabytes.append(resident(process))
            statuses = dict(Counter(status for status, _ in found.each))
            print(
                f"{name}: {megabytes[0]:.0f} MB after 200 requests, then every {requests // 4}: "
                f"{', '.join(f'{each:.0f}' for each in megabytes[1:])} MB; statuses {statuses}",
                flush=True,
            )


def overload(workers: int) -> None:
    """Send requests from more clients than the queue has room for."""
    sent = [request(photograph(1152, 864))]
    with serving("--workers", workers, "--queue", 8) as (process, place):
        load(place, sent, workers, lasting(2))
        before = resident(process)
        found = load(place, sent, OVERLOAD, lasting(8))
        refused = Answers(1, [each for each in found.each if each[0] == 429])
        taken = Answers(found.seconds, [each for each in found.each if each[0] == 200])
        others = len(found.each) - len(refused.each) - len(taken.each)
        print(
            f"{OVERLOAD} clients, {workers} workers, queue of 8: {taken.rate:.1f} a second, "
            f"p99 {taken.within(0.99):.0f} ms; {len(refused.each)} refused, "
            f"p99 {refused.within(0.99):.0f} ms; others: {others}; "
            f"{before:.0f} MB before, {resident(process):.0f} MB after"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1))
    asked = parser.parse_args()
    for shape in ((1224, 816), (1152, 864)):
        speed(asked.workers, asked.rounds, asked.seconds, shape)
    overload(asked.workers)
    memory(asked.workers, asked.requests)


if __name__ == "__main__":
    main()
