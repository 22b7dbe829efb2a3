"""The application without a store, for what is answered before one is asked."""

from collections.abc import Callable
from typing import Any

import falcon

from api.app import build
from infra.cli.api import now
from tests.keys import memory_vault


def built(fetch: Callable[..., list[Any]]) -> falcon.App[Any, Any]:
    """An application that reads through ``fetch`` and appends nowhere."""
    return build(store=None, fetch=fetch, clock=now, vault=memory_vault(), fingerprint_keys=[b"key"])  # type: ignore[arg-type]  # reads only
