"""Nothing that a test run starts outlives it, even when the run itself is killed."""

import subprocess
import sys
import time
from pathlib import Path

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


_KILLED_IN_A_FOLDER = """
import os
from tests.servers.quick_folder import quick_folder
with quick_folder("comanda-test-") as folder:
    (folder / "a file").touch()
    print(folder, flush=True)
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_test_run_kept_in_memory_is_removed() -> None:
    run = subprocess.run([sys.executable, "-c", _KILLED_IN_A_FOLDER], capture_output=True, text=True, check=False)
    assert run.returncode == -9
    folder, deadline = Path(run.stdout.strip()), time.monotonic() + END_MAX_S
    while folder.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
