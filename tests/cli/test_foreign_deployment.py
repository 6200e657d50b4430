"""A second deployment of the published contracts, on the same chain, under an admin of its own.

Whoever may deploy contracts can register, approve and release what they like there.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dragon_ledger.chain.embedded import EmbeddedNode
from tests.chain.history import populate, tell_history
from tests.chain.world import World, fresh_world
from tests.cli.command_line import CommandLine
from tests.provenance.bundle.mutants import canonical

pytestmark = pytest.mark.slow
NAMES = ("Consortium", "DatasetRegistry", "TrainingLedger", "ModelRegistry")


@pytest.fixture
def foreign(node: EmbeddedNode, world: World, cli: CommandLine) -> tuple[Path, Path]:
    """The members' network file, and a bundle about a model that only the others released."""
    other = populate(fresh_world(node.url))
    aggregate = tell_history(other)
    theirs = cli.folder / "theirs.json"
    other.client.network.save(theirs)
    bundle = cli.folder / "theirs.evidence.json"
    ended = cli("evidence", "export", aggregate.hex(), "-o", bundle, "--network", theirs)
    assert ended.code == 0, ended.err
    assert world.client.network.genesis_hash == other.client.network.genesis_hash
    return cli.folder / "network.json", bundle


def refused(cli: CommandLine, bundle: Path, network: Path) -> str:
    model = cli.folder / "model.h5"
    model.write_bytes(b"any")
    ended = cli("verify", model, "--bundle", bundle, "--network", network)
    assert ended.code == 1
    return ended.err


def test_it_is_refused_by_its_addresses(cli: CommandLine, foreign: tuple[Path, Path]) -> None:
    network, bundle = foreign
    assert "contracts.Consortium: the bundle is of" in refused(cli, bundle, network)


@pytest.mark.parametrize("renamed", [NAMES, *((name,) for name in NAMES)], ids="+".join)
def test_the_members_addresses_do_not_fit_its_proofs(
    cli: CommandLine, foreign: tuple[Path, Path], renamed: tuple[str, ...]
) -> None:
    """The proofs lead to other accounts; with some addresses only, the code is wired otherwise."""
    network, bundle = foreign
    members = json.loads(network.read_text())["contracts"]
    document = json.loads(bundle.read_text())
    for name in renamed:
        document["contracts"][name] = members[name]["address"][2:]
    bundle.write_bytes(canonical(document))
    said = refused(cli, bundle, network)
    assert ("proof of contract" if renamed == NAMES else "contracts.") in said
