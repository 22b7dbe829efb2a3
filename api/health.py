"""Whether the process lives, and whether it can serve."""

from collections.abc import Callable
from typing import Any

import falcon

_READY = "select 1 from read_models.projections, comanda.sequencer limit 1"


class Alive:
    """``/healthz``: the process answers."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Always 200."""
        resp.media = {"status": "alive"}


class Ready:
    """``/readyz``: the database answers too, and is migrated."""

    def __init__(self, fetch: Callable[..., list[Any]]) -> None:
        """``fetch`` reads the database."""
        self._fetch = fetch

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """200, or 503 by way of StoreUnavailable."""
        self._fetch(_READY)
        resp.media = {"status": "ready"}
