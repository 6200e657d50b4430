"""Which run a folder of the drop folder belongs to.

A run's folder is named after its plan. When there is a folder of that name for another run, it
carries the first eight digits of the run's id behind it, so a folder never changes its meaning.
Every folder holds `run.json`, which says it to people and programs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragon_ledger.digests.documents import open_document
from dragon_ledger.errors import InputError
from dragon_ledger.site.statements import PLAN
from dragon_ledger.site.store import write_whole

RUN_FILE = "run.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as sealed: its folder-safe name and all of it."""

    name: str
    content: Mapping[str, Any]


def read_plan(data: bytes, digest: bytes) -> Plan:
    """Open a plan that the chain binds.

    Raises:
        ProofError: the document is another one.
        InputError: it is no plan, or its name cannot be a folder's.
    """
    content = open_document(data, digest, PLAN)
    if not isinstance(content, Mapping) or not isinstance(name := content.get("name"), str):
        raise InputError(f"plan {digest.hex()}: has no name")
    if not _NAME.fullmatch(name):
        raise InputError(
            f"plan {digest.hex()}: name {name!r} is no folder name: expected up to 63 lower-case"
            " letters, digits, '.', '_' or '-'"
        )
    return Plan(name, content)


def run_folder(parent: Path, run: bytes, plan: Plan) -> Path:
    """The folder of a run, made with its `run.json` unless it is there.

    Raises:
        StorageError: it cannot be written.
        InputError: a folder of this name belongs to something else.
    """
    for name in (plan.name, f"{plan.name}-{run.hex()[:8]}"):
        folder = parent / name
        owner = _owner(folder)
        if owner is None:
            folder.mkdir(parents=True, exist_ok=True)
            document = {"run": run.hex(), "folder": name, "plan": plan.content}
            write_whole(folder / RUN_FILE, json.dumps(document, indent=1).encode())
        if owner in (None, run.hex()):
            return folder
    raise InputError(f"{folder}: its {RUN_FILE} names another run than {run.hex()}")


def _owner(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / RUN_FILE).read_bytes())["run"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / RUN_FILE}: not as the agent wrote it: {error}") from error
