"""Where this machine keeps RabbitMQ's programs; where it has none, Debian's package is installed."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

INSTALL_MAX_S = 600

# The script that any user may run; the one on Debian's PATH is a wrapper that refuses all but root and rabbitmq.
_DEBIAN = Path("/usr/lib/rabbitmq/bin")

# policy-rc.d keeps the package from starting the system's own node: the tests run a private one.
_INSTALL = """
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap "rm -f $policy" EXIT
    printf '#!/bin/sh\\nexit 101\\n' > $policy
    chmod 755 $policy
fi
apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rabbitmq-server
"""

_HOW_TO_GET_ONE = (
    "the tests need a real RabbitMQ: install the package rabbitmq-server, or start a Docker engine, "
    "or name a broker in COMANDA_TEST_AMQP_URL"
)


class NoRabbitMQ(Exception):
    """There is no RabbitMQ and none could be installed; the message says how to get one."""


def find_or_install(report: Callable[[str], None]) -> Path:
    """The folder of RabbitMQ's programs.

    Raises:
        NoRabbitMQ: there is none, and none could be installed.
    """
    found = find()
    if found is None:
        report("RabbitMQ: not on this machine, installing the package rabbitmq-server ...")
        install()
        found = find()
    if found is None:
        raise NoRabbitMQ(_HOW_TO_GET_ONE)
    return found


def find() -> Path | None:
    """The folder of RabbitMQ's programs, or None."""
    on_path = shutil.which("rabbitmq-server", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
    places = [_DEBIAN] + ([Path(on_path).resolve().parent] if on_path else [])
    return next((place for place in places if os.access(place / "rabbitmq-server", os.X_OK)), None)


def install() -> None:
    """Installs Debian's package, with sudo where not root, and without starting the system's own node.

    Raises:
        NoRabbitMQ: no apt-get here, no sudo without a password, or the installation failed.
    """
    sudo = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    if shutil.which("apt-get") is None or (sudo and shutil.which("sudo") is None):
        raise NoRabbitMQ(_HOW_TO_GET_ONE)
    done = subprocess.run(
        [*sudo, "/bin/sh", "-c", _INSTALL], capture_output=True, text=True, check=False, timeout=INSTALL_MAX_S
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise NoRabbitMQ(f"{_HOW_TO_GET_ONE} (installing it failed: {last})")
