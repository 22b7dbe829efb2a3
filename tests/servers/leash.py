"""A leash: what it holds is killed when the test run dies, even by kill -9; a normal end lets go of it first."""

import subprocess
from typing import Self

_LET_GO_MAX_S = 5


class Leash:
    """A shell that waits for the end of a pipe only this process holds, then kills one process group."""

    def __init__(self, group: int) -> None:
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", f"read -r never; kill -9 -{group}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def let_go(self) -> None:
        """The group has ended by itself: nothing is left to kill."""
        self._watcher.kill()
        self._watcher.wait(_LET_GO_MAX_S)
        if self._watcher.stdin is not None:
            self._watcher.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()
