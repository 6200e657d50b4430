"""`dragon-ledger evidence` and `verify --bundle`, on a chain, and then with nobody to ask."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from functools import partial
from pathlib import Path

import pytest

from dragon_ledger.cli import evidence_check
from dragon_ledger.cli.evidence_check import known_network
from tests.chain.history import tell_history
from tests.chain.world import World, digest
from tests.cli.command_line import CommandLine
from tests.provenance.bundle.make_vectors import published

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "evidence-bundle"


@pytest.fixture(autouse=True)
def code_of_the_vectors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the code that was published when the vectors were made, but where a chain runs."""
    if "world" not in request.fixturenames:
        known = partial(known_network, published=published)
        monkeypatch.setattr(evidence_check, "known_network", known)


def offline(cli: CommandLine, name: str, *options: object) -> tuple[int, str, str]:
    ended = cli(
        *("verify", VECTORS / "model.h5", "--bundle", VECTORS / f"{name}.evidence.json"),
        *("--network", VECTORS / f"{name}.network.json", *options),
    )
    return ended.code, ended.out, ended.err


def checkpoint() -> str:
    cases = json.loads((VECTORS / "cases.json").read_text())["cases"]
    accepted = next(case for case in cases if case["name"] == "checkpoint-accepted")
    return str(accepted["demands"]["accepted_checkpoint"])


def test_a_single_operators_bundle_is_not_verifiable_unless_its_word_is_taken(
    cli: CommandLine,
) -> None:
    code, out, _ = offline(cli, "single-operator")
    assert code == 2
    assert "NOT VERIFIABLE" in out
    assert "that operator's word" in " ".join(out.split())
    code, out, _ = offline(cli, "single-operator", "--accept-checkpoint", checkpoint())
    assert code == 0
    assert "CHECKPOINT_ACCEPTED" in out
    code, _, err = offline(cli, "single-operator", "--accept-checkpoint", "0x" + "0" * 64)
    assert (code, "not the accepted checkpoint" in err) == (1, True)


def test_as_json_the_source_is_the_bundle(cli: CommandLine) -> None:
    _, out, _ = offline(cli, "single-operator", "--json")
    verdict = json.loads(out)
    assert verdict["as_of"]["source"] == "bundle"
    sealed = next(check for check in verdict["checks"] if check["id"] == "state.sealed")
    assert (sealed["outcome"], sealed["required"]) == ("NOT VERIFIABLE", True)


def test_freshness_is_asked_for(cli: CommandLine) -> None:
    word = ("--accept-checkpoint", checkpoint())
    code, out, _ = offline(cli, "single-operator", *word, "--at-least-block", 10**6)
    assert code == 2
    assert "evidence refresh" in " ".join(out.split())
    code, _, _ = offline(cli, "single-operator", *word, "--max-age", 10**9)
    assert code == 0


def test_another_file_is_not_covered(cli: CommandLine) -> None:
    other = cli.folder / "other.h5"
    shutil.copyfile(VECTORS / "model.h5", other)
    with other.open("ab") as file:
        file.write(b"more")
    other.write_bytes(b"no model at all")
    ended = cli(
        *("verify", other, "--bundle", VECTORS / "single-operator.evidence.json"),
        *("--network", VECTORS / "single-operator.network.json"),
    )
    assert ended.code == 2
    assert "says nothing about" in ended.err


def test_a_bundle_that_is_none_is_refused_by_name(cli: CommandLine) -> None:
    bundle = cli.folder / "claim.json"
    bundle.write_text('{"nodes":["fb40000000' + "00" * 400 + '"]}')
    ended = cli(
        *("verify", VECTORS / "model.h5", "--bundle", bundle),
        *("--network", VECTORS / "sealed.network.json"),
    )
    assert ended.code == 1
    assert "bundle: missing or unknown members" in ended.err


def test_misuse_is_said(cli: CommandLine) -> None:
    model, network = VECTORS / "model.h5", VECTORS / "sealed.network.json"
    assert cli("verify", model, "--network", network, "--max-age", 5).code == 3
    assert cli("verify", model, "--bundle", model, "--rpc", "http://x").code == 3
    assert cli("evidence", "export", "neither", "-o", cli.folder / "x").code == 3


@pytest.mark.slow
def test_export_verify_refresh(world: World, cli: CommandLine) -> None:
    bundle, network = cli.folder / "model.evidence.json", cli.folder / "network.json"
    model = VECTORS / "model.h5"
    ended = cli("evidence", "export", model, "-o", bundle, "--network", network)
    assert ended.code == 0, ended.err
    assert ended.err.count("proved to be recorded nowhere") == 2
    before = json.loads(bundle.read_text())
    assert hashlib.sha256(model.read_bytes()).hexdigest() in before["digests"]
    ended = cli("verify", model, "--bundle", bundle, "--network", network)
    assert ended.code == 1
    assert "The digest is not known" in " ".join(ended.out.split())
    world.register(1, "later")
    newest = world.client.block()
    ended = cli("evidence", "refresh", bundle, "--network", network)
    assert ended.code == 0, ended.err
    after = json.loads(bundle.read_text())
    assert (after["digests"], after["headers"] != before["headers"]) == (before["digests"], True)
    asked = ("--at-least-block", newest.number, "--accept-checkpoint", "0x" + newest.hash.hex())
    ended = cli("verify", model, "--bundle", bundle, "--network", network, "--json", *asked)
    verdict = json.loads(ended.out)
    assert (verdict["answer"], verdict["as_of"]["block"]) == ("not valid", newest.number)


@pytest.mark.slow
def test_documents_are_attached_and_stay(world: World, cli: CommandLine) -> None:
    aggregate = tell_history(world)
    exchange, bundle = cli.folder / "documents", cli.folder / "b.json"
    exchange.mkdir()
    (exchange / digest("card").hex()).write_bytes(b"card")
    (exchange / digest("ethics").hex()).write_bytes(b"ethics")
    network = ("--network", cli.folder / "network.json")
    options = ("-o", bundle, "--exchange", exchange, *network)
    ended = cli("evidence", "export", aggregate.hex(), *options)
    assert ended.code == 0, ended.err
    card = {digest("card").hex(): base64.b64encode(b"card").decode()}
    assert json.loads(bundle.read_text())["attachments"] == card
    assert cli("evidence", "refresh", bundle, *network).code == 0
    assert json.loads(bundle.read_text())["attachments"] == card
