"""What a process holds of keys, and how often it has to look for them."""

import time
from collections.abc import Collection
from uuid import UUID

from uuid_utils.compat import uuid7

from api.together import Together
from domain.event_store import StoreUnavailable
from domain.privacy import SubjectKey
from infra.vault.ciphers import PersonKey
from infra.vault.kept import KEPT_MAX, KeptKeys
from infra.vault.keys import MemoryKeys
from infra.vault.vault import KeyVault, Wanted
from tests.infra.vault.opened import ADA, Clock, vault_on


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
    together.open(lambda: None)
    deadline = time.monotonic() + 10
    while not all(request.token for request in requests) and time.monotonic() < deadline:
        together.turn()
    together.close()
    assert keys.asked == [5]
    assert {vault.unseal(r.token, f"{r.person}/name") for r in requests} == {ADA}


def test_a_list_of_many_peoples_orders_asks_for_their_keys_once() -> None:
    keys, orders = OneLook(), [uuid7() for _ in range(50)]
    writer = vault_on(keys)
    documents = [(order, b'{"name":"%b"}' % writer.seal(order, f"{order}/name", "Ada").encode()) for order in orders]
    keys.asked.clear()
    assert vault_on(keys).unseal_documents(documents) == [b'{"name":"Ada"}'] * 50
    assert keys.asked == [50]
