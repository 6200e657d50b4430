"""The web page in a real browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.api.browser import browsing
from tests.api.conftest import Ledger, content_digest, write_model

pytestmark = pytest.mark.slow
ANSWER = "document.querySelector('.answer h2')?.textContent"


def test_a_model_file_that_is_dropped_gets_its_verdict(known: Ledger, tmp_path: Path) -> None:
    with browsing(tmp_path / "browser", known.server.url) as page:
        page.wait_for("document.querySelector('#state').textContent.includes('has read block')")
        page.choose_file("#file", known.model)
        assert page.wait_for(ANSWER) == "valid"
        notices = page.evaluate("document.querySelector('.notices').textContent")
        assert "organisation 3 was absent in round 1" in notices
        labels = page.evaluate("document.querySelector('.picture').textContent")
        assert "Version 1, org. 1: approved" in labels
        assert "Organisation 3 absent" in labels
        assert page.evaluate("document.querySelectorAll('.checks > li').length") == 24
        other = write_model(tmp_path / "other.h5", np.ones((2, 2)))
        page.choose_file("#file", other)
        assert page.wait_for(f"{ANSWER} === 'not valid' && {ANSWER}") == "not valid"


def test_a_link_with_a_digest_asks_at_once(known: Ledger, tmp_path: Path) -> None:
    url = f"{known.server.url}/?digest={content_digest(known.model).hex()}"
    with browsing(tmp_path / "browser", url) as page:
        assert page.wait_for(ANSWER) == "valid"
        page.evaluate("document.querySelector('#digest').value = 'xyz'")
        page.evaluate("document.querySelector('#ask').requestSubmit()")
        assert page.wait_for("!document.querySelector('#trouble').hidden")


def test_the_documentation_draws_itself(known: Ledger, tmp_path: Path) -> None:
    with browsing(tmp_path / "browser", f"{known.server.url}/docs/") as page:
        text = page.wait_for(
            "document.querySelectorAll('section').length && document.body.textContent"
        )
        assert "/v1/verdicts/{digest}" in text
        assert "ProblemDetails" in text
