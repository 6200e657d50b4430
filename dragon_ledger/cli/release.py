"""`dragon-ledger release`: for release authorities."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from dragon_ledger.chain import reader
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.states import ModelStatus, OriginState, ReleaseState
from dragon_ledger.cli.session import (
    NETWORK_DEFAULT,
    NetworkFile,
    RpcUrls,
    Session,
    acting,
    open_client,
)
from dragon_ledger.cli.values import parse_digest, shown, shown_time
from dragon_ledger.cli.verdict_view import network_words
from dragon_ledger.digests.canonical_json import JsonValue, parse_canonical_json
from dragon_ledger.digests.documents import SealedDocument, read_envelope, seal_document
from dragon_ledger.digests.file import file_digest
from dragon_ledger.digests.hdf5 import hdf5_content_digest
from dragon_ledger.errors import InputError
from dragon_ledger.provenance.reasons import WITHDRAWAL_REASONS

app = typer.Typer(
    no_args_is_help=True,
    help="Release the aggregate of a closed round as a file, or withdraw a release."
    "\n\nExample: dragon-ledger release show model.h5",
)

RELEASE_SCHEMA = "release-statement/1"
WITHDRAWAL_SCHEMA = "withdrawal-statement/1"
CARD_SCHEMA = "model-card/1"

Words = Annotated[str, typer.Option("--words", help="Why, in words; sealed into the statement.")]
_REASONS = "; ".join(f"{code} {words}" for code, words in WITHDRAWAL_REASONS.items())


@app.command()
@acting
def create(
    session: Session,
    model: Annotated[Path, typer.Argument(help="The model's file (HDF5).")],
    model_card: Annotated[
        Path, typer.Option(help="Model card: a JSON document, sealed here if it is not yet.")
    ],
    run: Annotated[
        bytes | None,
        typer.Option(parser=parse_digest, help="The run (default: found by the model's content)."),
    ] = None,
    round_number: Annotated[int | None, typer.Option("--round", min=1, help="The round.")] = None,
    words: Words = "",
) -> None:
    """Release a model file: its content must be the aggregate of a closed round.

    Needs the role releaser, in another organisation than the one that aggregated the run.

    Example: dragon-ledger release create model.h5 --model-card card.json --keystore releaser.json
    """
    with session.console.status("hashing the model"):
        content, file = hdf5_content_digest(model).value, file_digest(model).value
    origin = _origin(session, model, content, run, round_number)
    own = session.account.organisation
    view = reader.release_id(own, origin.run, origin.round, file)
    identifier = reader.read(session.client, view)
    if reader.read(session.client, reader.release(identifier)).released_at:
        session.already(f"your organisation has released this file as {shown(identifier)}.")
        return
    card = _sealed_card(model_card)
    session.exchange.put(card.data)
    subject = shown(identifier)
    statement = session.say_why("ModelRegistry", RELEASE_SCHEMA, "release", subject, words)
    done = f"{model.name} released as {subject} (round {origin.round} of run {shown(origin.run)})"
    arguments = (origin.run, origin.round, content, file, card.digest, statement)
    session.send(done, "ModelRegistry", "release", *arguments)


def _origin(
    session: Session, model: Path, content: bytes, run: bytes | None, round_number: int | None
) -> OriginState:
    """Return the round that the releaser names, or the only one with this aggregate."""
    if run is not None and round_number is not None:
        return OriginState(run, round_number)
    if run is not None or round_number is not None:
        raise InputError("give both --run and --round, or neither")
    found = reader.read(session.client, reader.origins(content))
    if len(found) == 1:
        return found[0]
    if not found:
        raise InputError(
            f"{model}: its content (hdf5-content-v1:{content.hex()}) is no closed round's "
            "aggregate, so it cannot be released"
        )
    listed = "\n".join(f"  --run {shown(one.run)} --round {one.round}" for one in found)
    raise InputError(f"{model}: several rounds have this aggregate; name one:\n{listed}")


def _sealed_card(file: Path) -> SealedDocument:
    """Take a model card that is sealed already as it is, and seal any other JSON document."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    if _is_sealed(data):
        return SealedDocument(data, file_digest(file).value)
    try:
        content: JsonValue = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: a model card is a JSON document: {error}") from error
    return seal_document(content, CARD_SCHEMA, secrets.token_bytes(32))


def _is_sealed(data: bytes) -> bool:
    try:
        parse_canonical_json(data)
        return read_envelope(data).schema == CARD_SCHEMA
    except InputError:
        return False


@app.command()
@acting
def withdraw(
    session: Session,
    release: Annotated[bytes, typer.Argument(parser=parse_digest, help="Id of the release.")],
    reason: Annotated[int, typer.Option(min=1, max=255, help=f"Reason code: {_REASONS}.")],
    words: Words = "",
) -> None:
    """Take a release back for good, as the organisation that released.

    Example: dragon-ledger release withdraw 8c… --reason 3 --keystore releaser.json
    """
    state = reader.read(session.client, reader.release(release))
    if state.withdrawn_at:
        session.already(f"the release was withdrawn at {shown_time(state.withdrawn_at)}.")
        return
    subject = shown(release)
    statement = session.say_why("ModelRegistry", WITHDRAWAL_SCHEMA, "withdraw", subject, words)
    done = f"release {subject} withdrawn ({WITHDRAWAL_REASONS.get(reason, reason)})"
    session.send(done, "ModelRegistry", "withdraw", release, reason, statement)


@app.command()
def show(
    digest: Annotated[
        str, typer.Argument(help="A model's file, a content digest, or a file's SHA-256.")
    ],
    network: NetworkFile = NETWORK_DEFAULT,
    rpc: RpcUrls = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show the contract's status of a model and all its releases; needs no key.

    The verdict with its reasons is 'dragon-ledger verify'.

    Example: dragon-ledger release show model.h5
    """
    path = Path(digest)
    wanted = hdf5_content_digest(path).value if path.is_file() else parse_digest(digest)
    client = open_client(network, rpc)
    try:
        found = _status(client, wanted)
    finally:
        client.close()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _print_status(found, Console(soft_wrap=True))


def _status(client: Client, digest: bytes) -> dict[str, Any]:
    block = client.final_block().number
    status: ModelStatus = reader.read(client, reader.status(digest), block)
    ids = reader.read(client, reader.releases(digest), block)
    states = reader.read_many(client, [reader.release(one) for one in ids], block)
    fingerprint = client.network.fingerprint
    return {
        "digest": shown(digest),
        "block": block,
        "network_file": None if fingerprint is None else fingerprint.hex(),
        "status": status.status.name.lower().replace("_", " "),
        "offender": status.offender or None,
        "releases": [_release(one, state) for one, state in zip(ids, states, strict=True)],
    }


def _release(identifier: bytes, state: ReleaseState) -> dict[str, Any]:
    return {
        "id": shown(identifier),
        "organisation": state.organisation,
        "released_at": state.released_at,
        "run": shown(state.run),
        "round": state.round,
        "file_digest": shown(state.file_digest),
        "model_card": shown(state.model_card),
        "withdrawn_at": state.withdrawn_at or None,
        "withdrawal_reason": state.withdrawal_reason or None,
    }


def _print_status(found: dict[str, Any], console: Console) -> None:
    console.print(f"{found['digest']}: {found['status']} (block {found['block']})")
    if found["offender"]:
        console.print(f"Dataset version number {found['offender']} is not in standing.")
    for one in found["releases"]:
        console.print(
            f"  release {one['id']} by organisation {one['organisation']} at "
            f"{shown_time(one['released_at'])}: round {one['round']} of run {one['run']}, "
            f"file {one['file_digest']}, withdrawn {shown_time(one['withdrawn_at'])}"
        )
    for line in network_words(found):
        console.print(line)
