from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account

from dragon_ledger.chain.accounts import Keystore, read_password
from dragon_ledger.errors import ConfigurationError

KEY = bytes(range(1, 33))


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Keystore:
    return Keystore.create(tmp_path_factory.mktemp("keys") / "k.json", "secret", private_key=KEY)


def test_only_the_owner_can_read_a_keystore(keystore: Keystore) -> None:
    assert keystore.path.stat().st_mode & 0o777 == 0o600


def test_the_key_comes_back_with_its_password_only(keystore: Keystore) -> None:
    signer = keystore.unlock("secret")
    assert signer.address == keystore.address == bytes.fromhex(Account.from_key(KEY).address[2:])
    with pytest.raises(ConfigurationError, match="wrong password"):
        keystore.unlock("Secret")


@pytest.mark.slow
def test_other_tools_open_the_keystore(keystore: Keystore) -> None:
    assert bytes(Account.decrypt(json.loads(keystore.path.read_text()), "secret")) == KEY


def test_a_keystore_that_others_can_read_is_refused(tmp_path: Path, keystore: Keystore) -> None:
    loose = tmp_path / "loose.json"
    loose.write_bytes(keystore.path.read_bytes())
    loose.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Keystore(loose).unlock("secret")


def test_a_key_is_never_overwritten(keystore: Keystore) -> None:
    before = keystore.path.read_bytes()
    with pytest.raises(ConfigurationError, match="exists already"):
        Keystore.create(keystore.path, "other")
    assert keystore.path.read_bytes() == before


@pytest.mark.parametrize("text", ["", "{}", '{"address": 5}', "[1]"])
def test_what_is_no_keystore_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "k.json"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ConfigurationError, match=r"k\.json"):
        Keystore(file).unlock("secret")


def test_no_representation_shows_the_key(keystore: Keystore) -> None:
    signer = keystore.unlock("secret")
    for text in (repr(signer), str(signer), repr(keystore)):
        assert KEY.hex() not in text


@pytest.mark.slow
def test_derived_keys_differ_by_purpose_and_come_back(keystore: Keystore) -> None:
    signer = keystore.unlock("secret")
    assert signer.derive_key(b"database") == keystore.unlock("secret").derive_key(b"database")
    assert signer.derive_key(b"database") != signer.derive_key(b"backup")
    assert signer.derive_key(b"database") != KEY


def test_a_password_file_must_be_private_and_not_empty(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("first line\nsecond\n")
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="mode 644"):
        read_password(file, "")
    file.chmod(0o600)
    assert read_password(file, "") == "first line"
    file.write_text("\n")
    with pytest.raises(ConfigurationError, match="empty"):
        read_password(file, "")


@pytest.mark.slow
def test_a_keystore_that_names_another_account_is_refused(
    tmp_path: Path, keystore: Keystore
) -> None:
    document = json.loads(keystore.path.read_text())
    document["address"] = "01" * 20
    altered = tmp_path / "altered.json"
    altered.write_text(json.dumps(document))
    altered.chmod(0o600)
    with pytest.raises(ConfigurationError, match="it was altered"):
        Keystore(altered).unlock("secret")


@pytest.mark.parametrize("kdf", ["argon2", 7, None])
def test_an_unknown_kind_of_keystore_is_refused(
    tmp_path: Path, keystore: Keystore, kdf: object
) -> None:
    document = json.loads(keystore.path.read_text())
    document["crypto"]["kdf"] = kdf
    file = tmp_path / "k.json"
    file.write_text(json.dumps(document))
    file.chmod(0o600)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Keystore(file).unlock("secret")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        Keystore.create(tmp_path / "absent" / "k.json", "secret", private_key=KEY)
