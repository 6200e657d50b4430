"""Pages: every link leads somewhere, and the list of decisions names each of them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
DECISIONS = CHECKOUT / "docs" / "adr"
FOLDERS = ("api", "contracts", "docs", "dragon_ledger", "scripts", "tests")
PAGES = [
    *CHECKOUT.glob("*.md"),
    *(page for one in FOLDERS for page in (CHECKOUT / one).rglob("*.md")),
]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def has(page: Path, place: str) -> bool:
    """Whether a page has a heading with this anchor."""
    return not place or place in map(anchor, HEADING.findall(page.read_text("utf-8")))


def broken(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    found = []
    for marked, image in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
        link = marked or image
        name, _, place = link.partition("#")
        target = page.parent / name if name else page
        outside = re.match(r"[a-z]+:", link)
        if not outside and not (target.exists() and has(target, place)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b`, c\n[x](#a-b-c) [y](#a) ![z](none.svg) `[v](u)`\n"
        '<img src="none.png"> [w](https://example.org)\n'
    )
    assert broken(page) == ["#a", "none.svg", "none.png"]


def test_the_list_of_decisions_names_each_once_by_its_title() -> None:
    listed = re.findall(
        r"^- \[(\d{4})\]\((\S+)\) (.+?)(?: \(superseded by .+\))?$",
        (DECISIONS / "README.md").read_text("utf-8"),
        re.MULTILINE,
    )
    titles = {}
    for page in DECISIONS.glob("[0-9]*.md"):
        first = page.read_text("utf-8").partition("\n")[0]
        number, title = re.fullmatch(r"# (\d{4})[.:]? (.+)", first).groups()  # type: ignore[union-attr]  # no match fails the test
        assert page.name.startswith(number)
        titles[page.name] = title
    assert {name: title for _, name, title in listed} == titles
    assert all(name.startswith(number) for number, name, _ in listed)
    assert len(listed) == len(titles)


def test_each_decision_has_a_number_of_its_own() -> None:
    numbers = Counter(page.name[:4] for page in DECISIONS.glob("[0-9]*.md"))
    assert [number for number, count in numbers.items() if count > 1] == []


def test_superseded_decisions_are_marked_in_the_list() -> None:
    index = (DECISIONS / "README.md").read_text("utf-8")
    said = {
        (page.name, later)
        for page in DECISIONS.glob("[0-9]*.md")
        for later in re.findall(
            r"^Superseded by \[(\d{4})\]", page.read_text("utf-8"), re.MULTILINE
        )
    }
    marked = re.findall(
        r"^- \[\d{4}\]\((\S+)\) .+ \(superseded by \[(\d{4})\]", index, re.MULTILINE
    )
    assert said == set(marked) != set()


def test_decisions_that_are_named_exist() -> None:
    numbers = {page.name[:4] for page in DECISIONS.glob("[0-9]*.md")}
    sources = [
        page
        for one in FOLDERS
        for end in ("py", "sol", "js")
        for page in (CHECKOUT / one).rglob(f"*.{end}")
    ]
    named = {
        (str(page.relative_to(CHECKOUT)), number)
        for page in [*PAGES, *sources]
        for number in re.findall(r"\bADR (\d{4})", page.read_text("utf-8"))
    }
    assert {(page, number) for page, number in named if number not in numbers} == set()
    assert named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_picture_is_described(page: Path) -> None:
    text = CODE.sub("", page.read_text("utf-8"))
    assert re.findall(r"!\[\s*\]\(", text) == []
    for picture in re.findall(r"<img [^>]*>", text):
        assert re.search(r' alt="[^"]{20,}"', picture), picture


def test_pictures_are_small_and_shown() -> None:
    shown = "".join(page.read_text("utf-8") for page in PAGES)
    for picture in (CHECKOUT / "docs" / "pictures").iterdir():
        assert picture.stat().st_size < 150_000
        assert f"pictures/{picture.name}" in shown
