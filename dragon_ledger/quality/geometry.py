"""The geometry of a stack of slices: missing, repeated, shifted, tilted (PS3.3 C.7.6.2.1.1).

Positions are projected on the slices' normal, row x column, and sorted. What the geometry cannot
show (every second slice missing, the first or last missing) InstanceNumber, SliceThickness or the
metadata table may show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dragon_ledger.quality.numbers import whole
from dragon_ledger.quality.rules import RuleSet

Vector = npt.NDArray[np.float64]

_TILT_DEGREES = 0.5
_ROUNDED_TO = 0.1
_MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Stack:
    """The placed slices of one series; all tuples have one entry for each slice.

    `positions` and `thickness` are in mm; `orientations` are row and column direction cosines.
    """

    paths: tuple[str, ...]
    positions: tuple[tuple[float, ...], ...]
    orientations: tuple[tuple[float, ...], ...]
    numbers: tuple[str, ...]
    thickness: float | None


@dataclass(frozen=True, slots=True)
class Tolerances:
    """Tolerances of the rule set, lengths in mm."""

    duplicate: float
    gap_relative: float
    gap: float
    collinear: float
    cosine: float
    thickness_ratio: float

    @classmethod
    def of(cls, rules: RuleSet) -> Tolerances:
        """The tolerances of a rule set."""
        names = ("duplicate_position_mm", "gap_relative", "gap_mm", "collinear_mm",
                 "orientation_cosine", "thickness_gap_ratio")  # fmt: skip
        return cls(*(float(rules.tolerance(name)) for name in names))


@dataclass(frozen=True, slots=True)
class Defect:
    """Something wrong with a stack: `slices` are indexes into it (the slices before a gap)."""

    code: str
    found: str
    slices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A stack's slices in the order of their positions along the normal.

    `heights` (mm) belong to `order`; `gap` is the median distance of neighbours (mm); `tilt` is the
    angle between the normal and the line through the slices, in degrees.
    """

    order: tuple[int, ...]
    heights: Vector
    gap: float
    tilt: float
    residuals: Vector


def layout_of(stack: Stack) -> Layout:
    """Sort a stack by its positions along the normal of its first slice."""
    orientation = np.asarray(stack.orientations[0])
    normal = np.cross(orientation[:3], orientation[3:])
    length = float(np.linalg.norm(normal))
    normal = normal / length if length else np.array([0.0, 0.0, 1.0])
    positions = np.asarray(stack.positions)
    heights = positions @ normal
    order = np.argsort(heights, kind="stable")
    gaps = np.diff(heights[order])
    distinct = gaps[gaps > 0.01]  # noqa: PLR2004 (0.01 mm: the same position)
    gap = float(np.median(distinct)) if distinct.size else 0.0
    in_plane = positions[order] - np.outer(heights[order], normal)
    tilt, residuals = _line(heights[order], in_plane)
    return Layout(tuple(order.tolist()), heights[order], gap, tilt, residuals)


def _line(heights: Vector, in_plane: Vector) -> tuple[float, Vector]:
    """Tilt in degrees and each slice's distance (mm) from the line through most slices.

    The slope is a median, so that one shifted slice does not tilt the line.
    """
    span = heights - np.median(heights)
    steps = np.diff(heights)
    usable = steps > 0.01  # noqa: PLR2004 (0.01 mm: the same position)
    if not usable.any():
        return 0.0, np.zeros(len(heights))
    slopes = np.diff(in_plane, axis=0)[usable] / steps[usable, None]
    slope = np.median(slopes, axis=0)
    straight = in_plane - np.outer(span, slope)
    residuals = np.linalg.norm(straight - np.median(straight, axis=0), axis=1)
    tilt = float(np.degrees(np.arctan(np.linalg.norm(slope))))
    return tilt, residuals


def examine(stack: Stack, tolerances: Tolerances) -> Iterator[Defect]:
    """What is wrong with a stack, geometry first, then InstanceNumber."""
    mixed = _mixed_orientation(stack, tolerances)
    if mixed is not None:
        yield mixed
        return
    layout = layout_of(stack)
    yield from _repeated(layout, tolerances)
    yield from _gaps(layout, tolerances)
    yield from _off_line(layout, tolerances)
    yield from _by_numbers(stack, layout, tolerances)


def _mixed_orientation(stack: Stack, tolerances: Tolerances) -> Defect | None:
    orientations = np.asarray(stack.orientations)
    counts = Counter(tuple(row) for row in np.round(orientations, 3).tolist())
    usual = np.asarray(counts.most_common(1)[0][0])
    other = np.abs(orientations - usual).max(axis=1) > tolerances.cosine
    if not other.any():
        return None
    return Defect(
        "mixed-orientation",
        f"{int(other.sum())} of {len(stack.paths)} slices have another orientation",
        _indexes(np.flatnonzero(other)),
    )


def _repeated(layout: Layout, tolerances: Tolerances) -> Iterator[Defect]:
    same = np.flatnonzero(np.diff(layout.heights) < tolerances.duplicate)
    if same.size:
        slices = tuple(layout.order[index + 1] for index in same[:_MOST_LISTED])
        yield Defect("duplicate-position", f"{same.size} slices repeat a position", slices)


def _gaps(layout: Layout, tolerances: Tolerances) -> Iterator[Defect]:
    gaps = np.diff(layout.heights)
    allowed = max(tolerances.gap, tolerances.gap_relative * layout.gap)
    distinct = gaps >= tolerances.duplicate
    wide = np.flatnonzero(distinct & (gaps > layout.gap + allowed))
    narrow = np.flatnonzero(distinct & (gaps < layout.gap - allowed))
    multiples = _multiples(gaps[wide], layout.gap, allowed)
    missing, uneven = wide[multiples > 0], wide[multiples == 0]
    if missing.size and not narrow.size:
        count = int(multiples.sum())
        slices = tuple(layout.order[index] for index in missing[:_MOST_LISTED])
        widest = _mm(gaps[missing].max())
        found = f"{count} missing in {missing.size} gaps up to {widest}, usual {_mm(layout.gap)}"
        yield Defect("missing", found, slices)
    else:
        uneven = wide
    strange = np.concatenate([uneven, narrow])
    if strange.size:
        slices = tuple(layout.order[index] for index in np.sort(strange)[:_MOST_LISTED])
        found = f"{strange.size} distances from {_mm(gaps[strange].min())} to "
        yield Defect("uneven", f"{found}{_mm(gaps[strange].max())}, median {_mm(layout.gap)}",
                     slices)  # fmt: skip
    elif not missing.size:
        yield from _rounded(layout, gaps[distinct])


def _multiples(gaps: Vector, usual: float, allowed: float) -> npt.NDArray[np.int64]:
    """How many slices fit into each wide gap; 0 when it is no multiple of the usual one."""
    if not usual:
        return np.zeros(len(gaps), dtype=np.int64)
    times = np.rint(gaps / usual)
    fits = np.abs(gaps - times * usual) <= allowed
    return np.where(fits & (times > 1), times - 1, 0).astype(np.int64)


def _rounded(layout: Layout, gaps: Vector) -> Iterator[Defect]:
    spread = float(gaps.max() - gaps.min()) if gaps.size else 0.0
    if spread > 0.5 * _ROUNDED_TO:
        found = f"distances from {_mm(float(gaps.min()))} to {_mm(float(gaps.max()))}"
        yield Defect("rounded", found, (layout.order[0],))


def _off_line(layout: Layout, tolerances: Tolerances) -> Iterator[Defect]:
    off = np.flatnonzero(layout.residuals > tolerances.collinear)
    if off.size:
        slices = tuple(layout.order[index] for index in off[:_MOST_LISTED])
        found = f"{off.size} slices lie up to {_mm(float(layout.residuals.max()))} off the line"
        yield Defect("shifted", found, slices)
    elif layout.tilt > _TILT_DEGREES:
        yield Defect("tilt", f"gantry tilt {layout.tilt:.1f} degrees", (layout.order[0],))


def _by_numbers(stack: Stack, layout: Layout, tolerances: Tolerances) -> Iterator[Defect]:
    numbers = [whole(text) for text in stack.numbers]
    known = sorted(number for number in numbers if number is not None)
    wide = bool(stack.thickness and layout.gap > tolerances.thickness_ratio * stack.thickness)
    if len(known) == len(numbers) and len(set(known)) == len(known):
        yield from _number_gaps(layout, known, numbers, wide=wide)
    else:
        repeated = {number for number, count in Counter(known).items() if count > 1}
        where = [i for i, n in enumerate(numbers) if n is None or n in repeated]
        found = f"{len(where)} images without an InstanceNumber of their own"
        yield Defect("instance-repeated", found, tuple(where[:_MOST_LISTED]))
    if wide:
        found = f"distance {_mm(layout.gap)}, thickness {_mm(stack.thickness or 0.0)}"
        yield Defect("thickness-gap", found, (layout.order[0],))


def _number_gaps(
    layout: Layout, known: list[int], numbers: list[int | None], *, wide: bool
) -> Iterator[Defect]:
    steps = {after - before for before, after in pairwise(known)}
    if len(steps) == 1 and steps != {1}:
        step = steps.pop()
        code = "regular-gap" if wide else "instance-gap"
        yield Defect(code, f"only each {step}th InstanceNumber", (layout.order[0],))
    elif steps - {1}:
        before = [a for a, b in pairwise(known) if b - a > 1]
        where = tuple(numbers.index(number) for number in before[:_MOST_LISTED])
        yield Defect("instance-gap", f"{len(before)} gaps in InstanceNumber", where)
    if known[0] > 1:
        first = (numbers.index(known[0]),)
        yield Defect("instance-first", f"the first InstanceNumber is {known[0]}", first)


def _mm(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") + " mm"


def _indexes(values: npt.NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(values[:_MOST_LISTED].tolist())
