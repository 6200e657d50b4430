"""Findings as people read them: one card for each kind, with its fields and places.

400 files of one series with 20 private attributes are one card, one place, and 20 fields. Both
renderings, HTML and terminal, show cards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

_FILES_NAMED = 3
_ROWS_NAMED = 5
_FIELDS_NAMED = 3
_Where = tuple[str, str, bool]
_Part = tuple[str, Sequence[Json]]  # a field, and findings about it


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a card.

    Attributes:
        where: The file, or the folder with a slash behind it; empty for the transfer's folder.
        what: Which files or rows and what is there, identifying values masked; may be empty.
    """

    where: str
    what: str

    @property
    def between(self) -> str:
        """What stands between the two."""
        if not self.where or not self.what:
            return ""
        return " " if self.where.endswith("/") else ": "


@dataclass(frozen=True, slots=True)
class Card:
    """Findings of one kind: the same code, severity and texts.

    Attributes:
        fields: Attributes or columns, in order, each once.
        extent: How many findings there are, in how many series, of how many subjects; empty for
            one finding that is about none.
        places: Where they are; empty for a summary by itself.
    """

    check: str
    code: str
    severity: str
    expected: str
    mend: str
    fields: tuple[str, ...]
    extent: str
    places: tuple[Place, ...]


def cards(summary: Json, annex: Json | None = None) -> tuple[Card, ...]:
    """The cards of a report, in the order of the summary's findings."""
    members: dict[tuple[str, ...], list[int]] = {}
    for number, group in enumerate(summary["findings"]):
        key = (group["severity"], group["code"], group["expected"], group["mend"])
        members.setdefault(key, []).append(number)
    by_group = _findings_by_group(annex)
    return tuple(_card(summary["findings"], numbers, by_group) for numbers in members.values())


def counted(count: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def counted_findings(counts: Json) -> str:
    """Errors and warnings of a check, such as `1 error, 3 warnings`; empty when there are none."""
    return ", ".join(counted(counts[name], name) for name in ("error", "warning") if counts[name])


def _findings_by_group(annex: Json | None) -> Mapping[int, list[Json]]:
    found: dict[int, list[Json]] = {}
    for finding in annex["findings"] if annex else ():
        if "file" in finding or "found" in finding:
            found.setdefault(finding["group"], []).append(finding)
    return found


def _card(groups: Sequence[Json], numbers: Sequence[int], found: Mapping[int, list[Json]]) -> Card:
    own = [groups[number] for number in numbers]
    first = own[0]
    fields = dict.fromkeys(map(_field, own))
    return Card(
        first["check"],
        first["code"],
        first["severity"],
        first["expected"],
        first["mend"],
        tuple(field for field in fields if field),
        _extent(own),
        _places([(_field(groups[number]), found.get(number, [])) for number in numbers]),
    )


def _extent(groups: Sequence[Json]) -> str:
    """Series and subjects are known for a card of one group only."""
    count = sum(group["count"] for group in groups)
    known = [f"{count} times"] if count > 1 else []
    if len(groups) == 1:
        series, subjects = groups[0]["series"], groups[0]["subjects"]
        known += [f"{series} series"] * bool(series)
        known += [counted(subjects, "subject")] * bool(subjects)
    return ", ".join(known)


def _field(group: Json) -> str:
    return str(group["tag"] or group["column"] or "")


def _places(groups: Sequence[_Part]) -> tuple[Place, ...]:
    members: dict[_Where, list[_Part]] = {}
    for field, findings in groups:
        parts: dict[_Where, list[Json]] = {}
        for finding in findings:
            parts.setdefault(_where(finding), []).append(finding)
        for key, part in parts.items():
            members.setdefault(key, []).append((field, part))
    return tuple(_place(key, parts, len(groups)) for key, parts in members.items())


def _where(finding: Json) -> _Where:
    """Rows of one table belong together; so do files of one folder that show the same."""
    path = finding.get("file", "")
    if "row" in finding:
        return path, "", True
    folder, slash, _ = path.rpartition("/")
    return folder + slash, finding.get("found", ""), False


def _place(key: _Where, parts: Sequence[_Part], fields: int) -> Place:
    """The place of some parts; it names their fields when the card has others, too."""
    where, found, in_rows = key
    findings = [finding for _, part in parts for finding in part]
    if in_rows:
        return Place(where, _rows(findings, with_column=fields > 1))
    if len(parts) < fields:
        keywords = [field.rpartition(" ")[2] for field, _ in parts]
        more = _more(len(keywords) - _FIELDS_NAMED, "field")
        found = f"{', '.join(keywords[:_FIELDS_NAMED])}{more} {found}".strip()
    names = list(dict.fromkeys(finding.get("file", "").removeprefix(where) for finding in findings))
    total = max(_total(part) for _, part in parts)
    if len(names) == 1 == total:
        return Place(where + names[0], found)
    named = names[:_FILES_NAMED]
    files = ", ".join(named) + _more(total - len(named), "file")
    return Place(where, f"{files}: {found}" if found else files)


def _rows(findings: Sequence[Json], *, with_column: bool) -> str:
    named = findings[:_ROWS_NAMED]
    rows = "; ".join(_row(finding, with_column=with_column) for finding in named)
    return rows + _more(_total(findings) - len(named), "row")


def _row(finding: Json, *, with_column: bool) -> str:
    column = f" {finding['column']}" if with_column and finding.get("column") else ""
    subject = f" ({finding['subject']})" if finding.get("subject") else ""
    found = f": {finding['found']}" if finding.get("found") else ""
    return f"row {finding['row']}{column}{subject}{found}"


def _total(findings: Sequence[Json]) -> int:
    """How many findings there are: one may stand for many."""
    return sum(finding.get("count", 1) for finding in findings)


def _more(count: int, noun: str) -> str:
    return f" and {counted(count, f'more {noun}')}" if count > 0 else ""
