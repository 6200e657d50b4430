"""Edits of one slice's bytes, and the issues that the file then shows by itself."""

from __future__ import annotations

import struct
from collections.abc import Callable
from io import BytesIO

import pydicom
import pytest
from pydicom.dataset import FileDataset

from dragon_ledger.quality.dicom.elements import parse
from dragon_ledger.quality.dicom.image_facts import ImageFacts
from dragon_ledger.quality.dicom.inspect_image import ImageInspector
from dragon_ledger.quality.rules import built_in

Edit = Callable[[FileDataset], object]


def inspect(content: bytes, *, decode: bool = True) -> ImageFacts:
    required = tuple((rule.tag, rule.keyword) for rule in built_in().tags)
    return ImageInspector(required).inspect(content, decode=decode)


def issues(content: bytes) -> set[tuple[str, str]]:
    """(code, keyword) of every issue of a file's bytes."""
    facts = inspect(content)
    assert not facts.problem, facts.problem
    return {(issue.code, issue.tag.partition(" ")[2]) for issue in facts.issues}


def edited(content: bytes, change: Edit) -> bytes:
    dataset = pydicom.dcmread(BytesIO(content))
    change(dataset)
    stream = BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


def spliced(content: bytes, tag: int, vr: str, value: bytes) -> bytes:
    """The bytes with one short element replaced, or put before the data set, unchecked."""
    element = struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(value)) + value
    old = next((entry for entry in parse(content).elements if entry.tag == tag), None)
    if old is not None:
        return content[: old.start - 8] + element + content[old.start + old.length :]
    start = parse(content).elements[0].start - 8
    return content[:start] + element + content[start:]


@pytest.fixture
def edit(slice_bytes: bytes) -> Callable[[Edit], bytes]:
    return lambda change: edited(slice_bytes, change)
