"""Reads a transfer: every file once, for its digest and for the checks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dragon_ledger.quality.dicom.image_facts import ImageFacts, from_memo
from dragon_ledger.quality.dicom.pixels import PIXEL_CODES
from dragon_ledger.quality.dicom.workers import Answer, Reader, Task, read_all
from dragon_ledger.quality.examination import Image
from dragon_ledger.quality.known import FileRecord, Progress
from dragon_ledger.quality.rules import RuleSet
from dragon_ledger.quality.tables import (
    LARGEST_TABLE,
    TOO_LARGE,
    Table,
    UnreadableTable,
    read_table,
)
from dragon_ledger.quality.transfer import IMAGE_DEPTH, Role, TransferTree, TreeFile, read_tree

NO_DICOM = "no DICOM file"
CHANGING = "changed while it was read: check a transfer when all of it is there"
_CHUNK = 1 << 20
_SMALL_TABLES = (Role.METADATA, Role.ASSOCIATION, Role.CHANGES)


@dataclass(frozen=True, slots=True)
class Intake:
    """What was read. `contents` are the bytes of domain tables; `problems` say why one was not."""

    tree: TransferTree
    images: tuple[Image, ...]
    tables: Mapping[Role, Table]
    contents: Mapping[str, bytes]
    problems: Mapping[str, str]
    records: tuple[FileRecord, ...]

    def table(self, role: Role) -> Table | None:
        """The one table of a role; None when there is none, several, or an unreadable one."""
        return self.tables.get(role)


@dataclass(slots=True)
class _Reading:
    """The state of one intake."""

    tree: TransferTree
    profile: str
    progress: Callable[[Progress], None] | None
    total_bytes: int
    facts: dict[str, ImageFacts] = field(default_factory=dict)
    records: dict[str, FileRecord] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    tables: dict[Role, Table] = field(default_factory=dict)
    decoded: set[str] = field(default_factory=set)
    shared: dict[object, Any] = field(default_factory=dict)
    done_files: int = 0
    done_bytes: int = 0

    def report(self, files: int, size: int, new: tuple[FileRecord, ...]) -> None:
        """Tell how far the reading is."""
        self.done_files += files
        self.done_bytes += size
        if self.progress is not None:
            files, size = len(self.tree.files), self.total_bytes
            self.progress(Progress(self.done_files, files, self.done_bytes, size, new))


def read_transfer(
    folder: Path,
    rules: RuleSet,
    known: Mapping[str, FileRecord],
    progress: Callable[[Progress], None] | None,
    workers: int | None,
) -> Intake:
    """Read a transfer's files; those that `known` has unchanged are taken from there."""
    required = tuple((rule.tag, rule.keyword) for rule in rules.tags)
    profile = hashlib.sha256(repr(required).encode()).hexdigest()[:16]
    reader = Reader(folder, required, profile)
    tree = read_tree(folder, rules)
    reading = _Reading(tree, profile, progress, sum(file.size for file in tree.files))
    by_path = {file.path: file for file in reading.tree.files}
    tasks = _image_tasks(reading.tree)
    reading.decoded.update(task.path for task in tasks if task.decode)
    fresh = [task for task in tasks if not _remember(reading, by_path[task.path], task, known)]
    reading.report(len(reading.facts), sum(by_path[path].size for path in reading.facts), ())
    _read_images(reading, by_path, reader, fresh, workers)
    _decode_rest(reading, by_path, reader, workers)
    seen = {task.path for task in tasks}
    for file in reading.tree.files:
        if file.path not in seen:
            _read_table_file(reading, file)
    return _finished(reading)


def _image_tasks(tree: TransferTree) -> list[Task]:
    """Files that are or may be images; of each folder the middle one is decoded, too."""
    folders: dict[str, list[str]] = {}
    for file in tree.files:
        if file.role is Role.IMAGE or (file.role is Role.OTHER and _may_be_image(file)):
            folders.setdefault(file.path.rpartition("/")[0], []).append(file.path)
    return [
        Task(path, decode=index == len(paths) // 2)
        for paths in folders.values()
        for index, path in enumerate(paths)
    ]


def _may_be_image(file: TreeFile) -> bool:
    name = file.parts[-1]
    return name.upper() != "DICOMDIR" and not name.startswith(".")


def _remember(
    reading: _Reading, file: TreeFile, task: Task, known: Mapping[str, FileRecord]
) -> bool:
    record = known.get(file.path)
    if record is None or (record.size, record.mtime_ns, record.inode) != (
        file.size,
        file.mtime_ns,
        file.inode,
    ):
        return False
    facts = from_memo(record.memo, reading.profile, reading.shared)
    if facts is None or (task.decode and not facts.decoded):
        return False
    reading.facts[file.path] = facts
    reading.records[file.path] = record
    return True


def _read_images(
    reading: _Reading,
    files: Mapping[str, TreeFile],
    reader: Reader,
    tasks: list[Task],
    workers: int | None,
) -> None:
    for answers in read_all(reader, tasks, workers):
        new = tuple(_keep(reading, files[answer.path], answer) for answer in answers)
        recorded = tuple(record for record in new if record is not None)
        reading.report(len(new), sum(files[answer.path].size for answer in answers), recorded)


def _keep(reading: _Reading, file: TreeFile, answer: Answer) -> FileRecord | None:
    facts = from_memo(answer.memo, reading.profile, reading.shared)
    reading.facts[file.path] = facts or ImageFacts(problem="the reader gave no answer")
    if answer.sha256 is None:
        return None
    if answer.size != file.size:
        reading.facts[file.path] = ImageFacts(problem=CHANGING)
        return None
    record = _record(file, answer.size, answer.sha256)
    if facts is not None:
        record = replace(
            record, memo=answer.memo, instance=facts.sop_instance, pixels=facts.pixel_hash
        )
    reading.records[file.path] = record
    return record


def _record(file: TreeFile, size: int, sha256: bytes) -> FileRecord:
    subject = file.parts[0] if len(file.parts) == IMAGE_DEPTH else None
    return FileRecord(file.path, size, sha256, file.mtime_ns, file.inode, subject)


def _decode_rest(
    reading: _Reading, files: Mapping[str, TreeFile], reader: Reader, workers: int | None
) -> None:
    """Choose a slice of each series that shares its folder with another one, and decode it."""
    members: dict[str, list[str]] = {}
    for path, facts in sorted(reading.facts.items()):
        if not facts.problem and facts.pixel_hash:
            members.setdefault(facts.tags.get("SeriesInstanceUID", ""), []).append(path)
    rest = [
        paths[len(paths) // 2] for paths in members.values() if reading.decoded.isdisjoint(paths)
    ]
    reading.decoded.update(rest)
    tasks = [Task(path, decode=True) for path in rest if not reading.facts[path].decoded]
    for answers in read_all(reader, tasks, workers):
        for answer in answers:
            _keep(reading, files[answer.path], answer)


def _as_chosen(reading: _Reading, path: str) -> ImageFacts:
    """The facts of a file; what a check of other files saw in its pixels does not count."""
    facts = reading.facts[path]
    if not facts.decoded or path in reading.decoded:
        return facts
    kept = tuple(issue for issue in facts.issues if issue.code not in PIXEL_CODES)
    return replace(facts, issues=kept)


def _read_table_file(reading: _Reading, file: TreeFile) -> None:
    """Digest a file that is no image; keep the content of a table."""
    is_table = file.role is Role.DOMAIN or file.role in _SMALL_TABLES
    record = None
    try:
        size, sha256, content = _read_once(reading.tree.root, file, keep=is_table)
    except OSError as error:
        reading.problems[file.path] = f"cannot be read: {error.strerror or 'no answer'}"
    else:
        if size != file.size:
            reading.problems[file.path] = CHANGING
        else:
            record = reading.records[file.path] = _record(file, size, sha256)
            if is_table:
                _keep_table(reading, file, content)
    reading.report(1, file.size, (record,) if record else ())


def _read_once(root: Path, file: TreeFile, *, keep: bool) -> tuple[int, bytes, bytes | None]:
    """Size and SHA-256 of a file, and the content if it is wanted and small enough for a table."""
    kept = file.size if keep and file.size <= LARGEST_TABLE else 0
    with (root / file.path).open("rb") as stream:
        content = stream.read(kept)
        digest, size = hashlib.sha256(content), len(content)
        while size <= file.size and (chunk := stream.read(_CHUNK)):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.digest(), content if keep and kept == file.size else None


def _keep_table(reading: _Reading, file: TreeFile, content: bytes | None) -> None:
    if content is None:
        reading.problems[file.path] = TOO_LARGE
    elif file.role is Role.DOMAIN:
        reading.contents[file.path] = content
    elif len(reading.tree.of_role(file.role)) == 1:
        _parse_table(reading, file, content)


def _parse_table(reading: _Reading, file: TreeFile, content: bytes) -> None:
    try:
        reading.tables[file.role] = read_table(file.path, content)
    except UnreadableTable as error:
        reading.problems[file.path] = str(error)


def _finished(reading: _Reading) -> Intake:
    images = tuple(
        Image(path, record.sha256 if record else None, facts)
        for path, facts, record in _in_order(reading)
    )
    tree = replace(reading.tree, files=tuple(_as_image(reading, f) for f in reading.tree.files))
    records = tuple(reading.records[path] for path in sorted(reading.records))
    return Intake(tree, images, reading.tables, reading.contents, reading.problems, records)


def _in_order(reading: _Reading) -> Iterable[tuple[str, ImageFacts, FileRecord | None]]:
    named = {file.path for file in reading.tree.of_role(Role.IMAGE)}
    for path in sorted(reading.facts):
        facts = _as_chosen(reading, path)
        if path in named or not facts.problem.startswith(NO_DICOM):
            yield path, facts, reading.records.get(path)


def _as_image(reading: _Reading, file: TreeFile) -> TreeFile:
    """A DICOM file of another name counts as an image; the structure check says so."""
    facts = reading.facts.get(file.path)
    if file.role is Role.OTHER and facts is not None and not facts.problem:
        return replace(file, role=Role.MISNAMED_IMAGE)
    return file
