"""The data folder: whose it is, which version wrote it, and that only one Comanda uses it at a time."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.refusal import CannotStart

FORMAT = 1
POSTGRES_MAJOR = 18

MARKER = "comanda.json"
LOCK = "lock"
POSTGRES = "postgres"

# What may lie in a folder that is still to become ours: a lock from a start that went no further, and what a file
# system puts at the root of every volume.
_NOT_FOREIGN = frozenset({LOCK, "lost+found"})


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Makes the folder ours, and holds it against a second Comanda until the block ends.

    The lock is the kernel's (flock): it falls with the process that holds it, however that process ends.

    Raises:
        CannotStart: the folder is foreign, of another version, not writable, or in use. Nothing in it was changed.
    """
    check(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as refused:
        raise CannotStart(f"cannot write in the data folder {folder} ({refused.strerror}): choose another") from refused
    try:
        _take(lock, folder)
        mark(folder)
        yield
    finally:
        os.close(lock)


def check(folder: Path) -> None:
    """Refuses a folder that another program or another version wrote; reads only.

    Raises:
        CannotStart: with the line that says what to do.
    """
    try:
        names = {entry.name for entry in folder.iterdir()} if folder.exists() else set()
        text = (folder / MARKER).read_text("utf-8") if MARKER in names else None
    except OSError as refused:
        raise CannotStart(f"cannot read the data folder {folder} ({refused.strerror}): choose another") from refused
    if text is not None:
        _check_version(folder, text)
    elif names - _NOT_FOREIGN:
        raise CannotStart(f"{folder} is not empty and not a Comanda data folder (no {MARKER}): choose another")


def mark(folder: Path) -> None:
    """Writes down which version wrote this folder, once."""
    marker = folder / MARKER
    if marker.exists():
        return
    draft = folder / f"{MARKER}.new"
    draft.write_text(json.dumps({"format": FORMAT, "postgres": POSTGRES_MAJOR}) + "\n", "utf-8")
    draft.replace(marker)


def _check_version(folder: Path, marker: str) -> None:
    wanted = {"format": FORMAT, "postgres": POSTGRES_MAJOR}
    try:
        found = json.loads(marker)
    except ValueError as broken:
        raise CannotStart(f"{folder / MARKER} is damaged: restore it from a backup, or choose another") from broken
    if found != wanted:
        raise CannotStart(
            f"the data folder {folder} was written by another version ({found}; this one needs {wanted}): "
            "start the version that wrote it, or choose another folder"
        )
    version = folder / POSTGRES / "PG_VERSION"
    if (folder / POSTGRES).exists() and _first_line(version) not in {None, str(POSTGRES_MAJOR)}:
        raise CannotStart(
            f"{folder / POSTGRES} holds PostgreSQL {_first_line(version)}, this version runs {POSTGRES_MAJOR}: "
            "start the version that wrote it, or choose another folder"
        )


def _first_line(file: Path) -> str | None:
    """Its text, or None where it is missing or ours only through another user (as root PostgreSQL has its own)."""
    try:
        return file.read_text("ascii").strip()
    except OSError:
        return None


def _take(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as held:
        owner = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise CannotStart(
            f"another Comanda (process {owner}) uses the data folder {folder}: stop it, or choose another folder"
        ) from held
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
