"""`comanda keys`: the keys that sign access tokens, and their replacement."""

import click

from infra import master_key
from infra.cli.process import begin
from infra.identity.secrets_table import rewrap_identity_secrets
from infra.identity.signing_keys import ANNOUNCED_S, OVERLAP_S
from infra.identity.whole import IdentityParts
from infra.master_key import MasterKeyUnknown
from infra.refusal import CannotStart
from infra.vault.ciphers import Wrapping
from infra.vault.keys import PostgresKeys
from infra.vault.rewrap import rewrap as rewrap_persons


@click.group()
def keys() -> None:
    """Replace the keys that sign access tokens, or the master key that wraps them."""


@keys.command()
@click.option(
    "--overlap-s",
    type=click.IntRange(min=0),
    default=OVERLAP_S,
    show_default=True,
    help="How long what the former keys signed is still taken; more than a token lives, so that nobody is signed out.",
)
@click.option(
    "--at-once", is_flag=True, help="For a key that leaked: nothing that former keys signed is taken any more."
)
def rotate(overlap_s: int, at_once: bool) -> None:
    """Make a new signing key; every process uses it within seconds."""
    parts, masters = _parts()
    with parts.database:
        announced_s = 0.0 if at_once else ANNOUNCED_S
        kid = parts.keys.rotate(overlap_s=0 if at_once else overlap_s + announced_s, announced_s=announced_s)
    click.echo(f"new signing key {kid}, wrapped by master key {masters}")


@keys.command()
def rewrap() -> None:
    """Wrap under the first of the master keys what the others wrapped; then these are no longer needed here.

    No event is touched. It may be stopped and begun again, while everything runs; keys that were made meanwhile by
    processes that still had the former master key first are found by a second run.
    """
    parts, masters = _parts()
    with parts.database as database:
        try:
            done = parts.keys.rewrap() + rewrap_identity_secrets(database, parts.master_keys)
            persons = sum(rewrap_persons(PostgresKeys(database.run), Wrapping(parts.master_keys)))
        except MasterKeyUnknown as why:
            raise CannotStart(str(why)) from None
    click.echo(f"wrapped anew under master key {masters}: {done}, and the keys of {persons} persons")


def _parts() -> tuple[IdentityParts, str]:
    """The parts, and the id of the master key that wraps from now on."""
    settings, _ = begin()
    masters = master_key.load(settings)
    return IdentityParts(settings, masters), masters.current.id
