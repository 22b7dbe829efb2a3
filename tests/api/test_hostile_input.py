"""Whatever a body says, it is refused as the sender's fault, nothing is appended, and the process stays well."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.answer import Answer
from tests.api.client import Api
from tests.api.contract import Contract
from tests.api.hostile_bodies import ALWAYS_WRONG, spoilt
from tests.api.running import Running
from tests.api.targets import ROUTES, Target, refused, targets
from tests.servers.people import People


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.usefixtures("target", "unharmed")
def test_a_body_that_is_wrong_everywhere_is_refused_everywhere(api: Api, target: Target) -> None:
    wrong = {name: ask(api, target, body) for name, body in ALWAYS_WRONG.items()}
    assert {name: answer for name, answer in wrong.items() if not refused(answer)} == {}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.usefixtures("target", "unharmed")
def test_a_good_body_that_is_spoilt_in_one_place_is_refused(api: Api, target: Target) -> None:
    wrong = {name: ask(api, target, body) for name, body in spoilt(target.body)}
    assert {name: answer for name, answer in wrong.items() if not refused(answer)} == {}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.usefixtures("target", "unharmed")
def test_no_body_where_there_is_something_to_say_is_refused(api: Api, target: Target) -> None:
    for nothing in (b"", b" ", b"\r\n\t ", b"{}"):
        answer = ask(api, target, nothing)
        assert answer.status < 500
        assert refused(answer) or target.nothing_is_fine


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.usefixtures("target", "unharmed")
def test_a_body_of_another_kind_is_refused(api: Api, target: Target) -> None:
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "json",
        "é",
        ";",
    ):
        answer = ask(api, target, json.dumps(target.body).encode(), kind)
        assert (answer.status, answer.code) == (415, "media_type_unsupported"), kind


def ask(api: Api, target: Target, body: bytes, kind: str = "application/json") -> Answer:
    headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": kind}
    return api.send(target.method, target.path, body, headers)


# By chance

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20)
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """``value`` with something else in one of its places, a field less, or a field more."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(value)))
        match draw(st.sampled_from(("deeper", "deeper", "deeper", "less", "more"))):
            case "deeper":
                return {**value, key: draw(changed(value[key]))}
            case "less":
                return {name: part for name, part in value.items() if name != key}
            case _:
                return {**value, draw(st.text(max_size=8)): draw(ANYTHING)}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], draw(changed(value[place])), *value[place + 1 :]]
    return draw(ANYTHING)


@st.composite
def scratched(draw: st.DrawFn, text: bytes) -> bytes:
    """``text`` with some bytes replaced, dropped or put in."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 8)))
        text = text[:start] + draw(st.binary(max_size=8)) + text[end:]
    return text


@pytest.fixture(scope="module")
def order_body(running: Running, contract: Contract, people: People) -> Iterator[Any]:
    """The body of an order that would be taken."""
    client = Api(running.ports[0], contract, people.operator)
    yield targets(client)["POST orders"].body
    client.close()


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_order_that_was_changed_by_chance_is_placed_or_refused_and_nothing_between(
    api: Api, order_body: Any, events: Callable[[], int], data: st.DataObject
) -> None:
    text = json.dumps(data.draw(changed(order_body) if data.draw(st.booleans()) else st.just(order_body))).encode()
    body = data.draw(scratched(text)) if data.draw(st.booleans()) else text
    before = events()
    answer = api.send("POST", "/v1/orders", body, {"Idempotency-Key": uuid.uuid4().hex})
    assert answer.status == 201 or refused(answer)
    assert events() - before == (answer.status == 201)
