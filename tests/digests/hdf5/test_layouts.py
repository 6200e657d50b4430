"""The same content has the same digest in every layout, changed content another one."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

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


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(contents.map(with_shared_names_kept), layouts, layouts)
def test_two_layouts_of_one_content_agree(content: Folder, one: Layout, other: Layout) -> None:
    assert digest(content, one) == digest(content, other)


@st.composite
def changed_contents(draw: st.DrawFn) -> tuple[Folder, Change]:
    content = draw(contents.map(with_shared_names_kept))
    return content, draw(st.sampled_from(list(changes(content))))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(changed_contents(), layouts, layouts)
def test_one_change_gives_another_digest(
    case: tuple[Folder, Change], one: Layout, other: Layout
) -> None:
    content, (what, changed) = case
    assert digest(content, one) != digest(changed, other), what
