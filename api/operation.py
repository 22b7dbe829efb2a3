"""The words in which the route table is written: parameters, conventions, operations and routes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import falcon
from pydantic import BaseModel

from api.menus import Menus
from domain.errors import Refusal
from domain.event_store import EventStore
from domain.identity import Credentials, Identity, Tokens
from domain.privacy import Vault

Schema = Mapping[str, Any]


def alone() -> None:
    """Nobody to wait for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What resources are made from: ``fetch`` reads the read models, ``menus`` prices, ``clock`` tells UTC.

    ``vault`` seals personal text on its way in and unseals it on its way out. ``identity`` is what knows who asks;
    ``credentials`` and ``tokens`` are parts of it. ``abreast`` lets requests that are served side by side come as far.
    """

    store: EventStore
    fetch: Callable[..., list[Any]]
    menus: Menus
    vault: Vault
    clock: Callable[[], datetime]
    identity: Identity
    abreast: Callable[[], None] = alone

    @property
    def credentials(self) -> Credentials:
        """Logins and secrets."""
        return self.identity.credentials

    @property
    def tokens(self) -> Tokens:
        """Access tokens."""
        return self.identity.tokens


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """Something that a request says beside its body; ``schema`` is JSON Schema."""

    name: str
    description: str
    schema: Schema
    where: Literal["path", "query", "header"] = "query"
    required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Convention:
    """A rule that several operations keep: what they take for it, which headers they give, how they may refuse."""

    takes: tuple[Parameter, ...] = ()
    gives: tuple[str, ...] = ()
    refusals: tuple[type[Refusal], ...] = ()
    not_modified: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One method of a path. ``answer`` is the type whose JSON is sent, ``body`` the model that parses the request.

    ``body_media``, ``answer_media``: of which media type they are; ``also_takes``, ``also_gives``: as which texts they
    may be sent instead. ``oauth_statuses``: with which an error in the form of OAuth is answered (RFC 6749, section
    5.2). ``reads_store``: False for what needs no database.
    """

    id: str
    summary: str
    answer: Any
    status: int = 200
    body: type[BaseModel] | None = None
    body_required: bool = True
    body_media: str = falcon.MEDIA_JSON
    also_takes: tuple[str, ...] = ()
    answer_media: str = falcon.MEDIA_JSON
    also_gives: tuple[str, ...] = ()
    oauth_statuses: tuple[int, ...] = ()
    query: tuple[Parameter, ...] = ()
    conventions: tuple[Convention, ...] = ()
    refusals: tuple[type[Refusal], ...] = ()
    reads_store: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A path, what serves it, and the operations that it has."""

    path: str
    resource: Callable[[Services], object]
    get: Operation | None = None
    post: Operation | None = None
    put: Operation | None = None
    patch: Operation | None = None
    delete: Operation | None = None

    def operations(self) -> dict[str, Operation]:
        """By method, in lower case."""
        told = {"get": self.get, "post": self.post, "put": self.put, "patch": self.patch, "delete": self.delete}
        return {method: operation for method, operation in told.items() if operation is not None}
