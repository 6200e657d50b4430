"""Edit a transfer's files one by one.

Every edit writes a new file and renames it, so a transfer may be a tree of hard links to another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import FileDataset

from dragon_ledger.samples.tables import Row, read_table, write_table

RowsEdit = Callable[[list[Row]], None]
SliceEdit = Callable[[FileDataset], None]


@dataclass(frozen=True, slots=True)
class TransferEditor:
    """A written transfer, opened for damage."""

    folder: Path
    partner: str

    def relative(self, path: Path) -> str:
        """Return the path below the transfer folder, with `/`."""
        return path.relative_to(self.folder).as_posix()

    def table(self, name: str) -> Path:
        """Return the path of a domain's table, or of `metadata`."""
        return self.folder / f"{self.partner}_{name}.csv"

    def series(self, number: int) -> Path:
        """Return the folder of the series in row `number` (from 0) of the metadata table.

        Rows 0 and 1 of a sample transfer are the two scans of its first subject.
        """
        row = read_table(self.table("metadata"))[number]
        return self.folder / row["patient"] / row["study_uid"] / row["series_uid"]

    def slices(self, number: int) -> list[Path]:
        """Return the slices of the series in row `number`, in order of their file names."""
        return sorted(self.series(number).glob("*.dcm"))

    def edit_table(self, name: str, edit: RowsEdit) -> str:
        """Apply `edit` to a table's rows and return the table's relative path."""
        path = self.table(name)
        rows = read_table(path)
        edit(rows)
        unfinished = path.with_suffix(".part")
        write_table(unfinished, rows)
        unfinished.replace(path)
        return self.relative(path)

    def edit_slices(self, paths: Iterable[Path], edit: SliceEdit) -> str:
        """Apply `edit` to slices and return the relative path of the first."""
        edited = list(paths)
        for path in edited:
            dataset = dcmread(path)
            edit(dataset)
            unfinished = path.with_suffix(".part")
            dataset.save_as(unfinished, enforce_file_format=True)
            unfinished.replace(path)
        return self.relative(edited[0])

    def write(self, path: Path, content: bytes) -> str:
        """Replace or add a file and return its relative path."""
        unfinished = path.with_name(path.name + ".part")
        unfinished.write_bytes(content)
        unfinished.replace(path)
        return self.relative(path)
