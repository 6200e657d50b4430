"""Each case of a broken stack, told apart; expectations follow from how the stack is made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon_ledger.quality.geometry import Defect, Stack, Tolerances, examine, layout_of
from dragon_ledger.quality.rules import built_in

TOLERANCES = Tolerances.of(built_in())
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
Position = tuple[float, ...]


def stack(positions: Sequence[Position], *, thickness: float = 1.25, first: int = 1) -> Stack:
    count = len(positions)
    return Stack(
        tuple(f"{index:04d}.dcm" for index in range(count)),
        tuple(positions),
        (AXIAL,) * count,
        tuple(str(first + index) for index in range(count)),
        thickness,
    )


def straight(count: int = 30, gap: float = 1.25) -> list[Position]:
    return [(-160.0, -160.0, -100.0 + index * gap) for index in range(count)]


def without(whole: Stack, gone: set[int]) -> Stack:
    kept = [index for index in range(len(whole.paths)) if index not in gone]
    return replace(
        whole,
        paths=tuple(whole.paths[i] for i in kept),
        positions=tuple(whole.positions[i] for i in kept),
        orientations=tuple(whole.orientations[i] for i in kept),
        numbers=tuple(whole.numbers[i] for i in kept),
    )


def found(examined: Stack) -> dict[str, Defect]:
    return {defect.code: defect for defect in examine(examined, TOLERANCES)}


def test_a_whole_stack_has_no_defect() -> None:
    assert found(stack(straight())) == {}


def test_order_of_files_does_not_matter() -> None:
    whole = stack(straight())
    backwards = replace(whole, positions=whole.positions[::-1], numbers=whole.numbers[::-1])
    assert found(backwards) == {}


@given(st.integers(8, 60), st.data())
@settings(max_examples=60, deadline=None)
def test_inner_slices_that_are_missing_are_counted(count: int, data: st.DataObject) -> None:
    gone = data.draw(
        st.sets(st.integers(1, count - 2), min_size=1, max_size=max(1, count // 6)), "gone"
    )
    defects = found(without(stack(straight(count)), gone))
    gaps = sum(1 for index in gone if index - 1 not in gone)
    assert defects["missing"].found.startswith(f"{len(gone)} missing in {gaps} gaps")
    assert "instance-gap" in defects


def test_the_slice_before_the_gap_is_named() -> None:
    whole = stack(straight())
    assert found(without(whole, {10}))["missing"].slices == (9,)


def test_every_second_missing_shows_in_number_and_thickness() -> None:
    halved = without(stack(straight(60)), set(range(1, 60, 2)))
    defects = found(halved)
    assert set(defects) == {"regular-gap", "thickness-gap"}
    renumbered = replace(halved, numbers=tuple(str(n) for n in range(1, 31)))
    assert set(found(renumbered)) == {"thickness-gap"}


def test_thick_slices_with_wide_numbers_are_only_warned_of() -> None:
    spaced = replace(stack(straight()), numbers=tuple(str(2 * n) for n in range(1, 31)))
    assert set(found(spaced)) == {"instance-gap", "instance-first"}


def test_the_first_missing_shows_only_in_its_number() -> None:
    assert set(found(without(stack(straight()), {0, 1}))) == {"instance-first"}


def test_the_last_missing_does_not_show_in_the_geometry() -> None:
    assert found(without(stack(straight()), {29})) == {}


def test_repeated_positions() -> None:
    positions = [*straight(), straight()[4]]
    assert set(found(stack(positions))) == {"duplicate-position"}


@pytest.mark.parametrize("degrees", [3.0, 18.5, -25.0])
def test_a_tilted_gantry_is_a_note_and_no_gap(degrees: float) -> None:
    step = 1.25 * math.tan(math.radians(degrees))
    tilted = [(x, y + index * step, z) for index, (x, y, z) in enumerate(straight())]
    defects = found(stack(tilted))
    assert set(defects) == {"tilt"}
    assert layout_of(stack(tilted)).tilt == pytest.approx(abs(degrees), abs=1e-6)


@pytest.mark.parametrize("tilted", [False, True])
def test_one_slice_off_the_line_is_shifted(tilted: bool) -> None:
    step = 0.3 if tilted else 0.0
    positions = [(x, y + index * step, z) for index, (x, y, z) in enumerate(straight())]
    x, y, z = positions[12]
    positions[12] = (x + 4.0, y, z)
    defects = found(stack(positions))
    assert defects["shifted"].slices == (12,)
    assert "missing" not in defects


def test_positions_rounded_to_a_tenth_are_warned_of() -> None:
    rounded = [(x, y, round(z, 1)) for x, y, z in straight()]
    assert set(found(stack(rounded))) == {"rounded"}


def test_uneven_distances() -> None:
    positions = straight()
    positions[10:] = [(x, y, z + 0.4 * 1.25) for x, y, z in positions[10:]]
    assert "uneven" in found(stack(positions))


def test_mixed_orientations_are_told_apart_from_gaps() -> None:
    whole = stack(straight())
    coronal = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
    mixed = replace(whole, orientations=(*whole.orientations[:-3], *(coronal,) * 3))
    defects = found(mixed)
    assert set(defects) == {"mixed-orientation"}
    assert defects["mixed-orientation"].slices == (27, 28, 29)


def test_images_without_numbers_of_their_own() -> None:
    whole = stack(straight())
    same = replace(whole, numbers=("1", "1", *whole.numbers[2:-1], ""))
    assert found(same)["instance-repeated"].slices == (0, 1, 29)


def test_an_oblique_stack_is_measured_along_its_normal() -> None:
    angle = math.radians(30)
    row, column = (1.0, 0.0, 0.0), (0.0, math.cos(angle), math.sin(angle))
    normal = (0.0, -math.sin(angle), math.cos(angle))
    positions = [tuple(i * 1.25 * part for part in normal) for i in range(30) if i != 7]
    oblique = replace(stack(positions), orientations=((*row, *column),) * 29)
    assert found(oblique)["missing"].found.startswith("1 missing in 1 gaps")
