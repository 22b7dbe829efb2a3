"""Free TCP ports of this machine."""

import socket

HOST = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on now; another process could still take it before you do."""
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
