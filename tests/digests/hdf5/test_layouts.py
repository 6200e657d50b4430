"""The same content has the same digest in every layout, changed content another one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dragon_ledger.digests.hdf5 import Limits
from dragon_ledger.digests.hdf5.content import content_tree
from tests.digests.hdf5.changes import Change, changes
from tests.digests.hdf5.layouts import (
    Folder,
    Layout,
    contents,
    layouts,
    with_shared_names_kept,
    write,
)


def digest(content: Folder, layout: Layout) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.h5"
        write(path, content, layout)
        return content_tree(path, Limits()).digest()


@st.composite
def changed_contents(draw: st.DrawFn) -> tuple[Folder, Change]:
    content = draw(contents.map(with_shared_names_kept))
    return content, draw(st.sampled_from(list(changes(content))))


def examples(count: int) -> settings:
    return settings(max_examples=count, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(contents.map(with_shared_names_kept), layouts, layouts)
def check_agreement(content: Folder, one: Layout, other: Layout) -> None:
    assert digest(content, one) == digest(content, other)


@given(changed_contents(), layouts, layouts)
def check_difference(case: tuple[Folder, Change], one: Layout, other: Layout) -> None:
    content, (what, changed) = case
    assert digest(content, one) != digest(changed, other), what


def test_two_layouts_of_one_content_agree() -> None:
    examples(30)(check_agreement)()


def test_one_change_gives_another_digest() -> None:
    examples(30)(check_difference)()


@pytest.mark.slow
@pytest.mark.parametrize("check", [check_agreement, check_difference])
def test_a_hundred_contents(check: Callable[[], None]) -> None:
    examples(100)(check)()


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("check", [check_agreement, check_difference])
def test_thousands_of_contents(check: Callable[[], None]) -> None:
    examples(2000)(check)()
