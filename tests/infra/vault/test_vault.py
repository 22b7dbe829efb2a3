"""A text is read where it was sealed, by whoever holds the person's key, and by nobody once it is gone."""

import base64
import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from domain.event_store import Append, StreamAppend, VersionMoved
from domain.order.events import OrderCollected
from domain.privacy import ERASED, MARK, KeyUnknown, SubjectErased, TokenForged, subject_of
from infra.memory import MemoryEventStore
from infra.postgres.store import PostgresEventStore
from infra.vault.kept import FRESH_S
from infra.vault.keys import Keys, MemoryKeys, PostgresKeys
from infra.vault.vault import KeyVault
from tests.domain.sample_menu import NOON
from tests.domain.strategies import PATIENT
from tests.infra.vault.opened import ADA, Clock, vault_on
from tests.keys import memory_vault

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


def test_what_is_sealed_in_one_process_is_read_in_another(keys: Keys, place: str) -> None:
    person = uuid7()
    token = vault_on(keys).seal(person, place, ADA)
    assert token.startswith(MARK)
    assert "Ada" not in token
    assert subject_of(token) == person
    assert vault_on(keys).unseal(token, place) == ADA


@PATIENT
@given(texts)
def test_every_text_comes_back_whole(text: str) -> None:
    vault, person = memory_vault(), uuid7()
    where = f"{person}/note"
    token = vault.seal(person, where, text)
    assert vault.unseal(token, where) == text
    document = json.dumps({"id": str(person), "note": token}, separators=(",", ":")).encode()
    assert json.loads(vault.unseal_document(document, person)) == {"id": str(person), "note": text}


def test_a_repeat_is_the_same_token_and_anything_else_is_another(keys: Keys) -> None:
    vault, ada, bob, order = vault_on(keys), uuid7(), uuid7(), uuid7()
    tokens = {
        vault.seal(ada, f"{order}/name", "Ada"),
        vault.seal(ada, f"{order}/phone", "Ada"),
        vault.seal(ada, f"{uuid7()}/name", "Ada"),
        vault.seal(ada, f"{order}/name", "Ade"),
        vault.seal(bob, f"{order}/name", "Ada"),
    }
    assert len(tokens) == 5
    assert vault_on(keys).seal(ada, f"{order}/name", "Ada") in tokens


def test_a_token_that_stands_elsewhere_is_refused(keys: Keys) -> None:
    vault, person, order, other = vault_on(keys), uuid7(), uuid7(), uuid7()
    token = vault.seal(person, f"{order}/phone", "020 7946 0000")
    for wrong in (f"{order}/name", f"{other}/phone", f"{order}/phones", "phone", ""):
        with pytest.raises(TokenForged):
            vault.unseal(token, wrong)
    moved = b'{"phone":"%b"}' % token.encode()
    assert vault.unseal_document(moved, order) == b'{"phone":"020 7946 0000"}'
    for document, stream_id in ((moved, other), (moved.replace(b"phone", b"name"), order)):
        with pytest.raises(TokenForged):
            vault.unseal_document(document, stream_id)


@PATIENT
@given(st.data())
def test_a_token_of_which_one_bit_was_changed_is_never_read(data: st.DataObject) -> None:
    keys, person = MemoryKeys(), uuid7()
    where = f"{person}/name"
    raw = bytearray(_raw(vault_on(keys).seal(person, where, ADA)))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises((TokenForged, KeyUnknown)):
        vault_on(keys).unseal(_token(bytes(raw)), where)


@pytest.mark.parametrize("junk", ["enc1.", "enc1.AAAA", "enc1." + "A" * 59, "enc1.\u00e9", "enc1." + "=" * 80])
def test_what_only_begins_like_a_token_is_refused(junk: str) -> None:
    with pytest.raises(TokenForged):
        memory_vault().unseal(junk, "here")


def test_a_person_never_known_is_an_error_and_not_an_erasure(keys: Keys, place: str) -> None:
    token = memory_vault().seal(uuid7(), place, ADA)
    with pytest.raises(KeyUnknown):
        vault_on(keys).unseal(token, place)


def test_after_erasure_every_text_reads_as_erased_and_others_stay(keys: Keys) -> None:
    vault, ada, bob, order = vault_on(keys), uuid7(), uuid7(), uuid7()
    tokens = [vault.seal(person, f"{order}/name", name) for person, name in ((ada, "Ada"), (bob, "Bob"))]
    for _ in range(2):
        vault.erase(ada)
    for reader in (vault, vault_on(keys)):
        assert reader.unseal(tokens[0], f"{order}/name") is None
        assert reader.unseal(tokens[1], f"{order}/name") == "Bob"
        documents = [(order, b'{"name":"%b"}' % token.encode()) for token in tokens]
        assert reader.unseal_documents(documents) == [b'{"name":"%b"}' % ERASED.encode(), b'{"name":"Bob"}']
        with pytest.raises(SubjectErased):
            reader.seal(ada, f"{order}/name", "Ada again")


def test_somebody_never_known_can_be_erased_beforehand(keys: Keys) -> None:
    vault, person = vault_on(keys), uuid7()
    vault.erase(person)
    with pytest.raises(SubjectErased):
        vault.seal(person, f"{person}/name", "Ada")


def test_other_processes_see_an_erasure_within_seconds(keys: Keys, place: str) -> None:
    clock = Clock()
    here, there, person = vault_on(keys), vault_on(keys, clock=clock), uuid7()
    token = there.seal(person, place, ADA)
    here.erase(person)
    clock.at += FRESH_S - 0.1
    assert there.unseal(token, place) == ADA
    clock.at += 0.2
    assert there.unseal(token, place) is None


def test_two_processes_that_meet_somebody_new_at_once_agree_on_one_key(keys: Keys, place: str) -> None:
    person, late = uuid7(), vault_on(keys)
    assert late.begin(person)  # made, and never stored
    first, second = vault_on(keys), vault_on(keys)
    tokens = [vault.seal(person, place, ADA) for vault in (first, second)]
    assert tokens[0] == tokens[1]


def test_a_document_without_a_token_is_left_alone_and_so_is_what_a_text_says_about_tokens() -> None:
    vault, order = memory_vault(), uuid7()
    plain = b'{"note":"a token begins with enc1. and goes on"}'
    assert vault.unseal_document(plain, order) is plain
    said = 'say "name":"enc1.AAAA" to see'
    token = vault.seal(order, f"{order}/note", said)
    document = json.dumps({"note": token, "quoted": said}, separators=(",", ":")).encode()
    assert json.loads(vault.unseal_document(document, order)) == {"note": said, "quoted": said}


# Keys that come with an append


def place_with_key(store: MemoryEventStore | PostgresEventStore, vault: KeyVault, order: UUID, expected: int) -> str:
    sealer = vault.begin(order)
    token = sealer.seal(f"{order}/name", ADA)
    append = StreamAppend(stream_id=order, category="order", expected=expected, events=[OrderCollected(at=NOON)])
    store.append(Append(streams=[append], keys=sealer.fresh))
    return token


def test_a_guests_key_is_stored_with_the_order_and_only_with_it(database: str) -> None:
    store = PostgresEventStore(database, readers=2).open()
    try:
        keys, order, refused = PostgresKeys(store.reads.fetch), uuid7(), uuid7()
        token = place_with_key(store, vault_on(keys), order, 0)
        with pytest.raises(VersionMoved):
            place_with_key(store, vault_on(keys), refused, 7)
        assert vault_on(keys).unseal(token, f"{order}/name") == ADA
        assert set(keys.load([order, refused])) == {order}
    finally:
        store.close()


def test_the_store_in_memory_keeps_keys_too() -> None:
    store, order = MemoryEventStore(), uuid7()
    keys = MemoryKeys(store.subject_keys)
    token = place_with_key(store, vault_on(keys), order, 0)
    assert vault_on(keys).unseal(token, f"{order}/name") == ADA


def _raw(token: str) -> bytes:
    return base64.urlsafe_b64decode(token[len(MARK) :] + "==")


def _token(raw: bytes) -> str:
    return MARK + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
