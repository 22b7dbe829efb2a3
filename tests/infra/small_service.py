"""A service small enough to watch: answers /readyz, notes its end in a file, and may refuse to end."""

import signal
import sys
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import NoReturn

from infra.parent import die_with_parent


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
        """Says nothing."""


def _end(notes: Path, name: str, *_: object) -> NoReturn:
    with notes.open("a") as file:
        file.write(f"{name}\n")
    sys.exit(0)


def main(name: str, notes: str, port: str) -> None:
    die_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_IGN if name == "stubborn" else partial(_end, Path(notes), name))
    if port == "0":
        while True:
            signal.pause()
    HTTPServer(("127.0.0.1", int(port)), Ready).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
