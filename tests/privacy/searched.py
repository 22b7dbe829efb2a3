"""Byte for byte searches of all that a house writes: its database's dump and files, its log, its broker."""

import mmap
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql

_TABLES = """
select schemaname, tablename from pg_tables where schemaname in ('comanda', 'read_models', 'public') order by 1, 2
"""


class Search:
    """Looks for texts as they are written, as PostgreSQL writes bytes, and in UTF-16."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._written: dict[bytes, str] = {}
        for text in texts:
            plain = text.encode()
            for form in (plain, plain.hex().encode(), plain.hex().upper().encode(), text.encode("utf-16-le")):
                self._written[form] = text
        self._pattern = re.compile(b"|".join(re.escape(form) for form in self._written))

    def of(self, haystack: bytes | mmap.mmap) -> set[str]:
        """Which of the texts are in it."""
        return {self._written[found[0]] for found in self._pattern.finditer(haystack)}

    def of_files(self, folder: Path) -> set[str]:
        """Which of the texts are in any file below a folder."""
        found: set[str] = set()
        for path in files(folder):
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                found |= self.of(content)
        return found


def files(folder: Path) -> Iterator[Path]:
    """Every file below a folder that holds anything."""
    return (path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)


def dump(url: str) -> bytes:
    """Every row of every table of ours, as pg_dump writes them."""
    written = b""
    with psycopg.connect(url) as db:
        for schema, table in db.execute(_TABLES).fetchall():
            query = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(schema, table))
            with db.cursor() as cursor, cursor.copy(query) as rows:
                written += table.encode() + b"\n" + b"".join(rows)
    return written
