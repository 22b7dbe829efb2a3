"""The shape that every aggregate takes: an initial state, decide and evolve, and the fold over them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")


@dataclass(frozen=True, kw_only=True, slots=True)
class Decider(Generic[C, S, E]):
    """One aggregate's rules, after Chassaing's decider pattern.

    ``decide(command, state)`` answers with the events that the command causes (none for a repeat) or raises a
    ``domain.errors.Refusal``; ``evolve(state, event)`` is total: it never refuses what has happened.
    """

    category: str
    initial: S
    decide: Callable[[C, S], list[E]]
    evolve: Callable[[S, E], S]

    def fold(self, events: Iterable[E], state: S | None = None) -> S:
        """The state after ``events``, starting from ``state`` or from nothing."""
        current = self.initial if state is None else state
        for event in events:
            current = self.evolve(current, event)
        return current
