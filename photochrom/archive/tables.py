"""Write the rows of a manifest as Parquet, CSV or JSON Lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple, fields
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.archive.entry import Entry
from photochrom.errors import ConfigError, MissingExtra
from photochrom.files.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["export"]

_NAMES: Final = [field.name for field in fields(Entry)]
_GROUP: Final = 50_000  # rows that are in memory at once


def export(entries: Iterable[Entry], path: Path, *, overwrite: bool = False) -> None:
    """Write rows to a file, whose suffix decides the format: .parquet, .csv or .jsonl.

    Args:
        entries: the rows.
        path: the file; the names of its columns are the fields of `Entry`.
        overwrite: whether an existing file may be replaced.

    Raises:
        ConfigError: the suffix is another one.
        OutputError: as in `atomic_write`.
        MissingExtra: PyArrow is not installed, for Parquet.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        known = ", ".join(_WRITERS)
        raise ConfigError(f"expected a file that ends in one of {known}; received {path}")
    with atomic_write(path, overwrite=overwrite) as draft:
        write(entries, draft)


def _write_csv(entries: Iterable[Entry], path: Path) -> None:
    # A name that is not UTF-8 becomes what JSON Lines have, such as caf\udce9.jpg.
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_NAMES)
        writer.writerows(astuple(entry) for entry in entries)


def _write_json_lines(entries: Iterable[Entry], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(entry)) + "\n" for entry in entries)


def _write_parquet(entries: Iterable[Entry], path: Path) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise MissingExtra("archive", "Parquet") from error
    types = {"int": pa.int64(), "float": pa.float64()}
    schema = pa.schema(
        [(each.name, types.get(str(each.type), pa.string())) for each in fields(Entry)]
    )
    with pq.ParquetWriter(path, schema) as writer:
        for group in _groups(entries):
            writer.write_table(pa.Table.from_pylist(group, schema))


def _groups(entries: Iterable[Entry]) -> Iterator[list[dict[str, object]]]:
    rows = iter(entries)
    while group := [_encodable(entry) for entry in islice(rows, _GROUP)]:
        yield group


def _encodable(entry: Entry) -> dict[str, object]:
    """Return a row with names as `_write_csv` has them."""
    row = asdict(entry)
    texts = {name: value for name, value in row.items() if isinstance(value, str)}
    encoded = {name: text.encode("utf-8", "backslashreplace") for name, text in texts.items()}
    return row | {name: text.decode() for name, text in encoded.items()}


_WRITERS: Final[dict[str, Callable[[Iterable[Entry], Path], None]]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".jsonl": _write_json_lines,
}
