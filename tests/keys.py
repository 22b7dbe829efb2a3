"""The master key of every test that needs one, and a vault in memory."""

import base64

from infra.master_key import parse
from infra.vault.ciphers import Wrapping
from infra.vault.keys import MemoryKeys
from infra.vault.vault import KeyVault

MASTER_KEY = base64.b64encode(b"only a test would be so careless").decode()
NEXT_MASTER_KEY = base64.b64encode(b"nor is this one any better kept.").decode()


def memory_vault() -> KeyVault:
    """A vault whose keys are gone at the end."""
    return KeyVault(MemoryKeys(), Wrapping(parse(MASTER_KEY)))
