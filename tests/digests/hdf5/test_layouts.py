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


def agrees(content: Folder, one: Layout, other: Layout) -> None:
    assert digest(content, one) == digest(content, other)


def differs(case: tuple[Folder, Change], one: Layout, other: Layout) -> None:
    content, (what, changed) = case
    assert digest(content, one) != digest(changed, other), what


def check(count: int, rule: Callable[..., None]) -> None:
    """Try a rule on so many contents, each in two layouts."""
    cases = contents.map(with_shared_names_kept) if rule is agrees else changed_contents()
    too_slow = [HealthCheck.too_slow]
    tried = settings(max_examples=count, deadline=None, suppress_health_check=too_slow)
    tried(given(cases, layouts, layouts)(rule))()


def test_two_layouts_of_one_content_agree() -> None:
    check(30, agrees)


def test_one_change_gives_another_digest() -> None:
    check(30, differs)


@pytest.mark.slow
@pytest.mark.parametrize("rule", [agrees, differs])
def test_a_hundred_contents(rule: Callable[..., None]) -> None:
    check(100, rule)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rule", [agrees, differs])
def test_thousands_of_contents(rule: Callable[..., None]) -> None:
    check(2000, rule)
