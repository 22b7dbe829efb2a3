"""`comanda api`: one process of the HTTP API; several may share one port."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click

from api.accounts import account_of
from api.app import build
from api.authentication import at_once
from api.erasure import erase
from api.menus import Menus
from api.operation import Services
from api.routes import APPENDING
from api.server import listen, serve
from api.together import Together
from infra import master_key
from infra.cli.process import begin
from infra.identity.whole import IdentityParts
from infra.postgres.store import PostgresEventStore
from infra.refusal import CannotStart
from infra.vault.ciphers import Wrapping
from infra.vault.keys import PostgresKeys
from infra.vault.vault import KeyVault, Wanted
from projections.accounts import ERASING
from workers.erasing import Erasing

META = {"actor": "comanda api"}
"""Of what a process does by itself: to go on with an erasure that was interrupted."""
FINGERPRINTS = "request fingerprints"
"""Names the subkey of the master key under which repeated requests are known."""


def now() -> datetime:
    """The time in UTC, to the millisecond: finer than any clock agrees on."""
    at = datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


@click.command()
@click.option("--host", help="On which address to listen.")
@click.option("--port", type=int, help="On which port to listen.")
def api(host: str | None, port: int | None) -> None:
    """Serve the HTTP API until SIGTERM; no request is cut off."""
    settings, stop = begin(host=host, port=port)
    masters = master_key.load(settings)
    store = PostgresEventStore(settings.needed_database_url())
    try:
        sock = listen(settings.host, settings.port)
    except OSError as why:
        raise CannotStart(
            f"cannot listen on {settings.host}:{settings.port} ({why.strerror}): choose another with COMANDA_PORT"
        ) from None
    parts = IdentityParts(settings, masters)
    vault = KeyVault(PostgresKeys(store.reads.fetch), Wrapping(masters))

    def settle(waiting: Sequence[Any]) -> None:
        """Serve what the requests side by side wait for: keys, in one look, and appends, in one commit."""
        vault.settle([one for one in waiting if isinstance(one, Wanted)])
        store.appender.commit([one for one in waiting if not isinstance(one, Wanted)])

    together = Together(settle)
    store.appender.serve(together)
    store.reads.call_with(together.call)
    vault.wait_with(together.wait)
    store.open()
    parts.open()
    parts.check()
    fetch, who = store.reads.fetch, parts.identity(account_of(store))
    fingerprint_keys = masters.subkeys(FINGERPRINTS)
    app = build(
        store,
        fetch,
        now,
        identity=who,
        vault=vault,
        fingerprint_keys=fingerprint_keys,
        trusted_proxies=settings.trusted_proxies,
        abreast=together.abreast,
    )
    services = Services(store=store, fetch=fetch, menus=Menus(store), vault=vault, clock=now, identity=who)
    erasing = Erasing(
        lambda: [account_id for (account_id,) in fetch(ERASING)], lambda account_id: erase(services, account_id, META)
    )
    erasing.open()
    try:
        serve(app, sock, stop, together=together, appending=APPENDING, at_once=partial(at_once, who.tokens))
    finally:
        erasing.close()
        parts.close()
        store.close()
