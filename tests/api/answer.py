"""One answer of the API."""

import json
from dataclasses import dataclass
from email.message import Message
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Status, headers (by any case) and body."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """A problem's code; None for whatever is no problem."""
        if self.headers.get("Content-Type") != "application/problem+json":
            return None
        code: str = self.json["code"]
        return code

    @property
    def pointers(self) -> list[str]:
        """Where a problem's errors are."""
        return [error["pointer"] for error in self.json["errors"]]

    @property
    def token(self) -> dict[str, str]:
        """The header with which a read shows at least what this command did."""
        return {"Consistency-Token": self.headers["Consistency-Token"], "Prefer": "wait=10"}
