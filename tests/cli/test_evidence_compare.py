"""`dragon-ledger evidence compare`: two sealed blocks of one height convict who sealed both."""

from __future__ import annotations

import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine
from tests.provenance.bundle.forgery import FOUR, NEWEST, forged, network_file_of, new_block
from tests.provenance.bundle.make_vectors import HERE


@pytest.fixture
def files(cli: CommandLine) -> tuple[Path, Path, Path]:
    """A network file, the bundle of three validators, and one that a fourth took part in."""
    network = network_file_of(FOUR, int(time.time()) - 60)
    network.save(cli.folder / "network.json")
    one, other = new_block(FOUR, (0, 1, 2)), new_block(FOUR, (1, 2, 3))
    (cli.folder / "one.json").write_bytes(forged(network, one))
    other = replace(other, state_root=NEWEST.state_root)
    (cli.folder / "other.json").write_bytes(forged(network, other))
    return cli.folder / "network.json", cli.folder / "one.json", cli.folder / "other.json"


def test_who_sealed_two_blocks_of_one_height_is_named(
    cli: CommandLine, files: tuple[Path, Path, Path]
) -> None:
    network, one, other = files
    ended = cli("evidence", "compare", one, other, "--network", network)
    assert ended.code == 1
    said = " ".join(ended.out.split())
    assert "was sealed twice" in said
    assert "Who sealed both: Member 1, Member 2." in said
    same = cli("evidence", "compare", one, one, "--network", network)
    assert (same.code, "No contradiction" in same.out) == (0, True)
    fingerprint = sha256(network.read_bytes()).hexdigest()
    assert ended.out.count(fingerprint) == same.out.count(fingerprint) == 1


def test_a_forged_bundle_is_refused_and_accuses_nobody(
    cli: CommandLine, files: tuple[Path, Path, Path]
) -> None:
    network, one, _ = files
    few = cli.folder / "few.json"
    few.write_bytes(forged(network_file_of(), new_block(FOUR, (2, 3))))
    ended = cli("evidence", "compare", one, few, "--network", network)
    assert (ended.code, "a quorum is 3" in ended.err) == (1, True), ended.err
    assert "sealed both" not in ended.out


def test_what_nobody_sealed_is_no_evidence(cli: CommandLine) -> None:
    bundle = HERE / "single-operator.evidence.json"
    network = HERE / "single-operator.network.json"
    ended = cli("evidence", "compare", bundle, bundle, "--network", network)
    assert (ended.code, "no seals that could be evidence" in ended.err) == (3, True), ended.err
