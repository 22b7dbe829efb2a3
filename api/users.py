"""Users over HTTP: register, list, look up, change, erase.

A password is set before the request is answered and is nowhere kept as it was written: not in events, nor in stored
answers, nor in what a repeated request is known by.
"""

from typing import Any
from uuid import UUID

import falcon

from api import conditional, paging
from api.access import Access
from api.accounts import Accounts, headers
from api.body import parse, read
from api.consistency import await_read_model, require_known, wanted_version
from api.context import meta
from api.erasure import erase
from api.idempotency import Keyed, keyed, once
from api.operation import Parameter, Services
from api.registration import open_account, take_login
from api.sealing import Shown
from api.transact import Stood
from domain.account.commands import ChangeDetails, Details, NewUser
from domain.account.decide import ACCOUNT
from domain.account.events import EmailChanged, Role
from domain.account.state import Account, Standing
from domain.errors import Refusal
from domain.event_store import StoredAnswer
from projections import accounts as view
from projections.accounts import AccountRow, document

FILTERS = (
    Parameter(
        name="email",
        description="With exactly this e-mail address, in any case of letters. Names are sealed: no search finds them.",
        schema=paging.A_TEXT,
    ),
    Parameter(name="role", description="With this role.", schema={"type": "string", "enum": [*Role]}),
    Parameter(name="restaurant_id", description="With a role at this restaurant.", schema=paging.A_UUID),
    Parameter(name="status", description="Of this status.", schema={"type": "string", "enum": [*Standing]}),
)


class Users:
    """``/v1/users``: register somebody, list everybody."""

    def __init__(self, services: Services) -> None:
        """Serve with these."""
        self._services, self._accounts, self._shown = services, Accounts(services), Shown(services.vault)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Register: 201."""
        wanted = parse(NewUser, read(req))
        request = keyed(req, wanted.model_dump_json(exclude={"password"}).encode())
        access: Access = req.context.access
        access.granting(*wanted.grants, alone=True)
        for index, grant in enumerate(wanted.grants):
            self._accounts.require_restaurant(grant, f"/grants/{index}/restaurant_id")
        once(self._services.store, request, resp, lambda: self._register(req, request, wanted), self._shown)

    def _register(self, req: falcon.Request, request: Keyed, wanted: NewUser) -> StoredAnswer:
        def answered(opened: Stood[Account]) -> StoredAnswer:
            account_id = opened.state.id
            located = {"Location": f"/v1/users/{account_id}", **headers(account_id, opened.version)}
            return request.answered(201, located, document(AccountRow(opened.state, opened.version)))

        operator_id = req.context.principal.account_id
        opened = open_account(self._services, wanted, operator_id=operator_id, meta=meta(req), answered=answered)
        return answered(opened)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List users, newest first."""
        paging.known_only(req, *FILTERS, paging.CURSOR, paging.LIMIT)
        limit = paging.limit(req)
        email = paging.text(req, "email")
        account_id = None if email is None else self._services.credentials.find(email)
        (before,) = paging.cursor(req, (UUID,)) or (None,)
        query = {
            "account_id": account_id,
            "status": paging.parameter(req, "status", lambda s: Standing(s).value, f"one of {', '.join(Standing)}"),
            "terms": _terms(req),
            "within": req.context.access.accounts(),
            "before": before,
            "limit": limit + 1,
        }
        await_read_model(req, view.ACCOUNTS, self._services.fetch)
        unknown = email is not None and account_id is None
        rows = [] if unknown else self._services.fetch(view.LIST, query, prepare=False)
        more = [rows[limit - 1][0]] if len(rows) > limit else None
        documents = self._services.vault.unseal_documents([(row[0], row[1].encode()) for row in rows[:limit]])
        paging.page(req, resp, documents, more)


class OneUser:
    """``/v1/users/{user_id}``: look somebody up, change, erase."""

    def __init__(self, services: Services) -> None:
        """Serve with these."""
        self._services, self._accounts = services, Accounts(services)

    def on_get(self, req: falcon.Request, resp: falcon.Response, user_id: str) -> None:
        """The account, always from its stream: it is short, and must never be stale."""
        account_id = self._accounts.id_of(req, user_id)
        at = self._accounts.found(req, account_id)
        require_known(wanted_version(req, account_id), at.version)
        conditional.answer(req, resp, at.version, self._accounts.shown(at))

    def on_patch(self, req: falcon.Request, resp: falcon.Response, user_id: str) -> None:
        """Change what the body names; another e-mail address is another login."""
        account_id = self._accounts.id_of(req, user_id)
        details = parse(Details, read(req))
        account, version = self._accounts.found(req, account_id)
        conditional.require(conditional.demanded_version(req), version)
        command = self._sealed(account, details)
        if details.email is None or not any(isinstance(e, EmailChanged) for e in ACCOUNT.decide(command, account)):
            self._accounts.send(resp, self._accounts.change(req, account_id, command))
            return
        self._rename(account_id, details.email)
        try:
            self._accounts.send(resp, self._accounts.change(req, account_id, command))
        except Refusal:  # the account moved meanwhile: its login must not
            self._restore(account)
            raise

    def on_delete(self, req: falcon.Request, resp: falcon.Response, user_id: str) -> None:
        """Close the account and destroy all that is known of the person."""
        account_id = self._accounts.id_of(req, user_id)
        conditional.require(conditional.demanded_version(req), self._accounts.found(req, account_id).version)
        self._accounts.send(resp, erase(self._services, account_id, meta(req)))

    def _sealed(self, account: Account, details: Details) -> ChangeDetails:
        def seal(field: str, text: str) -> str:
            return self._services.vault.seal(account.id, f"{account.id}/{field}", text)

        phone = account.phone
        if "phone" in details.model_fields_set:
            phone = None if details.phone is None else seal("phone", details.phone)
        return ChangeDetails(
            at=self._services.clock(),
            name=account.name if details.name is None else seal("name", details.name),
            email=account.email if details.email is None else seal("email", details.email),
            phone=phone,
        )

    def _rename(self, account_id: UUID, email: str) -> None:
        services = self._services
        credentials = services.credentials
        at = services.clock()
        take_login(services.store, credentials, email, at, lambda: credentials.rename(account_id, email))

    def _restore(self, account: Account) -> None:
        before = None if account.email is None else self._services.vault.unseal(account.email, f"{account.id}/email")
        if before is not None:
            self._services.credentials.rename(account.id, before)


def _terms(req: falcon.Request) -> list[str] | None:
    """What the list is searched for, as projections.accounts writes it."""
    role = paging.parameter(req, "role", lambda r: Role(r).value, f"one of {', '.join(Role)}")
    place: Any = paging.uuid(req, "restaurant_id")
    if role is None and place is None:
        return None
    if role is None:
        return [str(place)]
    return [role if place is None else f"{role}:{place}"]
