"""A network runs the contracts of the release that deployed it; later verifiers still know them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from dragon_ledger.chain.network import Network
from dragon_ledger.cli.evidence_check import known_network
from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.bundle.entries import Settings
from dragon_ledger.provenance.bundle.known import WIRING
from dragon_ledger.provenance.bundle.published import (
    CodeTemplate,
    PublishedCode,
    load_published,
    published_code,
)
from dragon_ledger.provenance.bundle.verify import verify
from tests.provenance.bundle.corpus import cases
from tests.provenance.bundle.make_vectors import HERE, VERSION, demands_of, published

ROOT = Path(__file__).resolve().parents[3]
ARTIFACTS = ROOT / "dragon_ledger" / "chain" / "artifacts"
SETTINGS = Settings(1, 60)
LATER = "9.10.0"


def later_release() -> PublishedCode:
    """The contracts of a release that never was: each with one more byte at its end."""
    (known,) = published()
    templates = {
        name: CodeTemplate(template.code + b"\x00", template.immutables)
        for name, template in known.templates.items()
    }
    return PublishedCode(LATER, templates)


def network_of(release: PublishedCode, *only: str) -> Network:
    """A network file whose contracts, or only these of them, are of a release."""
    network = Network.load(HERE / "sealed.network.json")
    values = {key: int.from_bytes(network.addresses[name]) for key, name in WIRING.items()}
    values |= {"requiredApprovals": 1, "rootDelay": 60}
    contracts = {
        name: replace(one, code_hash=keccak(release.templates[name].filled(values)))
        for name, one in network.contracts.items()
        if not only or name in only
    }
    return replace(network, contracts=network.contracts | contracts)


def test_an_older_releases_network_is_verified_by_a_newer_verifier() -> None:
    case = cases()["valid"]
    network = Network.load(HERE / case["network"])
    both = [later_release(), *published()]
    data, demands = (HERE / case["bundle"]).read_bytes(), demands_of(case)
    assert verify(data, known_network(network, both), demands).as_of.code_version == VERSION
    with pytest.raises(ProofError, match=rf"contract Consortium: .*known here: {LATER}\)"):
        verify(data, known_network(network, both[:1]), demands)


def test_the_release_is_told_whichever_stands_first() -> None:
    old, new = published()[0], later_release()
    for order in ((old, new), (new, old)):
        assert known_network(network_of(old), order).code_version(SETTINGS) == VERSION
        assert known_network(network_of(new), order).code_version(SETTINGS) == LATER


@pytest.mark.parametrize("mixed", ["Consortium", "TrainingLedger", "ModelRegistry"])
def test_contracts_of_two_releases_are_none(mixed: str) -> None:
    """Nobody published them as wired together, so nobody has tested that they work together."""
    known = known_network(network_of(later_release(), mixed), [later_release(), *published()])
    with pytest.raises(ProofError, match=f"contract {mixed}: the published code"):
        known.code_version(SETTINGS)


def test_adding_a_release_is_adding_a_file(tmp_path: Path) -> None:
    for version in ("0.1.0", "0.10.0", "0.9.0"):
        shutil.copyfile(HERE / "published-code.json", tmp_path / f"{version}.json")
    (tmp_path / "README.md").write_text("no release")
    found = load_published(tmp_path)
    assert [one.version for one in found] == ["0.10.0", "0.9.0", "0.1.0"]
    assert found[0].templates == published()[0].templates


def test_the_contracts_that_the_package_deploys_are_published() -> None:
    """Contracts that change need a release of their own: scripts/publish-contracts VERSION."""
    newest = published_code()[0]
    for name, template in newest.templates.items():
        artifact = json.loads((ARTIFACTS / f"{name}.json").read_text())
        assert template.code == bytes.fromhex(artifact["deployedBytecode"][2:]), name
        places = artifact["immutableReferences"]
        assert template.immutables.keys() == places.keys()
        for immutable, listed in template.immutables.items():
            assert listed == tuple((at["start"], at["length"]) for at in places[immutable])


def test_a_published_release_is_never_changed(tmp_path: Path) -> None:
    for part in ("scripts", "dragon_ledger/chain/artifacts", "dragon_ledger/provenance/published"):
        (tmp_path / part).mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "publish-contracts", tmp_path / "scripts")
    for file in ARTIFACTS.glob("*.json"):
        shutil.copy(file, tmp_path / "dragon_ledger/chain/artifacts")

    def publish(version: str) -> int:
        script = tmp_path / "scripts" / "publish-contracts"
        return subprocess.run(
            [sys.executable, str(script), version], check=False, capture_output=True
        ).returncode

    assert [publish("0.2.0"), publish("0.2.0"), publish("two")] == [0, 0, 3]
    written = tmp_path / "dragon_ledger/provenance/published/0.2.0.json"
    assert load_published(written.parent)[0].templates == published_code()[0].templates
    written.write_text(written.read_text().replace("0x60", "0x61", 1))
    assert publish("0.2.0") == 1
