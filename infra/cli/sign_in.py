"""Signs in at a Comanda over HTTP, and again before the access token ends: for commands that act as a caller."""

import threading
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlencode, urlsplit

import orjson

CLIENT_ID = "comanda"
TIMEOUT_S = 30.0
RENEWED_AFTER = 0.7
"""The share of its life after which a token is replaced."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class SignInRefused(Exception):
    """The server gave no token; the message says why, without the password."""


class SignIn:
    """Calling it gives a token that is good for minutes; several threads may call."""

    def __init__(self, url: str, email: str, password: str) -> None:
        """Sign in at the Comanda of ``url``, when first asked."""
        self.url, self.email, self.password = url, email, password
        self._lock = threading.Lock()
        self._token, self._until = "", 0.0

    def __call__(self) -> str:
        """The token; raises SignInRefused, OSError or HTTPException."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._token, life_s = self._fetched()
                self._until = time.monotonic() + life_s * RENEWED_AFTER
            return self._token

    def _fetched(self) -> tuple[str, float]:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        form = {"grant_type": "password", "client_id": CLIENT_ID, "username": self.email, "password": self.password}
        try:
            connection.request("POST", parts.path.rstrip("/") + "/v1/oauth/token", urlencode(form), _FORM)
            response = connection.getresponse()
            status, text = response.status, response.read()
        finally:
            connection.close()
        try:
            told = orjson.loads(text)
            return told["access_token"], float(told["expires_in"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            why = text.decode("utf-8", "replace")[:200]
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise HTTPException(f"{status} {why}") from None
            raise SignInRefused(f"sign-in as {self.email}: {status} {why}") from None
