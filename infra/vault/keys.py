"""Where persons' keys are kept, wrapped: the table ``comanda.subject_keys``, or a dict.

A row without a wrapped key is a tombstone: the key was destroyed. No row at all means that the key was never known.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol
from uuid import UUID

from domain.privacy import SubjectKey

_LOAD = "select subject, wrapped, master from comanda.subject_keys where subject = any (%s::uuid[])"
_ADD = """
insert into comanda.subject_keys (subject, wrapped, master) values (%s::uuid, %s::bytea, %s::text)
on conflict (subject) do nothing returning 1
"""
_DESTROY = """
insert into comanda.subject_keys (subject, erased_at) values (%s::uuid, clock_timestamp())
on conflict (subject) do update set wrapped = null, master = null, erased_at = excluded.erased_at
where subject_keys.erased_at is null
returning 1
"""
_PAGE = """
select subject, wrapped, master from comanda.subject_keys where subject > %s::uuid order by subject limit %s::int
"""
# Only from the form that was read: a key that was destroyed meanwhile stays so.
_REWRAP = """
update comanda.subject_keys k set wrapped = n.wrapped, master = n.master
from unnest(%s::uuid[], %s::bytea[], %s::bytea[], %s::text[]) n (subject, former, wrapped, master)
where k.subject = n.subject and k.wrapped = n.former
returning 1
"""


class Keys(Protocol):
    """A store of wrapped keys. Every call may raise StoreUnavailable, and may be repeated."""

    def load(self, subjects: Collection[UUID]) -> dict[UUID, SubjectKey | None]:
        """The keys of those that have one, None for a tombstone; who is unknown is left out."""
        ...

    def add(self, key: SubjectKey) -> None:
        """Store a key unless the person has one, or a tombstone."""
        ...

    def destroy(self, subject: UUID) -> None:
        """Leave a tombstone."""
        ...

    def page(self, after: UUID, limit: int) -> dict[UUID, SubjectKey | None]:
        """As load, of the next ``limit`` persons behind ``after``, in their order."""
        ...

    def rewrap(self, former: Sequence[SubjectKey], renewed: Sequence[SubjectKey]) -> int:
        """Put each key's new form in the place of its former one, where that still stands; how many did."""
        ...


class PostgresKeys:
    """The keys in PostgreSQL, through ``fetch``, which runs one statement to its end and answers with its rows."""

    def __init__(self, fetch: Callable[..., list[Any]]) -> None:
        """``fetch`` commits at once and repeats a statement whose connection broke; all of ours may be repeated."""
        self._fetch = fetch

    def load(self, subjects: Collection[UUID]) -> dict[UUID, SubjectKey | None]:
        """See Keys.load."""
        return _by_subject(self._fetch(_LOAD, (list(subjects),)))

    def add(self, key: SubjectKey) -> None:
        """See Keys.add."""
        self._fetch(_ADD, (key.subject, key.wrapped, key.master))

    def destroy(self, subject: UUID) -> None:
        """See Keys.destroy."""
        self._fetch(_DESTROY, (subject,))

    def page(self, after: UUID, limit: int) -> dict[UUID, SubjectKey | None]:
        """See Keys.page."""
        return _by_subject(self._fetch(_PAGE, (after, limit)))

    def rewrap(self, former: Sequence[SubjectKey], renewed: Sequence[SubjectKey]) -> int:
        """See Keys.rewrap."""
        columns = (
            [key.subject for key in former],
            [key.wrapped for key in former],
            [key.wrapped for key in renewed],
            [key.master for key in renewed],
        )
        return len(self._fetch(_REWRAP, columns))


def _by_subject(rows: list[Any]) -> dict[UUID, SubjectKey | None]:
    return {row[0]: None if row[1] is None else SubjectKey(*row) for row in rows}


class MemoryKeys:
    """The keys in a dict, for tests and for trying out: that of a MemoryEventStore, or one of its own. Thread safe."""

    def __init__(self, kept: dict[UUID, SubjectKey | None] | None = None) -> None:
        """Keep them in ``kept``, where None is a tombstone."""
        self._kept: dict[UUID, SubjectKey | None] = {} if kept is None else kept
        self._lock = threading.Lock()

    def load(self, subjects: Collection[UUID]) -> dict[UUID, SubjectKey | None]:
        """See Keys.load."""
        with self._lock:
            return {subject: self._kept[subject] for subject in subjects if subject in self._kept}

    def add(self, key: SubjectKey) -> None:
        """See Keys.add."""
        with self._lock:
            self._kept.setdefault(key.subject, key)

    def destroy(self, subject: UUID) -> None:
        """See Keys.destroy."""
        with self._lock:
            self._kept[subject] = None

    def page(self, after: UUID, limit: int) -> dict[UUID, SubjectKey | None]:
        """See Keys.page."""
        with self._lock:
            following = sorted(subject for subject in self._kept if subject > after)[:limit]
            return {subject: self._kept[subject] for subject in following}

    def rewrap(self, former: Sequence[SubjectKey], renewed: Sequence[SubjectKey]) -> int:
        """See Keys.rewrap."""
        with self._lock:
            standing = [new for old, new in zip(former, renewed, strict=True) if self._kept.get(old.subject) == old]
            self._kept.update({key.subject: key for key in standing})
        return len(standing)
