"""Random secrets of the installation, kept in the database as the master key wrapped them.

Login hashes are keyed. Were that key derived from the master key, a new master key would make every login unfindable
until its owner signs in again, for the logins themselves are nowhere. So it is random, and only its wrapping changes.
"""

import secrets

from infra.identity.database import IdentityDatabase
from infra.master_key import MasterKeys

SECRET_BYTES = 32
_PURPOSE = "identity secret"

_FIND = "select master_key_id, wrapped from comanda.identity_secrets where name = %s"
_ADD = """
insert into comanda.identity_secrets (name, master_key_id, wrapped) values (%s, %s, %s) on conflict (name) do nothing
"""
_ALL = "select name, master_key_id, wrapped from comanda.identity_secrets order by name"
_REWRAP = """
update comanda.identity_secrets set master_key_id = %s, wrapped = %s where name = %s and master_key_id = %s
"""


def identity_secret(database: IdentityDatabase, master_keys: MasterKeys, name: str) -> bytes:
    """The secret of this name, made when it is first asked for; every process gets the same."""
    found = database.run(_FIND, (name,))
    if not found:
        database.run(_ADD, (name, *master_keys.wrap(_PURPOSE, name, secrets.token_bytes(SECRET_BYTES))))
        found = database.run(_FIND, (name,))
    return master_keys.unwrap(_PURPOSE, name, *found[0])


def rewrap_identity_secrets(database: IdentityDatabase, master_keys: MasterKeys) -> int:
    """Wrap under the present master key what older ones wrapped; answers with how many there were."""
    old = [row for row in database.run(_ALL) if row[1] != master_keys.current.id]
    for name, key_id, wrapped in old:
        secret = master_keys.unwrap(_PURPOSE, name, key_id, wrapped)
        database.run(_REWRAP, (*master_keys.wrap(_PURPOSE, name, secret), name, key_id))
    return len(old)
