"""Carry out the steps of the Dockerfile in a folder, where no Docker daemon runs.

It needs root, and the tar of a Debian for the stage that starts from one::

    mmdebstrap --variant=minbase trixie debian.tar
    python integrations/docker/tools/try_without_docker.py debian.tar /tmp/roots

Each stage gets a folder below the second argument. The instructions are read from the Dockerfile,
so this never does anything else than Docker. It does not read the `.dockerignore`, and has no
layers and no cache. All that it mounts is gone when it ends, however it ends.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parents[1]
REPOSITORY = HERE.parents[1]
_NAMESPACE = "PHOTOCHROM_MOUNT_NAMESPACE"


@dataclass
class Stage:
    """One stage: its root, and what the instructions so far have set."""

    root: Path
    has_base: bool
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": os.defpath})
    folder: str = "/"
    shell: list[str] = field(default_factory=lambda: ["/bin/sh", "-c"])


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield each instruction's name and the rest of its line, with continued lines joined."""
    without_comments = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    for line in without_comments.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name.upper(), rest.strip()


class Builder:
    """Carries out instructions, one after another."""

    def __init__(self, base: Path, work: Path, binds: list[str], names: list[str]) -> None:
        self._base, self._work, self._binds = base, work, binds
        self._passed = {name: os.environ[name] for name in names if name in os.environ}
        self._stages: dict[str, Stage] = {}

    def build(self, text: str) -> Path:
        """Carry out a Dockerfile, and return the root of its last stage."""
        for name, rest in instructions(text):
            print(f"{name} {rest}", flush=True)
            getattr(self, f"_{name.lower()}", lambda _: None)(rest)
        return self._stage.root

    def _from(self, rest: str) -> None:
        image, _, name = rest.partition(" AS ")
        root = self._work / (name or "image")
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        if image != "scratch":
            subprocess.run(["tar", "--extract", f"--file={self._base}"], cwd=root, check=True)
        self._stage = self._stages[name] = Stage(root, image != "scratch")

    def _shell(self, rest: str) -> None:
        self._stage.shell = json.loads(rest)

    def _arg(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self._stage.environment[name] = os.environ.get(name, value)

    def _env(self, rest: str) -> None:
        self._stage.environment |= dict(pair.split("=", 1) for pair in rest.split())

    def _workdir(self, rest: str) -> None:
        self._stage.folder = rest
        self._inside(rest).mkdir(parents=True, exist_ok=True)

    def _copy(self, rest: str) -> None:
        *sources, target = rest.split()
        origin = REPOSITORY
        if sources[0].startswith("--from="):
            origin = self._stages[sources.pop(0).removeprefix("--from=")].root
        for source in sources:
            path, into = origin / source.strip("/"), self._inside(target)
            if path.is_file():
                into.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, into)
            else:
                into.mkdir(parents=True, exist_ok=True)
                subprocess.run(["cp", "--archive", f"{path}/.", into], check=True)

    def _run(self, rest: str) -> None:
        stage = self._stage
        command = json.loads(rest) if rest.startswith("[") else [*stage.shell, rest]
        # A machine behind a proxy needs its own settings to download; only the base gets them.
        binds = ["/proc", "/dev", *(self._binds if stage.has_base else [])]

        def enter() -> None:
            os.chroot(stage.root)
            os.chdir(stage.folder)

        environment = stage.environment | (self._passed if stage.has_base else {})
        mounted = [self._mount(Path(bind)) for bind in binds]
        subprocess.run(command, env=environment, preexec_fn=enter, check=True)
        for target in reversed(mounted):
            subprocess.run(["umount", target], check=True)

    def _mount(self, source: Path) -> Path:
        """Show a file or folder of this machine at the same place in the stage's root."""
        target = self._inside(str(source))
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        subprocess.run(["mount", "--bind", source, target], check=True)
        return target

    def _inside(self, path: str) -> Path:
        """Return where a path of the stage is on this machine."""
        return self._stage.root / Path("/", self._stage.folder, path).relative_to("/")


def main() -> None:
    """Parse the arguments, build, and print the size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("base", type=Path, help="tar of the base image")
    parser.add_argument("work", type=Path, help="folder for the roots of the stages")
    parser.add_argument("--bind", action="append", default=[], help="path that RUN sees, too")
    parser.add_argument("--env", action="append", default=[], help="variable that RUN sees, too")
    arguments = parser.parse_args()
    if _NAMESPACE not in os.environ:  # start again where mounts concern this process alone
        os.environ[_NAMESPACE] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])
    base, work = arguments.base.resolve(), arguments.work.resolve()
    builder = Builder(base, work, arguments.bind, arguments.env)
    root = builder.build((HERE / "Dockerfile").read_text("utf-8"))
    size = subprocess.run(["du", "-sb", root], capture_output=True, text=True, check=True).stdout
    print(f"{int(size.split()[0]) / 1e6:.0f} MB in {root}")


if __name__ == "__main__":
    main()
