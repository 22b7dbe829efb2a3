"""The contract of the event store on what appends use up and give back, held by PostgreSQL and memory alike."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.event_store import (
    NEW_STREAM,
    AlreadyAnswered,
    Append,
    Claim,
    EventStore,
    LimitReached,
    StreamAppend,
    Use,
    VersionMoved,
)
from domain.privacy import SubjectKey
from tests.infra.facts import House, accepted, answer, placed, ready, stream

# Claims: what an append uses up


def using(subject: UUID, holder: str = "ann", *, total: int | None = None, each: int | None = None) -> Append:
    append = StreamAppend(stream_id=uuid7(), category="order", expected=0, events=[ready])
    return Append(streams=[append], claims=[Claim(subject, holder, total, each)])


def test_what_is_limited_is_used_so_often_and_no_more(store: EventStore) -> None:
    subject = uuid7()
    for holder in ("ann", "ben"):
        store.append(using(subject, holder, total=2))
    refused = using(subject, "cy", total=2)
    with pytest.raises(LimitReached) as reached:
        store.append(refused)
    assert (reached.value.claim.subject, reached.value.of_holder) == (subject, False)
    assert store.load(refused.streams[0].stream_id) == []
    store.append(using(uuid7(), total=1))  # another subject is counted by itself


def test_each_holder_has_uses_of_their_own(store: EventStore) -> None:
    subject = uuid7()
    store.append(using(subject, "ann", each=1))
    with pytest.raises(LimitReached) as reached:
        store.append(using(subject, "ann", each=1))
    assert reached.value.of_holder
    store.append(using(subject, "ben", each=1))


def test_an_append_that_is_refused_uses_nothing(store: EventStore) -> None:
    subject, taken = uuid7(), placed(store, ready)
    moved = StreamAppend(stream_id=taken, category="order", expected=7, events=[ready])
    with pytest.raises(VersionMoved):
        store.append(Append(streams=[moved], claims=[Claim(subject, "ann", 1, 1)]))
    store.append(using(subject, total=1, each=1))


def test_a_claim_that_is_refused_keeps_no_key_and_one_that_is_taken_keeps_it(house: House) -> None:
    """First orders at a promo code bring both: who is refused leaves nothing behind, who comes next is not harmed."""
    subject, kept, lost = uuid7(), _key(), _key()
    house.store.append(replace(using(subject, total=1), keys=[kept]))
    with pytest.raises(LimitReached):
        house.store.append(replace(using(subject, total=1), keys=[lost]))
    assert house.subjects() & {kept.subject, lost.subject} == {kept.subject}


def test_appends_with_keys_and_claims_and_without_share_a_batch(house: House) -> None:
    subject, keys = uuid7(), [_key() for _ in range(12)]
    requests = [replace(using(subject, str(n), total=4), keys=[key]) for n, key in enumerate(keys)]
    plain = [replace(using(uuid7()), claims=()) for _ in keys]
    with ThreadPoolExecutor(24) as pool:
        outcomes = list(pool.map(lambda request: _outcome(house.store, request), [*requests, *plain]))
    taken = {key.subject for key, outcome in zip(keys, outcomes, strict=False) if outcome is None}
    assert len(taken) == 4
    assert outcomes[len(keys) :] == [None] * len(plain)
    assert house.subjects() & {key.subject for key in keys} == taken


# Uses given back


def giving_back(subject: UUID, holder: str = "ann", *, on: int = NEW_STREAM, stream_id: UUID | None = None) -> Append:
    return Append(streams=[stream(ready, on=on, stream_id=stream_id)], releases=[Use(subject, holder)])


def test_what_is_given_back_may_be_used_again_by_its_holder_and_by_others(store: EventStore) -> None:
    subject = uuid7()
    for holder in ("ann", "ben"):
        store.append(using(subject, holder, total=2, each=1))
        assert _outcome(store, using(subject, holder, total=2, each=1)) is LimitReached
    store.append(giving_back(subject, "ann"))
    assert _outcome(store, using(subject, "ben", total=2, each=1)) is LimitReached  # it was not his
    store.append(using(subject, "ann", total=2, each=1))
    assert _outcome(store, using(subject, "cy", total=2)) is LimitReached


def test_an_append_that_is_refused_gives_nothing_back(store: EventStore) -> None:
    subject, spent = uuid7(), uuid7()
    taken = placed(store, ready)
    for limited in (subject, spent):
        store.append(using(limited, total=1))
    with pytest.raises(VersionMoved):
        store.append(giving_back(subject, on=7, stream_id=taken))
    with pytest.raises(LimitReached):
        store.append(replace(giving_back(subject), claims=[Claim(spent, "ben", 1, None)]))
    key = answer(str(uuid7()))
    store.append(Append(streams=[stream(ready, on=NEW_STREAM)], answer=key))
    with pytest.raises(AlreadyAnswered):
        store.append(replace(giving_back(subject), answer=key))
    assert _outcome(store, using(subject, total=1)) is LimitReached


def test_what_was_never_used_is_not_given_back(store: EventStore) -> None:
    subject = uuid7()
    store.append(giving_back(subject))
    for _ in range(2):
        store.append(using(subject, "ben", total=2))
    store.append(giving_back(subject, "ann"))
    assert _outcome(store, using(subject, "ann", total=2)) is LimitReached


def test_of_many_that_give_the_same_back_at_once_one_does(store: EventStore) -> None:
    subject, stream_id = uuid7(), placed(store, accepted)
    for holder in ("ann", "ben"):
        store.append(using(subject, holder, total=2))
    with ThreadPoolExecutor(16) as threads:
        asked = threads.map(lambda _: _outcome(store, giving_back(subject, on=1, stream_id=stream_id)), range(16))
        assert list(asked).count(None) == 1
    store.append(using(subject, total=2))
    assert _outcome(store, using(subject, "cy", total=2)) is LimitReached


def test_claims_and_what_is_given_back_share_a_batch_and_no_limit_is_passed(store: EventStore) -> None:
    subjects, each, most = [uuid7() for _ in range(3)], 12, 4
    moved, used = placed(store, ready), dict.fromkeys(subjects, 0)
    counting = threading.Lock()

    def count(subject: UUID, by: int) -> int:
        with counting:
            used[subject] += by
            return used[subject]

    def come_and_go(number: int) -> None:
        for turn in range(each):
            subject, holder = subjects[(number + turn) % 3], f"holder {number}"
            if _outcome(store, using(subject, holder, total=most)) is not None:
                continue
            assert count(subject, 1) <= most
            assert _outcome(store, giving_back(subject, holder, on=7, stream_id=moved)) is VersionMoved
            count(subject, -1)
            store.append(giving_back(subject, holder))

    with ThreadPoolExecutor(24) as threads:
        list(threads.map(come_and_go, range(24)))
    for subject in subjects:
        assert [_outcome(store, using(subject, total=most)) for _ in range(most + 1)] == [None] * most + [LimitReached]


def _key() -> SubjectKey:
    return SubjectKey(subject=uuid7(), wrapped=b"wrapped", master="m1")


def _outcome(store: EventStore, request: Append) -> type[Exception] | None:
    try:
        store.append(request)
    except (LimitReached, VersionMoved) as refusal:
        return type(refusal)
    return None
