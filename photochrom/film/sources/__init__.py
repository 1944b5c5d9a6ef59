"""What a film is read from: one file, or a numbered sequence of pictures."""

from __future__ import annotations

from photochrom.film.sources.base import NoteCallback, ProblemCallback, Source, video_stream
from photochrom.film.sources.film_file import FilmFile
from photochrom.film.sources.picture_sequence import PictureSequence, is_pattern, source_files

__all__ = [
    "FilmFile",
    "NoteCallback",
    "PictureSequence",
    "ProblemCallback",
    "Source",
    "is_pattern",
    "source_files",
    "video_stream",
]
