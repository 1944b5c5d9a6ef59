"""The commands `photochrom serve` and `photochrom web`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photochrom.cli.console import note
from photochrom.cli.options import EngineOption, MaxMegapixels, ModelPath, PrecisionOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from photochrom.web import Settings

__all__ = ["serve", "web"]

Port = Annotated[
    int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")
]
WorkersOption = Annotated[
    int,
    typer.Option(
        min=0, help="Number of photographs to work on at once.", show_default="cores, 4 at most"
    ),
]


def serve(
    host: Annotated[
        str,
        typer.Option(help="Address to listen on. Anything but localhost needs --token-file."),
    ] = "127.0.0.1",
    port: Port = 8765,
    page: Annotated[
        bool, typer.Option("--page/--no-page", help="Serve the web page as well as the REST API.")
    ] = True,
    workers: WorkersOption = 0,
    token_file: Annotated[
        Path | None,
        typer.Option(help="File whose first line is the token that clients must send."),
    ] = None,
    model: ModelPath = None,
    engine: EngineOption = "onnxruntime",
    precision: PrecisionOption = "f32",
    max_megapixels: MaxMegapixels = 100,
    max_megabytes: Annotated[
        float, typer.Option(min=0.1, max=1e5, help="Largest request for one photograph.")
    ] = 100,
    queue: Annotated[int, typer.Option(min=0, help="Number of requests that can wait.")] = 32,
    timeout: Annotated[
        float, typer.Option(min=1, help="Time limit of a request, in seconds.")
    ] = 60,
    grace: Annotated[
        int,
        typer.Option(min=0, help="Seconds that running work has to finish after SIGTERM."),
    ] = 60,
) -> None:
    """Serve a REST API (described at /docs) and a web page (at /).

    Only this machine can connect, unless --host says otherwise. Exit codes: 0 the server was
    stopped; 2 it cannot start with these options.
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
    _run(settings, model, engine, precision, lambda url: note(f"serving at {url}"))


def web(
    port: Port = 8765,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = True,
    workers: WorkersOption = 0,
    model: ModelPath = None,
    engine: EngineOption = "onnxruntime",
    precision: PrecisionOption = "f32",
    max_megapixels: MaxMegapixels = 250,
) -> None:
    """Open a web page to colour photographs, correct the colours and save the results.

    The page is served by this machine, for this machine only. No photograph leaves it.
    """
    from photochrom.web import Limits, Settings, require

    require(page=True)
    note("preparing the page …")

    def ready(url: str) -> None:
        note(f"the page is at {url} (press Ctrl-C to stop)")
        if browser:
            import webbrowser

            webbrowser.open(url)

    limits = Limits(bytes=1_000_000_000, pixels=int(max_megapixels * 1e6))
    # One person on this machine: large photographs are welcome, and Ctrl-C should not take long.
    settings = Settings(port=port, workers=workers, grace=5, limits=limits)
    _run(settings, model, engine, precision, ready)


def _run(
    settings: Settings,
    model: Path | None,
    engine: str,
    precision: str,
    ready: Callable[[str], None],
) -> None:
    # Imported here, after `require`: a missing extra is reported in one line.
    from photochrom.colorizer import Colorizer
    from photochrom.errors import AddressInUse
    from photochrom.web.server import serve as run

    max_pixels = settings.limits.pixels
    colorizer = Colorizer(model, max_pixels=max_pixels, engine=engine, precision=precision)
    try:
        run(colorizer, settings, ready)
    except AddressInUse as error:
        if not error.free_port:
            raise
        raise AddressInUse(f"{error} (--port {error.free_port})") from error
