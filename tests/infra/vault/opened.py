"""A vault as a process opens it, on keys that another may share."""

from collections.abc import Callable

from infra.master_key import parse
from infra.vault.ciphers import Wrapping
from infra.vault.keys import Keys
from infra.vault.vault import KeyVault
from tests.keys import MASTER_KEY

ADA = 'Ada Lovelace, née Byron 🧮 "quoted" \\ and <b>'


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def vault_on(keys: Keys, masters: str = MASTER_KEY, clock: Callable[[], float] | None = None) -> KeyVault:
    return KeyVault(keys, Wrapping(parse(masters)), clock or Clock())
