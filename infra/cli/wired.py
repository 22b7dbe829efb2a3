"""Everything that resources are made from, opened for one command and closed behind it."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.accounts import account_of
from api.menus import Menus
from api.operation import Services
from infra import master_key
from infra.cli.api import now
from infra.identity.whole import IdentityParts
from infra.postgres.store import PostgresEventStore
from infra.settings import Settings
from infra.vault.ciphers import Wrapping
from infra.vault.keys import PostgresKeys
from infra.vault.vault import KeyVault


@contextmanager
def wired(settings: Settings) -> Iterator[Services]:
    """The parts on the settings' database; raises CannotStart where there is no database or no master key."""
    masters = master_key.load(settings)
    store = PostgresEventStore(settings.needed_database_url(), readers=1)
    with IdentityParts(settings, masters) as parts:
        store.open()
        try:
            yield Services(
                store=store,
                fetch=store.reads.fetch,
                menus=Menus(store),
                vault=KeyVault(PostgresKeys(store.reads.fetch), Wrapping(masters)),
                clock=now,
                identity=parts.identity(account_of(store)),
            )
        finally:
            store.close()
