#!/usr/bin/env python3
"""Judge clinical tables that are huge in one way: one field, one line, quotes, columns, archives.

Usage: hostile_extremes.py [CASE ...]

Each table is judged in a process of its own. Fails when one takes more than 2 s of processor time
or more than 1 GiB, the file's own bytes included, or when no finding names it.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from dragon_ledger.quality.clinical.check import check_clinical
from dragon_ledger.quality.clinical_boundary import ClinicalFile, ClinicalInput
from dragon_ledger.quality.rules import built_in

SLOWEST_SECONDS = 2.0
MOST_MEMORY_MIB = 1024
NAME = "UNIFI_lb.csv"
SIZE = 200_000_000
HEADER = (
    b"STUDYID,DOMAIN,USUBJID,LBSEQ,LBTESTCD,LBTEST,LBCAT,LBORRES,LBORRESU,LBSTRESC,LBSTRESN,"
    b"LBSTRESU\n"
)
ROW = b"DRAGON,LB,P1,1,PLAT,Platelets,HEMATOLOGY,210,10^9/L,210,210,10^9/L\n"
FRONT = HEADER + b"DRAGON,LB,P1,1,PLAT,Platelets,HEMATOLOGY,"


def _distinct(rows: int) -> bytes:
    line = b"D%d,L%d,P%d,%d,T%d,N%d,C%d,%d,U%d,%d,%d,V%d\n"
    return HEADER + b"".join(line % ((number,) * 12) for number in range(rows))


CASES: Mapping[str, Callable[[], bytes]] = MappingProxyType({
    "one field of 200 MB": lambda: FRONT + b"x" * SIZE,
    "one quoted field of 200 MB": lambda: FRONT + b'"' + b"x" * SIZE + b'"',
    "a quote that never closes": lambda: FRONT + b'"' + b"x\n" * (SIZE // 2),
    "a quote that never closes over rows": lambda: FRONT + b'"' + ROW * 2_000_000,
    "quotes only": lambda: HEADER + b'"' * SIZE,
    "separators only": lambda: HEADER + b"," * SIZE,
    "line ends only": lambda: HEADER + b"\n" * SIZE,
    "NUL bytes only": lambda: b"\0" * SIZE,
    "1 000 000 columns": lambda: b",".join(b"X%d" % n for n in range(1_000_000)) + b"\n" + ROW,
    "a value of 60 000 characters in each row": lambda: HEADER + ROW.replace(
        b"PLAT", b"A" * 60_000) * 2_000,
    "e-mail signs": lambda: HEADER + ROW.replace(b"HEMATOLOGY", b"a@" * 30_000) * 1_000,
    "every value another": lambda: _distinct(200_000),
    "two encodings": lambda: HEADER + ROW * 200_000 + "é".encode() * 9 + b"\xe9" * 9 + ROW,
    "UTF-16": lambda: (HEADER + ROW * 200_000).decode().encode("utf-16"),
    "a gzip archive": lambda: gzip.compress(HEADER + ROW * 100_000),
    "a gzip bomb": lambda: gzip.compress(b"\0" * SIZE),
    "formulas": lambda: HEADER + ROW.replace(b"Platelets", b"=cmd|' /C calc'!A0"),
})  # fmt: skip


def judge(case: str) -> tuple[float, float, float, int]:
    """Seconds, peak MiB, MiB of the file, and how many findings name it."""
    content = CASES[case]()
    file = ClinicalFile(NAME, "LB", "UNIFI", content)
    given = ClinicalInput(
        (file,), (), built_in(), date(2026, 11, 22), frozenset({"SMITH"}), "UNIFI"
    )
    started = time.process_time()
    result = check_clinical(given)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    named = sum(each.file == NAME for one in result.results for each in one.findings)
    return seconds, peak, len(content) / 2**20, named


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help="; ".join(CASES))
    wanted = parser.parse_args().cases or list(CASES)
    failures = 0
    for case in wanted:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, peak, size, named = pool.apply(judge, (case,))
        bad = seconds > SLOWEST_SECONDS or peak > MOST_MEMORY_MIB or not named
        failures += bad
        print(
            f"{case}: {size:.0f} MiB, {seconds:.2f} s, peak {peak:.0f} MiB, {named} findings"
            f"{' FAILS' if bad else ''}"
        )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
