"""The command `photochrom mcp`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from photochrom.cli.options import EngineOption, MaxMegapixels, ModelPath, PrecisionOption
from photochrom.errors import ConfigError

__all__ = ["mcp"]


def mcp(
    folder: Annotated[
        Path,
        typer.Argument(help="Folder with photographs. Nothing outside it is read or written."),
    ],
    model: ModelPath = None,
    engine: EngineOption = "onnxruntime",
    precision: PrecisionOption = "f32",
    max_megapixels: MaxMegapixels = 250,
) -> None:
    """Let an assistant colour photographs: serve the Model Context Protocol on stdin and stdout.

    A program such as an editor or a chat application starts this command. Exit codes: 0 the
    program closed the connection; 2 the command line is not valid.
    """
    from photochrom.colorizer import Colorizer
    from photochrom.mcp_server import Tools, make_server
    from photochrom.model.model import default_model, located

    if not folder.is_dir():
        raise ConfigError(f"expected a folder; received {folder}")
    located(model or default_model())  # a wrong path is named now, not to the assistant
    pixels = int(max_megapixels * 1e6)
    create = partial(Colorizer, model, max_pixels=pixels, engine=engine, precision=precision)
    make_server(Tools(folder, create)).run()
