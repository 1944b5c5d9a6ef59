"""Put the originals and the results of an archive into a BagIt bag (RFC 8493).

The files are copied, hashed, and compared with the manifest of the run.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from photochrom import __version__
from photochrom.archive.layout import placed
from photochrom.archive.premis import write_premis
from photochrom.archive.verification import members_of, place_of
from photochrom.errors import OutputError, OutputExists
from photochrom.files.atomic import output_errors
from photochrom.files.transfers import fetch

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry

__all__ = ["write_bag"]

_DECLARATION: Final = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_DESCRIPTION: Final = (
    "Grey originals (originals/) and coloured versions of them (coloured/). The colours were "
    "guessed by a machine."
)


def write_bag(
    entries: Iterable[Entry],
    folder: Path,
    *,
    settings: Mapping[str, Mapping[str, object]] | None = None,
) -> int:
    """Write a bag with the originals, the results, and their PREMIS metadata.

    The bag appears when it is complete, or not at all.

    Args:
        entries: the rows of the manifest; those that are not done are left out.
        folder: the bag, which must not exist.
        settings: as in `write_premis`.

    Returns:
        The number of photographs in the bag.

    Raises:
        DataError: no photograph is done.
        OutputExists: `folder` exists.
        OutputError: it cannot be written, or a file is no longer the one that was coloured or made.
        StorageError: a file cannot be read.
    """
    photographs = placed(entries)
    with _new_folder(folder) as draft:
        payload = Payload(draft)
        for shard, group in groupby(photographs, lambda each: each.entry.shard):
            members = members_of(shard)
            for each in group:
                entry = each.entry
                place = entry.source_offset, entry.source_size
                payload.add(each.original, entry.source, place, entry.source_sha256)
                place = place_of(entry, members)
                payload.add(each.colored, entry.output, place, entry.output_sha256)
        (draft / "metadata").mkdir()
        write_premis(
            [each.entry for each in photographs],
            draft / "metadata" / "premis.xml",
            settings=settings,
        )
        _write_tags(draft, payload)
    return len(photographs)


class Payload:
    """The files in the folder `data` of a bag.

    Attributes:
        hashes: the SHA-256 of each file, by its path in the bag.
        size: the size of all files, in bytes.
    """

    def __init__(self, bag: Path) -> None:
        self._bag = bag
        self.hashes: dict[str, str] = {}
        self.size = 0

    def add(
        self, place: PurePosixPath, location: str, within: tuple[int, int], sha256: str
    ) -> None:
        """Copy a file.

        Args:
            place: its path below `data`.
            location: where it is.
            within: its offset and size in the tar that holds it; -1 for other files.
            sha256: its SHA-256 in the manifest of the run.

        Raises:
            OutputError: it has another SHA-256.
            StorageError: it cannot be read.
        """
        path = self._bag / "data" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        offset, size = within
        fetch(location, path, offset=offset, size=size)
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise OutputError(
                f"expected {location} to be as the manifest describes it; it was changed since"
            )
        self.hashes[f"data/{place}"] = found
        self.size += path.stat().st_size


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder, which gets its name at the end, or is deleted after an error."""
    if folder.exists():
        raise OutputExists(f"{folder} exists already; choose another name for the bag")
    draft = folder.absolute().with_name(f".photochrom-{secrets.token_hex(8)}")
    with output_errors(folder):
        draft.mkdir()
        try:
            yield draft
            draft.rename(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


def _write_tags(bag: Path, payload: Payload) -> None:
    """Write the files that make a folder a bag, the one with the hashes of the others last."""
    info = {
        "Bag-Software-Agent": f"Photochrom {__version__}",
        "Bagging-Date": f"{datetime.now(UTC):%Y-%m-%d}",
        "External-Description": _DESCRIPTION,
        "Payload-Oxum": f"{payload.size}.{len(payload.hashes)}",
    }
    texts = {
        "bagit.txt": _DECLARATION,
        "bag-info.txt": "".join(f"{name}: {value}\n" for name, value in info.items()),
        "manifest-sha256.txt": _lines(payload.hashes),
    }
    for name, text in texts.items():
        (bag / name).write_bytes(text.encode())
    names = [*texts, "metadata/premis.xml"]
    tags = {name: hashlib.sha256((bag / name).read_bytes()).hexdigest() for name in names}
    (bag / "tagmanifest-sha256.txt").write_bytes(_lines(tags).encode())


def _lines(hashes: Mapping[str, str]) -> str:
    return "".join(f"{sha256}  {name}\n" for name, sha256 in hashes.items())
