"""The accounts: each one's document, and the list of them by role, restaurant and status.

Names, e-mail addresses and phone numbers are sealed in events and so also here: no query can search them. An account is
found by its exact e-mail address through its login, which is kept elsewhere as a keyed hash (domain.identity).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from domain.account.events import Grant, Kind
from domain.account.state import Account, Standing, evolve
from domain.event_store import Recorded
from projections.projection import Change, Connection, Projection

DDL = """
create table read_models.accounts (
    account_id uuid    primary key,
    status     text    not null,
    terms      text    not null,
    version    integer not null,
    document   text    not null,
    searched   text[]  not null generated always as (string_to_array(terms, ' ')) stored
) with (fillfactor = 85);
create index accounts_by_terms on read_models.accounts using gin (searched);
create index accounts_erasing on read_models.accounts (account_id) where status = 'erasing';
"""
_LOAD = "select account_id, version, document from read_models.accounts where account_id = any (%s)"
_SAVE = """
insert into read_models.accounts (account_id, status, terms, version, document)
select * from unnest(%b::uuid[], %b::text[], %b::text[], %b::int[], %b::text[])
on conflict (account_id) do update
set status = excluded.status, terms = excluded.terms, version = excluded.version, document = excluded.document
"""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account and the version at which it stands."""

    account: Account
    version: int


def document(row: AccountRow) -> bytes:
    """The account as JSON, with what is personal still sealed."""
    a = row.account
    return orjson.dumps(
        {
            "id": str(a.id),
            "kind": a.kind,
            "name": a.name,
            "email": a.email,
            "phone": a.phone,
            "operator_id": a.operator_id,
            "grants": [
                {"role": grant.role, "restaurant_id": grant.restaurant_id} for grant in sorted(a.grants, key=Grant.text)
            ],
            "status": a.standing,
            "registered_at": a.registered_at,
            "password_changed_at": a.password_changed_at,
            "version": row.version,
        },
        option=orjson.OPT_UTC_Z,
    )


def _restored(version: int, text: str) -> AccountRow:
    """The row behind a document; what a closed account was before does not matter any more."""
    told = orjson.loads(text)
    status = Standing(told["status"])
    ended = (Standing.CLOSED, Standing.ERASING, Standing.ERASED)
    account = Account(
        id=UUID(told["id"]),
        kind=Kind(told["kind"]),
        name=told["name"],
        email=told["email"],
        phone=told["phone"],
        operator_id=UUID(told["operator_id"]) if told["operator_id"] else None,
        grants=frozenset(Grant.model_validate(grant) for grant in told["grants"]),
        registered_at=_time(told["registered_at"]),
        password_changed_at=_time(told["password_changed_at"]) if told["password_changed_at"] else None,
        locked=status is Standing.LOCKED,
        closed=status in ended,
        erasing=status in ended[1:],
        erased=status is Standing.ERASED,
    )
    return AccountRow(account, version)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _terms(account: Account) -> str:
    """What the list is searched for: each role, each restaurant, and each role at its restaurant."""
    terms: set[str] = set()
    for grant in account.grants:
        terms |= {grant.role.value, grant.text()}
        if grant.restaurant_id is not None:
            terms.add(str(grant.restaurant_id))
    return " ".join(sorted(terms))


def _evolve(row: AccountRow | None, recorded: Recorded, event: Any) -> AccountRow:
    return AccountRow(evolve(row.account if row else None, event), recorded.version)


def _load(db: Connection, keys: Sequence[UUID]) -> Mapping[UUID, AccountRow]:
    rows = db.execute(_LOAD, (list(keys),)).fetchall()
    return {account_id: _restored(version, text) for account_id, version, text in rows}


def _save(db: Connection, changes: Sequence[Change[AccountRow]]) -> None:
    rows = [c.after for c in changes if c.after is not None]
    db.execute(
        _SAVE,
        (
            [row.account.id for row in rows],
            [row.account.standing.value for row in rows],
            [_terms(row.account) for row in rows],
            [row.version for row in rows],
            [document(row).decode() for row in rows],
        ),
    )


ACCOUNTS: Projection[AccountRow] = Projection(
    name="accounts",
    category="account",
    types=None,
    tables=("accounts",),
    ddl=DDL,
    revision=1,
    load=_load,
    evolve=_evolve,
    save=_save,
)

# The queries

FIND = "select version, document from read_models.accounts where account_id = %s"
LIST = """
select account_id, document from read_models.accounts
where (%(account_id)s::uuid is null or account_id = %(account_id)s::uuid)
    and (%(status)s::text is null or status = %(status)s::text)
    and (%(terms)s::text[] is null or searched @> %(terms)s::text[])
    and (%(within)s::text[] is null or searched && %(within)s::text[])
    and (%(before)s::uuid is null or account_id < %(before)s::uuid)
order by account_id desc limit %(limit)s::int
"""
ERASING = "select account_id from read_models.accounts where status = 'erasing' order by account_id limit 100"
OPERATORS = """
select account_id from read_models.accounts
where searched @> array['operator'] and status = 'active' and account_id <> %s order by account_id limit 10
"""
