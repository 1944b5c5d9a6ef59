"""What Prometheus is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from photochrom.web.jobs import Jobs
    from photochrom.web.worker_queue import WorkerQueue

__all__ = ["Meter", "Metrics"]

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counts and times of one service."""

    def __init__(self, gate: WorkerQueue, jobs: Jobs) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "photochrom_requests", "Requests answered.", ("route", "status"), registry=registry
        )
        self.seconds = Histogram(
            "photochrom_request_seconds",
            "From a request's header to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.photographs = Counter(
            "photochrom_photographs", "Photographs coloured by request.", registry=registry
        )
        self.pixels = Counter("photochrom_pixels", "Pixels of these.", registry=registry)
        _gauge("photochrom_places_taken", "At work or waiting.", lambda: gate.taken, registry)
        _gauge("photochrom_places", "For requests, in all.", lambda: gate.places, registry)
        registry.register(_Jobs(jobs))

    def text(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)


def _gauge(name: str, words: str, value: Callable[[], float], registry: CollectorRegistry) -> None:
    Gauge(name, words, registry=registry).set_function(value)


class _Jobs(Collector):
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("photochrom_jobs", "Jobs by status.", labels=("status",))
        for status, count in self._jobs.count().items():
            family.add_metric((status,), count)
        yield family


class Meter:
    """An ASGI middleware that counts and times."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", None) or "other"
            self._metrics.requests.labels(route, status).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - begun)
