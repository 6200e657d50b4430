"""The page, opened from disk in a real browser, says what the vectors say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.browser import Browser, browsing
from tests.verify_js.verifier import PAGE, VECTORS, cases


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with browsing(tmp_path, (PAGE / "index.html").as_uri()) as one:
        one.wait_for("document.readyState === 'complete' && globalThis.dragonVerify")
        yield one


def ask(browser: Browser, name: str, digest: str = "") -> str:
    """Fill in the form for a case, verify, and return the words of the answer."""
    case = cases()[name]
    published = json.dumps(json.loads((VECTORS / "published-code.json").read_text()))
    browser.evaluate(f"globalThis.dragonPublishedCode = {published}; 0")
    browser.choose_file("#bundle", VECTORS / case["bundle"])
    browser.choose_file("#network", VECTORS / case["network"])
    browser.choose_file("#model", VECTORS / "model.h5")
    browser.evaluate(f"document.getElementById('digest').value = '{digest}'")
    browser.evaluate(f"document.getElementById('now').value = '{case['demands']['now']}'")
    browser.evaluate("document.getElementById('ask').requestSubmit()")
    browser.wait_for("document.querySelector('.answer') !== null")
    said = str(browser.evaluate("document.querySelector('.answer').innerText"))
    return said.replace("\n\n", "\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("valid", "VALID\n"),
        ("revoked", "NOT VALID\n"),
        ("single-operator", "NOT VERIFIABLE\n"),
        ("too-few-seals", "BUNDLE REFUSED\nheader 66: sealed by 2 of 4 validators"),
    ],
)
def test_the_page_gives_the_answer(browser: Browser, name: str, words: str) -> None:
    model = cases()[name]["model"]
    said = ask(browser, name, model["content_digest"])
    assert said.startswith(words)
    if name != "too-few-seals":
        assert model["file_digest"] in said
        assert browser.evaluate("document.querySelectorAll('table tr').length") == 24


@pytest.mark.slow
def test_a_model_whose_content_is_not_read_is_not_verifiable(browser: Browser) -> None:
    assert ask(browser, "valid").startswith("NOT VERIFIABLE\nThe bundle says nothing about")
