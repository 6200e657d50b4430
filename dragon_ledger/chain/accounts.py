"""Keys: encrypted keystore files, the passwords that open them, and what a key may sign.

Format: Web3 Secret Storage, version 3. A private key leaves this module only as a signature or as
a key derived from it; it never stands in a representation, a log or an error.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dragon_ledger.errors import ConfigurationError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

OTHERS = 0o077  # permissions of group and others
LIGHT_SCRYPT_N = 4096


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed transaction: bytes that can be stored and sent again, and the hash they get."""

    raw: bytes
    hash: bytes
    sender: bytes
    nonce: int


class Signer:
    """An unlocked key."""

    def __init__(self, account: LocalAccount) -> None:
        self._account = account

    def __repr__(self) -> str:
        return f"Signer({self._account.address})"

    @property
    def address(self) -> bytes:
        """The account's address, 20 bytes."""
        return bytes.fromhex(self._account.address[2:])

    def sign(self, transaction: Mapping[str, Any]) -> Signed:
        """Sign a transaction given by its fields (`nonce`, `gas`, fees, `to`, `data`, ...)."""
        signed = self._account.sign_transaction(dict(transaction))
        return Signed(
            bytes(signed.raw_transaction), bytes(signed.hash), self.address, transaction["nonce"]
        )

    def derive_key(self, purpose: bytes) -> bytes:
        """Derive 32 bytes for one purpose, such as encrypting a local database.

        HKDF-SHA256 (RFC 5869) over the private key, `purpose` as info: the derived key says nothing
        about the private key or about the key of another purpose.
        """
        return HKDF(SHA256(), 32, salt=None, info=purpose).derive(bytes(self._account.key))


@dataclass(frozen=True, slots=True)
class Keystore:
    """An encrypted key in a file that only its owner can read."""

    path: Path

    @staticmethod
    def create(
        path: Path, password: str, *, private_key: bytes | None = None, light: bool = False
    ) -> Keystore:
        """Write a new keystore, of a fresh key unless one is given; never over an existing file.

        `light` derives the wrapping key with little work (scrypt with N = 4096, as other Ethereum
        clients offer): enough under a password that a machine drew, too little under a person's.

        Raises:
            ConfigurationError: the file exists, or the password is empty.
        """
        if not password:
            raise ConfigurationError(f"{path}: a keystore needs a password")
        from eth_account import Account  # noqa: PLC0415 (half a second; readers need no key)

        key = private_key or bytes(Account.create().key)
        rounds = LIGHT_SCRYPT_N if light else None
        document = json.dumps(Account.encrypt(key, password, iterations=rounds))
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise ConfigurationError(
                f"{path}: exists already; a key is never overwritten. Choose another name."
            ) from error
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from error
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(document)
        return Keystore(path)

    @property
    def address(self) -> bytes:
        """The account's address, readable without the password.

        Raises:
            ConfigurationError: the file is missing or no keystore.
        """
        document = self._document()
        try:
            address = bytes.fromhex(str(document["address"]).removeprefix("0x"))
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigurationError(f"{self.path}: is no keystore: no address") from error
        return address

    def unlock(self, password: str) -> Signer:
        """Decrypt the key.

        Raises:
            ConfigurationError: wrong password, others may read the file, or it is no keystore.
        """
        from eth_account import Account  # noqa: PLC0415 (half a second; readers need no key)

        require_private(self.path)
        document = self._document()
        try:
            key = Account.decrypt(document, password)
        except (ValueError, KeyError, TypeError, NotImplementedError) as error:
            raise ConfigurationError(
                f"{self.path}: cannot be opened: wrong password, or no keystore of version 3"
            ) from error
        signer = Signer(Account.from_key(key))
        if signer.address != self.address:
            raise ConfigurationError(
                f"{self.path}: names the account 0x{self.address.hex()} and holds the key of "
                f"0x{signer.address.hex()}; it was altered"
            )
        return signer

    def _document(self) -> Any:
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(f"{self.path}: cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{self.path}: is no keystore: not JSON") from error


def require_private(path: Path) -> None:
    """Refuse a secret that others on this machine can read.

    Raises:
        ConfigurationError: missing, or readable by group or others.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    if os.name == "posix" and mode & OTHERS:
        raise ConfigurationError(
            f"{path}: others can read it (mode {mode & 0o777:03o}); "
            f"make it yours alone: chmod 600 {path}"
        )


def _asked(prompt: str) -> str:
    try:
        return getpass.getpass(prompt)
    except EOFError as error:
        raise ConfigurationError(
            "no terminal to ask for the password on; name a file with it (mode 0600),"
            " with --password-file or in the folder's configuration"
        ) from error


def read_password(file: Path | None, prompt: str) -> str:
    """Read a password from a file of mode 0600 (its first line), or ask for it on the terminal.

    Raises:
        ConfigurationError: the file is missing, empty, or readable by others; or there is no file
            and nobody to ask.
    """
    if file is None:
        return _asked(prompt)
    require_private(file)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except ValueError as error:
        raise ConfigurationError(f"{file}: is no UTF-8 text") from error
    if not lines or not lines[0]:
        raise ConfigurationError(f"{file}: its first line is to be the password, and is empty")
    return lines[0]
