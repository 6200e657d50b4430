"""A report as one HTML page without scripts or outside resources, made from its two JSON parts."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_EXAMPLES = 5
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
    template = _environment().get_template("report.html.j2")
    return template.render(
        summary=summary,
        annex=annex,
        checks=summary["checks"],
        titles=titles,
        findings=_with_examples(summary, annex),
        plots=[_plot(entry) for entry in annex["plots"]] if annex else [],
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("dragon_ledger.quality", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _with_examples(summary: Json, annex: Json | None) -> list[dict[str, Any]]:
    places: dict[int, list[Json]] = {}
    for finding in annex["findings"] if annex else ():
        place = {name: finding.get(name) for name in ("file", "row", "found")}
        if any(place.values()):
            places.setdefault(finding["group"], []).append(place)
    return [
        {**group, "examples": _distinct(places.get(number, ()))}
        for number, group in enumerate(summary["findings"])
    ]


def _distinct(examples: Sequence[Json]) -> list[Json]:
    unique = {(entry["file"], entry["row"], entry["found"]): entry for entry in examples}
    return list(unique.values())[:_EXAMPLES]


def _plot(entry: Json) -> dict[str, Any]:
    """Slice positions as a path of ticks, unusual distances as rectangles, on 1000 units."""
    heights = [float(text) for text in entry["heights_mm"]]
    low, high = heights[0], heights[-1]
    scale = _WIDTH / (high - low) if high > low else 0.0
    gaps = [after - before for before, after in pairwise(heights)]
    usual = statistics.median(gaps)
    return {
        "subject": entry["subject"],
        "series_uid": entry["series_uid"],
        "slices": len(heights),
        "low": f"{low:g}",
        "high": f"{high:g}",
        "usual": f"{usual:.3f}",
        "path": "".join(f"M{(height - low) * scale:.1f} 10v30" for height in heights),
        "gaps": [
            {"x": f"{(before - low) * scale:.1f}", "width": f"{max(1.0, gap * scale):.1f}"}
            for before, gap in zip(heights, gaps, strict=False)
            if abs(gap - usual) > _UNUSUAL * max(usual, 0.1)
        ],
    }
