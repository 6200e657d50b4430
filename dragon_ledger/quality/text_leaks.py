"""Patterns in a text that may identify a person: DICOM texts, file names, clinical text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib import import_module
from types import ModuleType

# Bounded repetitions: a text of 64 kB must not take the square of its length.
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{0,190}[a-z]{2}", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.])\+\d{1,3}[ ./-]?(?:\(0\)[ ./-]?)?\d(?:[ ./-]?\d){6,11}(?![\w])")
_CALLED_PHONE = re.compile(
    r"\b(?:tel|phone|mobile|gsm|fax|telefon|t[ée]l[ée]phone)\b\W{0,3}\d(?:[ ./-]?\d){5,12}",
    re.IGNORECASE,
)
_DATES = (
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)[-/.]?(?P<m>\d\d)[-/.]?(?P<d>\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>(?:19|20)\d\d)(?!\d)"),
)
_BIRTH = re.compile(
    r"\b(?:d\.?o\.?b\.?|born|birth|birthdate|geb|n[ée]e?|geboren)\b\W*\d", re.IGNORECASE
)
# In lower case but for the first letter where the capitals mean something else: MR, MS, MRS.
_TITLED_NAME = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Mme|Mlle|Dhr|Mevr|(?i:monsieur|madame|herr|frau|mevrouw|"
    r"signora?|se[ñn]ora?))\b\.?\s+[A-ZÀ-Þ][\w'-]+"
)
_NUMBER_BEHIND_WORDS = re.compile(r"(?<![\w.])\d(?:[ .\-/]?[0-9A-Z]){7,20}(?![\w])")
_NUMBER = re.compile(r"(?<![\w.])[0-9A-Z](?:[ .\-/]?[0-9A-Z]){7,20}(?![\w])")

# National numbers with a check digit, by the length of their compact form. Numbers of few digits
# and a weak check (nl.bsn, gb.nhs) are asked for only when written in their own grouping.
_NATIONAL = (
    "be.nn", "bg.egn", "ch.ssn", "cz.rc", "de.idnr", "dk.cpr", "ee.ik", "es.dni", "es.nie",
    "fi.hetu", "fr.nir", "gr.amka", "it.codicefiscale", "lt.asmens", "lv.pvn", "no.fodselsnummer",
    "pl.pesel", "ro.cnp", "se.personnummer", "tr.tckimlik", "us.ssn",
)  # fmt: skip
_GROUPED = {
    "gb.nhs": re.compile(r"^\d{3} \d{3} \d{4}$"),
    "nl.bsn": re.compile(r"^\d{4}[. ]\d{2}[. ]\d{3}$"),
    "us.ssn": re.compile(r"^\d{3}-\d{2}-\d{4}$"),
    "cz.rc": re.compile(r"^\d{6}/\d{3,4}$"),
    "dk.cpr": re.compile(r"^\d{6}-\d{4}$"),
    "se.personnummer": re.compile(r"^(\d{2})?\d{6}[-+]\d{4}$"),
    "lv.pvn": re.compile(r"^\d{6}-\d{5}$"),
    "bg.egn": re.compile(r"^\d{10}$"),
}


@dataclass(frozen=True, slots=True)
class Leak:
    """Something in a text: `kind` says what, such as `e-mail address` or `date`."""

    kind: str

    @property
    def is_date(self) -> bool:
        """Whether it is a plain date, which may be harmless."""
        return self.kind == "date"


@lru_cache(maxsize=65_536)
def leaks(text: str) -> tuple[Leak, ...]:
    """What a text may give away, each kind once."""
    if len(text) < 6:  # noqa: PLR2004 (no pattern is shorter)
        return ()
    found = [kind for kind, is_in in _KINDS if is_in(text)]
    if "birth date" in found and "date" in found:
        found.remove("date")
    return tuple(Leak(kind) for kind in found)


def _has_email(text: str) -> bool:
    return "@" in text and _EMAIL.search(text) is not None


def _has_titled_name(text: str) -> bool:
    return _TITLED_NAME.search(text) is not None


def _has_phone(text: str) -> bool:
    return _PHONE.search(text) is not None or _CALLED_PHONE.search(text) is not None


def _has_birth_date(text: str) -> bool:
    return _BIRTH.search(text) is not None and _has_date(text)


def _has_date(text: str) -> bool:
    return any(_exists(match) for pattern in _DATES for match in pattern.finditer(text))


def _exists(match: re.Match[str]) -> bool:
    try:
        date(int(match["y"]), int(match["m"]), int(match["d"]))
    except ValueError:
        return False
    return True


def _has_national_number(text: str) -> bool:
    return any(
        _is_national(match.group())
        for pattern in (_NUMBER, _NUMBER_BEHIND_WORDS)
        for match in pattern.finditer(text)
    )


def _is_national(candidate: str) -> bool:
    if not any(character.isdigit() for character in candidate):
        return False
    return any(
        module.is_valid(candidate)
        for name, module in _validators().items()
        if name not in _GROUPED or _GROUPED[name].match(candidate)
    )


@cache
def _validators() -> dict[str, ModuleType]:
    names = sorted({*_NATIONAL, *_GROUPED})
    return {name: import_module(f"stdnum.{name}") for name in names}


_KINDS = (
    ("e-mail address", _has_email),
    ("name after a title", _has_titled_name),
    ("telephone number", _has_phone),
    ("national number", _has_national_number),
    ("birth date", _has_birth_date),
    ("date", _has_date),
)
