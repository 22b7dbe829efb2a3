"""A client of the API that holds every answer against the published document."""

import http.client
import json
import uuid
from typing import Any
from urllib.parse import urlencode

from tests.api.answer import Answer
from tests.api.contract import Contract
from tests.servers.people import Someone
from tests.servers.ports import HOST

TIMEOUT_S = 30.0
Headers = dict[str, str]


class Api:
    """One kept connection of somebody, or of somebody without a token; not for two threads at once."""

    def __init__(self, port: int, contract: Contract, who: Someone | None = None) -> None:
        self.port, self.contract, self.who = port, contract, who
        self._connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_S)

    def another(self) -> "Api":
        """A client with a connection of its own, to the same process."""
        return Api(self.port, self.contract, self.who)

    def of(self, who: Someone | None) -> "Api":
        """The same, for somebody else, or for somebody without a token."""
        return Api(self.port, self.contract, who)

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str, headers: Headers | None = None, /, **query: Any) -> Answer:
        """Read; a parameter whose name is a word of Python is written with an underscore behind."""
        asked = {name.rstrip("_"): value for name, value in query.items()}
        return self.send("GET", f"{path}?{urlencode(asked)}" if asked else path, None, headers)

    def post(self, path: str, body: Any = None, headers: Headers | None = None) -> Answer:
        return self.send("POST", path, body, headers)

    def put(self, path: str, body: Any, headers: Headers | None = None) -> Answer:
        return self.send("PUT", path, body, headers)

    def patch(self, path: str, body: Any, headers: Headers | None = None) -> Answer:
        return self.send("PATCH", path, body, headers)

    def delete(self, path: str, headers: Headers | None = None) -> Answer:
        return self.send("DELETE", path, None, headers)

    def create(self, path: str, body: Any, key: str | None = None) -> Answer:
        """Post under an Idempotency-Key, by default one that nobody has used."""
        return self.send("POST", path, body, {"Idempotency-Key": key or uuid.uuid4().hex})

    def send(self, method: str, target: str, body: Any = None, headers: Headers | None = None) -> Answer:
        """Send ``body``, as it is if it is bytes and as JSON if it is not; check both against the document."""
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        kind = {} if raw is None else {"Content-Type": "application/json"}
        bearer = {} if self.who is None else self.who.bearer
        self._connection.request(method, target, raw, {**bearer, **kind, **(headers or {})})
        response = self._connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        self.contract.check(method, target, raw, answer)
        return answer
