#!/usr/bin/env python3
"""Check thousands of damaged DICOM files: no crash, no hang, no great memory, each one named.

    .venv/bin/python scripts/bench/hostile_dicom.py [--files 20000] [--seed 1] [--corpus FOLDER]

Damages: flipped bits, cut ends, wrong length fields, swapped parts, spliced files, zero bytes,
nested sequences, deflate bombs, lengths of 1 GB. Each file is read as the check reads it, in worker
processes; then the whole check runs over a part of them as a transfer.
"""

from __future__ import annotations

import argparse
import random
import resource
import struct
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from dragon_ledger.quality.check import check_transfer
from dragon_ledger.quality.dicom.image_facts import from_memo
from dragon_ledger.quality.dicom.workers import Reader, Task, read_all
from dragon_ledger.quality.rules import built_in
from dragon_ledger.samples import make_transfer

Damage = Callable[[random.Random, bytes, bytes], bytes]
HEADER = 4096
IN_HEADER = 0.8  # share of flipped files whose bits are in the header


def flip_bits(chance: random.Random, content: bytes, _: bytes) -> bytes:
    """Up to 64 bits, mostly in the header."""
    data = bytearray(content)
    reach = HEADER if chance.random() < IN_HEADER else len(data)
    for _flip in range(chance.randint(1, 64)):
        data[chance.randrange(min(reach, len(data)))] ^= 1 << chance.randrange(8)
    return bytes(data)


def cut(chance: random.Random, content: bytes, _: bytes) -> bytes:
    """Lose the end."""
    return content[: chance.randrange(len(content))]


def change_length(chance: random.Random, content: bytes, _: bytes) -> bytes:
    """Put a huge, undefined or negative length somewhere in the header."""
    data = bytearray(content)
    place = chance.randrange(132, min(HEADER, len(data) - 4))
    value = chance.choice([0xFFFFFFFF, 1 << 30, 0x7FFFFFFF, 0, 1, 0xFFFE, len(data)])
    data[place : place + 4] = struct.pack("<L", value)
    return bytes(data)


def swap(chance: random.Random, content: bytes, _: bytes) -> bytes:
    """Exchange two parts."""
    a, b = sorted(chance.randrange(132, min(HEADER, len(content))) for _part in range(2))
    size = chance.randint(1, 64)
    return (
        content[:a]
        + content[b : b + size]
        + content[a + size : b]
        + content[a : a + size]
        + content[b + size :]
    )


def splice(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """The beginning of one file and the end of another."""
    return content[: chance.randrange(len(content))] + other[chance.randrange(len(other)) :]


def zeros(chance: random.Random, content: bytes, _: bytes) -> bytes:
    """A run of zero bytes."""
    start = chance.randrange(len(content))
    size = chance.randint(1, 2048)
    return content[:start] + b"\0" * size + content[start + size :]


def nest(chance: random.Random, content: bytes, _: bytes) -> bytes:
    """Sequences inside sequences, of undefined length."""
    deep = chance.choice([20, 500, 5000])
    opened = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    return content[: chance.randrange(300, 900)] + opened * deep


def many_elements(chance: random.Random, content: bytes, _: bytes) -> bytes:
    """A million empty elements."""
    one = struct.pack("<HH2sH", 0x0009, chance.randrange(0x1000, 0xFFFF), b"LO", 0)
    return content[:1500] + one * 1_000_000


def bomb(chance: random.Random, content: bytes, _: bytes) -> bytes:
    """A deflated data set of 512 MB of zeros."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    packed = b"".join(packer.compress(b"\0" * (1 << 20)) for _part in range(512)) + packer.flush()
    head = content.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99", 1)
    return head[: chance.randrange(300, 400)] + packed


COMMON: tuple[Damage, ...] = (flip_bits, cut, change_length, swap, splice, zeros)
RARE: tuple[Damage, ...] = (nest, many_elements, bomb)


def damaged(seeds: list[bytes], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """So many damaged files as (kind, bytes); equal arguments give equal files."""
    chance = random.Random(seed)  # noqa: S311 (damage that can be repeated, no secret)
    for number in range(count):
        kind = chance.choice(RARE) if number % 200 == 0 else chance.choice(COMMON)
        yield kind.__name__, kind(chance, chance.choice(seeds), chance.choice(seeds))


def corpus(folder: Path | None, place: Path) -> list[bytes]:
    """Files to damage: a sample slice, and those of a folder."""
    make_transfer(place / "sample", partner="HOSTILE", seed=1, subjects=1, slices=25, size=64)
    paths = sorted((place / "sample").rglob("*.dcm"))[:3]
    if folder is not None:
        paths += [path for path in sorted(folder.rglob("*")) if path.is_file()]
    contents = [path.read_bytes() for path in paths if path.stat().st_size < 1 << 20]
    return [content for content in contents if content[128:132] == b"DICM"]


def read_hostile(
    seeds: list[bytes], count: int, seed: int, place: Path, batch: int = 500
) -> Counter[str]:
    """Read damaged files in batches; the answer counts what became of them."""
    required = tuple((rule.tag, rule.keyword) for rule in built_in().tags)
    outcomes: Counter[str] = Counter()
    names: list[str] = []
    for number, (kind, content) in enumerate(damaged(seeds, count, seed)):
        names.append(f"{number:06d}-{kind}.dcm")
        (place / names[-1]).write_bytes(content)
        if len(names) == batch or number + 1 == count:
            outcomes += _read_batch(Reader(place, required, "bench"), names)
            names = []
    return outcomes


def _read_batch(reader: Reader, names: list[str]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    answered = set()
    for answers in read_all(reader, [Task(name, decode=True) for name in names]):
        for answer in answers:
            facts = from_memo(answer.memo, reader.profile)
            if facts is None:
                raise SystemExit(f"{answer.path}: no facts")
            answered.add(answer.path)
            outcomes[facts.problem.partition("(")[0].strip() or "read, judged by its elements"] += 1
    if answered != set(names):
        raise SystemExit(f"no answer for {sorted(set(names) - answered)[:3]}")
    for name in names:
        (reader.root / name).unlink()
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        seeds = corpus(given.corpus, place)
        (place / "hostile").mkdir()
        start = time.perf_counter()
        outcomes = read_hostile(seeds, given.files, given.seed, place / "hostile")
        seconds = time.perf_counter() - start
        print(f"{given.files} files from {len(seeds)} seeds in {seconds:.0f} s, seed {given.seed}")
        for outcome, count in outcomes.most_common():
            print(f"{count:7d}  {outcome}")
        judge_some(seeds, place, given.seed)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest process: {peak:.0f} MiB")


def judge_some(seeds: list[bytes], place: Path, seed: int) -> None:
    """The whole check over a transfer whose images are damaged."""
    folder = place / "sample"
    series = next(path for path in sorted(folder.glob("*/*/*")) if path.is_dir())
    for number, (kind, content) in enumerate(damaged(seeds, 1000, seed + 1)):
        (series / f"{number:06d}-{kind}.dcm").write_bytes(content)
    report = check_transfer(folder, built_in(), today=date(2026, 11, 22))
    named = {finding.file for finding in report.findings if finding.code == "dicom.unreadable"}
    print(f"whole check: {report.outcome}, {len(named)} unreadable files named")


if __name__ == "__main__":
    main()
