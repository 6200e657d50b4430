"""The six SDTM domains of a sample transfer, consistent with its images.

Results follow severity with some scatter, so a model can learn the infection (MB) from the opacity
on CT and from LB. Terms are of the CDISC SDTM Controlled Terminology of 2025-03-28.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from dragon_ledger.samples.subjects import Scan, Subject, stream
from dragon_ledger.samples.tables import Row

STUDY = "DRAGON"
RACES = ("WHITE", "ASIAN", "BLACK OR AFRICAN AMERICAN")
RACE_SHARES = (0.8, 0.12, 0.08)
ETHNIC_GROUPS = ("NOT HISPANIC OR LATINO", "HISPANIC OR LATINO")
ETHNIC_SHARES = (0.9, 0.1)
SWABBED_BEFORE_SCAN = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class LabTest:
    """A laboratory test: result = exp(intercept + slope * severity + scatter), in `unit`.

    `factor` converts the original unit to the standard unit.
    """

    code: str
    name: str
    category: str
    unit: str
    standard_unit: str
    factor: float
    intercept: float
    slope: float
    scatter: float


LAB_TESTS = (
    LabTest("CRP", "C Reactive Protein", "CHEMISTRY", "mg/L", "mg/L", 1, 1.6, 3.2, 0.35),
    LabTest("LDH", "Lactate Dehydrogenase", "CHEMISTRY", "U/L", "U/L", 1, 5.2, 0.8, 0.15),
    LabTest("LYM", "Lymphocytes", "HEMATOLOGY", "10^9/L", "10^9/L", 1, 0.75, -0.9, 0.2),
    LabTest("HGB", "Hemoglobin", "HEMATOLOGY", "g/dL", "g/L", 10, 2.62, -0.06, 0.06),
)


def domain_tables(
    subjects: Sequence[Subject], partner: str, seed: int, country: str
) -> dict[str, list[Row]]:
    """Return the rows of every domain that has any, by domain name, columns in SDTM order."""
    tables = {
        "DM": [_dm(subject, partner, seed, country) for subject in subjects],
        "SU": [_su(subject) for subject in subjects],
        "LB": [row for subject in subjects for row in _lb(subject, partner, seed)],
        "MB": [row for subject in subjects for row in _mb(subject, partner, seed)],
        "MI": [_mi(subject, partner, seed) for subject in subjects if subject.infected],
        "DD": [_dd(subject, subject.died) for subject in subjects if subject.died],
    }
    return {domain: rows for domain, rows in tables.items() if rows}


def _identifiers(domain: str, subject: Subject) -> Row:
    return {"STUDYID": STUDY, "DOMAIN": domain, "USUBJID": subject.pseudonym}


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M")


def _dm(subject: Subject, partner: str, seed: int, country: str) -> Row:
    rng = stream(partner, seed, subject.number, "DM")
    return _identifiers("DM", subject) | {
        "SUBJID": f"{subject.number:04d}",
        "DTHDTC": _iso(subject.died) if subject.died else "",
        "DTHFL": "Y" if subject.died else "",
        "SITEID": partner,
        "AGE": str(subject.age),
        "AGEU": "YEARS",
        "SEX": subject.sex,
        "RACE": str(rng.choice(RACES, p=RACE_SHARES)),
        "ETHNIC": str(rng.choice(ETHNIC_GROUPS, p=ETHNIC_SHARES)),
        "COUNTRY": country,
    }


def _su(subject: Subject) -> Row:
    """A never-user is a row with SUOCCUR N and neither dose nor duration."""
    smokes = subject.cigarettes_a_day > 0
    return _identifiers("SU", subject) | {
        "SUSEQ": "1",
        "SUTRT": "CIGARETTES",
        "SUPRESP": "Y",
        "SUOCCUR": "Y" if smokes else "N",
        "SUDOSE": str(subject.cigarettes_a_day) if smokes else "",
        "SUDOSU": "CIGARETTE" if smokes else "",
        "SUDOSFRQ": "QD" if smokes else "",
        "SUDUR": f"P{subject.age - 20}Y" if smokes else "",
    }


def _lb(subject: Subject, partner: str, seed: int) -> Iterator[Row]:
    rng = stream(partner, seed, subject.number, "LB")
    visits = [(scan, test) for scan in subject.scans for test in LAB_TESTS]
    for sequence, (scan, test) in enumerate(visits, start=1):
        yield _lab_row(subject, scan, test, sequence, rng)


def _lab_row(
    subject: Subject, scan: Scan, test: LabTest, sequence: int, rng: np.random.Generator
) -> Row:
    exponent = test.intercept + test.slope * scan.severity + rng.normal(0, test.scatter)
    result = f"{np.exp(exponent):.1f}"
    standard = result if test.factor == 1 else f"{float(result) * test.factor:g}"
    return _identifiers("LB", subject) | {
        "LBSEQ": str(sequence),
        "LBTESTCD": test.code,
        "LBTEST": test.name,
        "LBCAT": test.category,
        "LBORRES": result,
        "LBORRESU": test.unit,
        "LBSTRESC": standard,
        "LBSTRESN": standard,
        "LBSTRESU": test.standard_unit,
        "LBDTC": _iso(scan.taken - timedelta(hours=1)),
    }


def _mb(subject: Subject, partner: str, seed: int) -> Iterator[Row]:
    collected = _iso(subject.scans[0].taken - SWABBED_BEFORE_SCAN)
    answer = "POSITIVE" if subject.infected else "NEGATIVE"
    yield _mb_row(subject, "1", "DETECTION", answer, "", collected)
    if subject.infected:
        load = stream(partner, seed, subject.number, "MB").lognormal(12, 1)
        yield _mb_row(subject, "2", "VIRAL LOAD", f"{load:.0f}", "copies/mL", collected)


def _mb_row(
    subject: Subject, sequence: str, detail: str, result: str, unit: str, collected: str
) -> Row:
    """A qualitative result has no number and no unit; the rule set allows exactly that."""
    return _identifiers("MB", subject) | {
        "MBSEQ": sequence,
        "MBTESTCD": "SAR2RNA",
        "MBTEST": "SARS-CoV-2 RNA",
        "MBTESTDTL": detail,
        "MBORRES": result,
        "MBORRESU": unit,
        "MBSTRESC": result,
        "MBSTRESN": result if unit else "",
        "MBSTRESU": unit,
        "MBSPEC": "SWABBED MATERIAL",
        "MBLOC": "NASOPHARYNX",
        "MBMETHOD": "REVERSE TRANSCRIPTASE PCR",
        "MBDTC": collected,
    }


def _mi(subject: Subject, partner: str, seed: int) -> Row:
    rng = stream(partner, seed, subject.number, "MI")
    share = f"{rng.uniform(10, 45):.1f}"
    return _identifiers("MI", subject) | {
        "MISEQ": "1",
        "MITESTCD": "LYMCE",
        "MITEST": "Lymphocytes/Total Cells",
        "MIORRES": share,
        "MIORRESU": "%",
        "MISTRESC": share,
        "MISTRESN": share,
        "MISTRESU": "%",
        "MISPEC": "LAVAGE FLUID",
        "MIDTC": _iso(subject.scans[0].taken + timedelta(days=1)),
    }


def _dd(subject: Subject, died: datetime) -> Row:
    return _identifiers("DD", subject) | {
        "DDSEQ": "1",
        "DDTESTCD": "PRCDTH",
        "DDTEST": "Primary Cause of Death",
        "DDORRES": "COVID-19 PNEUMONIA",
        "DDSTRESC": "COVID-19 PNEUMONIA",
        "DDDTC": _iso(died),
    }
