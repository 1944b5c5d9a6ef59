"""Pack small copies of photographs into WebDataset shards, to train on another machine.

    python tools/pack.py photos/ shards/ --side 256 --quality 88 --limit 56
    photochrom train shards/ --run runs/mine

The folders `train` and `val` in `photos/` become `shards/train/train-000.tar` and so on, and
`shards/val/val-000.tar` and so on. Without them, all photographs become `train`. Photographs that
training would skip (grey, tinted, broken, tiny) are skipped here. The others become JPEGs with a
shorter side of at most `--side`; a file that is no larger than its JPEG is copied unchanged.

Choose a side of at least `data.size / sqrt(data.crop)`, or the smallest crops will be enlarged. The
same photographs give the same shards, byte for byte.
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
from photochrom.progress import ProgressListener
from photochrom.training.sources import Source, Verdict, examine, find, split_folders, summary

_MIB: Final = 2**20


class PackedPhoto(NamedTuple):
    """A photograph's name in the shard, verdict and data; the data is empty if it is skipped."""

    name: str
    verdict: Verdict
    data: bytes = b""


class Notes(ProgressListener):
    """Prints messages about shards that are truncated."""

    def note(self, text: str) -> None:
        """Print a message."""
        print(text, flush=True)


class Shards:
    """A writer of NAME-000.tar, NAME-001.tar and so on, each within a limit in bytes."""

    def __init__(self, folder: Path, name: str, limit: int) -> None:
        """Create the folder.

        Raises:
            DataError: the folder exists; its files would be mixed with the new shards.
        """
        if folder.exists():
            raise DataError(f"expected a new folder for shards; {folder} exists already")
        folder.mkdir(parents=True)
        self.folder, self.name, self.limit = folder, name, limit
        self.paths: list[Path] = []
        self._archive: tarfile.TarFile | None = None

    def add(self, name: str, data: bytes) -> None:
        """Write a file to the current shard, or to a new one if it does not fit."""
        # TarInfo's default time and owner make shards reproducible.
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive = self._archive or self._next()
        # A photograph that is larger than the limit gets a shard of its own.
        if archive.offset and archive.offset + _room_for(member) > self.limit:
            archive = self._next()
        archive.addfile(member, io.BytesIO(data))

    def close(self) -> None:
        """Finish the last shard."""
        if self._archive:
            self._archive.close()

    def _next(self) -> tarfile.TarFile:
        """Finish the current shard and open the next one."""
        self.close()
        self.paths.append(self.folder / f"{self.name}-{len(self.paths):03}.tar")
        self._archive = tarfile.open(self.paths[-1], "w")  # noqa: SIM115
        return self._archive


def _room_for(member: tarfile.TarInfo) -> int:
    """Return the bytes that a file needs, with its header and the end of the archive."""
    blocks = -(-member.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
    return len(member.tobuf()) + blocks + tarfile.RECORDSIZE


def pack_photo(source: Source, folder: Path, arguments: argparse.Namespace) -> PackedPhoto:
    """Return the smaller of the original file and its JPEG copy, if the photograph is usable."""
    name = source.member or Path(source.path).relative_to(folder).as_posix()
    result = examine(source, arguments.min_side)
    if result != "good":
        return PackedPhoto(name, result)
    data = source.read()
    rgb = photo.thumbnail(data, arguments.side)
    jpeg = simplejpeg.encode_jpeg(rgb, arguments.quality, "RGB", "420")
    return (
        PackedPhoto(name, result, data)
        if len(data) <= len(jpeg)
        else PackedPhoto(f"{name}.jpg", result, jpeg)
    )


def pack(folder: Path, part: str, arguments: argparse.Namespace) -> None:
    """Write the shards of one part and print a summary."""
    shards = Shards(arguments.out / part, part, arguments.limit * _MIB)
    counts: Counter[Verdict] = Counter()

    def convert(source: Source) -> PackedPhoto:
        return pack_photo(source, folder, arguments)

    for each in map_ordered(convert, find(folder, Notes()), os.cpu_count() or 1):
        counts[each.verdict] += 1
        if each.data:
            shards.add(each.name, each.data)
    shards.close()
    size = sum(path.stat().st_size for path in shards.paths) / _MIB
    print(f"{part}: {summary(counts)} in {len(shards.paths)} shards, {size:.1f} MiB", flush=True)


def main() -> None:
    """Pack the training and the validation part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photos", type=Path, help="folder of photographs")
    parser.add_argument("out", type=Path, help="folder for the shards")
    parser.add_argument("--side", type=int, default=256, help="largest shorter side, in pixels")
    parser.add_argument("--quality", type=int, default=88, help="quality of the JPEGs, 1 to 100")
    parser.add_argument(
        "--limit", "--most", type=int, default=56, help="largest size of a shard, in MiB"
    )
    parser.add_argument(
        "--min-side", type=int, default=64, help="skip smaller photographs, in pixels"
    )
    arguments = parser.parse_args()
    train, val = split_folders(arguments.photos)
    for folder, part in ((train, "train"), (val, "val")):
        if folder:
            pack(folder, part, arguments)


if __name__ == "__main__":
    main()
