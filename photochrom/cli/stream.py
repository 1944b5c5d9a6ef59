"""Colour one photograph from stdin, to stdout, or both: `-` in place of a path."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.cli.console import note, note_metadata_lost
from photochrom.errors import ConfigError

if TYPE_CHECKING:
    from photochrom.color_photo import ColorPhoto
    from photochrom.colorizer import Colorizer
    from photochrom.options import ColorOptions
    from photochrom.provenance import Signer

__all__ = ["STREAM", "Stream"]

STREAM: Final = "-"
"""Stands for stdin or stdout in place of a path."""


@dataclass(frozen=True)
class Stream:
    """One photograph of which at least one end is a stream.

    Attributes:
        source: a path, or `STREAM` for stdin.
        output: a path, or `STREAM` or an empty text for stdout.
        suffix: file type of the result, for example ".png"; None for the photograph's.
        quality: encoder quality, 1 to 100; None for the format's default.
        profile: colour space of the result, as in `batch.run`.
        label: as in `batch.run`.
        signer: signs the result; None to leave it unsigned.
    """

    source: str
    output: str
    suffix: str | None
    quality: int | None = None
    profile: str = "srgb"
    label: bool = False
    signer: Signer | None = None

    def run(
        self,
        create: Callable[[], Colorizer],
        options: ColorOptions,
        originals: list[Path],
        *,
        overwrite: bool,
    ) -> None:
        """Colour the photograph.

        Args:
            create: makes the colorizer, after the arguments have been checked.
            options: how to colour it.
            originals: as in `check`.
            overwrite: whether an existing file may be replaced.
        """
        self.check(originals)
        colorizer = create()
        original = self.read()
        result = self.colorize(original, colorizer, options).in_profile(self.profile)
        if self.label:
            result = result.labelled()

        def encode(name: str) -> bytes:
            data = result.encode(name, quality=self.quality)
            if not self.signer:
                return data
            title, model = Path(self.output).name, colorizer.model.card.name
            return self.signer.sign(data, original, title=title, model=model)

        self.write(result, encode, overwrite=overwrite)

    @property
    def _to_stdout(self) -> bool:
        return self.output in ("", STREAM)

    def check(self, originals: list[Path]) -> None:
        """Check the source, the output and the suffix before any work is done.

        Args:
            originals: further files that the result must not replace.

        Raises:
            ConfigError: the suffix is not supported, or contradicts the name of the result.
            OutputError: the result would replace an original.
        """
        from photochrom.photo import WRITABLE_SUFFIXES

        if self.suffix and self.suffix.lower() not in WRITABLE_SUFFIXES:
            raise ConfigError(
                f"expected the suffix of a photograph, such as .png; received {self.suffix!r}"
            )
        output_suffix = "" if self._to_stdout else Path(self.output).suffix.lower()
        if self.suffix and output_suffix and self.suffix.lower() != output_suffix:
            raise ConfigError(
                f"expected {self.output} to end in {self.suffix}; leave out --suffix or change -o"
            )
        self._check_original(originals)

    def _check_original(self, others: list[Path]) -> None:
        """Raise an error where the result would replace an original.

        A shell may have connected stdin or stdout to a regular file (`< in.png`, `>> in.png`), so
        those files are compared, too: descriptors 0 and 1 stand for them.
        """
        from photochrom.files.atomic import ensure_not_original, identity

        first = 0 if self.source == STREAM and sys.stdin is not None else self.source
        target = 1 if self._to_stdout else Path(self.output)
        if target != 1 or (sys.stdout is not None and stat.S_ISREG(os.fstat(1).st_mode)):
            ensure_not_original(target, {identity(each) for each in (first, *others)})

    def read(self) -> str | bytes:
        """Return the path of the photograph, or the bytes of stdin."""
        if self.source != STREAM:
            return self.source
        if sys.stdin is None:
            raise ConfigError("expected a photograph from stdin, which is closed")
        return sys.stdin.buffer.read()

    def colorize(
        self, original: str | bytes, colorizer: Colorizer, options: ColorOptions
    ) -> ColorPhoto:
        """Read the photograph and colour it."""
        from photochrom import photo

        name = "stdin" if isinstance(original, bytes) else None
        picture = photo.read(original, max_pixels=colorizer.max_pixels, name=name)
        if not picture.is_monochrome:
            note(f"{picture.name} was in colour already; it is coloured anew")
        return colorizer.colorize(picture, options)

    def write(self, result: ColorPhoto, encode: Callable[[str], bytes], *, overwrite: bool) -> None:
        """Write the result to the output.

        Args:
            result: the coloured photograph.
            encode: returns the bytes of its file in the format of a name.
            overwrite: whether an existing file may be replaced.
        """
        from photochrom.photo import WRITABLE_SUFFIXES, deliver
        from photochrom.photo.codecs import format_of

        if not self._to_stdout:
            deliver(self.output, encode, overwrite=overwrite)
            lost = result.metadata_lost(format_of(Path(self.output)).name)
            note_metadata_lost(self.output, lost)
            return
        if sys.stdout is None:
            raise ConfigError("expected to write the photograph to stdout, which is closed")
        # Encoded as a whole first: a failure leaves stdout empty.
        file_format = WRITABLE_SUFFIXES[self.suffix.lower()] if self.suffix else result.format
        sys.stdout.buffer.write(encode(file_format))
        sys.stdout.buffer.flush()
        note_metadata_lost("stdout", result.metadata_lost(file_format))
