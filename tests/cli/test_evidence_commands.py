"""`dragon-ledger evidence` and `verify --bundle`, on a chain, and then with nobody to ask."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import rlp
from rich.console import Console

from dragon_ledger.chain.network import Network
from dragon_ledger.cli import evidence_check
from dragon_ledger.cli.evidence_check import known_network
from dragon_ledger.cli.verdict_view import show
from dragon_ledger.errors import ConfigurationError, ProofError
from dragon_ledger.provenance.bundle.known import Demands
from dragon_ledger.provenance.bundle.verify import verify
from dragon_ledger.provenance.to_json import verdict_json
from dragon_ledger.provenance.trace import trace
from dragon_ledger.provenance.verdict import judge
from tests.chain.history import AGGREGATOR, REVIEWER, tell_history
from tests.chain.world import World, digest
from tests.cli.command_line import CommandLine
from tests.provenance.bundle.corpus import cases
from tests.provenance.bundle.make_vectors import demands_of, presented_of, published
from tests.provenance.bundle.mutants import canonical
from tests.verify_js.verifier import NODE, PAGE

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "evidence-bundle"


@pytest.fixture(autouse=True)
def code_of_the_vectors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the code that was published when the vectors were made, but where a chain runs."""
    if "world" not in request.fixturenames:
        known = partial(known_network, published=published())
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


def test_an_offline_check_loads_nothing_that_could_reach_a_network() -> None:
    """Which also keeps its start-up short."""
    program = (
        "import sys\nfrom dragon_ledger.cli.main import command\n"
        "try:\n    command(sys.argv[1:], prog_name='dragon-ledger')\nexcept SystemExit:\n    pass\n"
        "clients = {'web3', 'httpx', 'requests', 'aiohttp', 'ssl', 'asyncio', 'eth_account'}\n"
        "print(sorted(clients & set(sys.modules)))"
    )
    bundle = VECTORS / "single-operator.evidence.json"
    network = VECTORS / "single-operator.network.json"
    options = ["--bundle", str(bundle), "--network", str(network), "--json"]
    ended = subprocess.run(
        [sys.executable, "-c", program, "verify", str(VECTORS / "model.h5"), *options],
        capture_output=True,
        text=True,
        check=True,
    )
    verdict, loaded = ended.stdout.splitlines()
    assert json.loads(verdict)["answer"] == "not verifiable"
    assert loaded == "[]"


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
    for options, words in (
        ([], "say whom to ask"),
        (["--network", network, "--max-age", 5], "about a --bundle only"),
        (["--bundle", model, "--rpc", "http://x"], "one answer comes from one of them"),
        (["--api", "http://x", "--rpc", "http://x"], "one answer comes from one of them"),
        (["--api", "http://x", "--network", network], "--network does not go with --api"),
        (["--network", network, "--token-file", model], "--token-file does not go with --rpc"),
    ):
        ended = cli("verify", model, *options)
        assert (ended.code, words in ended.err) == (3, True), ended.err
    assert cli("evidence", "export", "neither", "-o", cli.folder / "x").code == 3


@pytest.mark.parametrize("source", [("--rpc", "http://127.0.0.1:9"), ("--bundle", "sealed")])
def test_the_network_file_is_the_one_here(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, source: tuple[str, str]
) -> None:
    model = VECTORS / "model.h5"
    option, value = source
    at = VECTORS / "sealed.evidence.json" if value == "sealed" else value
    monkeypatch.chdir(cli.folder)
    (cli.folder / "network.json").unlink(missing_ok=True)
    ended = cli("verify", model, option, at)
    assert ended.code == 3
    assert "name it with --network FILE" in " ".join(ended.err.split())
    shutil.copyfile(VECTORS / "sealed.network.json", "network.json")
    ended = cli("verify", model, option, at)
    expected = (0, "VALID") if option == "--bundle" else (2, "127.0.0.1:9")
    assert (ended.code, expected[1] in ended.out + ended.err) == (expected[0], True), ended.err


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


SUMMARY = b'{"checks":[]}'


def test_summaries_of_quality_reports_are_attached(world: World, cli: CommandLine) -> None:
    summary = hashlib.sha256(SUMMARY).hexdigest()
    end = f'"summary":"{summary}"}},"salt":"{"0" * 64}","schema":"qc-report/1"}}'
    version = world.register(1, end)
    world.approve(REVIEWER, 1, end)
    run = world.open_run(AGGREGATOR, "attached", [1])
    world.commit(1, run, 1, version)
    aggregate = world.close(AGGREGATOR, run, 1, [1])
    exchange, bundle = cli.folder / "documents", cli.folder / "b.json"
    exchange.mkdir()
    for document in (f"qc 1 {end}".encode(), SUMMARY, b"ethics"):
        (exchange / hashlib.sha256(document).hexdigest()).write_bytes(document)
    network = cli.folder / "network.json"
    options = ("-o", bundle, "--exchange", exchange, "--network", network)
    ended = cli("evidence", "export", aggregate.hex(), *options)
    assert ended.code == 0, ended.err
    attachments = json.loads(bundle.read_text())["attachments"]
    assert base64.b64decode(attachments.pop(summary)) == SUMMARY
    assert list(attachments) == [digest(f"qc 1 {end}").hex()]
    assert javascript(bundle, network, aggregate).returncode == 1, "known, but not released"
    alone = json.loads(bundle.read_text())
    del alone["attachments"][digest(f"qc 1 {end}").hex()]
    bundle.write_bytes(canonical(alone))
    with pytest.raises(ProofError, match="neither a fact nor an attached QC report names it"):
        verify(bundle.read_bytes(), known_network(Network.load(network)), Demands(0))
    refused = javascript(bundle, network, aggregate)
    assert "neither a fact nor an attached QC report names it" in refused.stderr


def javascript(bundle: Path, network: Path, asked: bytes) -> subprocess.CompletedProcess[str]:
    files = ["--digest", asked.hex(), "--bundle", str(bundle), "--network", str(network)]
    command = [str(NODE), str(PAGE / "verify.js"), *files]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_screen_says_which_block_and_who_sealed_it() -> None:
    case = cases()["valid"]
    network = known_network(Network.load(VECTORS / case["network"]), published())
    demands, presented = demands_of(case), presented_of(case)
    evidence = verify((VECTORS / case["bundle"]).read_bytes(), network, demands)
    facts = evidence.facts_of_file(presented)
    console = Console(record=True, width=200, file=io.StringIO())
    verdict = verdict_json(judge(facts, demands.now, presented))
    show(console, "model.h5", verdict, trace(facts).to_json())
    said = " ".join(console.export_text().split())
    number = facts.as_of.block
    assert f"As of block {number} (" in said
    assert "Sealed by 3 of 4 validators: Member 0, Member 1, Member 3." in said


def test_a_network_file_that_contradicts_itself_is_refused() -> None:
    network = Network.load(VECTORS / "sealed.network.json")
    with pytest.raises(ConfigurationError, match="contradicts itself"):
        known_network(replace(network, genesis_hash=bytes(32)), published())


def test_a_time_beyond_the_calendar_is_shown_as_a_number(cli: CommandLine) -> None:
    """Where nobody sealed, a header may say any time."""
    bundle = json.loads((VECTORS / "single-operator.evidence.json").read_text())
    header = rlp.decode(bytes.fromhex(bundle["headers"][0]))
    header[11] = b"\xff" * 8
    bundle["headers"] = [rlp.encode(header).hex()]
    changed = cli.folder / "far.evidence.json"
    changed.write_bytes(canonical(bundle))
    ended = cli(
        *("verify", VECTORS / "model.h5", "--bundle", changed),
        *("--network", VECTORS / "single-operator.network.json"),
    )
    assert ended.code == 2, ended.err
    assert str(2**64 - 1) in " ".join(ended.out.split())
