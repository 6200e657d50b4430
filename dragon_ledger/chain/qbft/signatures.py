"""Members' detached signatures of the network file, made with their validators' keys.

The file itself stays as it is. A signature is secp256k1 over
keccak256("dragon-network-signature/1" || 0x0a || SHA-256 of the file): no message that a node signs
for consensus or peers begins like that (docs/spec/network-file.md).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from coincurve import PrivateKey, PublicKey
from eth_hash.auto import keccak

from dragon_ledger.chain.qbft.layout import write_json
from dragon_ledger.errors import ConfigurationError

FORMAT = "dragon-network-signatures/1"
_PREFIX = b"dragon-network-signature/1\n"
_SIGNATURE_LENGTH = 65


def signatures_file(network_file: Path) -> Path:
    """Where the signatures of a network file are kept: beside it."""
    return network_file.with_name(network_file.name + ".signatures")


def sign(network_file: Path, node_key: Path) -> bytes:
    """Add a member's signature to those of a network file; returns the signer's address.

    Signatures of an earlier content of the file are dropped.

    Raises:
        ConfigurationError: a file cannot be read, or the key is none.
    """
    fingerprint = _fingerprint(network_file)
    try:
        key = PrivateKey(bytes.fromhex(node_key.read_text("ascii").strip()))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{node_key}: is no node key: {error}") from error
    address = _address(key.public_key)
    signature = key.sign_recoverable(_message(fingerprint), hasher=None)
    file = signatures_file(network_file)
    known = _entries(file) if file.exists() else {}
    kept = {one: value for one, value in known.items() if _is_by(one, value, fingerprint)}
    kept["0x" + address.hex()] = "0x" + signature.hex()
    write_json(
        file,
        {"format": FORMAT, "sha256": fingerprint.hex(), "signatures": dict(sorted(kept.items()))},
    )
    return address


def signers(network_file: Path) -> list[bytes]:
    """The addresses whose signatures fit this very file; others are left out.

    Raises:
        ConfigurationError: a file cannot be read, or is not in the format.
    """
    fingerprint = _fingerprint(network_file)
    entries = _entries(signatures_file(network_file))
    return [
        bytes.fromhex(address[2:])
        for address, signature in entries.items()
        if _is_by(address, signature, fingerprint)
    ]


def _fingerprint(network_file: Path) -> bytes:
    try:
        return hashlib.sha256(network_file.read_bytes()).digest()
    except OSError as error:
        raise ConfigurationError(f"{network_file}: {error.strerror}") from error


def _message(fingerprint: bytes) -> bytes:
    return bytes(keccak(_PREFIX + fingerprint))


def _address(key: PublicKey) -> bytes:
    return bytes(keccak(key.format(compressed=False)[1:]))[12:]


def _is_by(address: str, signature: str, fingerprint: bytes) -> bool:
    raw = bytes.fromhex(signature[2:])
    try:
        key = PublicKey.from_signature_and_message(raw, _message(fingerprint), hasher=None)
    except ValueError:
        return False
    return "0x" + _address(key).hex() == address


def _entries(file: Path) -> dict[str, str]:
    try:
        document: dict[str, Any] = json.loads(file.read_text("utf-8"))
        entries = {str(one): str(value) for one, value in document["signatures"].items()}
        well = (
            document["format"] == FORMAT
            and all(
                len(bytes.fromhex(one[2:])) == 20  # noqa: PLR2004 (an address)
                and len(bytes.fromhex(value[2:])) == _SIGNATURE_LENGTH
                for one, value in entries.items()
            )
        )
    except OSError as error:
        raise ConfigurationError(
            f"{file}: {error.strerror}. 'dragon-ledger network sign' writes it."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigurationError(f"{file}: expected format {FORMAT}: {error}") from error
    if not well:
        raise ConfigurationError(f"{file}: expected format {FORMAT}, addresses and signatures")
    return entries
