"""The page about clinical tables names every finding, and no finding that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

from dragon_ledger.quality.clinical.reporting import entries

PAGE = Path(__file__).parents[3] / "docs" / "clinical-tables.md"


def test_the_page_names_exactly_the_findings_that_there_are() -> None:
    named = re.findall(r"`((?:domains|sdtm|clinical-missing|privacy)\.[a-z-]+)`", PAGE.read_text())
    assert sorted(named) == sorted(entries())
