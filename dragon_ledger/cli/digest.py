"""`dragon-ledger digest`: the digests of a file by every method that applies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

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

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns, TransferSpeedColumn(), console=Console(stderr=True), transient=True
    ) as progress:
        task = progress.add_task(file.name, total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        for found in all_digests(file, show):
            typer.echo(str(found))
