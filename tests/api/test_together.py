"""Requests side by side in one thread: each is finished, whatever it waits for when the end comes."""

import time
from collections.abc import Sequence

from api.poller import Poller
from api.together import Together

READ_S = 0.3


class Reading:
    """A request that reads for a while, and appends what it read."""

    def __init__(self, together: Together) -> None:
        self.together, self.told = together, ""

    def service(self) -> None:
        read = self.together.call(_slowly)
        self.together.wait(read)
        self.told = read

    def cancel(self) -> None:
        self.told = "given up"


def _slowly() -> str:
    time.sleep(READ_S)
    return "read"


def test_who_is_still_reading_at_the_end_appends_and_answers_and_who_has_not_begun_is_given_up() -> None:
    committed: list[str] = []

    def commit(waiting: Sequence[str]) -> None:
        committed.extend(waiting)

    together = Together(commit)
    poller = Poller({}, lambda: None)
    together.open(lambda: None, poller)
    begun, late = Reading(together), Reading(together)
    together.add(begun)
    together.turn()
    together.add(late)
    together.close()
    poller.close()
    assert (begun.told, committed, late.told) == ("read", ["read"], "given up")
