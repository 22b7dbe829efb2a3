"""What a connection brings is answered in its order, however it comes; one that waits holds up nobody else."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import psycopg

from tests.api.answer import Answer
from tests.api.client import Api
from tests.api.running import Running
from tests.api.shop import Shop
from tests.api.targets import Target
from tests.servers.ports import HOST

TIMEOUT_S = 10.0
SOON_S = 1.0
TURNS = 40
ITEMS = 700
LONG_NAME = "A" * 150
SIP_BYTES = 4096
LONG = 40


class Line:
    """A connection that sends before it has read what was answered before."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=TIMEOUT_S)
        self._heard = b""

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *messages: bytes) -> None:
        self._socket.sendall(b"".join(messages))

    def answers(self, number: int, *, pause_s: float = 0.0) -> Iterator[tuple[int, bytes]]:
        """Status and body of so many answers, sip by sip where ``pause_s`` is more than nothing."""
        for _ in range(number):
            while b"\r\n\r\n" not in self._heard:
                self._listen(pause_s)
            head, _, self._heard = self._heard.partition(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            while len(self._heard) < length:
                self._listen(pause_s)
            yield int(head.split()[1]), self._heard[:length]
            self._heard = self._heard[length:]

    def _listen(self, pause_s: float) -> None:
        time.sleep(pause_s)
        part = self._socket.recv(SIP_BYTES)
        assert part, "the server hung up"
        self._heard += part


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def order(shop: Shop, name: str) -> bytes:
    assert shop.api.who is not None
    return Target("POST", "/v1/orders", shop.body(customer={"name": name}), bearer=shop.api.who.bearer).raw()


def test_requests_sent_in_one_breath_are_answered_in_their_order(api: Api, shop: Shop) -> None:
    names = [f"Ada {turn}" for turn in range(TURNS)]
    with Line(api.port) as line:
        line.send(*(order(shop, name) + get("/healthz") for name in names))
        heard = list(line.answers(2 * TURNS))
    assert [status for status, _ in heard] == [201, 200] * TURNS
    assert [json.loads(body)["customer"]["name"] for _, body in heard[::2]] == names


def test_a_request_that_comes_byte_by_byte_is_answered_like_any_other(api: Api, shop: Shop) -> None:
    message = order(shop, "Ada")
    with Line(api.port) as line:
        for at in range(len(message)):
            line.send(message[at : at + 1])
        ((status, _),) = line.answers(1)
    assert status == 201


def test_a_client_that_reads_slowly_gets_all_of_a_long_answer_and_the_next_one(api: Api, shop: Shop) -> None:
    items = [
        {"item_id": f"i{n}", "name": f"{n} {LONG_NAME}", "price": {"amount_minor": 1, "currency": "EUR"}}
        for n in range(ITEMS)
    ]
    assert api.put(f"{shop.path}/menu", {"items": items}).status == 200
    with Line(api.port) as line:
        line.send(*[get(f"{shop.path}/menu")] * LONG)
        heard = list(line.answers(LONG, pause_s=0.0002))
    assert [status for status, _ in heard] == [200] * LONG
    assert all(len(json.loads(body)["items"]) == ITEMS for _, body in heard)


def test_the_head_of_an_answer_is_the_same_by_the_short_way_and_by_waitress_own(api: Api) -> None:
    heads = []
    for connection in (b"", b"Connection: keep-alive\r\n"):  # which waitress looks at, and answers by its own way
        with socket.create_connection((HOST, api.port), timeout=TIMEOUT_S) as line:
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nRequest-Id: mine\r\n" + connection + b"\r\n")
            heads.append(line.recv(SIP_BYTES).split(b"\r\n\r\n")[0].split(b"\r\n"))
    short, long = ([line for line in head if not line.startswith(b"Date: ")] for head in heads)
    assert short == long
    assert [line.partition(b":")[0] for line in heads[0][1:]] == sorted(
        line.partition(b":")[0] for line in heads[0][1:]
    )
    assert any(line.startswith(b"Date: ") for line in heads[0])


def test_a_client_that_hangs_up_before_its_answer_disturbs_nobody(running: Running, api: Api, shop: Shop) -> None:
    for turn in range(TURNS):
        with Line(api.port) as line:
            line.send(order(shop, f"gone {turn}"))
    assert api.get("/healthz").status == 200
    assert running.well()


def test_orders_that_wait_for_the_database_hold_up_nobody_else(running: Running, api: Api, shop: Shop) -> None:
    placed: list[Answer] = []
    other = Api(running.ports[1], api.contract, api.who)  # that process has not read the menu yet

    def place(client: Api) -> None:
        placed.append(client.create("/v1/orders", shop.body()))

    waiting = [threading.Thread(target=place, args=(client,)) for client in (api.another(), other)]
    with psycopg.connect(running.database_url) as db:
        db.execute("lock table comanda.events in access exclusive mode")
        for thread in waiting:
            thread.start()
        time.sleep(SOON_S)
        begun = time.monotonic()
        for port in running.ports:
            assert Api(port, api.contract).get("/healthz").status == 200
        took = time.monotonic() - begun
        assert not placed, placed
        db.rollback()
    for thread in waiting:
        thread.join(TIMEOUT_S)
    assert [answer.status for answer in placed] == [201, 201]
    assert took < SOON_S
