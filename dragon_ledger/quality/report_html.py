"""A report as one HTML page without scripts or outside resources, made from its two JSON parts."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from dragon_ledger.quality.report_cards import Card, cards, counted, counted_findings

_MOST_DISTANCES = 5
_WIDTH = 1000.0
_UNUSUAL = 0.1

Json = Mapping[str, Any]


def render_html(summary: Json, annex: Json | None = None) -> str:
    """The page of a report.

    Args:
        summary: the parsed summary; alone it makes a page that may be shown to others.
        annex: the parsed subject annex, for the site and its reviewer.
    """
    titles = {check["id"]: check["title"] for check in summary["checks"]}
    shown = cards(summary, annex)
    template = _environment().get_template("report.html.j2")
    return template.render(
        summary=summary,
        annex=annex,
        checks=summary["checks"],
        titles=titles,
        findings=_by_check(summary["checks"], shown),
        kinds=Counter(card.severity for card in shown),
        subjects=_subjects(annex) if annex else [],
        plots=[_plot(entry) for entry in annex["plots"]] if annex else [],
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dragon_ledger.quality", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"counted": counted, "counted_findings": counted_findings}
    return environment


def _by_check(checks: Sequence[Json], shown: Sequence[Card]) -> dict[str, list[Card]]:
    """The cards by check, in the order of the checks that have any."""
    by_check: dict[str, list[Card]] = {check["id"]: [] for check in checks}
    for card in shown:
        by_check[card.check].append(card)
    return {check: found for check, found in by_check.items() if found}


def _subjects(annex: Json) -> list[dict[str, Any]]:
    """Subjects with their series and how many errors and warnings concern them, tables included."""
    counts: Counter[tuple[str, str]] = Counter()
    for finding in annex["findings"]:
        if finding.get("subject"):
            counts[finding["subject"], finding["severity"]] += finding.get("count", 1)
    named = {row["subject"] for row in annex["series"]} | {subject for subject, _ in counts}
    return [
        {
            "name": subject,
            "series": [row for row in annex["series"] if row["subject"] == subject],
            "counts": {kind: counts[subject, kind] for kind in ("error", "warning")},
        }
        for subject in sorted(named)
    ]


def _plot(entry: Json) -> dict[str, Any]:
    """Slice positions as a path of ticks, unusual distances as rectangles, on 1000 units."""
    heights = [float(text) for text in entry["heights_mm"]]
    low, high = heights[0], heights[-1]
    scale = _WIDTH / (high - low) if high > low else 0.0
    usual = statistics.median(after - before for before, after in pairwise(heights))
    unusual = list(_unusual(heights, usual))
    return {
        "subject": entry["subject"],
        "series_uid": entry["series_uid"],
        "slices": len(heights),
        "low": f"{low:g}",
        "high": f"{high:g}",
        "usual": f"{usual:.3f}",
        "path": "".join(f"M{(height - low) * scale:.1f} 5v30" for height in heights),
        "gaps": [
            {"x": f"{(before - low) * scale:.1f}", "width": f"{max(3.0, gap * scale):.1f}"}
            for _, before, gap in unusual
        ],
        "distances": [
            f"{gap:.3f} mm between slices {number} and {number + 1}, from {before:g} mm"
            for number, before, gap in unusual[:_MOST_DISTANCES]
        ],
    }


def _unusual(heights: list[float], usual: float) -> Iterator[tuple[int, float, float]]:
    """Number of the slice before, its position and the distance, where that is not the usual."""
    for number, (before, after) in enumerate(pairwise(heights), start=1):
        if abs(after - before - usual) > _UNUSUAL * max(usual, 0.1):
            yield number, before, after - before
