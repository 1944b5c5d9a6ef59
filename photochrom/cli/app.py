"""All commands in one program, and what an error means for the exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from photochrom import __version__
from photochrom.cli.colorize import colorize
from photochrom.cli.compare import compare
from photochrom.cli.console import fail
from photochrom.cli.evaluate import evaluate
from photochrom.cli.film import film
from photochrom.cli.recipes import app as recipes
from photochrom.cli.serve import serve, web
from photochrom.cli.train import train
from photochrom.cli.tune import tune
from photochrom.errors import (
    FilmError,
    OutputExists,
    OutputFailed,
    PhotochromError,
    PhotoError,
)

__all__ = ["app", "main"]

FAILED, USAGE, INTERRUPTED = 1, 2, 130
_FAILURES = (PhotoError, FilmError, OutputExists, OutputFailed)


class _Group(TyperGroup):
    """Turns our errors into a line on stderr and an exit code; never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except PhotochromError as error:
            option = " (--exists overwrite)" if isinstance(error, OutputExists) else ""
            fail(f"{error}{option}")
            raise typer.Exit(FAILED if isinstance(error, _FAILURES) else USAGE) from error
        except BrokenPipeError:
            raise
        except OSError as error:  # stdout is full, say
            fail(str(error))
            raise typer.Exit(FAILED) from error
        except KeyboardInterrupt:
            fail("interrupted")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name="photochrom",
    cls=_Group,
    help="Colour for black-and-white photographs and films.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"photochrom {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Colour for black-and-white photographs and films."""


# In the order in which --help lists them. A command's file imports what it needs when it runs.
app.command()(colorize)
app.command()(film)
app.command()(train)
app.command()(evaluate)
app.command()(tune)
app.command()(compare)
app.command()(web)
app.command()(serve)
app.add_typer(recipes)


def main() -> None:
    """Run the program."""
    if sys.stderr is None:  # closed, by a daemon say: nobody listens
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a name that the terminal cannot show is no error
    app()
