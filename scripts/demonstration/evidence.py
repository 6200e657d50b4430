"""What the auditor takes away, and what it says when nobody can be asked any more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripts.demonstration.auditing import show_verdict
from scripts.demonstration.cast import Places
from scripts.demonstration.narration import Narrator
from scripts.demonstration.processes import DemonstrationFailed
from scripts.demonstration.service import Service, ledger


def _model(places: Places) -> Path:
    return places.models / "model.h5"


def bundle_of(places: Places) -> Path:
    """Where the auditor keeps the bundle."""
    return places.models / "model.evidence.json"


def take_away(narrator: Narrator, places: Places, service: Service) -> None:
    """Export a bundle with the documents that it binds."""
    options = ("-o", bundle_of(places), "--network", places.network)
    documents = ("--exchange", service.url, "--token-file", service.token)
    with narrator.working("facts, proofs, headers and documents in one file"):
        ledger("evidence", "export", _model(places), *options, *documents)
    document = json.loads(bundle_of(places).read_bytes())
    kilobytes = bundle_of(places).stat().st_size // 1000
    narrator.note(
        f"{bundle_of(places).name}: {kilobytes} kB, {len(document['nodes'])} trie nodes,"
        f" {len(document['attachments'])} documents"
    )


def check_alone(narrator: Narrator, places: Places) -> None:
    """Verify the bundle; every node and the service have been stopped.

    Raises:
        DemonstrationFailed: the verdict is not what it should be.
    """
    sealed = json.loads(places.network.read_text("utf-8"))["validators"] is not None
    found = _verdict(places)
    show_verdict(narrator, "the released file, every node stopped", found)
    _expect(found, "valid" if sealed else "not verifiable")
    if not sealed:
        narrator.note("one operator runs the chain, so its blocks carry no seals")
        found = _verdict(places, "--accept-checkpoint", found["as_of"]["block_hash"])
        show_verdict(narrator, "the same, taking that operator's word for the block", found)
        _expect(found, "valid")
    block = found["as_of"]["block"]
    narrator.note(f"as of block {block}, before the revocation: a bundle cannot know what follows")


def _verdict(places: Places, *options: str) -> dict[str, Any]:
    program = Path(sys.executable).with_name("dragon-ledger")
    files = ["--bundle", str(bundle_of(places)), "--network", str(places.network)]
    words = [str(program), "verify", str(_model(places)), *files, "--json", *options]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise DemonstrationFailed(f"{' '.join(words)}: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _expect(found: dict[str, Any], answer: str) -> None:
    if found["answer"] != answer:
        raise DemonstrationFailed(f"the bundle says {found['answer']}, expected {answer}")
