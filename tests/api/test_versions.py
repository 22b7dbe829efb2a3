"""ETags: a command may name the version that it rests on, and a read need not send what is known already."""

import pytest

from tests.api.client import Api
from tests.api.shop import BODIES, Shop


def test_each_step_has_the_next_etag(shop: Shop) -> None:
    order = shop.place()
    accepted = shop.step(order, "accept")
    assert [answer.headers["ETag"] for answer in (order, accepted)] == ['"1"', '"2"']


def test_a_command_that_rests_on_the_present_version_is_taken(api: Api, shop: Shop) -> None:
    path = f"{shop.place().headers['Location']}/accept"
    assert api.post(path, BODIES["accept"], {"If-Match": '"1"'}).status == 200
    assert api.post(path, BODIES["accept"], {"If-Match": "*"}).status == 200


def test_a_command_that_rests_on_another_version_is_refused_with_both(api: Api, shop: Shop) -> None:
    order = shop.order_at("accepted")
    refused = api.post(f"{order.headers['Location']}/start", None, {"If-Match": '"1"'})
    assert (refused.status, refused.code) == (412, "precondition_failed")
    assert (refused.json["expected"], refused.json["version"]) == (1, 2)
    refused = api.post(f"{order.headers['Location']}/start", None, {"If-Match": '"99"'})
    assert refused.status == 412


def test_a_menu_is_not_overwritten_by_one_who_has_not_seen_its_latest(api: Api, shop: Shop) -> None:
    seen = api.put(f"{shop.path}/status", {"status": "busy"})
    stale = {"If-Match": seen.headers["ETag"]}
    assert api.patch(f"{shop.path}/menu/items/acqua", {"available": False}, stale).status == 200
    for refused in (
        api.patch(f"{shop.path}/menu/items/acqua", {"available": True}, stale),
        api.put(f"{shop.path}/menu", {"items": []}, stale),
        api.put(f"{shop.path}/status", {"status": "busy"}, stale),
    ):
        assert (refused.status, refused.code) == (412, "precondition_failed")


@pytest.mark.parametrize(
    "told", ["1", "", '"', '""', 'W/"1"', '"1", "2"', '"one"', '"-1"', '"1', '"²"', '"' + "9" * 99 + '"']
)
def test_an_etag_of_another_form_is_refused(api: Api, shop: Shop, told: str) -> None:
    order = shop.place()
    headers = {"If-Match": told}
    for refused in (
        api.post(f"{order.headers['Location']}/accept", BODIES["accept"], headers),
        api.put(f"{shop.path}/status", {"status": "busy"}, headers),
    ):
        assert (refused.status, refused.code, refused.pointers) == (400, "header_invalid", ["/header/If-Match"])


@pytest.mark.parametrize("known", ['"1"', 'W/"1"', '"7", "1"', '"7",W/"1"', "*"])
def test_what_is_known_is_not_sent_again(api: Api, shop: Shop, known: str) -> None:
    order = shop.place()
    told = api.get(order.headers["Location"], {"If-None-Match": known})
    assert (told.status, told.body, told.headers["ETag"]) == (304, b"", '"1"')


@pytest.mark.parametrize("known", ['"2"', '"11"', "1", "", "gone"])
def test_what_has_changed_is_sent(api: Api, shop: Shop, known: str) -> None:
    order = shop.place()
    told = api.get(order.headers["Location"], {"If-None-Match": known})
    assert (told.status, told.json) == (200, order.json)


def test_restaurants_and_menus_are_not_sent_again_either(api: Api, shop: Shop) -> None:
    changed = api.put(f"{shop.path}/status", {"status": "busy"})
    for path in (shop.path, f"{shop.path}/menu"):
        known = {"If-None-Match": changed.headers["ETag"]}
        assert api.get(path, changed.token | known).status == 304
