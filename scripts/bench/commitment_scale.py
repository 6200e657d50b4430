"""What a dataset commitment costs: first version, next version, proofs, memory.

    python scripts/bench/commitment_scale.py --subjects 10000 --files 400

Records are made up; making them is not counted. One process, one core.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from dragon_ledger.digests.commitment import CommittedDataset
from dragon_ledger.digests.dataset_json import read_proof, write_manifest, write_proof
from dragon_ledger.digests.dataset_proof import verify_absent, verify_present
from dragon_ledger.digests.manifest import (
    FileRecord,
    Record,
    SubjectManifest,
    random_length,
    salt_subject,
)
from dragon_ledger.digests.pseudonym import PseudonymKey
from dragon_ledger.digests.subject_tree import SubjectTree

T = TypeVar("T")


def timed(what: str, work: Callable[[], T]) -> T:
    start = time.perf_counter()
    result = work()
    print(f"{what:<52} {time.perf_counter() - start:10.4f} s")
    return result


def records_of(subject: str, files: int) -> list[FileRecord]:
    return [
        FileRecord(f"{subject}/CT-1/IM{number:05}.dcm", 526_000 + number, os.urandom(32))
        for number in range(files)
    ]


def salted(
    subject: str, records: Sequence[Record], previous: SubjectManifest | None = None
) -> SubjectManifest:
    return salt_subject(subject, records, os.urandom(random_length(records)), previous)


def first_version(key: PseudonymKey, subjects: int, files: int) -> dict[bytes, bytes]:
    """Subject by subject, as a site does it; prints the shares of the work."""
    digests: dict[bytes, bytes] = {}
    seconds = {"paths": 0.0, "leaves and subject roots": 0.0, "manifests as JSON (not needed)": 0.0}
    for number in range(subjects):
        subject = f"DRAGON-01-{number:06}"
        records = records_of(subject, files)
        at = [time.perf_counter()]
        path = key.path(subject)
        at.append(time.perf_counter())
        manifest = salted(subject, records)
        digests[path] = manifest.digest()
        at.append(time.perf_counter())
        write_manifest(manifest)
        at.append(time.perf_counter())
        for name, begin, end in zip(seconds, at, at[1:], strict=False):
            seconds[name] += end - begin
    for name, total in seconds.items():
        print(f"first version: {name:<37} {total:10.4f} s")
    return digests


def next_versions(tree: SubjectTree, key: PseudonymKey, files: int, count: int) -> None:
    for changed in (1, 100):
        names = [f"DRAGON-01-{number:06}" for number in range(min(changed, count))]
        before = [salted(name, records_of(name, files)) for name in names]
        timed(
            f"next version, {len(names)} subjects with one more file",
            partial(next_version, tree, key, before),
        )


def next_version(
    tree: SubjectTree, key: PseudonymKey, before: list[SubjectManifest]
) -> SubjectTree:
    changes: dict[bytes, bytes | None] = {}
    for old in before:
        records = [*(each.record for each in old.records), *records_of(old.subject, 1)]
        changes[key.path(old.subject)] = salted(old.subject, records, old).digest()
    return tree.update(changes)


def proofs(tree: SubjectTree, key: PseudonymKey, files: int) -> None:
    manifest = salted("asked", records_of("asked", files))
    dataset = CommittedDataset(
        tree.update({key.path("asked"): manifest.digest()}), key, os.urandom(32)
    )
    commitment = dataset.commitment()
    present = timed("prove present", lambda: dataset.prove_present(manifest))
    absent = timed("prove absent", lambda: dataset.prove_absent("nobody"))
    timed("verify present", lambda: verify_present(commitment, "asked", present))
    timed("verify absent", lambda: verify_absent(commitment, "nobody", absent))
    written = write_proof("asked", present)
    timed("read a presence proof", lambda: read_proof(written))
    print(
        f"presence proof {len(written)} bytes, absence {len(write_proof('nobody', absent))} bytes"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=400)
    asked = parser.parse_args()
    key, empty_key = PseudonymKey(os.urandom(32)), os.urandom(32)
    digests = first_version(key, asked.subjects, asked.files)
    tree = timed("first version: subject tree", lambda: SubjectTree(empty_key).update(digests))
    stems = timed("list the stems to be stored", lambda: list(tree.stems()))
    timed("restart: tree from stored stems", lambda: SubjectTree.from_stems(empty_key, stems))
    next_versions(tree, key, asked.files, asked.subjects)
    proofs(tree, key, asked.files)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak resident memory {peak:.0f} MiB")


if __name__ == "__main__":
    main()
