"""`comanda api`: one process of the HTTP API; several may share one port."""

from datetime import UTC, datetime
from uuid import UUID

import click

from api.app import build
from api.routes import APPENDING
from api.server import listen, serve
from api.together import Together
from domain.identity import AccountFacts
from infra.cli.process import begin
from infra.identity.whole import IdentityParts
from infra.master_key import load
from infra.postgres.store import PostgresEventStore
from infra.refusal import CannotStart


def now() -> datetime:
    """The time in UTC, to the millisecond: finer than any clock agrees on."""
    at = datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def nobody(_: UUID) -> AccountFacts | None:
    """There are no accounts yet."""
    return None


@click.command()
@click.option("--host", help="On which address to listen.")
@click.option("--port", type=int, help="On which port to listen.")
def api(host: str | None, port: int | None) -> None:
    """Serve the HTTP API until SIGTERM; no request is cut off."""
    settings, stop = begin(host=host, port=port)
    store = PostgresEventStore(settings.needed_database_url())
    try:
        sock = listen(settings.host, settings.port)
    except OSError as why:
        raise CannotStart(
            f"cannot listen on {settings.host}:{settings.port} ({why.strerror}): choose another with COMANDA_PORT"
        ) from None
    identity = IdentityParts(settings, load(settings))
    together = Together(store.appender.commit)
    store.appender.wait_with(together.wait)
    store.open()
    identity.open()
    try:
        app = build(store, store.reads.fetch, now, identity.identity(nobody))
        serve(app, sock, stop, together=together, appending=APPENDING)
    finally:
        identity.close()
        store.close()
