"""A person's key is wrapped in a master key: it can be wrapped anew, and opens for nobody else."""

from uuid import UUID

import psycopg
import pytest
from uuid_utils.compat import uuid7

from domain.privacy import TokenForged
from infra.master_key import MasterKeyUnknown, parse
from infra.vault.ciphers import Wrapping
from infra.vault.keys import Keys
from infra.vault.rewrap import rewrap
from tests.infra.vault.opened import ADA, vault_on
from tests.keys import MASTER_KEY, NEXT_MASTER_KEY


def test_a_new_master_key_wraps_every_key_anew_and_changes_no_token(keys: Keys, place: str) -> None:
    people = [uuid7() for _ in range(7)]
    tokens = [vault_on(keys).seal(person, place, ADA) for person in people]
    vault_on(keys).erase(people[0])
    both = f"{NEXT_MASTER_KEY},{MASTER_KEY}"
    assert all(vault_on(keys, both).unseal(token, place) == ADA for token in tokens[1:])
    with pytest.raises(MasterKeyUnknown):
        vault_on(keys, NEXT_MASTER_KEY).unseal(tokens[1], place)
    assert sum(rewrap(keys, Wrapping(parse(both)), at_once=3)) == 6
    assert sum(rewrap(keys, Wrapping(parse(both)), at_once=3)) == 0
    assert [vault_on(keys, NEXT_MASTER_KEY).unseal(token, place) for token in tokens] == [None, *[ADA] * 6]


def test_a_key_that_is_destroyed_while_it_is_wrapped_anew_stays_destroyed(keys: Keys, place: str) -> None:
    person = uuid7()
    token = vault_on(keys).seal(person, place, ADA)
    wrapping = Wrapping(parse(f"{NEXT_MASTER_KEY},{MASTER_KEY}"))
    former = [key for key in keys.page(UUID(int=0), 10).values() if key is not None]
    renewed = [wrapping.wrap(key.subject, wrapping.unwrap(key)) for key in former]
    keys.destroy(person)
    assert keys.rewrap(former, renewed) == 0
    assert vault_on(keys).unseal(token, place) is None


def test_a_key_given_to_another_person_in_the_database_does_not_open(keys: Keys) -> None:
    ada, bob = uuid7(), uuid7()
    vault = vault_on(keys)
    vault.seal(ada, "here", "Ada")
    stolen = keys.load([ada])[ada]
    assert stolen is not None
    keys.add(stolen._replace(subject=bob))
    with pytest.raises(TokenForged):
        vault_on(keys).seal(bob, "here", "Bob")


@pytest.mark.parametrize(
    "forbidden",
    [
        "delete from comanda.subject_keys",
        "truncate comanda.subject_keys",
        "update comanda.subject_keys set wrapped = '\\x00', master = 'm', erased_at = null",
    ],
)
def test_a_tombstone_stays_whoever_asks(database: str, forbidden: str) -> None:
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("insert into comanda.subject_keys (subject, erased_at) values (gen_random_uuid(), now())")
        with pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute(forbidden)
