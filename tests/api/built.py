"""The application without a store, for what is answered before one is asked."""

from collections.abc import Callable
from typing import Any

import falcon

from api.app import build
from infra.cli.api import now
from tests.keys import memory_vault
from tests.servers.identity import NO_IDENTITY


def built(fetch: Callable[..., list[Any]]) -> falcon.App[Any, Any]:
    """An application that reads through ``fetch`` and appends nowhere."""
    none: Any = None
    keys = [b"key"]
    return build(none, fetch, now, identity=NO_IDENTITY, vault=memory_vault(), fingerprint_keys=keys)
