"""Waits for a server's sockets with one epoll set that lives as long as the server.

waitress asks every connection what it waits for, and builds its set from that, before each wait. Here a connection's
interest is settled once, and again only when it has changed.
"""

import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import waitress.wasyncore

READ = select.EPOLLIN | select.EPOLLPRI
WRITE = select.EPOLLOUT
LOOK_S = 0.2
"""How often every socket is asked again: whoever has changed its mind unheard (a timeout, a limit) waits so long."""


class Poller:
    """The sockets of ``objects``, waitress's map from file descriptors to dispatchers. One thread takes the turns."""

    def __init__(self, objects: dict[int, Any], wake: Any) -> None:
        """``wake()`` ends a wait, from any thread."""
        self._objects, self._wake = objects, wake
        self._epoll = select.epoll()
        self._interests: dict[int, tuple[Any, int]] = {}
        self._once: dict[int, Callable[[], None]] = {}
        self._changed: deque[int] = deque()
        self._look_at = 0.0
        self._thread = threading.get_ident()

    def turn(self, wait_s: float) -> None:
        """Wait for something to do, at most ``wait_s``, and do it."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            self._look_at_all()
        while self._changed:
            self._look(self._changed.popleft())
        for fd, flags in self._epoll.poll(wait_s):
            act = self._once.pop(fd, None)
            if act is None:
                self._attend(fd, flags)
            else:
                act()

    def once(self, fd: int, act: Callable[[], None], *, to_write: bool) -> None:
        """Call ``act`` in the turn in which this socket, which is none of the server's, is ready next."""
        interest = select.EPOLLONESHOT | (READ | WRITE if to_write else READ)
        self._once[fd] = act
        try:
            self._epoll.modify(fd, interest)
        except FileNotFoundError:
            self._epoll.register(fd, interest)

    def changed(self, fd: int) -> None:
        """Ask this socket again, in the next turn."""
        self._changed.append(fd)
        if threading.get_ident() != self._thread:
            self._wake()

    def is_deaf(self, fd: int) -> bool:
        """Whether nobody listens to what this socket brings."""
        return not self._interests.get(fd, (None, READ))[1] & READ

    def close(self) -> None:
        """Close the set, not the sockets."""
        self._epoll.close()

    def _attend(self, fd: int, flags: int) -> None:
        it = self._objects.get(fd)
        if it is None:
            return
        if flags & READ and not it.readable():
            # It brings more than can be taken now: be deaf to it, unless its request has ended this instant.
            self._set(fd, it, WRITE if it.writable() else 0)
            self._look(fd)
            flags &= ~READ
        if flags:
            waitress.wasyncore.readwrite(it, flags)
            if it.writable() or flags & WRITE:
                self._look(fd)

    def _look_at_all(self) -> None:
        for gone in self._interests.keys() - self._objects.keys():
            del self._interests[gone]
        for fd in list(self._objects):
            self._look(fd)

    def _look(self, fd: int) -> None:
        it = self._objects.get(fd)
        if it is not None:
            self._set(fd, it, (READ if it.readable() else 0) | (WRITE if it.writable() and not it.accepting else 0))

    def _set(self, fd: int, it: Any, interest: int) -> None:
        known = self._interests.get(fd)
        if known == (it, interest):
            return
        if known is not None and known[0] is it:
            self._epoll.modify(fd, interest)
        else:  # The number may have been another's, which the kernel forgot when that was closed.
            self._epoll.register(fd, interest)
        self._interests[fd] = (it, interest)
