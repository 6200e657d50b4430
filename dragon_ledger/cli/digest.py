"""`dragon-ledger digest`: the digests of a file by every method that applies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)

app = typer.Typer(help="Print a file's digests.")


@app.command()
def digest(
    file: Annotated[Path, typer.Argument(help="Any file; an HDF5 file has a content digest, too.")],
) -> None:
    """Print `method:value`, a line each: the file digest, and an HDF5 file's content digest.

    `sha256` is of the file's bytes (repeat it with sha256sum). `hdf5-content-v1` is of the content,
    however the file was laid out (docs/spec/hdf5-content-digest.md).

    Example: dragon-ledger digest model.h5
    """
    from dragon_ledger.digests.hdf5 import all_digests  # noqa: PLC0415 (imports numpy and h5py)

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    bar = Progress(
        *columns,
        TransferSpeedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    lines = []
    try:
        with bar:
            task = bar.add_task(f"{file.name}: bytes", total=None)
            for found in all_digests(file, lambda done, total: _show(bar, task, done, total)):
                lines.append(str(found))
                bar.reset(task, description=f"{file.name}: content")
    finally:
        # After the bar, which would wrap them; and when the content is refused, too.
        for line in lines:
            typer.echo(line)


def _show(bar: Progress, task: TaskID, done: int, total: int) -> None:
    bar.update(task, completed=done, total=total)
