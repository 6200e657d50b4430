"""From what a person says to a request to open a run."""

from __future__ import annotations

import hashlib
from pathlib import Path

from dragon_ledger.chain.network import Network
from dragon_ledger.errors import InputError
from dragon_ledger.federation.config import AggregatorConfig
from dragon_ledger.federation.plan import read_plan_file
from dragon_ledger.federation.requests import Origin, RunRequest, write_request
from dragon_ledger.records import InitialKind
from dragon_ledger.site.statements import LedgerAddress

_ID_LENGTH = 32


def request_run(
    config: AggregatorConfig,
    plan: Path,
    model: Path,
    participants: tuple[int, ...],
    parent: str,
    declaration: Path | None,
) -> RunRequest:
    """Write the request; `parent` is RUN:ROUND or empty.

    Raises:
        InputError: plan, model, participants or parent cannot be used.
    """
    network = Network.load(config.connection.network)
    return write_request(
        config.folder / "requests",
        LedgerAddress(network.chain_id, network.contracts["TrainingLedger"].address),
        config.connection.organisation,
        read_plan_file(plan),
        model,
        participants,
        _origin(parent, declaration),
    )


def _origin(parent: str, declaration: Path | None) -> Origin:
    if parent and declaration:
        raise InputError("an initial model has either a parent or a declaration, not both")
    if declaration:
        digest = hashlib.sha256(declaration.read_bytes()).digest()
        return Origin(InitialKind.EXTERNAL, declaration=digest)
    if not parent:
        return Origin(InitialKind.SEEDED)
    run, _, number = parent.partition(":")
    try:
        identifier, round_number = bytes.fromhex(run.removeprefix("0x")), int(number)
    except ValueError as error:
        raise InputError(f"--parent {parent!r}: expected RUN:ROUND") from error
    if len(identifier) != _ID_LENGTH or round_number < 1:
        raise InputError(f"--parent {parent!r}: expected 64 hexadecimal digits, ':' and a round")
    return Origin(InitialKind.PARENT, parent=(identifier, round_number))
