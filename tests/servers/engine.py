"""Whether a Docker engine answers on this machine."""

import contextlib
from functools import cache

import docker

ANSWER_MAX_S = 5


@cache
def docker_answers() -> bool:
    """True when an engine answers a ping; a client without an engine does not count."""
    with contextlib.suppress(Exception):  # every way of having no engine raises something else
        client = docker.from_env(timeout=ANSWER_MAX_S)
        try:
            return bool(client.ping())
        finally:
            client.close()
    return False
