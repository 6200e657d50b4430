"""Synthetic subjects: who they are, how ill they are and when they were scanned.

Everything follows from partner, seed and subject number, so a later transfer of the same partner
repeats the earlier subjects byte for byte and only adds new ones.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

FIRST_VISIT = datetime(2021, 3, 1, 8, 0, 0)  # noqa: DTZ001 DICOM DA and TM carry no zone here
DAYS = 900  # visits fall within these after the first, however many subjects there are
SCANNED_TWICE = (1, 3)  # remainder and divisor of the subject number
DECEASED = (3, 4)


@dataclass(frozen=True, slots=True)
class Scan:
    """One CT series of a subject; `severity` in [0, 1] is the share of the lungs affected."""

    number: int
    taken: datetime
    severity: float
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str


@dataclass(frozen=True, slots=True)
class Subject:
    """One synthetic person; `age` in years. `infected` is what a model is to learn."""

    number: int
    pseudonym: str
    infected: bool
    sex: str
    age: int
    died: datetime | None
    cigarettes_a_day: int
    scans: tuple[Scan, ...]


def stream(*names: object) -> np.random.Generator:
    """Return a random stream that depends on the names alone, not on what was drawn before."""
    digest = hashlib.sha256("|".join(map(str, names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def uid(*names: object) -> str:
    """Return a UUID-derived DICOM UID (PS3.5 section B.2) that depends on the names alone."""
    digest = hashlib.sha256("|".join(map(str, names)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def pseudonym(partner: str, number: int) -> str:
    """Return a subject's identifier, 10 characters as Table 3 allows, distinct between partners."""
    mark = hashlib.sha256(partner.encode()).hexdigest()[:3].upper()
    return f"{partner[:2].upper()}{mark}-{number:04d}"


def make_subject(partner: str, seed: int, number: int) -> Subject:
    """Return subject `number` (from 1) of a partner.

    Odd subjects are infected; the first of every three is scanned twice; the third of every four
    has died. So any four subjects in a row hold both labels, a pair of scans and a death.
    """
    rng = stream(partner, seed, number, "subject")
    infected = number % 2 == 1
    severity = float(rng.uniform(0.55, 1.0) if infected else rng.uniform(0.0, 0.3))
    scans = _scans(partner, seed, number, severity, rng)
    died = scans[-1].taken + timedelta(days=6, hours=5) if _is(number, DECEASED) else None
    return Subject(
        number=number,
        pseudonym=pseudonym(partner, number),
        infected=infected,
        sex="FM"[int(rng.integers(2))],
        age=int(rng.integers(34, 86)),
        died=died,
        cigarettes_a_day=int(rng.integers(2, 25)) if number % 2 == 0 else 0,
        scans=scans,
    )


def _is(number: int, which: tuple[int, int]) -> bool:
    remainder, divisor = which
    return number % divisor == remainder


def _scans(
    partner: str, seed: int, number: int, severity: float, rng: np.random.Generator
) -> tuple[Scan, ...]:
    day = FIRST_VISIT + timedelta(days=3 * number % DAYS, minutes=int(rng.integers(0, 540)))
    count = 2 if _is(number, SCANNED_TWICE) else 1
    return tuple(
        Scan(
            number=index + 1,
            taken=day + timedelta(days=14 * index, minutes=7 * index),
            severity=severity * (0.6 if index else 1.0),
            study_uid=uid(partner, seed, number, index, "study"),
            series_uid=uid(partner, seed, number, index, "series"),
            frame_of_reference_uid=uid(partner, seed, number, index, "frame"),
        )
        for index in range(count)
    )
