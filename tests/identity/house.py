"""The api with its sign-in, served over real HTTP from this process, with accounts that a test makes."""

import base64
import http.client
import json
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Self
from urllib.parse import urlencode
from uuid import UUID, uuid4

from api.app import build
from api.authentication import at_once
from api.routes import APPENDING
from api.server import listen, serve
from api.together import Together
from domain.identity import AccountFacts
from infra.cli.api import now
from infra.identity.whole import IdentityParts
from infra.master_key import load
from infra.postgres.store import PostgresEventStore
from infra.settings import Settings
from tests.api.answer import Answer
from tests.api.contract import Contract
from tests.keys import memory_vault
from tests.servers.identity import IDENTITY
from tests.servers.ports import HOST, free_port

CONTRACT = Contract()
END_MAX_S = 20.0
TIMEOUT_S = 30.0
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Person:
    """An account with its secret, as the test that made it knows it."""

    id: UUID
    login: str
    secret: str


class SignInHouse:
    """One api process' worth of threads on one database; ``accounts`` is what ``account_of`` looks at."""

    def __init__(self, database_url: str, accounts: dict[UUID, AccountFacts] | None = None, **given: Any) -> None:
        self.port = free_port()
        self.settings = Settings(database_url=database_url, host=HOST, port=self.port, **{**IDENTITY, **given})
        self.accounts = {} if accounts is None else accounts
        self.parts = IdentityParts(self.settings, load(self.settings))
        self._stack = ExitStack()
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        store = PostgresEventStore(self.settings.needed_database_url())
        together = Together(store.appender.commit)
        store.appender.serve(together)
        self._stack.callback(store.close)
        store.open()
        self._stack.enter_context(self.parts)
        app = build(
            store,
            store.reads.fetch,
            now,
            identity=self.parts.identity(self.accounts.get),
            vault=memory_vault(),
            fingerprint_keys=[b"key"],
            trusted_proxies=self.settings.trusted_proxies,
        )
        sock = listen(HOST, self.port)
        server = threading.Thread(
            target=serve,
            args=(app, sock, self._stop),
            kwargs={"together": together, "appending": APPENDING, "at_once": partial(at_once, self.parts.tokens)},
        )
        server.start()
        self._stack.callback(server.join, END_MAX_S)
        self._stack.callback(self._stop.set)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def person(self, *grants: str, login: str | None = None, active: bool = True) -> Person:
        """Somebody who can sign in with PASSWORD."""
        account_id = uuid4()
        login = login or f"{account_id}@example.com"
        assert self.parts.credentials.reserve(login, account_id)
        self.parts.credentials.set_secret(account_id, PASSWORD)
        self.accounts[account_id] = AccountFacts(grants=frozenset(grants or {"customer"}), active=active)
        return Person(account_id, login, PASSWORD)

    def machine(self, *grants: str, operator_id: UUID | None = None) -> Person:
        """A program that can sign in with its client secret."""
        account_id = uuid4()
        secret = self.parts.credentials.new_client_secret(account_id)
        facts = AccountFacts(grants=frozenset(grants or {"app"}), active=True, kind="app", operator_id=operator_id)
        self.accounts[account_id] = facts
        return Person(account_id, str(account_id), secret)

    def sign_in(self, person: Person) -> dict[str, Any]:
        """What the token endpoint gives for a person's password."""
        answer = self.form("/v1/oauth/token", grant_type="password", username=person.login, password=person.secret)
        assert answer.status == 200, answer
        told: dict[str, Any] = answer.json
        return told

    def token(self, person: Person) -> str:
        """An access token of a person."""
        token: str = self.sign_in(person)["access_token"]
        return token

    def refresh(self, refresh_token: str, **more: str) -> Answer:
        return self.form("/v1/oauth/token", grant_type="refresh_token", refresh_token=refresh_token, **more)

    def form(self, path: str, basic: tuple[str, str] | None = None, /, **fields: str) -> Answer:
        """Send a form, with HTTP Basic where it is given."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if basic is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
        return self.send("POST", path, urlencode(fields).encode(), headers)

    def get(self, path: str, token: str | None = None) -> Answer:
        return self.send("GET", path, None, {} if token is None else {"Authorization": f"Bearer {token}"})

    def post_json(self, path: str, body: Any, token: str | None, **headers: str) -> Answer:
        told = {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex, **headers}
        if token is not None:
            told["Authorization"] = f"Bearer {token}"
        return self.send("POST", path, json.dumps(body).encode(), told)

    def send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        CONTRACT.check(method, path, body, answer)
        return answer
