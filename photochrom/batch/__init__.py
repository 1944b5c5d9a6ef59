"""Colour many photographs: `plan` pairs inputs with output files, `run` does the work."""

from __future__ import annotations

from photochrom.batch.coloring import ColoredScan, color_pages, color_photo
from photochrom.batch.job import Exists, InColor, Job, Outcome, Status
from photochrom.batch.planning import plan, unsearched_folders, unsupported_suffixes
from photochrom.batch.running import IN_COLOR_ALREADY, run
from photochrom.batch.sharing import share_colors

__all__ = [
    "IN_COLOR_ALREADY",
    "ColoredScan",
    "Exists",
    "InColor",
    "Job",
    "Outcome",
    "Status",
    "color_pages",
    "color_photo",
    "plan",
    "run",
    "share_colors",
    "unsearched_folders",
    "unsupported_suffixes",
]
