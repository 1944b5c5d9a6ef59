"""Make clients of the service with two generators, and run the programs of the how-to guide.

`python tools/check_clients.py` needs the extras web and dev, Node and npm, and npm's registry.
It prints what it does, and ends with exit code 1 if a step fails or a generator warns.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs/how-to/use-the-service.md"
ADDRESS = "http://127.0.0.1:8765"  # of the guide
TYPES = (
    '{"compilerOptions": {"strict": true, "module": "esnext", "moduleResolution": "bundler", '
    '"target": "es2022", "noEmit": true, "types": ["node"]}}'
)


def blocks(language: str) -> list[str]:
    """Return the blocks of the guide in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text("utf-8"), re.M | re.S)


def command(beginning: str) -> list[str]:
    """Return the guide's command that begins with a text."""
    lines = "".join(blocks("console")).splitlines()
    return next(line for line in lines if line.startswith(f"$ {beginning}"))[2:].split()


def run(folder: Path, *words: str) -> str:
    """Run a command in a folder, and return what it printed."""
    print("$", *words, flush=True)
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, check=False, env=environment()
    )
    said = done.stdout + done.stderr
    if done.returncode:
        sys.exit(f"{said}\nexpected exit code 0; received {done.returncode}")
    return said


def environment() -> dict[str, str]:
    """Return the environment of commands: the programs of this Python come first."""
    here = [str(Path(sys.executable).parent), os.environ["PATH"]]
    modules = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PATH": os.pathsep.join(here),
        "PYTHONPATH": os.pathsep.join(filter(None, modules)),
    }


@contextmanager
def service(folder: Path) -> Iterator[str]:
    """Run a service at a free port, and yield its address."""
    log = folder / "log"
    words = [sys.executable, "-m", "photochrom", "serve", "--no-page", "--port", "0"]
    with log.open("w") as file:
        process = subprocess.Popen(words, stdout=file, stderr=file, cwd=folder, env=environment())
    try:
        for _ in range(600):
            if found := re.search(r"serving at (\S+)\n", log.read_text()):
                yield found[1]
                return
            time.sleep(0.1)
        sys.exit(f"expected a service; received {log.read_text()}")
    finally:
        process.terminate()
        process.wait()


def check_results(folder: Path) -> None:
    """Check that a program has written a photograph and an archive, and remove them."""
    with Image.open(folder / "new.jpg") as image:
        print(f"  new.jpg: {image.format} {image.mode} {image.size}")
    with zipfile.ZipFile(folder / "new.zip") as archive:
        print(f"  new.zip: {archive.namelist()}")
    for name in ("new.jpg", "new.zip"):
        (folder / name).unlink()


def check_python(folder: Path, address: str) -> None:
    """Make the client for Python, and run the guide's program."""
    words = [word.replace(ADDRESS, address) for word in command("openapi-python-client")]
    said = run(folder, sys.executable, "-m", "openapi_python_client", *words[1:])
    if "warning" in said.lower():
        sys.exit(said)
    (folder / "color.py").write_text(blocks("python")[0].replace(ADDRESS, address), "utf-8")
    run(folder, sys.executable, "color.py")
    check_results(folder)
    shutil.rmtree(folder / "client")


def check_typescript(folder: Path, address: str) -> None:
    """Make the client for TypeScript, check its types, and run the guide's program."""
    (folder / "package.json").write_text('{"private": true, "type": "module"}', "utf-8")
    (folder / "tsconfig.json").write_text(TYPES, "utf-8")
    run(folder, *command("npm"), "--no-fund", "--no-audit")
    said = run(folder, *[word.replace(ADDRESS, address) for word in command("npx openapi-ts")])
    if "warn" in said.lower():
        sys.exit(said)
    (folder / "color.ts").write_text(blocks("ts")[0].replace(ADDRESS, address), "utf-8")
    run(folder, "npx", "tsc", "--project", ".")
    run(folder, *command("npx tsx"))
    check_results(folder)


def main() -> None:
    """Check both clients in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.linear_gradient("L").save(folder / "old.jpg")
        with service(folder) as address:
            check_python(folder, address)
            check_typescript(folder, address)
    print("both clients work")


if __name__ == "__main__":
    main()
