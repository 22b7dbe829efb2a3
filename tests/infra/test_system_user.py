"""PostgreSQL's own user is let through to its files, and nobody else is."""

import os
import subprocess
from pathlib import Path

import pytest

from infra.system_user import SystemUser

SOMEBODY = 65_534
SOMEBODY_ELSE = 65_533


def enters(folder: Path, uid: int) -> bool:
    """Whether this user can step into the folder: asked of the kernel as root, else read from what was granted."""
    if os.geteuid() == 0:
        return subprocess.run(["/bin/sh", "-c", f"cd {folder}"], user=uid, check=False).returncode == 0
    granted = os.getxattr(folder.parent, "system.posix_acl_access")
    return uid.to_bytes(4, "little") in granted


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A folder for all, in one that is closed to all but its owner."""
    closed = tmp_path / "closed"
    (closed / "open").mkdir(parents=True)
    closed.chmod(0o700)
    return closed / "open"


def test_one_user_is_let_through_a_closed_folder_and_no_other(private: Path) -> None:
    SystemUser(uid=SOMEBODY, gid=SOMEBODY).let_through(private)
    assert enters(private, SOMEBODY)
    assert not enters(private, SOMEBODY_ELSE)
    assert private.parent.stat().st_mode & 0o007 == 0


def test_a_second_user_does_not_lock_out_the_first(private: Path) -> None:
    for uid in (SOMEBODY, SOMEBODY_ELSE, SOMEBODY):
        SystemUser(uid=uid, gid=uid).let_through(private)
    assert enters(private, SOMEBODY)
    assert enters(private, SOMEBODY_ELSE)


def test_without_access_control_lists_as_little_as_does_is_opened(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError("this file system has no access control lists")

    monkeypatch.setattr(os, "setxattr", unsupported)
    SystemUser(uid=SOMEBODY, gid=SOMEBODY).let_through(private)
    assert private.parent.stat().st_mode & 0o777 == 0o701


def test_whoever_runs_as_oneself_needs_no_way_through(private: Path) -> None:
    SystemUser(uid=None, gid=None).let_through(private)
    assert private.parent.stat().st_mode & 0o777 == 0o700
