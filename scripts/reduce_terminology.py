#!/usr/bin/env python3
"""Reduce CDISC Controlled Terminology to the lists that the clinical checks need.

Usage: reduce_terminology.py FOLDER_WITH_CODELISTS > dragon_ledger/quality/clinical/terminology.json
Each codelist is one JSON file as `../shared/spec/cdisc_ct/README.txt` describes it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ATTRIBUTION = "CDISC SDTM Controlled Terminology, NCI Enterprise Vocabulary Services"
# Codelist -> what is kept of a term beside its value.
LISTS = {
    "SEX": "syn",
    "ETHNIC": "syn",
    "RACE": "syn",
    "AGEU": "syn",
    "NY": "syn",
    "ND": "syn",
    "UNIT": "syn",
    "LBTESTCD": "test",
    "LBSTRESC": "syn",
    "MBTESTCD": "test",
    "MBFTSDTL": "syn",
    "MITSCD": "test",
    "SPECTYPE": "syn",
    "DTHDXCD": "test",
}


def reduce(folder: Path) -> dict[str, Any]:
    codelists = {name: json.loads((folder / f"{name}.json").read_text()) for name in LISTS}
    return {
        "attribution": ATTRIBUTION,
        "release": codelists["SEX"]["release"],
        "lists": {name: _reduced(codelists[name], kept) for name, kept in LISTS.items()},
    }


def _reduced(codelist: dict[str, Any], kept: str | None) -> dict[str, Any]:
    terms = {term["value"]: term.get(kept) if kept else None for term in codelist["terms"]}
    return {
        "code": codelist["code"],
        "extensible": codelist["extensible"],
        "terms": terms if kept else sorted(terms),
    }


def to_text(terminology: dict[str, Any]) -> str:
    return json.dumps(terminology, indent=0, sort_keys=True, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(to_text(reduce(Path(sys.argv[1]))))
