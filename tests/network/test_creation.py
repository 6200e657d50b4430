"""What `network create` writes, held against a recorded network and the clients' formats."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import pytest
from coincurve import PrivateKey
from eth_utils.crypto import keccak

from dragon_ledger.chain.network import Network
from dragon_ledger.chain.qbft.creation import Choices, add_member, create, remove_member
from dragon_ledger.chain.qbft.genesis import Genesis
from dragon_ledger.chain.qbft.layout import Layout
from dragon_ledger.chain.qbft.processes import start
from dragon_ledger.chain.qbft.programs import Kind, Program, find_program
from dragon_ledger.errors import ConfigurationError, NodeUnavailable
from dragon_ledger.provenance.qbft.trust_root import read_trust_root

OPTIONS = Path(__file__).parents[1] / "vectors" / "besu-25.11.0-options.txt"
NAMES = ("north", "east", "south", "west")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return create(tmp_path / "net", Choices(NAMES))


def test_genesis_is_that_of_a_real_network(shared_data: Path) -> None:
    """The recorded network's own genesis file and the hash that its nodes gave block 0."""
    folder = shared_data / "qbft_network"
    recorded = json.loads((folder / "genesis.json").read_text())
    summary = json.loads((folder / "summary.json").read_text())
    first = [bytes.fromhex(address[2:]) for address in summary["validators"][:4]]
    genesis = Genesis(recorded["config"]["chainId"], first)
    assert genesis.goquorum() == recorded
    block = json.loads((folder / "blocks.jsonl").read_text().splitlines()[0])
    assert "0x" + genesis.hash.hex() == block["hash"]


def test_both_genesis_files_describe_one_block(layout: Layout) -> None:
    home = layout.home(layout.members[0])
    besu = json.loads((home / "genesis-besu.json").read_text())
    goquorum = json.loads((home / "genesis-goquorum.json").read_text())
    assert besu.pop("config")["chainId"] == goquorum.pop("config")["chainId"] == layout.chain_id
    assert besu == goquorum


def test_each_key_is_its_members_alone(layout: Layout) -> None:
    for member in layout.members:
        file = layout.home(member) / "nodekey"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        public = PrivateKey(bytes.fromhex(file.read_text())).public_key.format(compressed=False)
        assert keccak(public[1:])[12:].hex() == member.address
        assert public[1:].hex() in member.enode
    keys = [(layout.home(member) / "nodekey").read_text() for member in layout.members]
    others = [path for path in layout.folder.rglob("*") if path.is_file()]
    for path in others:
        assert path.name == "nodekey" or not any(key in path.read_text() for key in keys)


def test_network_file_is_an_auditors_trust_root(layout: Layout) -> None:
    network = Network.load(layout.network_file)
    root = read_trust_root(network.validators)
    assert root.block.number == 0
    assert sorted(root.names.values()) == sorted(NAMES)
    assert {address.hex() for address in root.names} == {one.address for one in layout.members}
    assert network.contracts == {}
    assert len(network.rpc) == 4


def test_members_connect_to_members_only(layout: Layout) -> None:
    enodes = [member.enode for member in layout.members]
    for member in layout.members:
        home = layout.home(member)
        assert json.loads((home / "static-nodes.json").read_text()) == enodes
        assert json.loads((home / "permissioned-nodes.json").read_text()) == enodes
        permissions = tomllib.loads((home / "permissions.toml").read_text())
        assert permissions == {"nodes-allowlist": enodes}


def test_besu_gets_an_account_list_when_accounts_are_given(tmp_path: Path) -> None:
    accounts = (bytes(19) + b"\x01", bytes(19) + b"\x02")
    layout = create(tmp_path / "net", Choices(NAMES, accounts=accounts))
    grown = add_member(layout, "centre")
    for member in grown.members:
        home = grown.home(member)
        permissions = tomllib.loads((home / "permissions.toml").read_text())
        assert permissions["accounts-allowlist"] == ["0x" + one.hex() for one in accounts]
        options = tomllib.loads((home / "besu.toml").read_text())
        assert options["permissions-accounts-config-file-enabled"] is True


def test_a_further_node_is_in_every_list_and_no_validator(layout: Layout) -> None:
    grown = add_member(layout, "centre")
    assert Layout.load(layout.folder) == grown
    for member in grown.members:
        listed = json.loads((grown.home(member) / "static-nodes.json").read_text())
        assert grown.members[-1].enode in listed
    genesis = json.loads((grown.home(grown.members[-1]) / "genesis-besu.json").read_text())
    assert grown.members[-1].address not in genesis["extraData"]
    assert len({one.p2p_port for one in grown.members}) == 5


def test_a_node_that_left_is_in_no_list_and_keeps_its_key(layout: Layout) -> None:
    grown = add_member(layout, "centre")
    gone = grown.member("east")
    smaller = remove_member(grown, "east")
    assert Layout.load(layout.folder) == smaller
    for member in smaller.members:
        listed = json.loads((smaller.home(member) / "permissioned-nodes.json").read_text())
        assert listed == [one.enode for one in smaller.members]
        assert gone.enode not in listed
    assert (grown.home(gone) / "nodekey").exists()
    with pytest.raises(ConfigurationError, match="exists already"):
        add_member(smaller, "east")
    ports = [one.p2p_port for one in add_member(smaller, "later").members]
    assert len(set(ports)) == 5
    with pytest.raises(ConfigurationError, match="nobody"):
        remove_member(smaller, "nobody")


def test_besu_knows_every_option_that_it_is_given(tmp_path: Path) -> None:
    """Names of all options of Besu 25.11.0, from the file that its own tests hold complete."""
    known = set(OPTIONS.read_text().split())
    layout = create(tmp_path / "net", Choices(NAMES, accounts=(bytes(20),)))
    for member in layout.members:
        options = tomllib.loads((layout.home(member) / "besu.toml").read_text())
        assert options.keys() <= known
        for name, value in options.items():
            if name.endswith("-file"):
                assert (layout.home(member) / value).is_file(), name
        assert set(options["host-allowlist"]) >= {member.host, "localhost"}


def test_votes_are_taken_from_this_machine_only(tmp_path: Path) -> None:
    hosts = ("172.30.7.11", "172.30.7.12", "172.30.7.13", "172.30.7.14")
    layout = create(tmp_path / "net", Choices(NAMES, hosts))
    options = tomllib.loads((layout.home(layout.members[1]) / "besu.toml").read_text())
    assert options["rpc-http-api"] == ["ETH", "NET", "WEB3"]
    assert options["p2p-host"] == "172.30.7.12"
    command = Program(Path("geth"), Kind.GOQUORUM).command(layout.members[1], tmp_path)
    assert "eth,net,web3" in command
    with pytest.raises(ConfigurationError, match=r"north: its node is to run at 172\.30\.7\.11"):
        start(layout, Program(Path("geth"), Kind.GOQUORUM))


def test_a_folder_is_never_overwritten(layout: Layout) -> None:
    with pytest.raises(ConfigurationError, match="never overwritten"):
        create(layout.folder, Choices(NAMES))
    with pytest.raises(ConfigurationError, match="name of its own"):
        add_member(layout, "north")


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (Choices(()), "needs validators"),
        (Choices(("a", "a")), "name of its own"),
        (Choices(("../up",)), "expected a-z"),
        (Choices(("a",), ("example.org",)), "IP address"),
        (Choices(("a",), ("10.0.0.1", "10.0.0.2")), "2 hosts for 1"),
        (Choices(("a",), base_port=65_535), "no room"),
        (Choices(("a",), block_period=0), "1 second"),
    ],
)
def test_unusable_choices_are_refused(tmp_path: Path, choices: Choices, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        create(tmp_path / "net", choices)
    assert not (tmp_path / "net").exists()


def test_a_folder_without_a_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="network create"):
        Layout.load(tmp_path)
    (tmp_path / "nodes.json").write_text('{"members": [{}]}')
    with pytest.raises(ConfigurationError, match=r"expected format dragon-nodes/1"):
        Layout.load(tmp_path)


def _script(path: Path, words: str) -> Path:
    path.write_text(f"#!/bin/sh\n{words}\n")
    path.chmod(0o700)
    return path


def test_programs_are_recognised_by_what_they_say(tmp_path: Path) -> None:
    """Besu's form of a version is the one that its documentation shows."""
    said = '[ "$1" = --version ] && echo besu/v25.11.0/linux-x86_64/openjdk-java-21'
    assert find_program(_script(tmp_path / "a", said)).kind is Kind.BESU
    said = '[ "$1" = version ] && printf "Geth\\nVersion: 1.10.3\\nQuorum Version: 24.4.1\\n"'
    assert find_program(_script(tmp_path / "b", said)).kind is Kind.GOQUORUM
    said = 'printf "Geth\\nVersion: 1.16.4-stable\\n"'
    with pytest.raises(ConfigurationError, match="neither Hyperledger Besu nor GoQuorum"):
        find_program(_script(tmp_path / "c", said))
    with pytest.raises(ConfigurationError, match="no program"):
        find_program(tmp_path / "absent")


def test_besu_on_the_path_is_found_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    _script(tmp_path / "besu", "echo besu/v25.11.0/linux-x86_64/openjdk-java-21")
    assert find_program(None) == Program((tmp_path / "besu").resolve(), Kind.BESU)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(ConfigurationError, match="no node program"):
        find_program(None)


def test_genesis_refused_by_the_program_is_said(layout: Layout, tmp_path: Path) -> None:
    program = Program(_script(tmp_path / "geth", "echo no such fork >&2; exit 1"), Kind.GOQUORUM)
    with pytest.raises(NodeUnavailable, match="no such fork"):
        program.prepare(layout.home(layout.members[0]))
