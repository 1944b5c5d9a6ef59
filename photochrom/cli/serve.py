"""`photochrom serve` and `photochrom web`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from photochrom.cli.colorize import EngineOption, MaxMegapixels, ModelPlace, PrecisionOption
from photochrom.cli.console import note

__all__ = ["serve", "web"]

Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")]
WorkersOption = Annotated[
    int, typer.Option(min=0, help="Photographs at once.", show_default="cores, 4 at most")
]


def serve(
    host: Annotated[
        str, typer.Option(help="Elsewhere than on this machine only with a token.")
    ] = "127.0.0.1",
    port: Port = 8765,
    page: Annotated[bool, typer.Option("--page/--no-page", help="The page for people.")] = True,
    workers: WorkersOption = 0,
    token_file: Annotated[
        Path | None, typer.Option(help="Its first line is what clients must show.")
    ] = None,
    model: ModelPlace = None,
    engine: EngineOption = "openvino",
    precision: PrecisionOption = "f32",
    max_megapixels: MaxMegapixels = 100,
    max_megabytes: Annotated[
        float, typer.Option(min=0.1, max=1e5, help="Of one photograph's request.")
    ] = 100,
    queue: Annotated[int, typer.Option(min=0, help="Requests that may wait.")] = 32,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that a request may take.")] = 60,
    grace: Annotated[
        int, typer.Option(min=0, help="Seconds that running work has after SIGTERM.")
    ] = 60,
) -> None:
    """Serve programs (OpenAPI at /docs) and people (a page at /).

    It listens on this machine alone unless told otherwise. Exit codes: 0 it was stopped; 2 it
    cannot be begun so.
    """
    from photochrom.errors import ConfigError
    from photochrom.web import Limits, Settings, require
    from photochrom.web.settings import is_loopback, read_token

    require(page=page)
    if not token_file and not is_loopback(host):
        raise ConfigError(
            f"expected a token to serve at {host}, where others can reach it; "
            "use --token-file, or listen on 127.0.0.1"
        )
    limits = Limits(
        bytes=int(max_megabytes * 1e6),
        pixels=int(max_megapixels * 1e6),
        waiting=queue,
        seconds=timeout,
    )
    token = read_token(token_file) if token_file else ""
    settings = Settings(host, port, page, workers, token, grace, limits)
    _run(settings, model, engine, precision, lambda place: note(f"serving at {place}"))


def web(
    port: Port = 8765,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")
    ] = True,
    workers: WorkersOption = 0,
    model: ModelPlace = None,
    engine: EngineOption = "openvino",
    precision: PrecisionOption = "f32",
    max_megapixels: MaxMegapixels = 250,
) -> None:
    """Open a page on this machine: drop photographs, look, correct a colour, save.

    Nothing leaves the machine.
    """
    from photochrom.web import Limits, Settings, require

    require(page=True)

    note("making the page ready …")

    def ready(place: str) -> None:
        note(f"it is at {place} (Ctrl-C ends it)")
        if browser:
            import webbrowser

            webbrowser.open(place)

    limits = Limits(bytes=1_000_000_000, pixels=int(max_megapixels * 1e6))
    settings = Settings(port=port, workers=workers, grace=5, limits=limits)
    _run(settings, model, engine, precision, ready)


def _run(settings: Any, model: Path | None, engine: Any, precision: Any, ready: Any) -> None:
    from photochrom.colorizer import Colorizer
    from photochrom.web.server import serve as run

    most = settings.limits.pixels
    run(Colorizer(model, max_pixels=most, engine=engine, precision=precision), settings, ready)
