"""Encryption at rest: one data key for a folder, kept in a keystore file under a password.

AES-256-GCM with random 96-bit nonces; the context of a value (table, column, row) is
authenticated with it, so that a value copied to another place does not open. Look-up tags are
HMAC-SHA-256 under a key derived from the data key. The keystore wraps the data key with scrypt
(RFC 7914).
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from dragon_ledger.errors import ConfigurationError, StorageError

FORMAT = "dragon-data-key/1"
_NONCE = 12
_KEY = 32
_SCRYPT = {"n": 2**15, "r": 8, "p": 1}


@dataclass(frozen=True, slots=True, repr=False)
class Vault:
    """Encrypts, decrypts and tags values under one data key."""

    _key: bytes

    def seal(self, plain: bytes, context: str) -> bytes:
        """Nonce and ciphertext of a value that belongs to `context`."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + AESGCM(self._key).encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """The value.

        Raises:
            StorageError: it was changed, belongs elsewhere, or was written under another key.
        """
        try:
            return AESGCM(self._key).decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise StorageError(
                f"{context}: does not open under this folder's data key; the file was changed or"
                " belongs to another folder: restore it from a backup"
            ) from error

    def tag(self, value: str, context: str) -> bytes:
        """32 bytes that are equal for equal values and say nothing without the key.

        A file's name need not be UTF-8; its bytes count.
        """
        derived = hmac.digest(self._key, b"dragon-ledger/look-up/1", "sha256")
        return hmac.digest(
            derived, f"{context}\0{value}".encode(errors="surrogateescape"), "sha256"
        )


def create_vault(path: Path, password: str) -> Vault:
    """Draw a data key and write its keystore file (mode 0600).

    Raises:
        ConfigurationError: the file exists; a data key is never replaced, data hang on it.
    """
    key, salt, nonce = secrets.token_bytes(_KEY), secrets.token_bytes(32), secrets.token_bytes(12)
    wrapped = AESGCM(_derive(password, salt, _SCRYPT)).encrypt(nonce, key, FORMAT.encode())
    document = {
        "format": FORMAT,
        "kdf": {"name": "scrypt", "salt": _text(salt), **_SCRYPT},
        "cipher": {"name": "AES-256-GCM", "nonce": _text(nonce), "text": _text(wrapped)},
    }
    write_secret(path, json.dumps(document, indent=1).encode())
    return Vault(key)


def open_vault(path: Path, password: str) -> Vault:
    """Read a data key.

    Raises:
        ConfigurationError: the file is missing, malformed, or the password is another one.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            raise ConfigurationError(f"{path}: format is {document['format']!r}, not {FORMAT!r}")
        kdf, cipher = document["kdf"], document["cipher"]
        derived = _derive(password, b64decode(kdf["salt"]), {name: kdf[name] for name in _SCRYPT})
        key = AESGCM(derived).decrypt(
            b64decode(cipher["nonce"]), b64decode(cipher["text"]), FORMAT.encode()
        )
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; `init` makes one") from error
    except InvalidTag as error:
        raise ConfigurationError(f"{path}: the password does not open this data key") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not a data key file ({error})") from error
    return Vault(key)


def write_secret(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read.

    Raises:
        ConfigurationError: it exists, or cannot be written.
    """
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    with os.fdopen(file, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def _derive(password: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return Scrypt(salt=salt, length=_KEY, **cost).derive(password.encode())


def _text(value: bytes) -> str:
    return b64encode(value).decode()
