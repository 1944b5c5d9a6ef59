"""A service in this process or in its own, and a colorizer that waits for a signal."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from PIL import Image
from starlette.testclient import TestClient

from photochrom import Colorizer
from photochrom.prediction import Prediction
from photochrom.web import Limits, Settings
from photochrom.web.app import create_app
from tests.support import heed_interrupts, model, picture_bytes

COLORIZE, JOBS = "/api/v1/colorize", "/api/v1/jobs"
PROBLEM = "application/problem+json"
HERE = "http://127.0.0.1:8765"
COMMAND = ["-m", "photochrom", "serve", "--no-page", "--port", "0"]


@contextmanager
def service(
    colorizer: Colorizer, settings: Settings | None = None, **limits: Any
) -> Iterator[TestClient]:
    """Yield a client of a new service, which is closed at the end."""
    wanted = settings or Settings(page=False, workers=2, limits=Limits(**limits))
    with TestClient(create_app(colorizer, wanted), HERE, follow_redirects=False) as client:
        yield client


class Held(Colorizer):
    """A colorizer whose `predict` waits until it is released.

    Attributes:
        begun: released once for each photograph that it has begun with.
        go: set to let all of them go.
    """

    def __init__(self) -> None:
        super().__init__(model())
        self.begun, self.go = threading.Semaphore(0), threading.Event()

    def predict(self, source: Any, **how: Any) -> Prediction:
        self.begun.release()
        assert self.go.wait(30)
        return super().predict(source, **how)


@contextmanager
def held(settings: Settings | None = None, **limits: Any) -> Iterator[tuple[Held, TestClient]]:
    """A service whose colorizer waits."""
    colorizer = Held()
    with service(colorizer, settings, **limits) as client:
        try:
            yield colorizer, client
        finally:
            colorizer.go.set()


def later(work: Callable[[], Any]) -> Callable[[], Any]:
    """Call a function in a thread, and return a function that waits for its result."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()

    def result() -> Any:
        thread.join(30)
        return found[0]

    return result


def until(true: Callable[[], Any]) -> Any:
    """Call a function repeatedly, and return its first result that is true."""
    for _ in range(3000):
        if found := true():
            return found
        time.sleep(0.01)
    raise AssertionError("it never came true")


def post(client: TestClient, data: bytes, name: str = "old.jpg", **fields: Any) -> Any:
    """Send one photograph to be coloured."""
    return client.post(COLORIZE, files={"image": (name, data)}, data=fields)


def begin(client: TestClient, *photographs: tuple[str, bytes], **fields: Any) -> dict[str, Any]:
    """Begin a job."""
    files = [("photographs", each) for each in photographs]
    answer = client.post(JOBS, files=files, data=fields)
    assert answer.status_code == 202, answer.text
    return answer.json()


def ended(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    """Wait until a job has ended, and return it."""

    def look() -> dict[str, Any] | None:
        now = client.get(f"{JOBS}/{job['id']}").json()
        return now if now["status"] not in ("queued", "running") else None

    return until(look)


def files_of(client: TestClient) -> list[Path]:
    """Return all files that the service has on disk now; folders may disappear meanwhile."""
    walk = os.walk(client.app.state.service.folder)
    return [Path(folder) / name for folder, _, names in walk for name in sorted(names)]


def problem(answer: Any, status: int) -> str:
    """Check that a response is a problem of RFC 9457, and return its detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    found = answer.json()
    assert set(found) == {"type", "title", "status", "detail"}
    assert found["status"] == status
    assert found["type"] == "about:blank" or found["type"].startswith("urn:photochrom:problem:")
    assert found["title"]
    assert found["detail"]
    return found["detail"]


def jpeg(grey: np.ndarray, quality: int = 92) -> bytes:
    return picture_bytes(grey, "JPEG", quality=quality)


def pixels(data: bytes) -> np.ndarray:
    """RGB, (H, W, 3) uint8."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def luma_plane(data: bytes) -> np.ndarray:
    """The Y plane of a JPEG file."""
    with Image.open(io.BytesIO(data)) as image:
        image.draft("YCbCr", None)
        return np.asarray(image)[..., 0]


def luma_as_stored(grey: np.ndarray, quality: int = 92) -> np.ndarray:
    """The plane of a grey JPEG file of that quality."""
    with Image.open(io.BytesIO(simplejpeg.encode_jpeg_yuv_planes(grey, None, None, quality))) as i:
        return np.asarray(i)


def is_coloured(data: bytes) -> bool:
    rgb = pixels(data).astype(int)
    return bool(np.abs(rgb[..., 0] - rgb[..., 2]).max() > 10)


# --- in a process of its own -----------------------------------------------------------------


@contextmanager
def serving(
    place: Path, arguments: list[str], **environment: str
) -> Iterator[tuple[subprocess.Popen, str]]:
    """Yield a process that serves, and its address; its output goes to `said`."""
    added = {"TMPDIR": str(place), "PYTHONPATH": os.pathsep.join(map(str, sys.path))}
    with (place / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stderr=said,
            cwd=place,
            env=os.environ | added | environment,
            preexec_fn=heed_interrupts,
        )
    try:
        yield process, until(lambda: where(place))
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in (place / "said").read_text()


def where(place: Path) -> str:
    said = (place / "said").read_text()
    return said.partition("serving at ")[2].strip() if said.endswith("\n") else ""


def stop(process: subprocess.Popen, number: int = signal.SIGTERM) -> int:
    process.send_signal(number)
    return process.wait(30)
