"""The page, opened from disk in a real browser, says what the vectors say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from dragon_ledger.digests.hdf5 import hdf5_content_digest
from tests.api.browser import Browser, browsing
from tests.verify_js.verifier import PAGE, VECTORS, cases

WATCH = """
globalThis.dragonWords = []; globalThis.dragonTicks = 0;
const reading = globalThis.dragonHdf5Content.contentDigest;
globalThis.dragonHdf5Content.contentDigest = async (...all) => {
  globalThis.dragonDigest = await reading(...all);
  return globalThis.dragonDigest;
};
new MutationObserver(() => {
  const bar = document.querySelector("progress");
  const words = bar && bar.parentElement.innerText;
  if (words && !globalThis.dragonWords.includes(words)) globalThis.dragonWords.push(words);
}).observe(document.body, { subtree: true, childList: true, characterData: true });
setInterval(() => { globalThis.dragonTicks += 1; }, 5);
"""
"""Notes the digest, what the page says meanwhile, and that other work gets its turn."""


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with browsing(tmp_path, (PAGE / "index.html").as_uri()) as one:
        one.wait_for("document.readyState === 'complete' && globalThis.dragonVerify")
        yield one


def ask(browser: Browser, name: str, model: Path = VECTORS / "model.h5") -> str:
    """Fill in the form for a case, verify, and return the words of the answer."""
    case = cases()[name]
    published = json.dumps({"0.1.0": json.loads((VECTORS / "published-code.json").read_text())})
    browser.evaluate(f"globalThis.dragonPublishedCode = {published}; 0")
    browser.choose_file("#bundle", VECTORS / case["bundle"])
    browser.choose_file("#network", VECTORS / case["network"])
    browser.choose_file("#model", model)
    browser.evaluate(f"document.getElementById('now').value = '{case['demands']['now']}'")
    browser.evaluate("document.getElementById('ask').requestSubmit()")
    browser.wait_for("document.querySelector('.answer') !== null")
    said = str(browser.evaluate("document.querySelector('.answer').innerText"))
    return said.replace("\n\n", "\n")


def requests(browser: Browser) -> list[str]:
    """Addresses of all that the page has loaded."""
    names = "performance.getEntriesByType('resource').map((one) => one.name)"
    return list(browser.evaluate(names))


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
def test_the_page_hashes_the_model_and_gives_the_answer(
    browser: Browser, name: str, words: str
) -> None:
    model = cases()[name]["model"]
    said = ask(browser, name)
    assert said.startswith(words)
    if name != "too-few-seals":
        assert model["file_digest"] in said
        assert model["content_digest"] in said
        assert browser.evaluate("document.querySelectorAll('table tr').length") == 24
    assert [address for address in requests(browser) if not address.startswith("file:")] == []


@pytest.mark.slow
def test_a_model_that_the_page_cannot_read_is_not_verifiable(
    browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("d", (3,), "<f4", compression="lzf")
    said = ask(browser, "valid", path)
    assert said.startswith("NOT VERIFIABLE\nThe bundle says nothing about this file: SHA-256 ")
    assert "/d: filter 32000 (lzf)" in said


@pytest.mark.slow
def test_a_second_file_is_read_after_one_that_cannot_be(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes((VECTORS / "model.h5").read_bytes()[:5000])
    assert ask(browser, "valid", path).startswith("NOT VERIFIABLE")
    browser.evaluate("document.getElementById('result').replaceChildren()")
    assert ask(browser, "valid").startswith("VALID")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_page_says_how_far_it_is_and_stays_alive(browser: Browser, tmp_path: Path) -> None:
    """A model of 200 MB, half of it in compressed chunks."""
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        values = np.random.default_rng(0).integers(0, 9, 12_500_000)
        file["plain"] = values
        file.create_dataset("packed", data=values, chunks=(100_000,), compression="gzip")
    browser.evaluate(WATCH)
    said = ask(browser, "valid", path)
    assert hdf5_content_digest(path).value.hex() in browser.evaluate("globalThis.dragonDigest")
    assert said.startswith("NOT VERIFIABLE\nThe bundle says nothing about this file: SHA-256 ")
    assert len(browser.evaluate("globalThis.dragonWords")) > 10
    assert browser.evaluate("globalThis.dragonTicks") > 20
