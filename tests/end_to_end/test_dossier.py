"""The commands of docs/regulatory.md, typed as they stand beside a consortium at work."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.demonstration.__main__ import parse, prepare, stage
from scripts.demonstration.narration import Narrator
from scripts.demonstration.story import Story

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "regulatory.md"
NEEDED = ("bash", "jq", "curl", "sha256sum")


def typed(service: str) -> str:
    """The page's commands, with the service's address instead of the example's."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return "set -eu\n" + "".join(blocks).replace("https://ledger.example", service)


@pytest.mark.slow
@pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason=f"needs {', '.join(NEEDED)}")
def test_everything_that_a_dossier_needs(tmp_path: Path) -> None:
    places, desk = prepare(tmp_path / "demo"), tmp_path / "desk"
    desk.mkdir()
    with stage(places, parse([])) as (ground, troupe):
        story = Story(Narrator(), places, ground, troupe, bytes(32), {}, serves=False)
        for chapter in (story.found, story.transfer, story.register, story.review, story.train):
            chapter()
        story.release()
        story.expect("the released file", places.models / "model.h5", "valid")
        type_commands(story, desk)
    check_dossier(desk)


def type_commands(story: Story, desk: Path) -> None:
    """On a desk with the model, the network file and a token."""
    shutil.copyfile(story.places.models / "model.h5", desk / "model.h5")
    shutil.copyfile(story.places.network, desk / "network.json")
    shutil.copy(story.places.token, desk / "token")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-c", typed(story.service.url)],  # noqa: S607 (the shell on the PATH, as on the page)
        cwd=desk,
        env=os.environ | {"PATH": path},
        check=True,
        timeout=120,
    )


def check_dossier(desk: Path) -> None:
    assert json.loads((desk / "verdict.json").read_text())["answer"] == "valid"
    trace = json.loads((desk / "trace.json").read_text())["nodes"]
    plan, card = desk / "plan.json", desk / "model-card.json"
    assert [digest(plan)] == [node["plan"] for node in trace if node["type"] == "run"]
    assert [digest(card)] == [node["model_card"] for node in trace if node["type"] == "release"]
    assert json.loads(plan.read_bytes())["schema"] == "plan/1"
    versions = [node for node in trace if node["type"] == "version"]
    summaries = list(desk.glob("qc-*.json"))
    assert len(versions) == len(summaries) == 3
    assert all(version["declarations"] and version["ethics_expiry"] for version in versions)
    assert {f"qc-{digest(summary)}.json" for summary in summaries} == {s.name for s in summaries}
    assert {json.loads(summary.read_bytes())["outcome"] for summary in summaries} == {"PASS"}
    assert "hds-1.0" in (desk / "rules.txt").read_text("utf-8")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
