"""Colour photographs on a Ray cluster, with Ray Data."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from typing import Any, Final

from photochrom.archive.entry import Entry
from photochrom.archive.settings import Settings
from photochrom.archive.worker import Worker
from photochrom.errors import ConfigError, MissingExtra, OutputFailed
from photochrom.parallel import limit_cores

__all__ = ["color_on_ray"]

_CHUNK: Final = 10_000  # units of one dataset; only these are "running" at once
_CPUS: Final = 1  # of an actor: Ray counts them, but does not keep it from using more
_BATCH: Final = 4  # photographs of one call: each call costs some milliseconds


def color_on_ray(
    settings: Settings, units: Iterable[list[Entry]], workers: int | None = None
) -> Generator[list[Entry]]:
    """Colour photographs on the cluster that Ray is connected to, or on this machine.

    The photographs themselves never pass through Ray: each actor reads from the storage and writes
    to it. Only rows of the manifest travel. An actor that dies is replaced, and its photographs
    are coloured again by another; the result that it may have written is recognized.

    Args:
        settings: how to colour. The model must have the same path on every machine.
        units: what is to be done, in places that every machine can reach, as in `Executor`.
        workers: the largest number of actors; None for one per CPU of the cluster.

    Yields:
        The new rows of each unit, as soon as Ray hands them out.

    Raises:
        MissingExtra: Ray is not installed.
        ConfigError: Ray cannot be started, or the cluster cannot be joined.
        OutputFailed: Ray fails on the way. What is not done can be continued.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingExtra("ray", "the executor 'ray'") from error
    started = not ray.is_initialized()
    if started:
        logging.getLogger("ray").setLevel(logging.WARNING)
        try:
            ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.WARNING)
        except Exception as error:
            raise ConfigError(f"cannot start Ray, or join its cluster: {error}") from error
    try:
        count = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        remaining = iter(units)
        while chunk := list(islice(remaining, _CHUNK)):
            with _ray_errors():
                yield from _dataset(settings, chunk, count)
    finally:
        if started:
            ray.shutdown()


def _dataset(settings: Settings, chunk: list[list[Entry]], count: int) -> Iterator[list[Entry]]:
    """Yield the new rows of the units of one dataset.

    Ray Data restarts actors that die, however often, and repeats their calls.
    """
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False  # the command has its own
    calls = [{"units": [_to_json(unit) for unit in units]} for units in _calls(chunk)]
    # One block per call, so that each result is handed out and recorded at once.
    dataset = ray.data.from_items(calls, override_num_blocks=len(calls))
    done = dataset.map_batches(
        _RayWorker,
        fn_constructor_args=(settings,),
        batch_size=1,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=count),
        num_cpus=_CPUS,
    )
    for row in done.iter_rows():
        yield _from_json(row["unit"])


def _calls(chunk: Iterable[list[Entry]]) -> Iterator[list[list[Entry]]]:
    """Yield units by calls: photographs a few together; of films, each unit is much work."""
    photographs = []
    for unit in chunk:
        if unit[0].parts:
            yield [unit]
            continue
        photographs.append(unit)
        if len(photographs) == _BATCH:
            yield photographs
            photographs = []
    if photographs:
        yield photographs


@contextmanager
def _ray_errors() -> Iterator[None]:
    """Turn errors of Ray, whose texts hold tracebacks of other processes, into one line."""
    from ray.exceptions import RayError

    try:
        yield
    except RayError as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise OutputFailed(f"Ray has failed: {lines[-1]}") from error


def _to_json(unit: Sequence[Entry]) -> str:
    """Return rows as JSON, since Arrow takes no names that are not UTF-8."""
    return json.dumps([asdict(entry) for entry in unit])


def _from_json(text: str) -> list[Entry]:
    return [Entry(**values) for values in json.loads(text)]


class _RayWorker:
    """A worker as Ray Data wants it: with batches of rows instead of photographs."""

    def __init__(self, settings: Settings) -> None:
        limit_cores(_CPUS)
        self._worker = Worker(settings)

    def __call__(self, batch: Any) -> Any:
        import pyarrow as pa

        units = [_from_json(text) for call in batch["units"].to_pylist() for text in call]
        return pa.table({"unit": [_to_json(self._worker(unit)) for unit in units]})
