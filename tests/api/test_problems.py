"""Every type of problem is explained by the service itself, and listed in its specification."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from api.problems import BASE, KINDS, Problem, busy, problem_body
from tests.api.conftest import Ledger

SPECIFICATION = Path(__file__).parents[2] / "docs" / "spec" / "api.md"


def test_the_specification_lists_every_type_with_its_status() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", SPECIFICATION.read_text(), re.MULTILINE)
    assert dict(rows) == {slug: str(int(kind.status)) for slug, kind in KINDS.items()}


@pytest.mark.parametrize("slug", sorted(KINDS))
def test_every_type_says_what_to_do_next(slug: str) -> None:
    assert re.fullmatch("[a-z-]+", slug)
    assert KINDS[slug].title.endswith(".")
    assert len(KINDS[slug].advice) > len("Do something.")
    document = problem_body(Problem(slug, "why"), "/v1/runs").decode()
    assert f'"help": "/problems/{slug}"' in document


def test_who_is_told_to_come_back_is_told_when() -> None:
    assert busy("full", 7).headers == {"Retry-After": "7"}


@pytest.mark.slow
def test_a_problem_leads_to_its_explanation(known: Ledger) -> None:
    problem = httpx.get(f"{known.server.url}/v1/verdicts/xyz").json()
    page = httpx.get(urljoin(f"{known.server.url}/v1/verdicts/xyz", problem["help"]))
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert problem["type"] in page.text
    assert "<h1>The request is not as specified.</h1>" in page.text
    assert "{{" not in page.text


@pytest.mark.slow
def test_all_types_are_on_one_page(known: Ledger) -> None:
    page = httpx.get(f"{known.server.url}/problems", follow_redirects=True)
    assert str(page.url).endswith("/problems/")
    for slug in KINDS:
        assert f'id="{slug}"' in page.text
        assert BASE + slug in page.text
    unknown = httpx.get(f"{known.server.url}/problems/%3Cscript%3E")
    assert unknown.json()["type"] == BASE + "not-found"
