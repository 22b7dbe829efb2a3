"""Python lists as PostgreSQL arrays in their binary form, each list of one declared type.

psycopg's own list dumper picks another array type for small and large integers, and so another prepared statement; and
a literal of long texts is read by PostgreSQL letter by letter (docs/performance.md).
"""

import struct
from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import UUID

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD = struct.Struct(">iiIii")
_INTEGER = struct.Struct(">ii").pack
_LENGTH = struct.Struct(">i").pack
_NULL = _LENGTH(-1)
_TRUE, _FALSE = b"\0\0\0\1\1", b"\0\0\0\1\0"
_UUID = b"\0\0\0\x10"


class Array(bytes):
    """An array as it is sent; its class says of what."""

    element_oid: ClassVar[int]


class _Integers(Array):
    element_oid = 23


class _Booleans(Array):
    element_oid = 16


class _Uuids(Array):
    element_oid = 2950


class _Texts(Array):
    element_oid = 25


class _Byteas(Array):
    element_oid = 17


_ARRAY_OIDS: dict[type[Array], int] = {_Integers: 1007, _Booleans: 1000, _Uuids: 2951, _Texts: 1009, _Byteas: 1001}


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def __init__(self, cls: type, context: Any = None) -> None:
        super().__init__(cls, context)
        self.oid = _ARRAY_OIDS[cls]

    def dump(self, obj: Any) -> Any:
        return obj


for _array in _ARRAY_OIDS:
    psycopg.adapters.register_dumper(_array, _ArrayDumper)


def integers(values: Iterable[int | None]) -> Array:
    """Whole numbers of 32 bits; None is NULL."""
    return _array_of(_Integers, [_NULL if v is None else _INTEGER(4, v) for v in values])


def booleans(values: Iterable[bool]) -> Array:
    """True and False."""
    return _array_of(_Booleans, [_TRUE if v else _FALSE for v in values])


def uuids(values: Iterable[UUID]) -> Array:
    """UUIDs."""
    return _array_of(_Uuids, [_UUID + v.bytes for v in values])


def texts(values: Iterable[str | None]) -> Array:
    """Texts; None is NULL."""
    return _byteses(_Texts, [None if v is None else v.encode() for v in values])


def byteas(values: Iterable[bytes | None]) -> Array:
    """Byte strings; None is NULL."""
    return _byteses(_Byteas, list(values))


def _byteses(kind: type[Array], values: list[bytes | None]) -> Array:
    return _array_of(kind, [_NULL if v is None else _LENGTH(len(v)) + v for v in values])


def _array_of(kind: type[Array], elements: list[bytes]) -> Array:
    dimensions = 1 if elements else 0
    head = _HEAD.pack(dimensions, 1, kind.element_oid, len(elements), 1)
    return kind(b"".join([head[: 12 + 8 * dimensions], *elements]))
