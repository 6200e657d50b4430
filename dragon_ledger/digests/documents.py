"""Hiding digests of documents: statements, plans, QC reports, ethics files, model cards.

A document travels as an *envelope*: canonical JSON that holds the content, the name of its schema
and a random salt of 32 bytes. What the chain binds is the SHA-256 of the envelope's bytes, so a
reviewer repeats it with `sha256sum FILE`, while nobody without the salt can test a guess of the
content against the chain. Byte-exact in docs/spec/documents.md. The caller draws the salts
(`secrets.token_bytes(32)`): this room is pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from dragon_ledger.digests.canonical_json import JsonValue, canonical_json, parse_canonical_json
from dragon_ledger.errors import InputError, ProofError

SALT_LENGTH = 32
MAX_ENVELOPE_LENGTH = 16 * 2**20
"""Longest envelope that is opened, in bytes; checked before anything is parsed."""

_SCHEMA = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/[1-9][0-9]{0,3}", re.ASCII)
_SALT = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """An envelope's bytes, to be kept as they are, and their SHA-256, which goes on chain."""

    data: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an envelope holds; `schema` is name/version, `salt` 32 bytes."""

    content: JsonValue
    schema: str
    salt: bytes


def seal_document(content: JsonValue, schema: str, salt: bytes) -> SealedDocument:
    """Put a document into its envelope.

    Args:
        content: what the document says.
        schema: name and version, as in `update-statement/1`.
        salt: 32 random bytes, drawn for this document alone; whoever keeps the envelope keeps them.

    Raises:
        InputError: salt or schema has another form, or the content has no canonical form.
    """
    check_random(salt, "salt of a document")
    if not _SCHEMA.fullmatch(schema):
        raise InputError(f"schema {schema!r}: expected name/version as in update-statement/1")
    data = canonical_json({"content": content, "salt": salt.hex(), "schema": schema})
    if len(data) > MAX_ENVELOPE_LENGTH:
        raise InputError(f"document of schema {schema}: longer than {MAX_ENVELOPE_LENGTH} bytes")
    return SealedDocument(data, hashlib.sha256(data).digest())


def read_envelope(data: bytes) -> Envelope:
    """Read an envelope without comparing it to a digest.

    Raises:
        InputError: the bytes are no envelope in canonical form.
    """
    if len(data) > MAX_ENVELOPE_LENGTH:
        raise InputError(f"envelope: longer than {MAX_ENVELOPE_LENGTH} bytes")
    envelope = parse_canonical_json(data)
    if not isinstance(envelope, dict) or envelope.keys() != {"content", "salt", "schema"}:
        raise InputError("envelope: expected an object of exactly content, salt and schema")
    salt, schema = envelope["salt"], envelope["schema"]
    if not isinstance(salt, str) or not _SALT.fullmatch(salt):
        raise InputError("envelope: salt is not 64 lower-case hexadecimal digits")
    if not isinstance(schema, str) or not _SCHEMA.fullmatch(schema):
        raise InputError("envelope: schema is not name/version")
    return Envelope(envelope["content"], schema, bytes.fromhex(salt))


def open_document(data: bytes, expected_digest: bytes, schema: str) -> JsonValue:
    """The content of the envelope that a digest binds.

    Raises:
        ProofError: the bytes have another digest, or are a document of another schema.
        InputError: the bytes have that digest and are no envelope.
    """
    found = hashlib.sha256(data).digest()
    if found != expected_digest:
        raise ProofError(
            f"{schema}: the file's SHA-256 is {found.hex()}, bound is {expected_digest.hex()}"
        )
    envelope = read_envelope(data)
    if envelope.schema != schema:
        raise ProofError(f"expected a document of schema {schema}, found {envelope.schema}")
    return envelope.content


def object_of(content: JsonValue, schema: str, names: frozenset[str]) -> Mapping[str, JsonValue]:
    """The content as an object with exactly these members.

    Raises:
        InputError: it is something else; the message names what is missing or unexpected.
    """
    if not isinstance(content, Mapping):
        raise InputError(f"{schema}: the content is no object")
    if missing := sorted(names - content.keys()):
        raise InputError(f"{schema}: the content lacks {', '.join(missing)}")
    if unexpected := sorted(content.keys() - names):
        raise InputError(f"{schema}: the content has unexpected {', '.join(unexpected)}")
    return content


def check_random(value: bytes, what: str) -> None:
    """Refuse what cannot be 32 random bytes.

    Raises:
        InputError: another length, or the all-zero value of a buffer that was never filled.
    """
    if len(value) != SALT_LENGTH:
        raise InputError(f"{what}: expected {SALT_LENGTH} random bytes, got {len(value)}")
    if value == bytes(SALT_LENGTH):
        raise InputError(f"{what}: is all zero, so it was never drawn")
