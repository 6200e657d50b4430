#!/usr/bin/env python3
"""Judge thousands of damaged clinical tables.

Usage: hostile_clinical.py [COUNT] [--first SEED].

Every seed makes one damaged CSV or SAS XPORT file. Each is judged beside a whole
table DM. Fails on a crash, on a file that takes more than 2 s of a core, on more than 1 GiB
of memory, and on an unreadable file that no finding names. A seed that fails is printed; repeat it
with `--first SEED 1`.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pyreadstat

from dragon_ledger.quality.clinical.check import check_clinical
from dragon_ledger.quality.clinical_boundary import ClinicalFile, ClinicalInput, ClinicalResult
from dragon_ledger.quality.rules import built_in
from dragon_ledger.samples import make_transfer

SLOWEST_SECONDS = 2.0
MOST_MEMORY_MIB = 1024
WHOLE = "UNIFI_dm.csv"
Mutation = Callable[[random.Random, bytearray], bytes]


def _flip_bits(rng: random.Random, data: bytearray) -> bytes:
    for _ in range(rng.choice((1, 3, 20, 200))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def _truncate(rng: random.Random, data: bytearray) -> bytes:
    return bytes(data[: rng.randrange(len(data))])


def _truncate_to_records(rng: random.Random, data: bytearray) -> bytes:
    return bytes(data[: 80 * rng.randrange(1 + len(data) // 80)])


def _insert_marks(rng: random.Random, data: bytearray) -> bytes:
    marks = (b'"', b",", b"\n", b"\r", b"\0", b";", b"\xff", b"\x81", b"\xef\xbb\xbf", b"\t", b'""')
    for _ in range(rng.choice((1, 5, 50))):
        at = rng.randrange(len(data))
        data[at:at] = rng.choice(marks)
    return bytes(data)


def _change_digits(rng: random.Random, data: bytearray) -> bytes:
    """Digits are counts, lengths and offsets in the headers of a transport file."""
    places = [at for at, byte in enumerate(data[:4000]) if chr(byte).isdigit()]
    for at in rng.sample(places, min(len(places), rng.choice((1, 3, 10)))):
        data[at] = ord(rng.choice("0123456789"))
    return bytes(data)


def _change_lengths(rng: random.Random, data: bytearray) -> bytes:
    """Overwrite whole binary fields with the largest, the smallest and negative numbers."""
    for _ in range(rng.choice((1, 2, 8))):
        at = rng.randrange(max(1, min(len(data), 6000) - 4))
        data[at : at + 4] = rng.choice((b"\x7f\xff\xff\xff", b"\xff" * 4, b"\0" * 4, b"\x80\0\0\0"))
    return bytes(data)


def _repeat(rng: random.Random, data: bytearray) -> bytes:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.choice((1, 80, 4000))]
    return bytes(data[:start] + piece * rng.choice((2, 100, 2000)) + data[start:])


def _shuffle(rng: random.Random, data: bytearray) -> bytes:
    pieces = [data[at : at + 80] for at in range(0, len(data), 80)]
    rng.shuffle(pieces)
    return b"".join(bytes(piece) for piece in pieces)


def _mix_encodings(rng: random.Random, data: bytearray) -> bytes:
    text = bytes(data).decode("latin-1")
    half = rng.randrange(len(text))
    first, second = rng.sample(("utf-8", "utf-16", "utf-16-le", "utf-32", "cp1252"), 2)
    return text[:half].encode(first, "replace") + "é”".join(text[half:].split("A")).encode(
        second, "replace"
    )


def _many_columns(rng: random.Random, data: bytearray) -> bytes:
    count = rng.choice((1_001, 20_000, 1_000_000))
    return b",".join([b"X"] * count) + b"\n" + bytes(data)


def _long_field(rng: random.Random, data: bytearray) -> bytes:
    at = rng.randrange(len(data))
    quote = rng.choice((b"", b'"'))
    return bytes(data[:at]) + quote + b"x" * rng.choice((70_000, 5_000_000)) + bytes(data[at:])


def _rubbish(rng: random.Random, data: bytearray) -> bytes:
    return rng.randbytes(rng.choice((0, 1, 79, 80, len(data), 100_000)))


def _only_marks(rng: random.Random, data: bytearray) -> bytes:
    return bytes(rng.choice(b',"\n\r ;') for _ in range(min(len(data), 5_000)))


MUTATIONS: tuple[Mutation, ...] = (
    _flip_bits, _truncate, _truncate_to_records, _insert_marks, _change_digits, _change_lengths,
    _repeat, _shuffle, _mix_encodings, _many_columns, _long_field, _rubbish, _only_marks,
)  # fmt: skip


def whole_tables() -> dict[str, bytes]:
    """The tables of a small clean transfer by file name, as CSV and as XPORT versions 5 and 8."""
    tables: dict[str, bytes] = {}
    with TemporaryDirectory() as name:
        folder = Path(name) / "transfer"
        make_transfer(folder, partner="UNIFI", seed=1, slices=1, size=8)
        for path in sorted(folder.glob("UNIFI_??.csv")):
            tables[path.name] = path.read_bytes()
            frame = pl.read_csv(path, infer_schema=False).fill_null("")
            for version in (5, 8):
                target = folder / "table.xpt"
                frame.columns = [each[:8] for each in frame.columns]
                pyreadstat.write_xport(frame, str(target), file_format_version=version)
                tables[f"{path.stem}.v{version}.xpt"] = target.read_bytes()
    return tables


def damaged(seed: int, tables: dict[str, bytes]) -> tuple[str, str, bytes]:
    """Return the damaged table of a seed: its name, what was done, and its bytes."""
    rng = random.Random(seed)  # noqa: S311 (repeatable damage, no secret)
    name = rng.choice(sorted(tables))
    mutation = rng.choice(MUTATIONS)
    return name, mutation.__name__.strip("_"), mutation(rng, bytearray(tables[name]))


def judge(name: str, content: bytes, tables: dict[str, bytes]) -> ClinicalResult:
    """Judge a transfer of the damaged table and, unless that is it, a whole table DM."""
    domain = name.partition(".")[0].rpartition("_")[2].upper()
    files = [ClinicalFile(name, domain, "UNIFI", content)]
    if domain != "DM":
        files.append(ClinicalFile(WHOLE, "DM", "UNIFI", tables[WHOLE]))
    given = ClinicalInput(
        tuple(files), (), built_in(), date(2026, 11, 22), frozenset({"SMITH"}), "UNIFI"
    )
    return check_clinical(given)


def complaint(name: str, result: ClinicalResult, seconds: float) -> str | None:
    """What is wrong with how a damaged table was judged, None when nothing is."""
    if seconds > SLOWEST_SECONDS:
        return f"took {seconds:.1f} s"
    named = {each.file for one in result.results for each in one.findings}
    if name not in result.notes and name not in named:
        return "unreadable, and no finding names it"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=5_000)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    tables = whole_tables()
    outcomes: Counter[str] = Counter()
    slowest, failures = 0.0, 0
    for seed in range(given.first, given.first + given.count):
        name, done, content = damaged(seed, tables)
        started = time.process_time()
        try:
            result = judge(name, content, tables)
        except BaseException:
            print(f"seed {seed}: {name}, {done}: crashed")
            raise
        seconds = time.process_time() - started
        slowest = max(slowest, seconds)
        outcomes["read" if name in result.notes else "unreadable"] += 1
        wrong = complaint(name, result, seconds)
        if wrong:
            failures += 1
            print(f"seed {seed}: {name}, {done}: {wrong}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{given.count} files {dict(outcomes)}, slowest {slowest:.2f} s, peak {peak:.0f} MiB")
    return 1 if failures or peak > MOST_MEMORY_MIB else 0


if __name__ == "__main__":
    sys.exit(main())
