"""`site check --site`: judged against what the site transferred before, and resumed."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import UID

from dragon_ledger.cli.main import command
from dragon_ledger.quality.known import Progress
from dragon_ledger.quality.rules import built_in
from dragon_ledger.site.agent import open_agent, open_records
from dragon_ledger.site.config import SiteConfig
from dragon_ledger.site.earlier_transfers import EarlierTransfers
from dragon_ledger.site.lineage import Lineage
from dragon_ledger.site.quality_check import QualityCheck
from tests.site.place import PASSWORD, Stage, deliver
from tests.site.test_agent import work

pytestmark = pytest.mark.slow


def codes(config: SiteConfig, transfer: Path, *options: str) -> set[str]:
    """Run the command; the codes of the errors in its summary."""
    output = config.folder.parent / "report"
    shutil.rmtree(output, ignore_errors=True)
    arguments = [str(transfer), "--output", str(output), "--quiet", "--workers", "1", *options]
    with pytest.raises(SystemExit) as ended:
        command(["site", "check", *arguments], prog_name="dragon-ledger")
    summary = json.loads((output / "summary.json").read_bytes())
    found = {each["code"] for each in summary["findings"] if each["severity"] == "error"}
    assert ended.value.code == (1 if found else 0)
    return found


def remembered(config: SiteConfig, transfer: str) -> int:
    with open_records(config, PASSWORD) as (database, _):
        return len(list(database.read_files.of_transfer(transfer)))


def test_pixels_of_an_accepted_transfer_are_known_before_a_new_one_is_delivered(
    stage: Stage, tmp_path: Path
) -> None:
    stage.accept_rules()
    config = stage.site(1)
    first = deliver(config)
    with open_agent(config, PASSWORD, built_in()) as agent:
        work(agent, config, 1)
    second = tmp_path / "upload" / "first"
    shutil.copytree(first, second)
    image = min(second.rglob("*.dcm"))
    dataset = pydicom.dcmread(image)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID("2.25.7")
    dataset.save_as(image.with_name("again.dcm"))
    image.unlink()
    before = remembered(config, "first")
    with open_records(config, PASSWORD) as (database, _):
        assert not any(memo for _, memo in database.read_files.with_memos("first"))
    assert codes(config, second) == set()
    site = ("--site", str(config.folder))
    assert codes(config, second, *site) == {"uniqueness.known-pixels"}
    assert codes(config, first, *site) == set()
    assert remembered(config, "first") == before


def test_a_check_that_was_cut_off_reads_only_the_rest(stage: Stage) -> None:
    config = stage.site(1)
    transfer = deliver(config, "cut")
    total = len(list(transfer.rglob("*.dcm")))

    def read(*, reread: bool = False, stop: bool = False) -> int:
        """How many images a check reads."""
        fresh = 0

        def show(at: Progress) -> None:
            nonlocal fresh
            fresh += sum(1 for record in at.new if record.memo)
            if stop and fresh:
                raise KeyboardInterrupt

        with open_records(config, PASSWORD) as (database, store):
            earlier = EarlierTransfers(database, store, Lineage(database, None))
            check = QualityCheck(built_in(), earlier, 1, threading.Event(), reread=reread)
            if stop:
                with pytest.raises(KeyboardInterrupt):
                    check.report(transfer, show=show)
            else:
                check.report(transfer, show=show)
        return fresh

    before = read(stop=True)
    assert 0 < before < total
    assert before + read() == total
    assert read() == 0
    assert read(reread=True) == total


def test_rehash_without_a_site_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command(["site", "check", str(tmp_path), "--rehash"], prog_name="dragon-ledger")
    assert ended.value.code not in {0, None}
    assert "only with --site" in "".join(capsys.readouterr())
