"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import typer

__all__ = [
    "RECIPE_HELP",
    "Backend",
    "ConfigFile",
    "EngineOption",
    "ExistsOption",
    "MaxMegapixels",
    "ModelPath",
    "PrecisionOption",
    "RunSettings",
    "Validation",
    "Vividness",
]

# --- for colouring --------------------------------------------------------------------------

ModelPath = Annotated[
    Path | None,
    typer.Option(
        "--model", "-m", help="Folder or zip file of a model.", show_default="the one that ships"
    ),
]
Vividness = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Colour strength, from 0 (cautious) to 1 (vivid).",
        show_default="the model's",
    ),
]
ExistsOption = Annotated[
    Literal["skip", "overwrite", "error"],
    typer.Option(help="What to do where a result exists already."),
]
EngineOption = Annotated[
    Literal["onnxruntime", "openvino"],
    typer.Option(help="Inference engine; openvino needs the extra of its name."),
]
PrecisionOption = Annotated[
    Literal["f32", "bf16"],
    typer.Option(
        help="Number format; bf16, with openvino, is faster on some CPUs, with errors of 1 to 2%."
    ),
]
MaxMegapixels = Annotated[
    float, typer.Option(min=0.1, max=1e6, help="Refuse photographs with more megapixels.")
]

# --- for training ---------------------------------------------------------------------------

RECIPE_HELP: Final = "Recipe: a name, path/to/file.py or package.module:Class."

Validation = Annotated[
    Path | None,
    typer.Option("--val", help="Folder of validation photographs.", show_default="a tenth of DIR"),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings file, in TOML or JSON.")
]
RunSettings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting, for example train.epochs=50."),
]
Backend = Annotated[
    str | None,
    typer.Option(
        help="Keras backend: tensorflow, jax or torch.", show_default="the first installed"
    ),
]
