"""The web page in a real browser, used as people use it: mouse, keyboard, phone, screen reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import httpx
import numpy as np
import pytest

from api.part_of_trace import Part, part_of
from dragon_ledger.provenance.trace import trace
from tests.api.browser import Browser, browsing, drop, press
from tests.api.conftest import Ledger, content_digest, running, write_model
from tests.provenance.histories import History

pytestmark = pytest.mark.slow
ANSWER = "document.querySelector('.answer h2')?.textContent"
SHOWN = f"!document.querySelector('#verdict').hidden && {ANSWER}"
TROUBLE = (
    "!document.querySelector('#trouble').hidden && document.querySelector('#trouble').innerText"
)
LOADED = "document.querySelector('#state').className.startsWith('pill ')"
WIDTHS = "document.documentElement.scrollWidth + ' ' + document.documentElement.clientWidth"
TAB, ENTER = 9, 13


@pytest.fixture
def page(known: Ledger, tmp_path: Path) -> Iterator[Browser]:
    with browsing(tmp_path / "browser", known.server.url + "/") as one:
        one.wait_for(LOADED)
        yield one


def ask(page: Browser, digest: str) -> str:
    page.evaluate("document.querySelector('#verdict').hidden = true")
    page.evaluate(f"document.querySelector('#digest').value = '{digest}'")
    page.evaluate("document.querySelector('#ask').requestSubmit()")
    return str(page.wait_for(SHOWN))


def look(page: Browser, width: int, scheme: str = "light") -> None:
    """As a device of this width shows it, in light or dark."""
    mobile = width < 500
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=800,
        deviceScaleFactor=1,
        mobile=mobile,
    )
    # Without motion: a colour on its way from light to dark is neither.
    wanted = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    features = [{"name": name, "value": value} for name, value in wanted.items()]
    page.call("Emulation.setEmulatedMedia", features=features)


def test_a_model_file_that_is_chosen_gets_its_verdict(
    page: Browser, known: Ledger, tmp_path: Path
) -> None:
    assert "has read block" in page.evaluate("document.querySelector('#state').textContent")
    page.choose_file("#file", known.model)
    assert page.wait_for(SHOWN) == "valid"
    notices = page.evaluate("document.querySelector('.notices').textContent")
    assert "organisation 3 was absent in round 1" in notices
    labels = page.evaluate("document.querySelector('.picture').textContent")
    assert "Version 1, org. 1: approved" in labels
    assert "Organisation 3 absent" in labels
    assert page.evaluate("document.querySelectorAll('.checks > li').length") == 24
    other = write_model(tmp_path / "other.h5", np.ones((2, 2)))
    page.choose_file("#file", other)
    assert page.wait_for(f"{ANSWER} === 'not valid' && {SHOWN}") == "not valid"


@pytest.mark.parametrize("where", ["#drop", "h1"], ids=["on the frame", "beside it"])
def test_a_model_file_that_is_dropped_gets_its_verdict(
    page: Browser, known: Ledger, where: str
) -> None:
    """Beside the frame, too: there the browser would otherwise open the file and lose the page."""
    box = f"document.querySelector('{where}').getBoundingClientRect()"
    x, y = (page.evaluate(f"{box}.{side} + 20") for side in ("left", "top"))
    drop(page, known.model, x, y)
    assert page.wait_for(SHOWN) == "valid"
    assert page.evaluate("document.body.classList.contains('dragging')") is False
    assert page.evaluate("location.pathname") == "/"


def test_a_link_with_a_digest_asks_at_once(known: Ledger, tmp_path: Path) -> None:
    url = f"{known.server.url}/?digest={content_digest(known.model).hex()}"
    with browsing(tmp_path / "browser", url) as page:
        assert page.wait_for(SHOWN) == "valid"


def test_a_problem_is_shown_with_what_to_do_next(page: Browser, known: Ledger) -> None:
    page.evaluate("document.querySelector('#digest').value = 'xyz'")
    page.evaluate("document.querySelector('#ask').requestSubmit()")
    assert "64 hexadecimal digits" in page.wait_for(TROUBLE)
    page.evaluate("document.querySelector('#token').value = 'dl_wrong'")
    page.evaluate(f"document.querySelector('#digest').value = '{'11' * 32}'")
    page.evaluate("document.querySelector('#ask').requestSubmit()")
    page.wait_for(f"({TROUBLE} || '').includes('expired or revoked')")
    link = page.evaluate("document.querySelector('#trouble a').href")
    assert link == f"{known.server.url}/problems/unauthenticated"


def test_an_unknown_model_is_said_to_be_unknown(page: Browser) -> None:
    assert ask(page, "11" * 32) == "not valid"
    assert "no record of it" in page.evaluate("document.querySelector('.kicker').textContent")
    idle = page.evaluate("document.querySelector('.idle summary').textContent")
    assert "nothing is recorded" in idle
    assert page.evaluate("document.querySelectorAll('.checks > li').length") == 24


def test_the_keyboard_alone_is_enough(page: Browser, known: Ledger) -> None:
    reached = []
    for _ in range(8):
        press(page, "Tab", TAB)
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.href"))
        ring = page.evaluate(
            "getComputedStyle(document.activeElement.id === 'file'"
            " ? document.querySelector('#drop') : document.activeElement).outlineStyle"
        )
        assert ring != "none", f"{reached[-1]} does not show that it has the focus"
        if reached[-1] == "digest":
            break
    assert reached[0].endswith("#main"), "the first stop skips what every page repeats"
    assert reached[-2:] == ["file", "digest"]
    page.call("Input.insertText", text=content_digest(known.model).hex())
    press(page, "Enter", ENTER)
    assert page.wait_for(SHOWN) == "valid"


def accessible(page: Browser) -> list[dict[str, Any]]:
    """What a screen reader is given: role and name of everything."""
    page.call("Accessibility.enable")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    return [
        {
            "role": node.get("role", {}).get("value"),
            "name": node.get("name", {}).get("value", ""),
            "live": {p["name"]: p["value"].get("value") for p in node.get("properties", [])},
        }
        for node in nodes
        if not node.get("ignored")
    ]


def test_a_screen_reader_hears_the_verdict_and_every_check(page: Browser, known: Ledger) -> None:
    assert ask(page, content_digest(known.model).hex()) == "valid"
    announced = page.evaluate("document.querySelector('#announce').textContent")
    assert announced.startswith("Verdict: valid. This model traces back")
    heard = accessible(page)
    status = [node for node in heard if node["role"] == "status" and node["live"].get("live")]
    assert {node["live"]["live"] for node in status} == {"polite"}
    fields = {(node["role"], node["name"]) for node in heard}
    assert {("textbox", "or ask by digest"), ("button", "Ask")} <= fields
    assert {"heading", "main", "navigation", "article"} <= {node["role"] for node in heard}
    summaries = [n["name"] for n in heard if n["role"] == "DisclosureTriangle"]
    assert sum(name.startswith("passed: ") for name in summaries) == 23
    assert sum(name.startswith("not verifiable: ") for name in summaries) == 1
    unnamed = [n for n in heard if n["role"] in ("button", "link", "textbox") and not n["name"]]
    assert unnamed == []


@pytest.mark.parametrize("path", ["/", "/docs/", "/problems/", "/verify/"])
def test_a_phone_shows_every_page_without_scrolling_sideways(
    page: Browser, known: Ledger, path: str
) -> None:
    look(page, 390)
    page.call("Page.navigate", url=known.server.url + path)
    page.wait_for(f"location.pathname === '{path}' && document.readyState === 'complete'")
    if path == "/docs/":
        page.wait_for("document.querySelectorAll('.endpoint').length > 10")
    if path == "/":
        ask(page, content_digest(known.model).hex())
    shown, room = page.evaluate(WIDTHS).split()
    assert int(shown) <= int(room) == 390


CONTRAST = """
(() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[0-9.]+/g).map((n) => n / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const low = [];
  for (const element of document.querySelectorAll('main *, header *, footer *')) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || element.closest('svg') || !element.checkVisibility()) continue;
    const both = [light(getComputedStyle(element).color), light(behind(element))];
    const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    if (ratio < 4.5) low.push(`${element.className || element.tagName} ${ratio.toFixed(2)}`);
  }
  return low.join(', ');
})()
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("digest", ["known", "unknown"])
def test_every_text_has_enough_contrast(
    page: Browser, known: Ledger, scheme: str, digest: str
) -> None:
    """WCAG 2.2, success criterion 1.4.3: 4.5 to 1, in light and in dark."""
    look(page, 1100, scheme)
    ask(page, content_digest(known.model).hex() if digest == "known" else "11" * 32)
    assert page.evaluate(CONTRAST) == ""


def test_pages_load_nothing_from_elsewhere(page: Browser, known: Ledger) -> None:
    for path in ("/", "/docs/", "/problems/", "/verify/"):
        text = httpx.get(known.server.url + path).text
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text
        page.call("Page.navigate", url=known.server.url + path)
        page.wait_for(f"location.pathname === '{path}' && document.readyState === 'complete'")
        loaded = page.evaluate(
            "performance.getEntriesByType('resource').map(e => e.name).join(' ')"
        )
        assert all(name.startswith(known.server.url) for name in loaded.split())


def test_the_documentation_draws_itself(known: Ledger, tmp_path: Path) -> None:
    with browsing(tmp_path / "browser", f"{known.server.url}/docs/") as page:
        text = page.wait_for(
            "document.querySelectorAll('.endpoint').length && document.body.textContent"
        )
        document = httpx.get(f"{known.server.url}/openapi.json").json()
        for path, operations in document["paths"].items():
            assert path in text
            assert all(operation["summary"] in text for operation in operations.values())
        assert all(name in text for name in document["components"]["schemas"])
        assert page.evaluate("document.querySelectorAll('.endpoint pre').length") >= 14


def test_a_trace_that_is_too_large_for_a_picture_becomes_a_table(page: Browser) -> None:
    history = History(Random(1), sites=9)
    sites = history.site_numbers()
    current = {site: history.approved(site) for site in sites}
    run = history.open_run(sites)
    for _ in range(10):
        for site in sites[1:]:
            history.commit(run, site, current[site])
        history.close(run, set(sites[2:]))
    whole = trace(history.facts(history.release(run, 10).aggregate))
    overview = json.dumps(part_of(whole, Part(updates=False)).to_json())
    page.evaluate(
        f"import('/picture.js').then((m) => document.body.replaceChildren(m.picture({overview})))"
    )
    rows = page.wait_for(
        "document.querySelector('body > table') && [...document.querySelectorAll('tr')]"
        ".map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    absent, left_out = str(sites[0]), str(sites[1])
    assert rows[2] == ["Round 10", "7", absent, left_out]
    steps = [row[0] for row in rows[2:]]
    assert steps[:-1] == [f"Round {number}" for number in range(10, 0, -1)]
    assert steps[-1].startswith("Initial model")


def test_a_node_that_is_away_is_said_at_the_top_and_at_the_bottom(tmp_path: Path) -> None:
    with running(tmp_path) as ledger:
        ledger.node.stop()
        url = f"{ledger.server.url}/?digest={content_digest(ledger.model).hex()}"
        ledger.server.wait_until_stale()
        with browsing(tmp_path / "browser", url) as page:
            assert page.wait_for(SHOWN) == "not verifiable"
            kicker = page.evaluate("document.querySelector('.kicker').textContent")
            assert kicker.startswith("The last known state is that of block ")
            facts = page.evaluate("document.querySelector('.facts').textContent")
            assert "the last good answer was at" in facts
            state = page.wait_for("document.querySelector('.pill.bad')?.textContent")
            assert "cannot follow the chain" in state
