"""From a folder of photographs to WebDataset shards of small ones, to carry to another machine.

    python tools/pack.py photos/ shards/ --side 256 --quality 88 --most 56
    photochrom train shards/ --run runs/mine

`train` and `val` within `photos/` become `shards/train/train-000.tar` and so on, and
`shards/val/val-000.tar` and so on; any other folder becomes `train` alone. What training would
leave out (grey, tinted, broken, tiny) is left out here. A photograph becomes a JPEG with a shorter
side of at most `--side`; a file that is no larger than this JPEG is taken as it is.

The smallest crop is enlarged unless the side is at least `data.size / sqrt(data.crop)`. The same
photographs give the same shards, byte for byte.
"""

from __future__ import annotations

import argparse
import io
import os
import tarfile
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

import simplejpeg

from photochrom import photo
from photochrom.errors import DataError
from photochrom.parallel import map_ordered
from photochrom.training.scan import Verdict, summary, verdict
from photochrom.training.sources import Source, find, split_folders

_MIB: Final = 2**20


class Packed(NamedTuple):
    """A photograph as it goes into a shard; no data where it is left out."""

    name: str
    verdict: Verdict
    data: bytes = b""


class Shards:
    """Writes NAME-000.tar, NAME-001.tar and so on, none larger than the limit in bytes."""

    def __init__(self, folder: Path, name: str, limit: int) -> None:
        """Raises DataError if the folder is there: what it holds would be mixed with these."""
        if folder.exists():
            raise DataError(f"expected a folder that is still to be made; {folder} is there")
        folder.mkdir(parents=True)
        self.folder, self.name, self.limit = folder, name, limit
        self.paths: list[Path] = []
        self._archive: tarfile.TarFile | None = None

    def add(self, name: str, data: bytes) -> None:
        """Write a file into this shard, or into the next."""
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive = self._archive or self._next()
        if archive.offset and archive.offset + _room_for(member) > self.limit:
            archive = self._next()
        archive.addfile(member, io.BytesIO(data))

    def close(self) -> None:
        """End the last shard."""
        if self._archive:
            self._archive.close()

    def _next(self) -> tarfile.TarFile:
        self.close()
        self.paths.append(self.folder / f"{self.name}-{len(self.paths):03}.tar")
        self._archive = tarfile.open(self.paths[-1], "w")  # noqa: SIM115
        return self._archive


def _room_for(member: tarfile.TarInfo) -> int:
    """Bytes for the header, the data and the end of the archive."""
    blocks = -(-member.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
    return len(member.tobuf()) + blocks + tarfile.RECORDSIZE


def packed(source: Source, folder: Path, arguments: argparse.Namespace) -> Packed:
    """The smaller of a file as it is and a small JPEG of it, if it can teach colour."""
    name = source.member or Path(source.path).relative_to(folder).as_posix()
    found = verdict(source, arguments.min_side)
    if found != "good":
        return Packed(name, found)
    data = source.read()
    rgb = photo.thumbnail(data, arguments.side)
    jpeg = simplejpeg.encode_jpeg(rgb, arguments.quality, "RGB", "420")
    return (
        Packed(name, found, data) if len(data) <= len(jpeg) else Packed(f"{name}.jpg", found, jpeg)
    )


def pack(folder: Path, part: str, arguments: argparse.Namespace) -> None:
    """Shards of one part, and a line that says what is in them."""
    shards = Shards(arguments.out / part, part, arguments.most * _MIB)
    counts: Counter[Verdict] = Counter()

    def work(source: Source) -> Packed:
        return packed(source, folder, arguments)

    for each in map_ordered(work, find(folder), os.cpu_count() or 1):
        counts[each.verdict] += 1
        if each.data:
            shards.add(each.name, each.data)
    shards.close()
    size = sum(path.stat().st_size for path in shards.paths) / _MIB
    print(f"{part}: {summary(counts)} in {len(shards.paths)} shards, {size:.1f} MiB", flush=True)


def main() -> None:
    """Pack both parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--side", type=int, default=256, help="the shorter one, in pixels")
    parser.add_argument("--quality", type=int, default=88, help="of the JPEGs")
    parser.add_argument("--most", type=int, default=56, help="MiB in a shard")
    parser.add_argument("--min-side", type=int, default=64, help="smaller ones are left out")
    arguments = parser.parse_args()
    train, val = split_folders(arguments.photos)
    for folder, part in ((train, "train"), (val, "val")):
        if folder:
            pack(folder, part, arguments)


if __name__ == "__main__":
    main()
