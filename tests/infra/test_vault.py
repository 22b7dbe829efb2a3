"""The vault: a text is read where it was sealed, by whoever holds the person's key, and by nobody once it is gone."""

import base64
import json
import time
from collections.abc import Callable, Collection, Iterator
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from api.together import Together
from domain.event_store import Append, StoreUnavailable, StreamAppend, VersionMoved
from domain.order.events import OrderCollected
from domain.privacy import ERASED, MARK, KeyUnknown, SubjectErased, SubjectKey, TokenForged, subject_of
from infra.master_key import MasterKeyUnknown, parse
from infra.memory import MemoryEventStore
from infra.postgres.store import PostgresEventStore
from infra.vault.ciphers import PersonKey, Wrapping
from infra.vault.kept import FRESH_S, KEPT_MAX, KeptKeys
from infra.vault.keys import Keys, MemoryKeys, PostgresKeys
from infra.vault.rewrap import rewrap
from infra.vault.vault import KeyVault, Wanted
from tests.domain.sample_menu import NOON
from tests.domain.strategies import PATIENT
from tests.keys import MASTER_KEY, NEXT_MASTER_KEY, memory_vault

ADA = 'Ada Lovelace, née Byron 🧮 "quoted" \\ and <b>'
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture(params=["memory", "postgres"])
def keys(request: pytest.FixtureRequest) -> Iterator[Keys]:
    if request.param == "memory":
        yield MemoryKeys()
        return
    store = PostgresEventStore(request.getfixturevalue("database"), readers=2).open()
    try:
        yield PostgresKeys(store.reads.fetch)
    finally:
        store.close()


def vault_on(keys: Keys, masters: str = MASTER_KEY, clock: Callable[[], float] | None = None) -> KeyVault:
    return KeyVault(keys, Wrapping(parse(masters)), clock or Clock())


@pytest.fixture
def place() -> str:
    return f"{uuid7()}/name"


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


# Master keys


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


# What a process holds


def test_a_process_holds_a_bounded_number_of_keys_and_drops_the_oldest() -> None:
    kept = KeptKeys(Clock())
    marks = [n.to_bytes(16, "big") for n in range(KEPT_MAX + 1)]
    for mark in marks:
        kept.put(mark, PersonKey(mark, bytes(64)))
    assert marks[0] not in kept.fresh(marks)
    assert len(kept.fresh(marks)) == KEPT_MAX


class OneLook(MemoryKeys):
    """Counts the looks at it, and fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.away = False

    def load(self, subjects: Collection[UUID]) -> dict[UUID, SubjectKey | None]:
        self.asked.append(len(subjects))
        if self.away:
            raise StoreUnavailable("connection refused")
        return super().load(subjects)


def test_requests_that_wait_together_are_served_by_one_look_and_a_fault_reaches_each(place: str) -> None:
    keys, people = OneLook(), [uuid7() for _ in range(3)]
    vault = vault_on(keys)
    for person in people:
        vault.seal(person, place, ADA)
    keys.asked.clear()
    wanted = [Wanted([person.bytes]) for person in (*people, uuid7())]
    vault.settle(wanted)
    assert keys.asked == [4]
    assert [len(one.found) for one in wanted] == [1, 1, 1, 0]
    keys.away = True
    vault.settle(wanted)
    assert all(isinstance(one.error, StoreUnavailable) for one in wanted)


class Sealing:
    """A request that seals for somebody whose key is not at hand."""

    def __init__(self, vault: KeyVault, person: UUID) -> None:
        self.vault, self.person, self.token = vault, person, ""

    def service(self) -> None:
        self.token = self.vault.seal(self.person, f"{self.person}/name", ADA)

    def cancel(self) -> None:
        raise AssertionError


def test_orders_served_side_by_side_look_for_their_customers_keys_once() -> None:
    keys, people = OneLook(), [uuid7() for _ in range(5)]
    for person in people:
        vault_on(keys).seal(person, "here", ADA)
    keys.asked.clear()
    vault = vault_on(keys)
    together = Together(vault.settle)
    vault.wait_with(together.wait)
    requests = [Sealing(vault, person) for person in people]
    for request in requests:
        together.add(request)
    together.open()
    deadline = time.monotonic() + 10
    while not all(request.token for request in requests) and time.monotonic() < deadline:
        time.sleep(0.01)
    together.close(1.0)
    assert keys.asked == [5]
    assert {vault.unseal(r.token, f"{r.person}/name") for r in requests} == {ADA}


def test_a_list_of_many_peoples_orders_asks_for_their_keys_once() -> None:
    keys, orders = OneLook(), [uuid7() for _ in range(50)]
    writer = vault_on(keys)
    documents = [(order, b'{"name":"%b"}' % writer.seal(order, f"{order}/name", "Ada").encode()) for order in orders]
    keys.asked.clear()
    assert vault_on(keys).unseal_documents(documents) == [b'{"name":"Ada"}'] * 50
    assert keys.asked == [50]


def _raw(token: str) -> bytes:
    return base64.urlsafe_b64decode(token[len(MARK) :] + "==")


def _token(raw: bytes) -> str:
    return MARK + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
