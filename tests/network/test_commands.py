"""`dragon-ledger network`, as far as it goes without any node."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from dragon_ledger.chain.qbft.signatures import signatures_file
from dragon_ledger.chain.qbft.watch import NodeState
from dragon_ledger.cli.network_view import Picture, fingerprint
from dragon_ledger.errors import ProofError
from tests.cli.command_line import CommandLine

NAMES = ("member-1", "member-2", "member-3", "member-4")


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, capsys)


@pytest.fixture
def folder(line: CommandLine) -> Path:
    made = line("network", "create", "--validators", 4, line.folder / "net")
    assert made.code == 0, made.err
    assert all(name in made.out for name in NAMES)
    assert fingerprint(line.folder / "net" / "network.json") in made.out
    return line.folder / "net"


def test_a_network_that_does_not_run_is_unavailable(line: CommandLine, folder: Path) -> None:
    for command in (("status", folder), ("vote", folder, "add", "0x" + "11" * 20)):
        ended = line("network", *command)
        assert ended.code == 2
        assert "no node answers" in ended.err
    left = line("network", "remove-node", folder, NAMES[0])
    assert left.code == 2
    assert "member-4: does not answer" in left.err
    assert "0 stopped" in line("network", "down", folder).out


def test_what_cannot_be_used_is_misuse(line: CommandLine, folder: Path) -> None:
    assert line("network", "create", folder).code == 3
    assert "no program" in line("network", "up", folder, "--node-binary", folder / "x").err
    assert line("network", "down", folder, "--member", "nobody").code == 3
    added = line("network", "add-node", folder, "member-5")
    assert added.code == 0
    assert "member-5" in added.out


def test_every_member_signs_the_network_file(line: CommandLine, folder: Path) -> None:
    file = folder / "network.json"
    assert line("network", "signers", file).code == 3
    for name in NAMES[:3]:
        assert line("network", "sign", file, "--node-key", folder / name / "nodekey").code == 0
    some = line("network", "signers", file)
    assert some.code == 1
    assert some.out.count("not signed") == 1
    line("network", "sign", file, "--node-key", folder / NAMES[3] / "nodekey")
    everyone = line("network", "signers", file)
    assert everyone.code == 0
    assert "not signed" not in everyone.out


def test_a_network_without_validators_has_no_signers(line: CommandLine, folder: Path) -> None:
    file = folder / "network.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"validators": None}))
    ended = line("network", "signers", file)
    assert ended.code == 3
    assert "names no validators: its chain has a single operator" in ended.err
    assert hashlib.sha256(file.read_bytes()).hexdigest() in ended.err


def test_a_signature_is_of_one_file_and_one_key(line: CommandLine, folder: Path) -> None:
    file = folder / "network.json"
    for name in NAMES:
        line("network", "sign", file, "--node-key", folder / name / "nodekey")
    kept = signatures_file(file)
    signed = json.loads(kept.read_text())
    first, second, *_ = signed["signatures"]
    signed["signatures"][first] = signed["signatures"][second]
    kept.write_text(json.dumps(signed))
    assert line("network", "signers", file).out.count("not signed") == 1
    file.write_text(file.read_text().replace("member-1", "somebody"))
    assert line("network", "signers", file).out.count("not signed") == 4
    kept.write_text('{"format": "dragon-network-signatures/1", "signatures": {"0x00": "0x"}}')
    assert "expected format dragon-network-signatures/1" in line("network", "signers", file).err


def recorded(shared_data: Path) -> list[dict[str, object]]:
    text = (shared_data / "qbft_network" / "blocks.jsonl").read_text()
    return [json.loads(row) for row in text.splitlines()]


def test_status_counts_what_a_real_network_did(shared_data: Path) -> None:
    summary = json.loads((shared_data / "qbft_network" / "summary.json").read_text())
    blocks = recorded(shared_data)
    nodes = {
        "one": NodeState("http://one", summary["height"], 3),
        "two": NodeState("http://two", summary["height"] - 10, 3),
    }
    picture = Picture.of(blocks, nodes, {}, int(str(blocks[-1]["timestamp"]), 16) + 60)
    assert picture.blocks == summary["height"]
    assert picture.round_changes == summary["rounds"]["1"]
    assert picture.longest_round == 1
    assert sum(picture.proposed.values()) == summary["height"]
    assert picture.silence == 60
    assert (picture.lag("one"), picture.lag("two")) == (0, 10)
    assert not picture.is_well


def test_status_takes_no_block_without_a_quorum(shared_data: Path) -> None:
    blocks = recorded(shared_data)
    data = bytes.fromhex(str(blocks[5]["extraData"])[2:])
    spoiled = data[:-1] + bytes([data[-1] ^ 1])  # the last seal's recovery id
    blocks[5]["extraData"] = "0x" + spoiled.hex()
    with pytest.raises(ProofError, match="header 5"):
        Picture.of(blocks, {}, {}, 0)
