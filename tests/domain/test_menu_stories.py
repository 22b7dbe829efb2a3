"""A rich menu as its owner tells it: modifiers, what is off for a while, tax categories, and what is refused."""

import json
from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from domain.history import CODEC
from domain.restaurant.commands import ChangeMenuItem, ChangeSettings, PublishMenu, SetStatus
from domain.restaurant.decide import RESTAURANT
from domain.restaurant.errors import PriceBelowZero, TaxCategoryInUse, TaxCategoryUnknown, UntilInThePast
from domain.restaurant.events import ItemAvailabilityChanged, ItemRevised, MenuPublished, SettingsChanged, Status
from domain.restaurant.settings import Settings, TaxCategory
from domain.restaurant.state import preparation, status_at
from tests.domain.given import given
from tests.domain.sample_menu import NAAN, NOON, menu_published, minutes, pounds, registered

SIZES = {
    "group_id": "size",
    "name": "Size",
    "min": 1,
    "options": [
        {"option_id": "small", "name": "Small", "price_delta_minor": -200},
        {
            "option_id": "large",
            "name": "Large",
            "price_delta_minor": 300,
            "modifier_groups": [
                {"group_id": "crust", "name": "Crust", "options": [{"option_id": "thin", "name": "Thin"}]}
            ],
        },
    ],
}
PIZZA = {"item_id": "pizza", "name": "Pizza", "price": pounds(900).model_dump(), "modifier_groups": [SIZES]}


def publish(*items: Mapping[str, object]) -> PublishMenu:
    return PublishMenu.model_validate({"at": NOON, "items": items})


def change(item_id: str = "naan", **what: object) -> ChangeMenuItem:
    return ChangeMenuItem.model_validate({"at": minutes(1), "item_id": item_id, **what})


def settings(**what: object) -> ChangeSettings:
    return ChangeSettings.model_validate({"at": minutes(1), **what})


def test_a_menu_with_modifiers_is_written_down_whole_and_read_again() -> None:
    (published,) = RESTAURANT.decide(publish(PIZZA), RESTAURANT.fold([registered]))
    assert isinstance(published, MenuPublished)
    written = published.canonical()
    assert written == json.dumps(json.loads(written), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert CODEC.decode("MenuPublished", 1, written) == published
    (size,) = published.items[0].modifier_groups
    assert (size.min, size.max, size.options[1].modifier_groups[0].name) == (1, 1, "Crust")


def test_a_menu_of_before_there_were_modifiers_is_read_as_one_without() -> None:
    old = (
        '{"at":"2026-11-20T12:00:00Z","items":[{"available":true,"item_id":"naan","name":"Peshwari Naan",'
        '"price":{"amount_minor":295,"currency":"GBP"}}]}'
    )
    assert CODEC.decode("MenuPublished", 1, old) == MenuPublished(at=NOON, items=(NAAN,))


def test_history_that_no_request_could_write_today_is_read_all_the_same() -> None:
    price = '{"amount_minor":-5,"currency":"XXX"}'
    item = f'{{"available":true,"item_id":"no longer an id","name":"\\u0007","price":{price}}}'
    read = CODEC.decode("MenuPublished", 1, f'{{"at":"2026-11-20T12:00:00Z","items":[{item}]}}')
    assert (read.items[0].item_id, read.items[0].price.amount_minor) == ("no longer an id", -5)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({**PIZZA, "image_url": "http://example.com/a.jpg"}, "image_url"),
        ({**PIZZA, "image_url": "https://exa mple.com/"}, "image_url"),
        ({**PIZZA, "description": "x" * 1001}, "description"),
        ({**PIZZA, "tags": ["x"] * 21}, "tags"),
        ({**PIZZA, "off_until": "2026-11-20T15:00:00Z"}, "available to false"),
        ({**PIZZA, "modifier_groups": [SIZES, SIZES]}, "twice"),
        ({**PIZZA, "modifier_groups": [{**SIZES, "min": 2}]}, "min is larger"),
        ({**PIZZA, "modifier_groups": [{**SIZES, "options": []}]}, "options"),
        ({**PIZZA, "modifier_groups": [{**SIZES, "options": [SIZES["options"][0]] * 2}]}, "twice"),  # type: ignore[index]
    ],
)
def test_an_item_that_makes_no_sense_is_refused(told: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        publish(told)


def test_modifiers_go_one_level_deep_and_no_deeper() -> None:
    deeper = json.loads(json.dumps(PIZZA))
    crust = deeper["modifier_groups"][0]["options"][1]["modifier_groups"][0]
    crust["options"][0]["modifier_groups"] = [{**crust, "options": [{"option_id": "a", "name": "A"}]}]
    with pytest.raises(ValidationError, match="modifier_groups"):
        publish(deeper)


def test_no_choice_makes_an_item_cost_less_than_nothing() -> None:
    cheap = {**PIZZA, "price": pounds(199).model_dump()}
    given(RESTAURANT, registered).when(publish(cheap)).refused(PriceBelowZero, at="/items/0/modifier_groups")
    assert RESTAURANT.decide(publish({**PIZZA, "price": pounds(200).model_dump()}), RESTAURANT.fold([registered]))


def test_an_item_is_off_until_a_time_and_comes_back_by_a_word() -> None:
    until = minutes(120).isoformat()
    gone = ItemAvailabilityChanged(at=minutes(1), available=False, item_id="naan", off_until=minutes(120))
    given(RESTAURANT, registered, menu_published).when(change(off_until=until)).then(gone)
    given(RESTAURANT, registered, menu_published, gone).when(change(off_until=until)).silent()
    given(RESTAURANT, registered, menu_published, gone).when(change(available=True)).then(
        ItemAvailabilityChanged(at=minutes(1), available=True, item_id="naan")
    )
    given(RESTAURANT, registered, menu_published).when(change(off_until=NOON.isoformat())).refused(
        UntilInThePast, at="/off_until"
    )


def test_what_else_is_said_of_an_item_changes_and_null_clears_it() -> None:
    described = NAAN.model_copy(update={"description": "Sweet", "allergens": ("nuts",)})
    revised = ItemRevised(at=minutes(1), item=described)
    given(RESTAURANT, registered, menu_published).when(change(description="Sweet", allergens=["nuts"])).then(revised)
    given(RESTAURANT, registered, menu_published, revised).when(change(description=None, allergens=None)).then(
        ItemRevised(at=minutes(1), item=NAAN)
    )


# Settings


def test_what_is_named_of_the_settings_changes_and_the_rest_stays() -> None:
    first = SettingsChanged(
        at=minutes(1), name="The Tiffin", settings=Settings(delivery_fee_minor=250), time_zone="Europe/London"
    )
    given(RESTAURANT, registered).when(settings(delivery_fee=pounds(250))).then(first)
    given(RESTAURANT, registered, first).when(settings(delivery_fee=pounds(250))).silent()
    renamed = first.model_copy(update={"name": "Tiffin Two"})
    given(RESTAURANT, registered, first).when(settings(name="Tiffin Two")).then(renamed)


def test_a_tax_category_is_known_before_it_is_used_and_used_no_more_before_it_goes() -> None:
    given(RESTAURANT, registered, menu_published).when(change(tax_category="alcohol")).refused(
        TaxCategoryUnknown, at="/tax_category"
    )
    rates = SettingsChanged(
        at=NOON,
        name="The Tiffin",
        settings=Settings(tax_categories=(TaxCategory(name="alcohol", rate_ppm=200_000),)),
        time_zone="Europe/London",
    )
    revised = ItemRevised(at=minutes(1), item=NAAN.model_copy(update={"tax_category": "alcohol"}))
    given(RESTAURANT, registered, menu_published, rates).when(change(tax_category="alcohol")).then(revised)
    given(RESTAURANT, registered, menu_published, rates, revised).when(settings(tax_categories=[])).refused(
        TaxCategoryInUse
    )


@pytest.mark.parametrize(
    "area",
    [
        *({}, {"radius_m": 500}, {"center": {"latitude": 91, "longitude": 0}, "radius_m": 1}),
        {"center": {"latitude": 1, "longitude": 1}, "radius_m": 1, "postcodes": ["N1"]},
    ],
)
def test_a_service_area_is_a_circle_or_postcodes(area: object) -> None:
    with pytest.raises(ValidationError):
        settings(service_area=area)


# Open, busy, paused until


def test_a_pause_ends_by_itself_and_a_rush_takes_longer() -> None:
    pause = SetStatus(at=NOON, status=Status.PAUSED, until=minutes(30))
    paused = RESTAURANT.fold([registered, *RESTAURANT.decide(pause, RESTAURANT.fold([registered]))])
    assert paused is not None
    assert [status_at(paused, minutes(n)) for n in (0, 29, 30)] == [Status.PAUSED, Status.PAUSED, Status.OPEN]
    rush = SetStatus(at=NOON, status=Status.BUSY, until=minutes(30), busy_minutes=15)
    busy = RESTAURANT.fold([registered, *RESTAURANT.decide(rush, RESTAURANT.fold([registered]))])
    assert busy is not None
    assert [preparation(busy, minutes(n)).total_seconds() / 60 for n in (0, 30)] == [35, 20]
    assert RESTAURANT.decide(rush, busy) == []


def test_a_status_that_contradicts_itself_is_refused() -> None:
    for told in ({"status": "open", "until": minutes(5)}, {"status": "paused", "busy_minutes": 5}):
        with pytest.raises(ValidationError):
            SetStatus.model_validate({"at": NOON, **told})
    late = SetStatus(at=minutes(2), status=Status.PAUSED, until=minutes(1))
    given(RESTAURANT, registered).when(late).refused(UntilInThePast, at="/until")
