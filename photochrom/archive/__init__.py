"""Archives: many photographs on any storage, with a manifest that says what became of each.

Open a `Manifest`, `prepare` it, `add_sources`, and go through `color_queued`::

    with Manifest("run.sqlite", write=True) as manifest:
        prepare(manifest, "s3://archive/coloured", Settings(vividness=0.3))
        add_sources(manifest, ["s3://archive/scans"])
        for entry in color_queued(manifest):
            print(entry.status, entry.source)
"""

from __future__ import annotations

from photochrom.archive.entry import Entry
from photochrom.archive.manifest import Manifest
from photochrom.archive.running import add_sources, color_queued, prepare
from photochrom.archive.settings import Settings
from photochrom.archive.tables import export
from photochrom.archive.verification import verify

__all__ = [
    "Entry",
    "Manifest",
    "Settings",
    "add_sources",
    "color_queued",
    "export",
    "prepare",
    "verify",
]
