"""A server for the Model Context Protocol (MCP): an assistant colours the photographs of a folder.

The assistant sees small copies of the photographs, asks for likely colours, gives hints and
palettes, and looks at the results. It reads and writes below one folder only, which the person who
starts the server has named, and it never replaces an original.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import Annotated, Any, Final

from PIL import Image as PillowImage

from photochrom import __version__, photo, scoring
from photochrom.batch import plan, run
from photochrom.colorizer import Colorizer
from photochrom.errors import ConfigError, MissingExtra, OutputError, PhotochromError
from photochrom.files.folders import files_in
from photochrom.guidance.hints import Hint
from photochrom.options import ColorOptions
from photochrom.photo.provenance import marked_version

try:
    from mcp.server.mcpserver import Image, MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from pydantic import BaseModel, ConfigDict, Field
except ModuleNotFoundError as error:
    raise MissingExtra("mcp", "serving an assistant") from error

__all__ = ["Evaluation", "HintArgument", "LikelyColor", "Tools", "make_server"]

_SHOWN: Final = 768  # pixels, the longer side of the copies that the assistant sees
_QUALITY: Final = 85  # of these copies, as JPEG
_MOST_NAMES: Final = 1000
_TINTS: Final = {
    "grey": "black and white",
    "tinted": "black and white with a tint",
    "colour": "in colour already",
}
_INSTRUCTIONS: Final = (
    "Colours black-and-white photographs. The originals stay as they are, and so does the "
    "lightness of every pixel. The colours are guesses, not evidence of the true ones: say so. "
    "Paths are relative to the folder of the server. Coordinates are pixels of the full "
    "photograph, whose size view_photograph tells; the picture that it shows may be smaller."
)


class HintArgument(BaseModel):
    """A colour that is known at a point of the photograph."""

    model_config = ConfigDict(extra="forbid")

    x: Annotated[float, Field(description="Column in pixels of the full photograph.")]
    y: Annotated[float, Field(description="Row in pixels, from the top.")]
    color: Annotated[str, Field(description='The colour: "#RRGGBB", or a CSS name such as khaki.')]
    radius: Annotated[
        float | None, Field(description="Radius in pixels; by default 1% of the shorter side.")
    ] = None


PhotographPath = Annotated[str, Field(description="The photograph, relative to the folder.")]
X = Annotated[float, Field(description="Column in pixels of the full photograph.")]
Y = Annotated[float, Field(description="Row in pixels, from the top.")]
Count = Annotated[int, Field(ge=1, le=20, description="The largest number of colours.")]
Folder = Annotated[str, Field(description="A folder in that of the server; by default all of it.")]
Vividness = Annotated[
    float | None, Field(ge=0, le=1, description="Colour strength: 0 is cautious, 1 vivid.")
]
Limit = Annotated[int, Field(ge=1, le=500, description="The largest number of photographs.")]


class LikelyColor(BaseModel):
    """A colour, and how probable it or a similar one is."""

    color: str
    probability: float


class Evaluation(BaseModel):
    """Scores of coloured photographs against their true colours."""

    photographs: int
    psnr: float
    psnr_of_grey: float
    ciede2000: float
    ciede2000_of_grey: float


@dataclass(frozen=True)
class Tools:
    """What an assistant can do in a folder.

    Attributes:
        folder: nothing outside it is read or written.
        create: makes the colorizer when it is first needed.
    """

    folder: Path
    create: Callable[[], Colorizer]

    @cached_property
    def _colorizer(self) -> Colorizer:
        return self.create()

    def list_photographs(self, folder: Folder = "") -> list[str]:
        """List the photographs of the folder and its subfolders.

        After 1,000 names, the last entry says how many more there are.
        """
        root = self._inside(folder)
        if not root.is_dir():
            raise ConfigError(f"expected a folder; {folder} is none")
        names = sorted(
            each.relative_to(self._root).as_posix()
            for each in files_in(root, locked=[])
            if each.suffix.lower() in photo.READABLE_SUFFIXES and self._holds(each)
        )
        more = len(names) - _MOST_NAMES
        shown = names[:_MOST_NAMES]
        return [*shown, f"and {more} more; name a subfolder"] if more > 0 else shown

    def view_photograph(self, path: PhotographPath) -> list[str | Image]:
        """Show a photograph, and say how large it is and whether it is in colour already."""
        source = self._photograph(path)
        opened = photo.read(source, max_pixels=self._colorizer.max_pixels)
        width, height = opened.size
        size = f"{path}: {width} x {height} pixels, {_TINTS[opened.tint]}"
        return [size, _shown(PillowImage.fromarray(photo.thumbnail(source, _SHOWN)))]

    def colorize_photograph(
        self,
        path: PhotographPath,
        output: Annotated[
            str, Field(description="The result; by default NAME-colorized beside the photograph.")
        ] = "",
        vividness: Vividness = None,
        hints: Annotated[
            list[HintArgument] | None, Field(description="Colours that are known at points.")
        ] = None,
        palette: Annotated[
            list[str] | None, Field(description="Colours to prefer, as in hints.")
        ] = None,
        reference: Annotated[
            str,
            Field(description="A colour photograph of a similar subject, a source of colours."),
        ] = "",
        recolor: Annotated[
            bool, Field(description="Whether to colour one that is in colour already.")
        ] = False,
        overwrite: Annotated[
            bool, Field(description="Whether to replace an earlier result.")
        ] = False,
    ) -> list[str | Image]:
        """Colour a photograph, write the result as a new file, and show it.

        The lightness of the photograph is kept exactly; only colour is added.
        """
        options = ColorOptions.of(
            vividness=vividness,
            hints=[Hint.at(each.x, each.y, each.color, each.radius) for each in hints or []],
            palette=palette or [],
            reference=self._photograph(reference) if reference else None,
        )
        target = self._inside(output) if output else None
        originals = [self._photograph(reference)] if reference else []
        (job,) = plan([str(self._photograph(path))], target, originals=originals)
        self._check_target(job.target, overwrite=overwrite)
        (outcome,) = run(
            [job],
            self._colorizer,
            options=options,
            exists="overwrite" if overwrite else "error",
            in_color="recolor" if recolor else "skip",
        )
        if outcome.error:
            raise outcome.error
        if outcome.status != "done":
            raise ConfigError(f"{path} was not coloured: {outcome.reason}")
        written = outcome.written[0]
        name = written.relative_to(self._root).as_posix()
        shown = PillowImage.fromarray(photo.thumbnail(written, _SHOWN))
        return [f"{name} was written", _shown(shown)]

    def likely_colors(
        self, path: PhotographPath, x: X, y: Y, count: Count = 6
    ) -> list[LikelyColor]:
        """Return the most likely colours of a place in a photograph, with their probabilities."""
        prediction = self._colorizer.predict(self._photograph(path))
        return [
            LikelyColor(color="#{:02X}{:02X}{:02X}".format(*rgb), probability=round(share, 3))
            for rgb, share in prediction.color_candidates(x, y, count)
        ]

    def evaluate(self, folder: Folder = "", limit: Limit = 20) -> Evaluation:
        """Make colour photographs grey, colour them, and compare the result with the true colours.

        PSNR is in decibels (higher is closer), CIEDE2000 is a difference (lower is closer). Grey is
        the score of the grey photographs themselves, which good colours must beat.
        """
        album = scoring.Album(self._inside(folder), limit=limit, is_wanted=self._holds)

        def colorize(luma: Any) -> Any:
            return self._colorizer.colorize(luma).rgb

        report = scoring.evaluate(album, colorize)
        return Evaluation(
            photographs=len(report.photos),
            psnr=round(report.model.psnr, 2),
            psnr_of_grey=round(report.grey.psnr, 2),
            ciede2000=round(report.model.ciede2000, 2),
            ciede2000_of_grey=round(report.grey.ciede2000, 2),
        )

    @cached_property
    def _root(self) -> Path:
        return self.folder.resolve()

    def _inside(self, name: str) -> Path:
        """Return the path of a name below the folder, with all links followed.

        Raises:
            ConfigError: the name leads out of the folder, maybe by way of a link.
        """
        if "\0" in name or not self._holds(self._root / name):
            raise ConfigError(f"expected a path inside the folder of the server; received {name}")
        return _real(self._root / name)

    def _holds(self, path: Path) -> bool:
        """Return whether a path is inside the folder when all links are followed."""
        return _real(path).is_relative_to(self._root)

    def _photograph(self, name: str) -> Path:
        """Return the path of a photograph below the folder.

        Raises:
            ConfigError: there is no such file, or it is not inside the folder.
        """
        path = self._inside(name)
        if not path.is_file():  # for example a pattern, which could lead out of the folder
            raise ConfigError(f"expected a photograph; there is no file {name}")
        return path

    def _check_target(self, target: Path, *, overwrite: bool) -> None:
        """Refuse to write outside the folder, or over a picture that Photochrom did not make.

        Raises:
            ConfigError: the target is a link that leads out of the folder.
            OutputError: an original would be replaced.
            PhotoError: what would be replaced is no photograph.
        """
        existing = self._inside(str(target))
        if not (overwrite and existing.is_file()):
            return
        if marked_version(photo.read(existing).metadata.xmp or b"") is None:
            name = existing.relative_to(self._root).as_posix()
            raise OutputError(f"expected an earlier result to replace; {name} is an original")


def make_server(tools: Tools) -> MCPServer:
    """Return a server that offers the tools; call its `run()` to serve over stdin and stdout.

    Args:
        tools: what the assistant can do.
    """
    server = MCPServer(
        "photochrom", version=__version__, instructions=_INSTRUCTIONS, log_level="WARNING"
    )
    structured: list[Callable[..., Any]] = [
        tools.list_photographs, tools.likely_colors, tools.evaluate,
    ]  # fmt: skip
    for tool in structured:
        server.add_tool(_telling(tool))
    for tool in (tools.view_photograph, tools.colorize_photograph):
        server.add_tool(_telling(tool), structured_output=False)
    return server


def _telling(tool: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a tool so that the assistant reads the message of an error that is meant for people."""

    @wraps(tool)
    def told(*args: Any, **named: Any) -> Any:
        try:
            return tool(*args, **named)
        except (PhotochromError, OSError) as error:
            raise ToolError(str(error)) from error

    return told


def _real(path: Path) -> Path:
    # Unlike `Path.resolve`, it accepts links that form a loop.
    return Path(os.path.realpath(path))


def _shown(picture: PillowImage.Image) -> Image:
    """Return a small JPEG copy of a picture, as a tool's result."""
    small = picture.convert("RGB")
    small.thumbnail((_SHOWN, _SHOWN))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=_QUALITY)
    return Image(data=file.getvalue(), format="jpeg")
