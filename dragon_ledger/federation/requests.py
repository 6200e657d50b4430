"""Requests to open a run: written by a command, carried out by whoever works on the folder.

A request is a folder below `requests/`, renamed into place when it is whole. Plan and opening are
sealed when it is written, so the run's id is fixed from then on and opening it twice is opening it
once.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dragon_ledger.digests.canonical_json import JsonValue
from dragon_ledger.digests.documents import SealedDocument
from dragon_ledger.digests.hdf5 import hdf5_content_digest
from dragon_ledger.errors import InputError
from dragon_ledger.federation.aggregator_acts import OpenRun
from dragon_ledger.federation.plan import PlanDocument
from dragon_ledger.records import Digest, InitialKind
from dragon_ledger.site.ids import run_id
from dragon_ledger.site.statements import PLAN, RUN_OPENING, LedgerAddress, seal
from dragon_ledger.site.store import write_whole

REQUEST_FILE = "request.json"
INITIAL = "initial.h5"
ZERO = bytes(32)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the initial model comes from; `parent` is run and round, `declaration` a digest."""

    kind: InitialKind
    parent: tuple[bytes, int] | None = None
    declaration: bytes | None = None


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A request that waits: its folder, the act, and the documents to be published."""

    folder: Path
    act: OpenRun
    documents: tuple[bytes, ...]

    @property
    def model(self) -> Path:
        """The initial model."""
        return self.folder / INITIAL


def write_request(
    parent: Path,
    ledger: LedgerAddress,
    organisation: int,
    plan: PlanDocument,
    model: Path,
    participants: tuple[int, ...],
    origin: Origin,
) -> RunRequest:
    """Write a request to open a run.

    Raises:
        InputError: the model is no HDF5 file, or too few participants for the plan.
    """
    minimum = plan.content["minimum_participants"]
    if len(participants) < minimum:
        raise InputError(f"plan {plan.name}: asks for {minimum} participants or more")
    initial = hdf5_content_digest(model)
    sealed_plan = seal(plan.content, PLAN)
    statement = _seal_opening(ledger, organisation, sealed_plan, participants, initial, origin)
    act = OpenRun(
        run=run_id(
            ledger.chain_id, ledger.contract, organisation, sealed_plan.digest, statement.digest
        ),
        plan=sealed_plan.digest,
        purpose=plan.purpose,
        participants=sum(1 << number for number in participants),
        initial_model=initial.value,
        parent_run=origin.parent[0] if origin.parent else ZERO,
        origin=origin.declaration or ZERO,
        statement=statement.digest,
        parent_round=origin.parent[1] if origin.parent else 0,
        initial_kind=int(origin.kind),
    )
    return _store(parent, act, (sealed_plan.data, statement.data), model)


def _seal_opening(
    ledger: LedgerAddress,
    organisation: int,
    plan: SealedDocument,
    participants: tuple[int, ...],
    initial: Digest,
    origin: Origin,
) -> SealedDocument:
    content: dict[str, JsonValue] = {
        "ledger": ledger.to_json(),
        "organisation": organisation,
        "plan": plan.digest.hex(),
        "participants": sorted(participants),
        "initial_model": str(initial),
        "initial_kind": origin.kind.name.lower(),
    }
    return seal(content, RUN_OPENING)


def _store(parent: Path, act: OpenRun, documents: tuple[bytes, ...], model: Path) -> RunRequest:
    """Write the request's folder; its name appears when everything is in it."""
    final = parent / act.run.hex()
    part = parent / f".{secrets.token_hex(8)}.part"
    part.mkdir(parents=True)
    shutil.copyfile(model, part / INITIAL)
    content = {"act": act.to_json(), "documents": [data.decode() for data in documents]}
    write_whole(part / REQUEST_FILE, json.dumps(content).encode())
    part.rename(final)
    return RunRequest(final, act, documents)


def waiting_requests(parent: Path) -> Iterator[RunRequest]:
    """Requests that are whole, by name.

    Raises:
        InputError: one is not as `open-run` writes it.
    """
    if not parent.is_dir():
        return
    for done in list(parent.glob(".*.done")):
        shutil.rmtree(done)
    for folder in sorted(parent.iterdir()):
        if folder.name.startswith("."):
            continue
        yield _read(folder)


def _read(folder: Path) -> RunRequest:
    try:
        content = json.loads((folder / REQUEST_FILE).read_bytes())
        documents = tuple(text.encode() for text in content["documents"])
        return RunRequest(folder, OpenRun.from_json(content["act"]), documents)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{folder / REQUEST_FILE}: not as `open-run` wrote it ({error}); remove the folder"
        ) from error


def discard(request: RunRequest) -> None:
    """Remove a request that was carried out; half removed, it is none any more."""
    done = request.folder.with_name(f".{request.folder.name}.done")
    request.folder.rename(done)
    shutil.rmtree(done)
