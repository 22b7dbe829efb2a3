"""Nothing that a test run starts outlives it, even when the run itself is killed."""

import subprocess
import sys

import psutil

END_MAX_S = 5

_KILLED_RUN = """
import os, subprocess
from tests.servers.leash import Leash
held = subprocess.Popen(["sleep", "600"], start_new_session=True)
Leash(held.pid)
print(held.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_what_a_killed_test_run_held_is_killed_too() -> None:
    run = subprocess.run([sys.executable, "-c", _KILLED_RUN], capture_output=True, text=True, check=False)
    assert run.returncode == -9
    try:
        psutil.Process(int(run.stdout)).wait(END_MAX_S)
    except psutil.NoSuchProcess:
        return
