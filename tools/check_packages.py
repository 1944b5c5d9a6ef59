"""Build the wheel and the sdist, and try the wheel in a new environment.

    python tools/check_packages.py --out dist

The sdist is built first and the wheel is built from it. Both must hold the bundled network and no
`network.keras`. The wheel is then installed in a new virtual environment, without the optional
dependencies. There `photochrom --version` must answer, and a small grey PNG must be coloured.

The version must be the same in the package, `CITATION.cff` and `CHANGELOG.md`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops

ROOT: Final = Path(__file__).resolve().parents[1]
SIDE: Final = 96  # pixels of the photograph
NEEDED: Final = (
    "photochrom/models/default/card.json",
    "photochrom/models/default/network.onnx",
    "photochrom/py.typed",
)
SEPARATE: Final = ("PYTHONPATH", "PYTHONHOME", "PHOTOCHROM_MODEL")  # would lead back to the clone


def run(*command: str | Path, folder: Path = ROOT) -> str:
    """Return the command's stdout; if it fails, print its output and exit."""
    environment = {name: value for name, value in os.environ.items() if name not in SEPARATE}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def build(folder: Path) -> tuple[Path, Path]:
    """Build the sdist, and the wheel from it; return both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        run(sys.executable, "-m", "build", "--outdir", fresh)
        built = [path.replace(folder / path.name) for path in sorted(Path(fresh).iterdir())]
    (wheel,) = (path for path in built if path.suffix == ".whl")
    (sdist,) = (path for path in built if path.suffix == ".gz")
    return sdist, wheel


def contents(package: Path) -> list[str]:
    """Return the files in a package, as paths in the repository."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            return wheel.namelist()
    with tarfile.open(package) as sdist:
        return [name.partition("/")[2] for name in sdist.getnames()]


def check_contents(package: Path) -> None:
    """Exit unless a package holds the bundled model, without the Keras network."""
    names = contents(package)
    if missing := [name for name in NEEDED if name not in names]:
        sys.exit(f"expected {', '.join(missing)} in {package.name}")
    if extra := [name for name in names if name.endswith(".keras")]:
        sys.exit(f"expected no Keras network in {package.name}; found {', '.join(extra)}")
    print(f"{package.name}: {len(names)} files, {package.stat().st_size / 2**20:.1f} MiB")


def check_version(wheel: Path) -> str:
    """Return the wheel's version; exit if the citation or the changelog has another."""
    version = wheel.name.split("-")[1]
    for name, pattern in (
        ("CITATION.cff", r"^version: {}$"),
        ("CHANGELOG.md", r"^## {} - \d{{4}}-\d\d-\d\d$"),
    ):
        line = pattern.format(re.escape(version))
        if not re.search(line, (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE):
            sys.exit(f"expected version {version} in {name}")
    return version


def try_wheel(wheel: Path, version: str) -> None:
    """Install the wheel in a new environment and colour a grey photograph with it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        run(scripts / "python", "-m", "pip", "install", "--quiet", wheel, folder=folder)
        said = run(scripts / "photochrom", "--version", folder=folder).strip()
        if version not in said.split():
            sys.exit(f"expected photochrom --version to say {version}; it said {said!r}")
        grey = Image.radial_gradient("L").resize((SIDE, SIDE))
        grey.save(folder / "grey.png")
        run(scripts / "photochrom", "colorize", "grey.png", "-o", "coloured.png", folder=folder)
        check_photograph(grey, folder / "coloured.png")


def check_photograph(grey: Image.Image, path: Path) -> None:
    """Exit unless the photograph has colour, and its luma is unchanged."""
    if not path.exists():
        sys.exit(f"expected {path.name}; photochrom colorize wrote nothing")
    with Image.open(path) as coloured:
        if (coloured.mode, coloured.size) != ("RGB", grey.size):
            sys.exit(f"expected RGB, {grey.size}; received {coloured.mode}, {coloured.size}")
        red, _, blue = coloured.split()
        if not ImageChops.difference(red, blue).getbbox():
            sys.exit("expected a photograph in colour; it is grey")
        off = ImageChops.difference(coloured.convert("L"), grey).histogram()
    away = max(level for level, count in enumerate(off) if count)
    if away > 1:
        sys.exit(f"expected the luma of the grey photograph, within 1 level; it is {away} away")


def main() -> None:
    """Build, check the contents, install, and colour a photograph."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the packages go")
    begun = time.monotonic()
    sdist, wheel = build(parser.parse_args().out)
    for package in (sdist, wheel):
        check_contents(package)
    version = check_version(wheel)
    try_wheel(wheel, version)
    print(f"photochrom {version} installs and colours ({time.monotonic() - begun:.0f} s)")


if __name__ == "__main__":
    main()
