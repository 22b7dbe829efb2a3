"""After an erasure, no byte of a person is left anywhere; before it, none is readable where it should not be."""

import secrets
import time
import uuid
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from typing import Any

import pytest

from domain.account.events import Grant, Role
from domain.privacy import ERASED
from infra.vault.kept import FRESH_S
from tests.api.answer import Answer
from tests.api.client import Api
from tests.api.shop import Shop
from tests.privacy.house import House
from tests.privacy.searched import Search, dump
from tests.projections.replayed import assert_equal_to_fresh_replay
from tests.servers.people import PASSWORD, Someone

CUSTOMER = Grant(role=Role.CUSTOMER)
CONTROL = f"Control{secrets.token_hex(8)}"
"""A restaurant's name: nobody's, and so in the clear. A search that does not find it finds nothing."""


def word(what: str) -> str:
    return f"{what}{secrets.token_hex(6)}"


def number() -> str:
    return f"+49{secrets.randbelow(10**13):013d}"


@dataclass(frozen=True)
class Planted:
    """Twenty texts that are a person's."""

    name: str = field(default_factory=lambda: word("Ada"))
    email: str = field(default_factory=lambda: f"{word('ada')}@example.org")
    phone: str = field(default_factory=number)
    new_name: str = field(default_factory=lambda: word("Lovelace"))
    new_phone: str = field(default_factory=number)
    order_name: str = field(default_factory=lambda: word("AdaAtHome"))
    order_phone: str = field(default_factory=number)
    order_note: str = field(default_factory=lambda: word("RingTwice"))
    line_note: str = field(default_factory=lambda: word("NoNuts"))
    line1: str = field(default_factory=lambda: word("Market"))
    line2: str = field(default_factory=lambda: word("Flat"))
    city: str = field(default_factory=lambda: word("Rome"))
    country: str = field(default_factory=lambda: word("Italy"))
    postcode: str = field(default_factory=lambda: word("PC"))
    address_note: str = field(default_factory=lambda: word("BlueDoor"))
    cancel_reason: str = field(default_factory=lambda: word("IllInBed"))
    guest_name: str = field(default_factory=lambda: word("Bob"))
    guest_phone: str = field(default_factory=number)
    guest_note: str = field(default_factory=lambda: word("AtTheWindow"))
    reject_reason: str = field(default_factory=lambda: word("BobOwesUs"))

    @property
    def texts(self) -> set[str]:
        """All of them."""
        return set(astuple(self))


class Story:
    """Ada has an account and two orders, Bob is a guest, and somebody else orders too."""

    def __init__(self, house: House) -> None:
        self.house, self.planted = house, Planted()
        self.password = word("Secret")
        self.api = house.api()
        self.shop = Shop.opened(self.api, name=CONTROL)
        self.answers: list[tuple[Api, str, dict[str, Any], str, Answer]] = []
        self._ada()
        self._bob()
        self.other = self.shop.place(customer={"name": "Somebody Else", "phone": "0123"}, note="kept")
        self._invalid()
        house.catch_up()

    def _create(self, api: Api, path: str, body: dict[str, Any]) -> Answer:
        key = uuid.uuid4().hex
        answer = api.create(path, body, key)
        assert answer.status == 201, answer
        self.answers.append((api, path, body, key, answer))
        return answer

    def _ada(self) -> None:
        p = self.planted
        body = {"name": p.name, "email": p.email, "phone": p.phone, "password": self.password}
        self.account = self._create(self.api, "/v1/users", body)
        self.ada_id = self.account.json["id"]
        account_id = uuid.UUID(self.ada_id)
        me = Someone(account_id, p.email, (CUSTOMER,), self.house.people.token(account_id, CUSTOMER))
        self.ada = self.api.of(me)
        changed = self.ada.patch("/v1/users/me", {"name": p.new_name, "phone": p.new_phone})
        assert changed.json["name"] == p.new_name
        address = {"line1": p.line1, "line2": p.line2, "city": p.city, "country": p.country, "postcode": p.postcode}
        wanted = self.shop.body(
            fulfilment="delivery",
            address={**address, "note": p.address_note},
            customer={"name": p.order_name, "phone": p.order_phone},
            note=p.order_note,
            lines=[{"item_id": "margherita", "quantity": 1, "note": p.line_note}],
        )
        self.orders = [self._create(self.ada, "/v1/orders", wanted) for _ in range(2)]
        for step in ("accept", "start", "ready", "hand-over", "deliver"):
            assert self.shop.step(self.orders[0], step).status == 200
        cancelled = self.ada.post(f"/v1/orders/{self.orders[1].json['id']}/cancel", {"reason": p.cancel_reason})
        assert cancelled.json["reason"] == p.cancel_reason
        again = self.ada.post(f"/v1/orders/{self.orders[1].json['id']}/cancel", {"reason": p.cancel_reason})
        assert again.headers["ETag"] == cancelled.headers["ETag"], "a repeated reason is a repeat, sealed as it is"

    def _bob(self) -> None:
        p = self.planted
        wanted = self.shop.body(customer={"name": p.guest_name, "phone": p.guest_phone}, note=p.guest_note)
        self.guest = self._create(self.api, "/v1/orders", wanted)
        self.shop.api.post(f"/v1/orders/{self.guest.json['id']}/reject", {"reason": p.reject_reason})

    def _invalid(self) -> None:
        """What is refused is not written down either."""
        p = self.planted
        for body in (
            {"customer": {"name": p.order_name * 40}},
            {"customer": {"name": p.name, "surname": p.new_name}},
            {"note": p.order_note, "lines": p.line_note},
            f'{{"note": "{p.guest_note}"'.encode(),
            f'{{"note": "{p.guest_note}\x00"}}'.encode(),
        ):
            told = body if isinstance(body, bytes) else {**self.shop.body(), **body}
            assert self.api.create("/v1/orders", told).status in {400, 422}
        assert self.api.get("/v1/users", email=p.email).status == 200

    def replays(self) -> Iterator[tuple[Answer, Answer]]:
        """Each keyed request, sent again to the other process, beside its first answer."""
        for api, path, body, key, first in self.answers:
            other = Api(self.house.ports[1], self.house.contract, api.who)
            yield other.create(path, body, key), first
            other.close()

    def shown(self) -> bytes:
        """All that the API tells an operator."""
        paths = ["/v1/orders?limit=200", "/v1/users?limit=200", f"{self.shop.path}/board", f"/v1/users/{self.ada_id}"]
        for order in (*self.orders, self.guest):
            paths += [f"/v1/orders/{order.json['id']}", f"/v1/orders/{order.json['id']}/events"]
        clients = [self.house.api(number) for number in range(len(self.house.ports))]
        told = b"".join(client.get(path).body for client in clients for path in paths)
        for client in clients:
            client.close()
        return told


@pytest.fixture(scope="module")
def story(house: House) -> Story:
    return Story(house)


def assert_nothing_written(story: Story) -> None:
    """The twenty and the password are in no dump, file, log or queue; what is nobody's is found in each of them."""
    house, search = story.house, Search([*story.planted.texts, story.password, CONTROL])
    house.flush()
    assert search.of(dump(house.url)) == {CONTROL}
    assert search.of_files(house.postgres.data / "pg_wal") == {CONTROL}
    assert search.of_files(house.postgres.data) == {CONTROL}
    assert search.of_files(house.broker.folder) == set()
    assert search.of_files(house.logs) == set()
    assert search.of(house.postgres.log.read_bytes()) == set()
    assert Search(["projections"]).of_files(house.broker.folder), "the queue is among what is searched"
    assert Search(["leading"]).of_files(house.logs), "what the sequencer logs is among what is searched"


@pytest.mark.timeout(180)
def test_nothing_of_a_person_is_found_anywhere_after_the_erasure_and_nothing_of_others_is_lost(story: Story) -> None:
    planted, house = story.planted, story.house
    assert len(planted.texts) == 20
    search = Search(planted.texts)

    # While the keys stand: everything is told to those who may know, and written nowhere.
    seen = search.of(story.shown() + b"".join(first.body for _, first in story.replays()))
    assert seen == planted.texts
    assert all((again.status, again.body) == (201, first.body) for again, first in story.replays())
    assert_nothing_written(story)
    exported = house.output("privacy", "export", story.ada_id)
    assert search.of(exported) == planted.texts - {
        planted.guest_name,
        planted.guest_phone,
        planted.guest_note,
        planted.reject_reason,
    }
    (house.logs / "privacy-export").unlink()
    other_before = story.api.get(f"/v1/orders/{story.other.json['id']}")

    # The person asks to be forgotten, and the guest does.
    assert story.ada.delete("/v1/users/me").status == 200
    assert b"erased" in house.output("privacy", "erase", "--order", story.guest.json["id"])
    time.sleep(FRESH_S)

    house.catch_up()
    assert search.of(story.shown()) == set()
    assert ERASED.encode() in story.shown()
    for again, first in story.replays():
        if again.status == 201:  # Ada's own token is no longer taken
            assert search.of(again.body) == set()
            assert again.json["id"] == first.json["id"]
    assert search.of(house.output("privacy", "export", story.ada_id)) == set()
    assert_nothing_written(story)
    assert assert_equal_to_fresh_replay(house.url) > 0
    assert_nothing_written(story)

    # Others have lost nothing.
    other_after = story.api.get(f"/v1/orders/{story.other.json['id']}")
    assert (other_after.body, other_after.headers["ETag"]) == (other_before.body, other_before.headers["ETag"])
    assert other_after.json["customer"]["name"] == "Somebody Else"
    assert story.api.get(f"/v1/orders/{story.orders[0].json['id']}").json["total"]["amount_minor"] == 850
    assert PASSWORD not in dump(house.url).decode()
