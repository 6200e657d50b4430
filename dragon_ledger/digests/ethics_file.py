"""The sealed ethics file: which approvals and declarations a site holds, each bound by its digest.

The documents themselves (committee letters, consent forms) stay at the site; the envelope lists
them, so that a reviewer to whom they are shown can tell that they are the ones that were meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dragon_ledger.digests.canonical_json import JsonValue
from dragon_ledger.digests.documents import (
    SealedDocument,
    object_of,
    open_document,
    seal_document,
)
from dragon_ledger.errors import InputError

ETHICS_FILE_SCHEMA = "ethics-file/1"
DECLARATIONS = (
    "steering-committee-or-investigator-approval",
    "ethics-committee-approval",
    "derogation-declaration",
    "consent-forms-on-file",
)
"""Section 5 of the Harmonized Data Specification, in the order of the bits on chain."""

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class EthicsDocument:
    """One document of the ethics file: its name at the site and its SHA-256."""

    name: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class EthicsFile:
    """What the site declares, and the documents that it keeps for it."""

    declarations: tuple[str, ...]
    documents: tuple[EthicsDocument, ...]


def seal_ethics_file(
    declarations: Sequence[str], documents: Sequence[EthicsDocument], salt: bytes
) -> SealedDocument:
    """The envelope of an ethics file; lists are sorted, so their order says nothing.

    Raises:
        InputError: an unknown or repeated declaration, a repeated or empty name, a short digest.
    """
    content: JsonValue = {
        "declarations": sorted(declarations),
        "files": [
            {"name": document.name, "sha256": document.sha256.hex()}
            for document in sorted(documents, key=lambda document: document.name)
        ],
    }
    _read(content)
    return seal_document(content, ETHICS_FILE_SCHEMA, salt)


def open_ethics_file(data: bytes, expected_digest: bytes) -> EthicsFile:
    """Check an ethics file against the digest that the chain binds.

    Raises:
        ProofError: it is another one.
        InputError: it is bound but malformed.
    """
    return _read(open_document(data, expected_digest, ETHICS_FILE_SCHEMA))


def _read(content: JsonValue) -> EthicsFile:
    members = object_of(content, ETHICS_FILE_SCHEMA, frozenset({"declarations", "files"}))
    declarations = tuple(str(name) for name in _list(members["declarations"], "declarations"))
    if unknown := sorted(set(declarations) - set(DECLARATIONS)):
        raise InputError(f"{ETHICS_FILE_SCHEMA}: unknown declaration {', '.join(unknown)}")
    documents = tuple(_document(entry) for entry in _list(members["files"], "files"))
    _check_ascending(declarations, "declarations")
    _check_ascending([document.name for document in documents], "files")
    return EthicsFile(declarations, documents)


def _document(entry: JsonValue) -> EthicsDocument:
    members = object_of(entry, ETHICS_FILE_SCHEMA, frozenset({"name", "sha256"}))
    name, sha256 = members["name"], members["sha256"]
    if not isinstance(name, str) or not name:
        raise InputError(f"{ETHICS_FILE_SCHEMA}: a file has no name")
    if not isinstance(sha256, str) or not _DIGEST.fullmatch(sha256):
        raise InputError(f"{ETHICS_FILE_SCHEMA}: sha256 of {name} is not 64 hexadecimal digits")
    return EthicsDocument(name, bytes.fromhex(sha256))


def _list(value: JsonValue, name: str) -> Sequence[JsonValue]:
    if not isinstance(value, list):
        raise InputError(f"{ETHICS_FILE_SCHEMA}: {name} is no list")
    return value


def _check_ascending(names: Sequence[str], what: str) -> None:
    if any(first >= second for first, second in pairwise(names)):
        raise InputError(f"{ETHICS_FILE_SCHEMA}: {what} are not sorted, or one is repeated")
