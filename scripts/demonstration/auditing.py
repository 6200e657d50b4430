"""The auditor: three files, three questions, and the same question after a revocation."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from rich.text import Text

from scripts.demonstration.narration import Narrator

STYLES = {"valid": "bold green", "not valid": "bold red", "not verifiable": "bold yellow"}
WEIGHTS = "model_weights/dense/dense/kernel:0"


def rewrite(source: Path, target: Path) -> None:
    """Write the same content in another layout: chunks, compression, order of attributes."""
    with h5py.File(source, "r") as model, h5py.File(target, "w", libver="latest") as copy:
        for name in sorted(model.attrs, reverse=True):
            copy.attrs[name] = model.attrs[name]

        def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Group):
                copy.require_group(name)
            elif item.shape:
                layout = {"chunks": True, "compression": "gzip", "shuffle": True}
                copy.create_dataset(name, data=item[...], dtype=item.dtype, **layout)
            else:
                copy.create_dataset(name, data=item[...], dtype=item.dtype)

        model.visititems(visit)


def change_last_bit(source: Path, target: Path) -> None:
    """Change one weight in the last bit of its mantissa."""
    shutil.copyfile(source, target)
    with h5py.File(target, "r+") as model:
        weights = model[WEIGHTS][...]
        weights.view(np.uint32)[0] ^= 1
        model[WEIGHTS][...] = weights


def show_verdict(narrator: Narrator, name: str, verdict: dict[str, Any]) -> None:
    """One line of answer, and what an auditor must see first."""
    answer = verdict["answer"]
    line = Text(f"  {name}: ", style="bold") + Text(answer.upper(), style=STYLES[answer])
    narrator.console.print(line + Text(f"  {verdict['summary']}"))
    for notice in verdict["notices"]:
        narrator.note(f"{notice['kind']}: {notice['words']}")
