"""Python lists as PostgreSQL array literals.

psycopg's own list dumper picks another array type for small and large integers, and so another prepared statement, and
escapes text with a regular expression; a literal takes two replacements and a join.
"""

from collections.abc import Iterable
from uuid import UUID


def plain(values: Iterable[int | bool | UUID]) -> str:
    """Numbers, booleans and UUIDs, which need no quotes."""
    return "{" + ",".join(map(str, values)) + "}"


def quoted(values: Iterable[str | None]) -> str:
    """Texts, each quoted; None is NULL."""
    return "{" + ",".join(map(_quote, values)) + "}"


def hexed(values: Iterable[bytes | None]) -> str:
    """Byte strings in PostgreSQL's hex form."""
    return "{" + ",".join("NULL" if v is None else f'"\\\\x{v.hex()}"' for v in values) + "}"


def _quote(text: str | None) -> str:
    if text is None:
        return "NULL"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
