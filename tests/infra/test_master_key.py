"""The master key: derived from, wrapped with, replaced, and never shown."""

import base64
import stat
from pathlib import Path

import pytest

from infra import master_key
from infra.master_key import MasterKeyUnknown, ensure, load, parse
from infra.refusal import CannotStart
from infra.settings import Settings

OLD, NEW = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


def test_the_first_run_makes_a_key_file_that_only_its_owner_reads_and_later_runs_keep_it(tmp_path: Path) -> None:
    path = ensure(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = path.read_bytes()
    assert ensure(tmp_path).read_bytes() == made
    assert [p.name for p in tmp_path.iterdir()] == [master_key.FILE]
    assert load(Settings(master_key_file=path)).current.id == parse(made.decode()).current.id


def test_each_purpose_has_a_key_of_its_own_and_it_is_always_the_same() -> None:
    key = parse(OLD).current
    assert key.subkey("login") == parse(OLD).current.subkey("login")
    assert len({key.subkey("login"), key.subkey("vault"), parse(NEW).current.subkey("login")}) == 3
    assert OLD not in repr(key)


def test_what_the_old_key_wrapped_is_unwrapped_as_long_as_it_is_listed_behind_the_new_one() -> None:
    key_id, wrapped = parse(OLD).wrap("signing key", "k1", b"secret")
    both = parse(f"{NEW},{OLD}")
    assert both.unwrap("signing key", "k1", key_id, wrapped) == b"secret"
    assert both.wrap("signing key", "k1", b"secret")[0] == parse(NEW).current.id
    with pytest.raises(MasterKeyUnknown):
        parse(NEW).unwrap("signing key", "k1", key_id, wrapped)


@pytest.mark.parametrize(("purpose", "name"), [("signing key", "k2"), ("vault", "k1")])
def test_a_wrapped_secret_cannot_be_passed_off_as_another(purpose: str, name: str) -> None:
    keys = parse(OLD)
    key_id, wrapped = keys.wrap("signing key", "k1", b"secret")
    with pytest.raises(MasterKeyUnknown):
        keys.unwrap(purpose, name, key_id, wrapped)


@pytest.mark.parametrize("text", ["", "c2hvcnQ=", "not base64!", ",".join([OLD] * 9)])
def test_a_wrong_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(CannotStart) as refused:
        load(Settings(master_key=text or ","))
    assert "32 random bytes" in str(refused.value)
    assert not text or text not in str(refused.value)


def test_without_a_key_or_with_a_lost_file_nothing_starts(tmp_path: Path) -> None:
    for settings in (Settings(), Settings(master_key_file=tmp_path / "gone")):
        with pytest.raises(CannotStart):
            load(settings)
