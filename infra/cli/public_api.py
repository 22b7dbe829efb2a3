"""A client of the public HTTP API that outlives restarts of the server, for commands that act as a caller.

All that it sends must be idempotent, by key or by nature: a request whose answer was lost is sent again.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

REQUEST_TIMEOUT_S = 30.0
RETRY_WINDOW_S = 60.0
RETRY_PAUSE_MIN_S, RETRY_PAUSE_MAX_S = 0.05, 2.0
RETRY_AFTER_MAX_S = 10.0
RETRIED_STATUSES = frozenset({429, 502, 503, 504})
RETRIED_CODES = ("in_flight", "stream_moved")
FRESH_WAIT_S = 5
PAGE_SIZE = 200
PAGES_MAX = 100_000
MESSAGE_MAX_CHARS = 400
OK = range(200, 300)

Json = dict[str, Any]
Query = Mapping[str, str | int]


class Unexpected(Exception):
    """An answer that the contract does not foresee; ``gave_up`` if the server stayed away for the whole window."""

    def __init__(self, request: str, status: int, answer: Json, *, gave_up: bool) -> None:
        said = ": ".join(str(answer[key]) for key in ("code", "detail", "errors") if answer.get(key))
        super().__init__(f"{request}: {status or 'no answer'} {said}"[:MESSAGE_MAX_CHARS])
        self.status = status
        self.gave_up = gave_up


class PublicApi:
    """HTTP with JSON, one kept connection per thread, retries within a window, reads no older than the last write."""

    def __init__(self, url: str, bearer: Callable[[], str] | None = None) -> None:
        """``bearer`` gives an access token, asked for with each request."""
        self._bearer = bearer
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connect = partial(kind, parts.hostname or "", parts.port, timeout=REQUEST_TIMEOUT_S)
        self._base = parts.path.rstrip("/")
        self._own = threading.local()
        self._token = ""
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let no thread wait any longer, for a retry or for its turn."""
        self._stopped.set()

    def pause(self, pause_s: float) -> None:
        """Wait, unless the run is stopped."""
        self._stopped.wait(max(pause_s, 0.0))

    def get(self, path: str, query: Query | None = None, window_s: float = RETRY_WINDOW_S) -> Json:
        """Read what is at least as new as the last command that was answered."""
        fresh = {"Consistency-Token": self._token, "Prefer": f"wait={FRESH_WAIT_S}"} if self._token else {}
        return self.call("GET", f"{path}?{urlencode(query)}" if query else path, headers=fresh, window_s=window_s)

    def pages(self, path: str, query: Query) -> Iterator[Json]:
        """Read a list to its end, page by page."""
        asked = {**query, "limit": PAGE_SIZE}
        for _ in range(PAGES_MAX):
            page = self.get(path, asked)
            yield from page["data"]
            if page["next_cursor"] is None:
                return
            asked["cursor"] = page["next_cursor"]

    def post(self, path: str, body: Json, key: str | None = None) -> Json:
        """Command something, under an Idempotency-Key where it creates."""
        return self.call("POST", path, body, {} if key is None else {"Idempotency-Key": key})

    def call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        headers: dict[str, str] | None = None,
        window_s: float = RETRY_WINDOW_S,
    ) -> Json:
        """Send until it is answered; raises Unexpected for any answer but a success."""
        status, answer = 0, Json()
        for pause_s in self._pauses(window_s):
            after_s = 0.0
            try:
                status, answer, after_s = self._exchange(method, path, body, headers or {})
            except (OSError, HTTPException) as lost:
                self._own.connection.close()
                status, answer = 0, {"detail": f"{type(lost).__name__}: {lost}"}
            if status in OK:
                return answer
            code = str(answer.get("code"))
            if status and status not in RETRIED_STATUSES and not any(retried in code for retried in RETRIED_CODES):
                raise Unexpected(f"{method} {path}", status, answer, gave_up=False)
            self.pause(max(pause_s, min(after_s, RETRY_AFTER_MAX_S)))
        raise Unexpected(f"{method} {path}", status, answer, gave_up=True)

    def _pauses(self, window_s: float) -> Iterator[float]:
        """Double the pause from one try to the next until the window is over: at least one try."""
        end, pause_s = time.monotonic() + window_s, RETRY_PAUSE_MIN_S
        yield pause_s
        while time.monotonic() < end and not self._stopped.is_set():
            pause_s = min(2 * pause_s, RETRY_PAUSE_MAX_S)
            yield pause_s

    def _exchange(self, method: str, path: str, body: Json | None, headers: dict[str, str]) -> tuple[int, Json, float]:
        if not hasattr(self._own, "connection"):
            self._own.connection = self._connect()
        sent = None if body is None else orjson.dumps(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        who = {} if self._bearer is None else {"Authorization": f"Bearer {self._bearer()}"}
        self._own.connection.request(method, self._base + path, sent, {**who, **kind, **headers})
        response = self._own.connection.getresponse()
        text = response.read()
        if method != "GET" and response.status in OK:
            self._token = response.headers.get("Consistency-Token", self._token)
        after = response.headers.get("Retry-After", "")
        return response.status, _object(text), float(after) if after.isdecimal() else 0.0


def _object(text: bytes) -> Json:
    """Read a JSON object; another server's page reads as what it is, for the message's sake."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    return value if isinstance(value, dict) else {"detail": f"no JSON object: {text[:80]!r}"}
