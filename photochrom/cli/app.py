"""The program `photochrom`: all commands, and the exit code of each kind of error."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from photochrom import __version__
from photochrom.cli.archive import app as archive
from photochrom.cli.colorize import colorize
from photochrom.cli.compare import compare
from photochrom.cli.console import fail, limit_advice
from photochrom.cli.evaluate import evaluate
from photochrom.cli.export import export
from photochrom.cli.film import film
from photochrom.cli.mcp import mcp
from photochrom.cli.recipes import app as recipes
from photochrom.cli.serve import serve, web
from photochrom.cli.train import train
from photochrom.cli.tune import tune
from photochrom.cli.verify import verify
from photochrom.cli.watch import watch
from photochrom.errors import (
    FilmError,
    OutputExists,
    OutputFailed,
    PhotochromError,
    PhotoError,
    ProcessLost,
    StorageError,
)

__all__ = ["app", "run"]

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130  # 130 is 128 + SIGINT, as in shells
# Errors about a file rather than about the command; every other error is a usage error.
_FILE_ERRORS = (PhotoError, FilmError, OutputExists, OutputFailed, ProcessLost, StorageError)


class _Group(TyperGroup):
    """A command group that turns errors into one line on stderr and an exit code."""

    def invoke(self, ctx: Any) -> object:  # Typer has its own copy of Click, without a name
        try:
            return super().invoke(ctx)
        except PhotochromError as error:
            fail(f"{error}{self._advice(error, ctx)}")
            code = EXIT_FAILED if isinstance(error, _FILE_ERRORS) else EXIT_USAGE
            raise typer.Exit(code) from error
        except BrokenPipeError:
            raise  # Typer handles it: `photochrom … | head` is no error
        except OSError as error:  # for example, stdout is redirected to a full disk
            fail(str(error))
            raise typer.Exit(EXIT_FAILED) from error
        except KeyboardInterrupt:
            fail("interrupted")
            raise typer.Exit(EXIT_INTERRUPTED) from None

    def _advice(self, error: PhotochromError, ctx: Any) -> str:
        """Return which option of the command would have helped, in brackets."""
        command = self.commands.get(ctx.invoked_subcommand or "")
        parameters = command.params if command else []
        options = {name for each in parameters for name in each.opts}
        if isinstance(error, OutputExists) and "--exists" in options:
            return " (--exists overwrite)"
        return limit_advice(error) if "--max-megapixels" in options else ""


# Commands import the library inside their functions, so that `--help` and `--version` are quick.
app = typer.Typer(
    name="photochrom",
    cls=_Group,
    help="Colour for black-and-white photographs and films.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"photochrom {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Colour for black-and-white photographs and films."""


# In the order in which --help lists them. A command's file imports what it needs when it runs.
app.command()(colorize)
app.command()(film)
app.command()(watch)
app.command()(verify)
app.command()(train)
app.command()(evaluate)
app.command()(tune)
app.command()(compare)
app.command()(export)
app.command()(web)
app.command()(serve)
app.command()(mcp)
app.add_typer(archive)
app.add_typer(recipes)


def run() -> None:
    """Parse the arguments of the process, run the command that they name, and exit."""
    if sys.stderr is None:  # the caller closed it, as some daemons do
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # file names may not fit the terminal's encoding
    app()
