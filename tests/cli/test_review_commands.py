from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from dragon_ledger.chain import reader
from dragon_ledger.digests.canonical_json import JsonValue, canonical_json
from dragon_ledger.digests.documents import open_document
from dragon_ledger.digests.qc_report import seal_qc_report
from dragon_ledger.records import Role, VersionFlag
from tests.chain.world import FAR, NONE, PURPOSE, RULES, World, digest
from tests.cli.command_line import CommandLine

REVIEWER = 10


def summary(outcome: str) -> bytes:
    """A QC summary with one check, as the quality room writes them."""
    counts = {"error": int(outcome == "FAIL"), "warning": 0, "note": 0}
    check: dict[str, JsonValue] = {
        **{"id": "slices", "number": 3, "title": "Number of slices"},
        **{"outcome": outcome, "counts": counts, "reasons": []},
    }
    return canonical_json(
        {
            "format": "dragon-ledger/qc-summary/1",
            "outcome": outcome,
            "loosened": [],
            "rule_set": {"name": "hds-1.0"},
            "checks": [check],
            "findings": [],
            "counts": {"findings": counts},
        }
    )


@dataclass(frozen=True, slots=True)
class Registered:
    """A version on chain whose report is in the exchange."""

    id: bytes
    report: Path
    summary: Path


def register(world: World, cli: CommandLine, outcome: str, text: bytes | None = None) -> Registered:
    written = text or summary(outcome)
    sealed = seal_qc_report(
        written,
        b"{}",
        outcome=outcome,
        rule_set=RULES,
        made={},
        annex_salt=digest("annex"),
        salt=digest("salt"),
    )
    folder = cli.folder / "documents"
    folder.mkdir(exist_ok=True)
    files = [folder / sealed.digest.hex(), folder / sha256(written).hexdigest()]
    files[0].write_bytes(sealed.data)
    files[1].write_bytes(written)
    commitment = digest(f"data {outcome}")
    registration = (commitment, NONE, sealed.digest, digest("e"), RULES, PURPOSE, digest("s"))
    world.send(
        world.members[1],
        *("DatasetRegistry", "register", (*registration, FAR, 15, outcome == "PASS")),
    )
    version = reader.read(world.client, reader.version_id(1, commitment))
    return Registered(version, files[0], files[1])


@pytest.fixture
def reviewer(world: World, cli: CommandLine) -> list[object]:
    return cli.acting(cli.keystore("reviewer", world.members[REVIEWER]))


def test_a_reviewer_reads_approves_revokes_and_another_pair_reinstates(
    cli: CommandLine, world: World, reviewer: list[object]
) -> None:
    version = register(world, cli, "PASS").id.hex()
    ended = cli("review", "approve", version, "--yes", "--words", "read in full", *reviewer)
    assert (ended.code, ended.err) == (0, "")
    assert "Number of slices" in ended.out
    shown = cli("review", "show", version, *reviewer[4:])  # who only reads needs no key
    fingerprint = sha256((cli.folder / "network.json").read_bytes()).hexdigest()
    assert f"Network file: SHA-256 {fingerprint}" in shown.out
    again = cli("review", "approve", version, "--yes", *reviewer)
    assert "Nothing was sent" in again.out
    assert cli("review", "revoke", version, "--reason", 4, *reviewer).code == 0
    assert "Nothing was sent" in cli("review", "revoke", version, "--reason", 4, *reviewer).out
    refused = cli("review", "reinstate", version, "--reason", 7, *reviewer)
    assert refused.code == 1
    assert "neither the site's own nor the one that revoked it" in refused.err
    for number in (11, 12):
        other = cli.acting(cli.keystore(f"r{number}", world.add(number, Role.REVIEWER)))
        assert cli("review", "reinstate", version, "--reason", 7, *other).code == 0
        assert "Nothing was sent" in cli("review", "reinstate", version, "--reason", 7, *other).out
    state = reader.read(world.client, reader.version(bytes.fromhex(version)))
    assert VersionFlag(state.flags) == VersionFlag.APPROVED


def test_a_failed_version_is_refused_by_the_contract_in_words(
    cli: CommandLine, world: World, reviewer: list[object]
) -> None:
    version = register(world, cli, "FAIL").id
    ended = cli("review", "approve", version.hex(), "--yes", *reviewer)
    assert ended.code == 1
    assert "The quality check of version" in ended.err
    assert "can never be approved" in ended.err
    assert reader.read(world.client, reader.version(version)).flags == 0


@pytest.mark.slow
def test_a_rejection_is_kept_with_its_statement(
    cli: CommandLine, world: World, reviewer: list[object]
) -> None:
    version = register(world, cli, "FAIL").id.hex()
    before = set((cli.folder / "documents").iterdir())
    assert cli("review", "reject", version, "--reason", 3, "--words", "a name", *reviewer).code == 0
    (said,) = set((cli.folder / "documents").iterdir()) - before
    content = open_document(said.read_bytes(), bytes.fromhex(said.name), "decision-statement/1")
    assert isinstance(content, dict)
    assert (content["decision"], content["reason"], content["words"]) == ("reject", 3, "a name")
    shown = cli(
        *("review", "show", version, "--network", cli.folder / "network.json"),
        *("--exchange", cli.folder / "documents", "--json"),
    )
    decision = json.loads(shown.out)["decisions"][0]
    assert decision["statement"] == "0x" + said.name


@pytest.mark.slow
@pytest.mark.parametrize("part", ["report", "summary"])
@pytest.mark.parametrize("how", ["missing", "altered"])
def test_nothing_is_approved_on_a_report_that_the_chain_does_not_bind(
    cli: CommandLine, world: World, reviewer: list[object], part: str, how: str
) -> None:
    registered = register(world, cli, "PASS")
    file = registered.report if part == "report" else registered.summary
    if how == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes().replace(b"PASS", b"FAIL"))
    ended = cli("review", "approve", registered.id.hex(), "--yes", *reviewer)
    assert ended.code == (3 if how == "missing" else 1)
    assert ("publish" if how == "missing" else file.name) in ended.err
    assert reader.read(world.client, reader.version(registered.id)).approvals == 0


@pytest.mark.slow
@pytest.mark.parametrize("text", [b'{"checks":[]}', b"[1]", b"no json", b'{"a":1, "a":2}'])
def test_a_summary_of_another_form_is_refused_and_not_a_crash(
    cli: CommandLine, world: World, reviewer: list[object], text: bytes
) -> None:
    version = register(world, cli, "PASS", text).id
    ended = cli("review", "approve", version.hex(), "--yes", *reviewer)
    assert ended.code == 3
    assert "Traceback" not in ended.err
    assert reader.read(world.client, reader.version(version)).approvals == 0


@pytest.mark.slow
def test_list_and_show_need_no_key(cli: CommandLine, world: World) -> None:
    good, bad = register(world, cli, "PASS"), register(world, cli, "FAIL")
    network = ("--network", cli.folder / "network.json")
    listed = json.loads(cli("review", "list", "--json", *network).out)
    assert [one["id"] for one in listed] == ["0x" + good.id.hex(), "0x" + bad.id.hex()]
    assert json.loads(cli("review", "list", "--json", "--site", 2, *network).out) == []
    standing = cli("review", "list", "--state", "standing", *network)
    assert "No such version" in standing.out
    saved = cli.folder / "saved"
    exchange = ("--exchange", cli.folder / "documents")
    ended = cli("review", "show", good.id.hex(), *network, *exchange, "--save", saved)
    assert ended.code == 0
    assert "QC report PASS, as bound on chain" in ended.out
    assert sha256((saved / "report.json").read_bytes()).hexdigest() == good.report.name
    unknown = cli("review", "show", "07" * 32, *network, *exchange)
    assert unknown.code == 3
    assert "no dataset version has the id" in unknown.err
