"""The shape of a story: given what happened, when something is asked, then this happens, or nothing, or a refusal."""

from typing import Generic, TypeVar

import pytest

from domain.decider import Decider
from domain.errors import Refusal

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")
R = TypeVar("R", bound=Refusal)


class Asked(Generic[C, S, E]):
    """A command put to an aggregate with a history; nothing is decided before the outcome is named."""

    def __init__(self, decider: Decider[C, S, E], state: S, command: C) -> None:
        self._decider, self._state, self._command = decider, state, command

    def then(self, *events: E) -> S:
        """Exactly these events happen; answers with the state afterwards."""
        decided = self._decider.decide(self._command, self._state)
        assert decided == list(events)
        return self._decider.fold(decided, self._state)

    def silent(self) -> None:
        """Nothing happens: the fact stands already."""
        assert self._decider.decide(self._command, self._state) == []

    def refused(self, refusal: type[R], at: str | None = None) -> R:
        """Exactly this refusal is raised, pointing at this field where one is named; answers with it."""
        with pytest.raises(refusal) as raised:
            self._decider.decide(self._command, self._state)
        assert type(raised.value) is refusal
        if at is not None:
            assert raised.value.at == at
        return raised.value


class Given(Generic[C, S, E]):
    """An aggregate with a history."""

    def __init__(self, decider: Decider[C, S, E], state: S) -> None:
        self._decider, self._state = decider, state

    def when(self, command: C) -> Asked[C, S, E]:
        """Ask for something."""
        return Asked(self._decider, self._state, command)


def given(decider: Decider[C, S, E], *history: E) -> Given[C, S, E]:
    """What has happened so far, oldest first."""
    return Given(decider, decider.fold(history))
