"""Free TCP ports of this machine."""

import random
import socket

HOST = "127.0.0.1"
PORTS = range(15_000, 30_000)
"""Below the range from which Linux gives ports to clients: one of those would take ours before its server is up."""
TRIES_MAX = 200

_chance = random.SystemRandom()


def free_port() -> int:
    """A port that nobody listens on now; another server could still take it before you do."""
    for _ in range(TRIES_MAX):
        port = _chance.choice(PORTS)
        try:
            with socket.create_server((HOST, port)):
                return port
        except OSError:
            continue
    raise OSError(f"none of {TRIES_MAX} ports tried is free")
