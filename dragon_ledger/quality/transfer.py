"""A transfer's tree: which files are there and what each is for (specification 2.1, 4.1 and 4.2).

    TRANSFER/
        UNIFI_metadata.csv                      Table 3, one row per series
        UNIFI_dm.csv UNIFI_lb.csv UNIFI_mb.csv  the domains (.csv or .xpt)
        UNIFI_association.csv                   optional: patient,usubjid
        UNIFI_changes.csv                       optional: path,action,reason
        PatientUID/StudyInstanceUID/SeriesInstanceUID/*.dcm

Nothing is read here but directories and, of tables that the name does not explain, the header line.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dragon_ledger.errors import InputError
from dragon_ledger.quality.rules import DomainRule, RuleSet

TABLE_SUFFIXES = (".csv", ".xpt")
IMAGE_DEPTH = 4  # patient, study, series, file
_HEADER_BYTES = 4096
_COMPLETION_MARKERS = ("TRANSFER_COMPLETE",)  # written last: docs/adr/0033


class Role(StrEnum):
    """What a file of a transfer is for."""

    IMAGE = "image"
    METADATA = "metadata"
    DOMAIN = "domain"
    ASSOCIATION = "association"
    CHANGES = "changes"
    MARKER = "marker"
    MISNAMED_IMAGE = "misnamed image"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One regular file. `path` is relative to the transfer, parts joined by `/`.

    `domain` is the code of the domain (`DM`) and `partner` the text before it, for tables.
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    role: Role
    domain: str | None = None
    partner: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The path's folders and its name."""
        return tuple(self.path.split("/"))

    @property
    def suffix(self) -> str:
        """The name's extension as written, with its dot."""
        return os.path.splitext(self.path)[1]  # noqa: PTH122 (a text, not a path of this machine)


@dataclass(frozen=True, slots=True)
class Oddity:
    """No regular file: `kind` is `link`, `special` or `unreadable`."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class TransferTree:
    """All files of a transfer in path order, and what is no file."""

    root: Path
    files: tuple[TreeFile, ...]
    oddities: tuple[Oddity, ...]
    empty_folders: tuple[str, ...]

    def of_role(self, role: Role) -> tuple[TreeFile, ...]:
        """The files of one role."""
        return tuple(file for file in self.files if file.role is role)


def read_tree(root: Path, rules: RuleSet) -> TransferTree:
    """List a transfer. Symbolic links are never followed.

    Raises:
        InputError: the folder is not there or cannot be listed.
    """
    if not root.is_dir():
        raise InputError(f"{root}: is no folder; give the folder that holds the patients' folders")
    files: list[TreeFile] = []
    oddities: list[Oddity] = []
    empty: list[str] = []
    for entry in walk(root):
        match entry:
            case TreeFile():
                files.append(_with_role(root, entry, rules))
            case Oddity():
                oddities.append(entry)
            case str():
                empty.append(entry)
    files.sort(key=lambda file: file.path)
    oddities.sort(key=lambda oddity: oddity.path)
    return TransferTree(root, tuple(files), tuple(oddities), tuple(sorted(empty)))


def walk(root: Path) -> Iterator[TreeFile | Oddity | str]:
    """Files, what is no file, and empty folders (as texts) below a folder, in no particular order.

    Not recursive: a tree may be deeper than the interpreter's stack. A folder whose path is too
    long for the system is unreadable.
    """
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        try:
            with os.scandir(root / prefix) as entries:
                listed = list(entries)
        except OSError:
            yield Oddity(prefix.rstrip("/"), "unreadable")
            continue
        if not listed and prefix:
            yield prefix.rstrip("/")
        for entry in listed:
            path = prefix + entry.name
            if entry.is_symlink():
                yield Oddity(path, "link")
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(path + "/")
            else:
                yield _regular(entry, path)


def _regular(entry: os.DirEntry[str], path: str) -> TreeFile | Oddity:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return Oddity(path, "unreadable")
    if not stat.S_ISREG(status.st_mode):
        return Oddity(path, "special")
    return TreeFile(path, status.st_size, status.st_mtime_ns, status.st_ino, Role.OTHER)


def _with_role(root: Path, file: TreeFile, rules: RuleSet) -> TreeFile:
    depth = len(file.parts)
    suffix = file.suffix.lower()
    if suffix == ".dcm":
        return _as(file, Role.IMAGE)
    if depth > 1:
        return file
    if file.path in _COMPLETION_MARKERS:
        return _as(file, Role.MARKER)
    if suffix not in TABLE_SUFFIXES:
        return file
    return _table(root, file, rules)


def _as(
    file: TreeFile, role: Role, domain: str | None = None, partner: str | None = None
) -> TreeFile:
    return TreeFile(
        file.path, file.size, file.mtime_ns, file.inode, role, domain=domain, partner=partner
    )


def _table(root: Path, file: TreeFile, rules: RuleSet) -> TreeFile:
    stem = file.path[: -len(file.suffix)]
    partner, _, last = stem.rpartition("_")
    word = last.lower()
    for domain in rules.domains:
        if word in domain_spellings(domain):
            return _as(file, Role.DOMAIN, domain.code, partner or None)
    for role in (Role.METADATA, Role.ASSOCIATION, Role.CHANGES):
        if word == role.value:
            return _as(file, role, partner=partner or None)
    if file.suffix.lower() == ".csv" and _looks_like_metadata(root / file.path, rules):
        return _as(file, Role.METADATA, partner=partner or None)
    return file


def domain_spellings(domain: DomainRule) -> frozenset[str]:
    """How people name a domain in a file name, in lower case: `su`, `substance-use`."""
    words = domain.name.lower().split()
    return frozenset({domain.code.lower(), "".join(words), "-".join(words), " ".join(words)})


def _looks_like_metadata(path: Path, rules: RuleSet) -> bool:
    try:
        with path.open("rb") as stream:
            header = stream.read(_HEADER_BYTES).partition(b"\n")[0].decode("utf-8", "replace")
    except OSError:
        return False
    names = {name.strip(' "\ufeff\r').lower() for name in re.split(r"[,;\t|]", header)}
    columns = {column.name for column in rules.columns}
    return 2 * len(names & columns) >= len(columns)
