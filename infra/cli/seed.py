"""`comanda seed`: one demo restaurant with a menu and somebody of each role, for a first order."""

import json
from uuid import UUID

import click
from uuid_utils.compat import uuid7

from domain.event_store import AlreadyAnswered, Append, EventStore, StoredAnswer, StreamAppend
from domain.money import Money
from domain.restaurant.commands import PublishMenu, RegisterRestaurant
from domain.restaurant.decide import RESTAURANT
from domain.restaurant.menu import MenuItem
from infra.cli.api import now
from infra.cli.demo import demo_accounts
from infra.cli.process import begin
from infra.cli.wired import wired

NAME, CURRENCY, TIME_ZONE = "Trattoria Comanda", "EUR", "Europe/Rome"
MENU = (
    ("margherita", "Pizza Margherita", "Pizza", 850),
    ("marinara", "Pizza Marinara", "Pizza", 750),
    ("diavola", "Pizza Diavola", "Pizza", 1050),
    ("lasagne", "Lasagne al Forno", "Pasta", 1150),
    ("carbonara", "Spaghetti alla Carbonara", "Pasta", 1100),
    ("insalata", "Insalata Mista", "Salads", 600),
    ("tiramisu", "Tiramisu", "Sweets", 550),
    ("acqua", "Acqua Minerale 0,5 l", "Drinks", 200),
    ("cola", "Cola 0,33 l", "Drinks", 300),
)


@click.command()
def seed() -> None:
    """Register the demo restaurant, once, and print its id and the demo accounts as JSON."""
    settings, _ = begin()
    with wired(settings) as services:
        restaurant_id = _seeded(services.store)
        accounts = demo_accounts(services, restaurant_id)
        click.echo(json.dumps({"restaurant_id": str(restaurant_id), "accounts": accounts}))


def _seeded(store: EventStore) -> UUID:
    at, restaurant_id = now(), uuid7()
    register = RegisterRestaurant(at=at, id=restaurant_id, name=NAME, currency=CURRENCY, time_zone=TIME_ZONE)
    events = RESTAURANT.decide(register, None)
    items = tuple(
        MenuItem(item_id=item_id, name=name, category=category, price=Money(amount_minor=price, currency=CURRENCY))
        for item_id, name, category, price in MENU
    )
    events += RESTAURANT.decide(PublishMenu(at=at, items=items), RESTAURANT.fold(events))
    remembered = StoredAnswer(
        principal="seed", key="demo", fingerprint=b"", status=201, headers={}, body=str(restaurant_id)
    )
    append = StreamAppend(stream_id=restaurant_id, category=RESTAURANT.category, expected=0, events=events)
    try:
        store.append(Append(streams=[append], meta={"actor": "seed"}, answer=remembered))
    except AlreadyAnswered as before:
        return UUID(str(before.answer.body))
    return restaurant_id
