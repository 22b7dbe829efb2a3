"""A child that does not outlive its supervisor, even one killed with kill -9: the end of a pipe tells it."""

import os
import signal
import threading
import time

PIPE = "COMANDA_PARENT_PIPE"
GRACE_S = 10


def die_with_parent() -> None:
    """Watches the pipe that the supervisor named, in a daemon thread; does nothing where there is none.

    The supervisor alone holds the writing end and never writes: reading ends when it is gone, however it went. Then
    this process gets a SIGTERM as it would in an orderly stop, and is ended for good when that takes over GRACE_S.
    """
    pipe = os.environ.pop(PIPE, None)  # popped: a grandchild's descriptors are its own
    if pipe is None:
        return
    descriptor = int(pipe)
    os.set_inheritable(descriptor, False)
    threading.Thread(target=_follow, args=(descriptor,), name="die with parent", daemon=True).start()


def _follow(descriptor: int) -> None:
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)
