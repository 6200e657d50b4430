"""Kinds of damage, to be combined into defects."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pydicom.dataset import FileDataset

from dragon_ledger.samples.defects.defect import Damage
from dragon_ledger.samples.defects.editing import RowsEdit, SliceEdit, TransferEditor
from dragon_ledger.samples.tables import Row

_WORD_BEGINS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def kebab(keyword: str) -> str:
    """Return a DICOM keyword as part of a defect's name: `SOPClassUID` gives `sop-class-uid`."""
    return _WORD_BEGINS.sub("-", keyword).lower()


def with_value(keyword: str, value: Any) -> SliceEdit:
    """Set an attribute."""

    def edit(dataset: FileDataset) -> None:
        setattr(dataset, keyword, value)

    return edit


def without(keyword: str) -> SliceEdit:
    """Remove an attribute."""

    def edit(dataset: FileDataset) -> None:
        delattr(dataset, keyword)

    return edit


def series(number: int, edit: SliceEdit) -> Damage:
    """Edit all slices of the series in row `number` of the metadata table."""
    return lambda editor: editor.edit_slices(editor.slices(number), edit)


def one_slice(number: int, index: int, edit: SliceEdit) -> Damage:
    """Edit one slice of a series."""
    return lambda editor: editor.edit_slices([editor.slices(number)[index]], edit)


def slice_bytes(number: int, index: int, change: Callable[[bytes], bytes]) -> Damage:
    """Change one slice's bytes."""

    def damage(editor: TransferEditor) -> str:
        path = editor.slices(number)[index]
        return editor.write(path, change(path.read_bytes()))

    return damage


def rows(table: str, edit: RowsEdit) -> Damage:
    """Edit the rows of a table."""
    return lambda editor: editor.edit_table(table, edit)


def put(table: str, row: int, **values: str) -> Damage:
    """Set values in one row (from 0) of a table."""
    return rows(table, lambda lines: lines[row].update(values))


def put_all(table: str, **values: str) -> Damage:
    """Set values in every row of a table; a column that is not there is added."""

    def edit(lines: list[Row]) -> None:
        for line in lines:
            line.update(values)

    return rows(table, edit)


def drop(table: str, column: str) -> Damage:
    """Remove a column."""

    def edit(lines: list[Row]) -> None:
        for line in lines:
            del line[column]

    return rows(table, edit)


def rename(table: str, column: str, name: str) -> Damage:
    """Rename a column, keeping its place."""

    def edit(lines: list[Row]) -> None:
        lines[:] = [{name if k == column else k: v for k, v in line.items()} for line in lines]

    return rows(table, edit)


def table_bytes(table: str, change: Callable[[bytes], bytes]) -> Damage:
    """Change a table's bytes."""
    return lambda editor: editor.write(
        editor.table(table), change(editor.table(table).read_bytes())
    )


def move_table(table: str, name: str) -> Damage:
    """Rename a table; `{partner}` in the new name stands for the partner."""

    def damage(editor: TransferEditor) -> str:
        path = editor.table(table)
        target = path.with_name(name.format(partner=editor.partner))
        path.rename(target)
        return editor.relative(target)

    return damage


def remove_table(table: str) -> Damage:
    """Remove a table."""
    return lambda editor: editor.table(table).unlink()


def together(first: Damage, *others: Damage) -> Damage:
    """Do several kinds of damage; the first says which file is to be named."""

    def damage(editor: TransferEditor) -> str | None:
        named = first(editor)
        for other in others:
            other(editor)
        return named

    return damage


def add_file(path: str, content: bytes) -> Damage:
    """Add a file at a path below the transfer; `{partner}` stands for the partner."""

    def damage(editor: TransferEditor) -> str:
        target = editor.folder / path.format(partner=editor.partner)
        return editor.write(target, content)

    return damage
