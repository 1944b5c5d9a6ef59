"""The HTTP service on a Ray cluster: `serve run photochrom.serve_ray:app`.

Ray Serve starts and stops replicas of the service with the load, and sends each request to one of
them. A replica colours photographs and has no jobs and no page, since those live in one process.
Requests beyond what the replicas can queue are refused with 503.

These variables of the environment configure it, on every machine of the cluster:

- `PHOTOCHROM_TOKEN_FILE`: a file whose first line is the token that clients must send. Without it,
  only requests to localhost are answered.
- `PHOTOCHROM_MODEL`: a model; without it, the one that ships with the package.
- `PHOTOCHROM_MAX_REPLICAS`: the largest number of replicas; 8 without it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from photochrom.errors import MissingExtra

try:
    from ray import serve
except ModuleNotFoundError as error:
    raise MissingExtra("ray", "the service on Ray") from error

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["app"]

_CPUS: Final = 1  # of a replica: Ray counts them, but does not keep it from using more
_PER_REPLICA: Final = 4  # requests at once: while one is read, another can use the core
_QUEUED: Final = 64  # requests that wait in each proxy


def _build() -> FastAPI:
    """Make the application of one replica."""
    from photochrom.colorizer import Colorizer
    from photochrom.parallel import limit_cores
    from photochrom.web import Settings
    from photochrom.web.app import create_app
    from photochrom.web.settings import read_token

    token_file = os.environ.get("PHOTOCHROM_TOKEN_FILE")
    token = read_token(Path(token_file)) if token_file else ""
    # The address that Ray's proxies listen on is theirs; here it decides who may ask.
    host = "0.0.0.0" if token else "127.0.0.1"  # noqa: S104
    settings = Settings(host=host, page=False, jobs=False, token=token)
    limit_cores(_CPUS)
    return create_app(Colorizer(), settings)


def _deployment() -> Any:
    largest = int(os.environ.get("PHOTOCHROM_MAX_REPLICAS", "8"))
    deployment: Any = serve.deployment(
        name="photochrom",
        max_ongoing_requests=_PER_REPLICA,
        max_queued_requests=_QUEUED,
        autoscaling_config={
            "min_replicas": 1,
            "max_replicas": largest,
            "target_ongoing_requests": _PER_REPLICA / 2,
        },
        ray_actor_options={"num_cpus": _CPUS},
        health_check_timeout_s=60,
    )
    return deployment(serve.ingress(_build)())


app: Any = _deployment().bind()
"""The application for `serve run` and for `serve build`."""
