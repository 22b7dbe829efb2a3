"""As whom PostgreSQL runs: it refuses root, so that root lends it a system user and a way through to its files."""

import os
import pwd
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.refusal import CannotStart

NAME = "comanda"

_ROOT = 0
_COMMAND_MAX_S = 30

# POSIX ACL as the kernel stores it: a version, then (tag, permissions, id) per entry; see linux/posix_acl_xattr.h.
_ACL = "system.posix_acl_access"
_ACL_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_USER_OBJ, _USER, _GROUP_OBJ, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID = 0xFFFFFFFF
_EXECUTE = 1


@dataclass(frozen=True, kw_only=True)
class SystemUser:
    """A user and group of this machine; None stands for "as whoever runs this"."""

    uid: int | None
    gid: int | None

    def own(self, path: Path) -> None:
        """Hands a file or folder to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def let_through(self, path: Path) -> None:
        """Lets this user, and nobody else, pass through the folders above a path (search, not list).

        Root's home is closed to others on most machines; an access control list opens it for one user. Where the file
        system has no such lists the search bit is set for all, as little as does.
        """
        if self.uid is None:
            return
        for folder in path.resolve().parents:
            if not folder.stat().st_mode & 0o001 and not _owns(folder, self.uid):
                _allow_search(folder, self.uid)


def for_postgres(folder: Path) -> SystemUser:
    """Who runs PostgreSQL on this folder: we ourselves; as root the folder's owner, else a system user made for it.

    Raises:
        CannotStart: this machine lets root make no user.
    """
    if os.geteuid() != _ROOT:
        return SystemUser(uid=None, gid=None)
    if folder.exists() and folder.stat().st_uid != _ROOT:
        owner = folder.stat()
        return SystemUser(uid=owner.st_uid, gid=owner.st_gid)
    entry = _found() or _made()
    return SystemUser(uid=entry.pw_uid, gid=entry.pw_gid)


def _found() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _made() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path=os.defpath + ":/usr/sbin:/sbin")
    if useradd is not None:
        shell = shutil.which("nologin", path="/usr/sbin:/sbin") or "/bin/false"
        command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", shell, NAME]
        subprocess.run(command, capture_output=True, check=False, timeout=_COMMAND_MAX_S)
    entry = _found()
    if entry is None:
        raise CannotStart(f"PostgreSQL does not run as root, and no user '{NAME}' could be made: run as another user")
    return entry


def _owns(folder: Path, uid: int) -> bool:
    status = folder.stat()
    return status.st_uid == uid and bool(status.st_mode & 0o100)


def _allow_search(folder: Path, uid: int) -> None:
    mode = folder.stat().st_mode
    try:
        entries = _read_acl(folder, mode)
        entries[_USER, uid] = entries.get((_USER, uid), 0) | _EXECUTE
        entries[_MASK, _NO_ID] = entries.get((_MASK, _NO_ID), entries[_GROUP_OBJ, _NO_ID]) | _EXECUTE
        packed = b"".join(_ENTRY.pack(tag, allowed, who) for (tag, who), allowed in sorted(entries.items()))
        os.setxattr(folder, _ACL, _ACL_VERSION + packed)
    except (OSError, AttributeError):  # no such lists here: this file system, or not Linux
        folder.chmod(mode | 0o001)


def _read_acl(folder: Path, mode: int) -> dict[tuple[int, int], int]:
    """Permissions by (tag, id); a folder without a list has the three of its mode."""
    try:
        raw = os.getxattr(folder, _ACL)
    except OSError:
        bits = {_USER_OBJ: mode >> 6 & 7, _GROUP_OBJ: mode >> 3 & 7, _OTHER: mode & 7}
        return {(tag, _NO_ID): allowed for tag, allowed in bits.items()}
    return {(tag, who): allowed for tag, allowed, who in _ENTRY.iter_unpack(raw[len(_ACL_VERSION) :])}
