"""`comanda privacy`: give a person all that is held on them, or erase it."""

import sys
from datetime import UTC, datetime
from typing import BinaryIO
from uuid import UUID

import click

from api.erasure import erase as erase_account
from api.operation import Services
from api.transact import stood
from domain.account.decide import ACCOUNT
from domain.errors import Refusal
from domain.order.decide import ORDER
from domain.privacy import subject_of
from infra.cli import erasures as erasure_list
from infra.cli.export import exported
from infra.cli.process import begin
from infra.cli.wired import wired
from infra.refusal import CannotStart

META = {"actor": "comanda privacy"}


@click.group()
def privacy() -> None:
    """Give a person all that is held on them, or erase it. See docs/privacy.md."""


@privacy.command()
@click.argument("subject", type=click.UUID)
def export(subject: UUID) -> None:
    """Write all that is held on an account's person as JSON: the account, the orders, and their histories."""
    with wired(begin()[0]) as services:
        if stood(services.store, ACCOUNT, subject).state is None:
            raise CannotStart(f"no account has the id {subject}: look it up in GET /v1/users")
        for piece in exported(services, subject):
            sys.stdout.buffer.write(piece)


@privacy.command()
@click.option(
    "--since", default="1970-01-01", help="Only those of then and later; ISO 8601, UTC where no zone is told."
)
def erasures(since: str) -> None:
    """List who was erased and when, one JSON object a line: to be kept apart from backups, which bring keys back."""
    try:
        begins = datetime.fromisoformat(since)
    except ValueError:
        raise CannotStart(f"--since {since!r} is no time in ISO 8601, such as 2026-11-01T12:00:00Z") from None
    with wired(begin()[0]) as services:
        for line in erasure_list.told(services, begins if begins.tzinfo else begins.replace(tzinfo=UTC)):
            sys.stdout.buffer.write(line)


@privacy.command()
@click.argument("subject", type=click.UUID, required=False)
@click.option("--order", "order_id", type=click.UUID, help="Of a guest: the order that was placed for them.")
@click.option("--again", "kept", type=click.File("rb"), help="After a restore: a list from `erasures`; - for stdin.")
def erase(subject: UUID | None, order_id: UUID | None, kept: BinaryIO | None) -> None:
    """Close an account and destroy the key of all that is known of the person; or that of one guest's order.

    Begun and not finished, by a crash say, it is to be called again.
    """
    if sum(named is not None for named in (subject, order_id, kept)) != 1:
        raise CannotStart("name an account's id, or a guest's order with --order, or a list of erasures with --again")
    with wired(begin()[0]) as services:
        if subject is not None:
            _erase_account(services, subject)
        elif order_id is not None:
            _erase_guest(services, order_id)
        elif kept is not None:
            _erase_again(services, kept)


def _erase_again(services: Services, kept: BinaryIO) -> None:
    done = unknown = 0
    for subject in erasure_list.listed(kept):
        if stood(services.store, ACCOUNT, subject).state is not None:
            erase_account(services, subject, META, again=True)
        elif stood(services.store, ORDER, subject).state is not None:
            _erase_guest(services, subject)
        else:
            unknown += 1
            continue
        done += 1
    click.echo(f"done: {done} erased, {unknown} not in this history")


def _erase_account(services: Services, account_id: UUID) -> None:
    account = stood(services.store, ACCOUNT, account_id).state
    if account is None:
        raise CannotStart(f"no account has the id {account_id}: look it up in GET /v1/users")
    try:
        erase_account(services, account_id, META)
    except Refusal as why:
        raise CannotStart(str(why)) from None
    click.echo(f"erased: account {account_id}")


def _erase_guest(services: Services, order_id: UUID) -> None:
    """One step, all or nothing: read models and history hold nothing but what this key opens."""
    order = stood(services.store, ORDER, order_id).state
    if order is None:
        raise CannotStart(f"no order has the id {order_id}")
    subject = subject_of(order.customer.name)
    if subject is None:
        raise CannotStart(f"order {order_id} was placed before personal texts were sealed: its history stays as it is")
    if subject != order_id:
        raise CannotStart(f"order {order_id} is of the account {subject}: erase that")
    services.vault.erase(order_id)
    click.echo(f"erased: the guest of order {order_id}")
