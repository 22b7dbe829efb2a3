"""A price that is promised and used once, and promo codes that are never used more often than they may be."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.answer import Answer
from tests.api.client import Api
from tests.api.shop import BODIES, Shop, euros
from tests.servers.people import People

CONCURRENT = 50


def quoted(api: Api, shop: Shop, *lines: tuple[str, int], **more: Any) -> Answer:
    cart = shop.body(*lines, **more)
    del cart["customer"]
    answer = api.create("/v1/quotes", cart)
    assert answer.status == 201, answer
    return answer


def promote(api: Api, shop: Shop, code: str = "SUMMER", **what: Any) -> Answer:
    return api.create(f"{shop.path}/promotions", {"code": code, **({"percent_ppm": 100_000} | what)})


# Quotes


def test_a_quote_prices_a_basket_as_an_order_would(api: Api, shop: Shop) -> None:
    api.patch(shop.path, {"tax_rate_ppm": 100_000, "delivery_fee": euros(250)})
    quote = quoted(api, shop, ("margherita", 2), fulfilment="delivery", tip=euros(100))
    order = shop.place(("margherita", 2), fulfilment="delivery", tip=euros(100))
    for part in ("lines", "price", "total"):
        assert quote.json[part] == order.json[part]
    assert quote.json["usable"] is True
    assert api.get(quote.headers["Location"]).json == quote.json
    assert re.fullmatch(r"/v1/quotes/[0-9a-f-]{36}", quote.headers["Location"])


def test_an_order_gets_the_price_that_it_was_quoted_whatever_the_menu_says_now(api: Api, shop: Shop) -> None:
    quote = quoted(api, shop, ("acqua", 2)).json
    api.patch(f"{shop.path}/menu/items/acqua", {"price": euros(999)})
    order = shop.place(("acqua", 2), quote_id=quote["id"], note="ring")
    assert order.json["total"] == quote["total"] == euros(400)
    assert api.get(order.headers["Location"], order.token).json == order.json
    told = api.get(f"/v1/quotes/{quote['id']}").json
    assert (told["usable"], told["order_id"]) == (False, order.json["id"])


def test_a_quote_is_used_once(api: Api, other_process: Api, shop: Shop) -> None:
    quote_id = quoted(api, shop).json["id"]
    shop.place(quote_id=quote_id)
    refused = Shop(other_process, shop.id).refused(quote_id=quote_id)
    assert (refused.status, refused.code, refused.pointers) == (409, "quote_already_used", ["/quote_id"])


def test_a_quote_is_used_once_by_many_at_once(api: Api, other_process: Api, shop: Shop) -> None:
    quote_id = quoted(api, shop).json["id"]
    answers = at_once(
        [api, other_process], 10, lambda client, _: client.create("/v1/orders", shop.body(quote_id=quote_id))
    )
    assert sorted(answer.status for answer in answers) == [201] + [409] * 9


def test_an_order_for_something_else_is_told_the_new_price(api: Api, shop: Shop) -> None:
    quote_id = quoted(api, shop, ("acqua", 1)).json["id"]
    refused = shop.refused(("acqua", 2), quote_id=quote_id)
    assert (refused.status, refused.code, refused.pointers) == (409, "price_changed", ["/quote_id"])
    assert refused.json["total"] == euros(400)
    shop.place(("acqua", 1), quote_id=quote_id)  # it was not used up by the refusal


def test_a_quote_that_is_not_there_cannot_be_named(api: Api, shop: Shop) -> None:
    unknown = "01890a5d-ac96-774b-bcce-b302099a8057"
    for stranger in (unknown, shop.id):
        refused = shop.refused(quote_id=stranger)
        assert (refused.status, refused.code, refused.pointers) == (422, "quote_unknown", ["/quote_id"])
        assert api.get(f"/v1/quotes/{stranger}").code == "no_such_quote"


# Promo codes


def test_a_promo_code_takes_its_part_off_and_counts_its_use(api: Api, shop: Shop) -> None:
    created = promote(api, shop, code="Summer", minimum=euros(1000))
    assert (created.status, created.json["code"], created.json["uses"]) == (201, "SUMMER", 0)
    order = shop.place(("margherita", 3), promo_code="summer")
    assert (order.json["price"]["discount_minor"], order.json["price"]["promo_code"]) == (255, "SUMMER")
    assert order.json["total"] == euros(2550 - 255)
    found = api.get(created.headers["Location"])
    assert found.json == {**created.json, "uses": 1}
    listed = api.get(f"{shop.path}/promotions", created.token).json
    assert listed == {"data": [found.json], "next_cursor": None}
    refused = shop.refused(("acqua", 1), promo_code="SUMMER")
    assert (refused.status, refused.code) == (422, "promo_minimum_not_reached")
    assert refused.json["minimum"] == euros(1000)


def test_a_code_is_there_once_and_until_it_is_called_off(api: Api, shop: Shop) -> None:
    created = promote(api, shop, percent_ppm=None, amount=euros(5000))
    assert shop.place(promo_code="SUMMER").json["total"] == euros(0)  # never less than nothing
    assert promote(api, shop).code == "promo_code_taken"
    ended = api.post(f"{created.headers['Location']}/end")
    assert (ended.status, ended.json["ended"]) == (200, True)
    assert api.post(f"{created.headers['Location']}/end").headers["ETag"] == ended.headers["ETag"]
    listed = api.get(f"{shop.path}/promotions", ended.token).json["data"]
    assert listed == [ended.json]
    assert shop.refused(promo_code="SUMMER").code == "promo_code_not_valid"
    assert shop.refused(promo_code="WINTER").code == "promo_code_unknown"


def test_a_code_is_valid_in_its_time_only(api: Api, shop: Shop) -> None:
    promote(api, shop, "EARLY", ends_at="2020-01-01T00:00:00Z")
    promote(api, shop, "LATE", starts_at="2099-01-01T00:00:00Z")
    for code in ("EARLY", "LATE"):
        refused = shop.refused(promo_code=code)
        assert (refused.status, refused.code, refused.pointers) == (409, "promo_code_not_valid", ["/promo_code"])


@pytest.mark.parametrize(
    "what",
    [
        *({"percent_ppm": None}, {"amount": euros(1)}, {"percent_ppm": 0}, {"uses_max": 0}, {"code": "a b"}),
        {"starts_at": "2030-01-01T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"},
        {"minimum": {"amount_minor": 1, "currency": "GBP"}},
    ],
)
def test_a_promotion_that_makes_no_sense_is_refused(api: Api, shop: Shop, what: dict[str, Any]) -> None:
    told = {"code": "SUMMER", "percent_ppm": 100_000, **what}
    assert api.create(f"{shop.path}/promotions", told).status == 422


def test_50_orders_at_once_never_use_a_code_more_often_than_it_may_be(
    api: Api, other_process: Api, shop: Shop, events: Any
) -> None:
    created = promote(api, shop, uses_max=7)
    before = events()
    answers = at_once(
        [api, other_process],
        CONCURRENT,
        lambda client, _: client.create("/v1/orders", shop.body(promo_code="SUMMER")),
    )
    assert [answer.status for answer in answers].count(201) == 7
    assert {answer.code for answer in answers if answer.status != 201} == {"promo_code_used_up"}
    assert api.get(created.headers["Location"]).json["uses"] == 7
    assert events() - before == 7
    assert shop.place().status == 201  # without the code


def test_one_customer_uses_a_code_so_often_and_a_repeat_of_the_request_is_no_use(api: Api, shop: Shop) -> None:
    created = promote(api, shop, uses_per_customer_max=1)
    body = shop.body(promo_code="SUMMER")
    first, again = api.create("/v1/orders", body, "mine"), api.create("/v1/orders", body, "mine")
    assert (first.status, again.body) == (201, first.body)
    assert api.create("/v1/orders", body).code == "promo_code_used_by_customer"
    assert api.get(created.headers["Location"]).json["uses"] == 1


# Uses given back


def uses(api: Api, shop: Shop, code: str = "SUMMER") -> int:
    told: int = api.get(f"{shop.path}/promotions/{code}").json["uses"]
    return told


@pytest.mark.parametrize("step", ["reject", "cancel"])
def test_who_gets_no_meal_may_use_the_code_again(api: Api, shop: Shop, people: People, step: str) -> None:
    promote(api, shop, uses_max=1, uses_per_customer_max=1)
    customer, other = (api.of(people.someone()) for _ in range(2))
    body = shop.body(promo_code="SUMMER")
    order = customer.create("/v1/orders", body)
    assert other.create("/v1/orders", body).code == "promo_code_used_up"
    assert (shop.step(order, step).status, uses(api, shop)) == (200, 0)
    again = customer.create("/v1/orders", body)
    assert (again.status, uses(api, shop)) == (201, 1)
    assert customer.post(f"{again.headers['Location']}/cancel", BODIES["cancel"]).status == 200
    assert (other.create("/v1/orders", body).status, uses(api, shop)) == (201, 1)


@pytest.mark.parametrize("quoted_first", [False, True])
def test_a_code_goes_back_to_the_one_who_used_it_whoever_calls_the_order_off(
    api: Api, shop: Shop, people: People, quoted_first: bool
) -> None:
    promote(api, shop, code="Summer", uses_per_customer_max=1)
    customer, other = (api.of(people.someone()) for _ in range(2))
    told = {"quote_id": quoted(customer, shop, promo_code="summer").json["id"]} if quoted_first else {}
    order = customer.create("/v1/orders", shop.body(promo_code="summer", **told))
    assert other.create("/v1/orders", shop.body(promo_code="SUMMER")).status == order.status == 201
    for step in ("accept", "start", "cancel"):
        assert shop.step(order, step).status == 200
    assert uses(api, shop) == 1
    assert other.create("/v1/orders", shop.body(promo_code="SUMMER")).code == "promo_code_used_by_customer"
    assert customer.create("/v1/orders", shop.body(promo_code="SUMMER")).status == 201


def test_a_meal_that_was_made_has_used_the_code_even_if_nobody_comes_for_it(api: Api, shop: Shop) -> None:
    promote(api, shop)
    waiting, eaten = (shop.order_at("ready", promo_code="SUMMER") for _ in range(2))
    assert (shop.step(waiting, "cancel").status, shop.step(eaten, "collect").status) == (200, 200)
    assert uses(api, shop) == 2


def test_a_code_is_given_back_once_however_often_and_by_how_many_the_order_is_called_off(
    api: Api, other_process: Api, shop: Shop
) -> None:
    promote(api, shop)
    order, _ = (shop.place(promo_code="SUMMER") for _ in range(2))
    path = order.headers["Location"]
    answers = at_once([api, other_process], 20, lambda client, _: client.post(f"{path}/cancel", BODIES["cancel"]))
    assert {answer.status for answer in answers} == {200}
    assert shop.step(order, "cancel").status == 200
    assert api.post(f"{path}/cancel", {"reason": "another"}).code == "order_already_cancelled"
    assert shop.step(order, "reject").code == "order_already_cancelled"
    assert uses(api, shop) == 1


def test_a_code_that_is_fought_for_while_orders_are_called_off_is_counted_to_the_last_use(
    api: Api, other_process: Api, shop: Shop
) -> None:
    promote(api, shop, uses_max=3)

    def order_and_call_off(client: Api, number: int) -> Answer:
        order = client.create("/v1/orders", shop.body(promo_code="SUMMER"))
        if order.status == 201 and number % 2:
            assert client.post(f"{order.headers['Location']}/reject", BODIES["reject"]).status == 200
        return order

    answers = at_once([api, other_process], CONCURRENT, order_and_call_off)
    kept = [n for n, answer in enumerate(answers) if answer.status == 201 and not n % 2]
    assert {answer.code for answer in answers if answer.status != 201} <= {"promo_code_used_up"}
    assert uses(api, shop) == len(kept) <= 3


def at_once(clients: list[Api], many: int, ask: Any) -> list[Answer]:
    """Ask from so many threads, each with a connection of its own, all let go at one moment."""
    gate = threading.Barrier(many)

    def one(number: int) -> Answer:
        client = clients[number % len(clients)].another()
        try:
            gate.wait(30)
            answer: Answer = ask(client, number)
            return answer
        finally:
            client.close()

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))
