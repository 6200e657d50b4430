"""The commands for site engineers and the coordinating centre, as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dragon_ledger.chain import reader
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.digests.documents import read_envelope
from dragon_ledger.federation.config import AggregatorConfig
from dragon_ledger.federation.example.model import seeded
from dragon_ledger.quality.rules import built_in
from dragon_ledger.records import Role
from dragon_ledger.samples.transfer import make_transfer
from dragon_ledger.site.config import SiteConfig
from tests.federation.training import plan_file
from tests.site.conftest import AGGREGATOR, populate
from tests.site.place import Stage, deliver, soften
from tests.site.running import COMMAND, Processes, eventually

pytestmark = pytest.mark.slow


def type_in(*arguments: object, expect: int = 0) -> str:
    """Run a `dragon-ledger` command to its end; what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout if expect == 0 else done.stdout + done.stderr


@pytest.fixture(scope="module")
def stage(node: EmbeddedNode, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    stage = Stage.build(populate(node.url), tmp_path_factory.mktemp("stage"))
    stage.accept_rules()
    return stage


def test_check_tells_by_its_exit_code_and_writes_the_report(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    make_transfer(good, partner="HOSP1", seed=1, subjects=1, slices=25, size=64)
    make_transfer(bad, partner="HOSP1", seed=1, subjects=1, slices=25, size=64)
    next(bad.rglob("*.dcm")).unlink()
    report = tmp_path / "report"
    assert "PASS" in type_in("site", "check", good, "--output", report)
    assert {path.name for path in report.iterdir()} == {
        "summary.json",
        "annex.json",
        "report.html",
    }
    assert (report / "annex.json").stat().st_mode & 0o777 == 0o600
    assert "FAIL" in type_in("site", "check", bad, expect=1)
    assert "nowhere" in type_in("site", "check", tmp_path / "nowhere", expect=3)


def test_rules_show_the_digest_that_the_consortium_accepts() -> None:
    digest = type_in("site", "rules", "--digest").strip()
    assert digest == built_in().digest.value.hex()
    assert digest in type_in("site", "rules").replace("\n", "")
    assert "cannot be read as a rule set" in " ".join(
        type_in("site", "rules", "other", expect=3).split()
    )


def test_a_site_registers_a_transfer_without_an_agent(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    printed = type_in(
        "site", "init", folder, "--partner", "HOSP1", "--organisation", 1,
        "--network", stage.network, "--exchange", stage.exchange, "--purpose", "ab" * 32,
        "--password-file", stage.password_file, "--poll", 0.2,
        "--declare", "ethics-committee-approval", "--declare", "consent-forms-on-file",
        "--declare", "steering-committee-or-investigator-approval",
        "--ethics-expires", "2027-12-31",
    )  # fmt: skip
    config = SiteConfig.load(folder)
    soften(config.connection.account)
    assert printed.split()[-1].startswith("0x")
    stage.enrol(1, config.connection.account, Role.SITE)
    transfer = deliver(config)
    version = type_in("site", "register", folder, transfer).split()[-1]
    found = reader.read(stage.world.client, reader.version(bytes.fromhex(version)))
    assert (found.organisation, found.qc_passed) == (1, True)
    row = {"version": version, "outcome": "PASS", "transfer": transfer.name}
    assert json.loads(type_in("site", "versions", folder, "--json")) == [row]
    assert f"{version}  PASS " in type_in("site", "versions", folder)
    type_in("site", "report", folder, version, tmp_path / "out")
    envelope = read_envelope((tmp_path / "out" / "report.json").read_bytes())
    assert envelope.schema == "qc-report/1"
    status = json.loads(type_in("site", "status", folder, "--json"))
    assert status["counts"] == {"queued": 0, "sent": 0, "final": 1, "refused": 0}
    assert "on chain in block" in type_in("site", "outbox", folder, "--show", "register:")
    printed = type_in("site", "retire", folder, version, "--reason", 11)
    assert f"version {version}: retire, on chain in block" in printed
    assert "erased" in type_in("site", "erase", folder, version, "--yes")
    assert not (folder / "views" / version).exists()
    assert "no version yet" in type_in("site", "versions", folder)
    assert "not in this folder" in type_in(
        "site", "report", folder, version, tmp_path / "again", expect=3
    )


def test_a_transfer_outside_the_inbox_is_not_registered(stage: Stage, tmp_path: Path) -> None:
    config = stage.site(2)
    printed = type_in("site", "register", config.folder, tmp_path, expect=3)
    assert "is not in the inbox" in " ".join(printed.split())


def test_a_password_that_others_can_read_is_refused(stage: Stage, tmp_path: Path) -> None:
    open_password = tmp_path / "password"
    open_password.write_text("x\n")
    open_password.chmod(0o644)
    printed = type_in(
        "aggregator", "init", tmp_path / "a", "--organisation", AGGREGATOR,
        "--network", stage.network, "--exchange", stage.exchange,
        "--password-file", open_password, expect=3,
    )  # fmt: skip
    assert "chmod 600" in printed
    assert not (tmp_path / "a").exists()


def test_the_centre_opens_a_run_alone_or_leaves_it_to_the_running_aggregator(
    stage: Stage, tmp_path: Path
) -> None:
    folder = tmp_path / "centre"
    type_in(
        "aggregator", "init", folder, "--organisation", AGGREGATOR, "--network", stage.network,
        "--exchange", stage.exchange, "--password-file", stage.password_file, "--poll", 0.2,
    )  # fmt: skip
    account = AggregatorConfig.load(folder).connection.account
    soften(account)
    stage.enrol(AGGREGATOR, account, Role.AGGREGATOR)
    purpose = type_in("aggregator", "purpose", "Research.", tmp_path / "purpose.json").strip()
    assert type_in("digest", tmp_path / "purpose.json", expect=0).count(purpose) == 1
    plan, model = plan_file(tmp_path, bytes.fromhex(purpose), 1), tmp_path / "initial.h5"
    seeded(model, 3)
    command = ("aggregator", "open-run", folder, plan, "--model", model, "--participants", "1,2")
    first = type_in(*command).split()[0]
    client = stage.world.client
    assert reader.read(client, reader.run(bytes.fromhex(first))).opened_at
    with Processes(tmp_path) as processes:
        processes.command("centre", "aggregator", "run", folder)
        eventually(lambda: "agent.start" in processes.log("centre"), lambda: "not started")
        pid = processes.running["centre"].pid
        printed = type_in(*command)
        assert f"process {pid}" in printed
        second = bytes.fromhex(printed.split()[0])
        eventually(
            lambda: bool(reader.read(client, reader.run(second)).opened_at),
            lambda: processes.log("centre"),
        )
        refused = type_in("aggregator", "run", folder, expect=2)
        assert f"process {pid}" in refused
    assert "--participants" in type_in(*command[:-1], "one", expect=3)
