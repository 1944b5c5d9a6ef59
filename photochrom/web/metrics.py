"""Metrics for Prometheus, and the middleware that measures requests."""

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

    from photochrom.web.job_queue import Jobs
    from photochrom.web.worker_queue import WorkerQueue

__all__ = ["Metrics", "MetricsMiddleware"]

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)  # seconds


class Metrics:
    """The counters and timers of one service, for Prometheus.

    Attributes:
        requests: Counts requests by route and status.
        seconds: Histogram of the time that requests take, by route.
        photographs: Counts photographs coloured by single requests.
        pixels: Counts the pixels of these photographs.
    """

    def __init__(self, worker_queue: WorkerQueue, jobs: Jobs) -> None:
        # Prometheus' global registry would mix the services of one process; tests start several
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "photochrom_requests",
            "Requests that got a response.",
            ("route", "status"),
            registry=registry,
        )
        self.seconds = Histogram(
            "photochrom_request_seconds",
            "Seconds from the header of a request to the end of its response.",
            ("route",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self.photographs = Counter(
            "photochrom_photographs", "Photographs coloured by single requests.", registry=registry
        )
        self.pixels = Counter(
            "photochrom_pixels", "Pixels of photographs in single requests.", registry=registry
        )
        _add_gauge(
            "photochrom_requests_pending",
            "Requests that run or wait now.",
            lambda: worker_queue.occupied,
            registry,
        )
        _add_gauge(
            "photochrom_requests_pending_limit",
            "The most requests that can run or wait at once.",
            lambda: worker_queue.capacity,
            registry,
        )
        registry.register(_JobCollector(jobs))

    def text(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)


def _add_gauge(
    name: str, help_text: str, value: Callable[[], float], registry: CollectorRegistry
) -> None:
    Gauge(name, help_text, registry=registry).set_function(value)


class _JobCollector(Collector):
    """Counts the jobs of each status whenever Prometheus asks."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("photochrom_jobs", "Jobs by status.", labels=("status",))
        for status, count in self._jobs.count().items():
            family.add_metric((status,), count)
        yield family


class MetricsMiddleware:
    """ASGI middleware that counts requests and measures their time."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note_status)
        finally:
            # The route's pattern, not the path: each job id in a path would begin a new series
            route = getattr(scope.get("route"), "path", None) or "other"
            self._metrics.requests.labels(route, status).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - start)
