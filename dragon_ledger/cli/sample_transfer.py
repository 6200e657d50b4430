"""`dragon-ledger sample-transfer`: a synthetic hospital's transfer, clean or with known defects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dragon_ledger.errors import InputError

app = typer.Typer(help="Make a synthetic transfer.")


@app.command()
def sample_transfer(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to write; must be absent or empty.")
    ] = None,
    partner: Annotated[
        str, typer.Option(help="Partner identifier, 1 to 10 letters, digits, _ or -.")
    ] = "SAMPLE",
    seed: Annotated[int, typer.Option(help="Equal seeds give equal bytes.")] = 1,
    subjects: Annotated[int, typer.Option(help="How many subjects.")] = 4,
    first_subject: Annotated[
        int, typer.Option(help="Number of the first subject; above 1 for a later transfer.")
    ] = 1,
    slices: Annotated[int, typer.Option(help="Slices of each CT series.")] = 30,
    size: Annotated[int, typer.Option(help="Rows and columns of each slice.")] = 256,
    country: Annotated[str, typer.Option(help="Country of the subjects (ISO 3166-1).")] = "BEL",
    defect: Annotated[
        list[str] | None, typer.Option(help="Spoil it in a known way; may be repeated.")
    ] = None,
    list_defects: Annotated[
        bool, typer.Option("--list-defects", help="Print the names of the defects and end.")
    ] = False,
) -> None:
    """Write chest CT phantoms, the metadata table and six SDTM tables that agree with them.

    Nobody's data: every value is made up from the seed. `TRANSFER_COMPLETE` is written last.

    Examples:
      dragon-ledger sample-transfer inbox/first --partner LIEGE
      dragon-ledger sample-transfer inbox/second --partner LIEGE --first-subject 5 --subjects 2
      dragon-ledger sample-transfer inbox/bad --defect missing-slice --defect missing-age
      dragon-ledger sample-transfer inbox/again --defect pixels-of-an-earlier-image
    The last spoils a second transfer: deliver the clean one with equal options before.
    """
    console = Console()
    if list_defects:
        console.print(_defects())
        return
    if folder is None:
        raise InputError("no folder given: name where to write, or ask for --list-defects")
    from dragon_ledger.samples import make_transfer  # noqa: PLC0415 (imports numpy and pydicom)

    made = make_transfer(
        folder,
        partner=partner,
        seed=seed,
        subjects=subjects,
        first_subject=first_subject,
        slices=slices,
        size=size,
        country=country,
        defects=defect or (),
    )
    scans = sum(len(subject.scans) for subject in made.subjects)
    console.print(f"{made.folder}: {len(made.subjects)} subjects, {scans} scans, complete.")


def _defects() -> Table:
    from dragon_ledger.samples import DEFECTS  # noqa: PLC0415 (as above)

    table = Table("defect", "found by", "what is wrong", "needs", box=None)
    for each in DEFECTS.values():
        table.add_row(each.name, each.check, each.says, escape(each.needs))
    return table
