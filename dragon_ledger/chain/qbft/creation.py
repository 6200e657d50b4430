"""Writes what a network of QBFT validators needs, before any node runs."""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

from coincurve import PrivateKey
from eth_hash.auto import keccak

from dragon_ledger.chain.network import Network
from dragon_ledger.chain.qbft.genesis import EPOCH_LENGTH, GAS_LIMIT, Genesis
from dragon_ledger.chain.qbft.layout import LOOPBACK, Layout, Member, write_json
from dragon_ledger.errors import ConfigurationError

BASE_PORT = 30_300
LAST_PORT = 65_535
# Above, systems give ports to outgoing connections (Linux: from 32 768 on), which take that of a
# node while it is away. RFC 6335 keeps those below for services.
FIRST_FREE_PORT, LAST_FREE_PORT = 10_000, 32_767
ATTEMPTS = 50
_Option = str | int | bool | list[str]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the founders choose.

    Attributes:
        names: one per validator, used as folder names.
        hosts: IP addresses at which the nodes reach each other, one per validator, or none for
            nodes that all run on this machine.
        base_port: the first member's p2p port; JSON-RPC is one above, the next member two above.
        block_period, request_timeout: seconds; see `Genesis`.
        accounts: with any, Besu nodes take transactions of these accounts only.
    """

    names: Sequence[str]
    hosts: Sequence[str] = ()
    base_port: int = BASE_PORT
    block_period: int = 1
    request_timeout: int = 1
    accounts: Sequence[bytes] = ()


def create(folder: Path, choices: Choices) -> Layout:
    """Write genesis, keys, peers, permissions and the network file into a new folder.

    Raises:
        ConfigurationError: the folder is not empty, or a choice cannot be used.
    """
    _check(choices)
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(
            f"{folder}: is not empty; a network's keys are never overwritten. Choose a new folder."
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    hosts = choices.hosts or [LOOPBACK] * len(choices.names)
    members = tuple(
        _new_member(folder / name, name, host, choices.base_port + 2 * position)
        for position, (name, host) in enumerate(zip(choices.names, hosts, strict=True))
    )
    # A chain id of its own keeps transactions of one network out of every other (EIP-155).
    chain_id = 1_000_000 + secrets.randbelow(2**31 - 2_000_000)
    accounts = tuple(account.hex() for account in choices.accounts)
    layout = Layout(folder.resolve(), chain_id, members, accounts)
    validators = [bytes.fromhex(member.address) for member in members]
    genesis = Genesis(chain_id, validators, choices.block_period, choices.request_timeout)
    for member in members:
        write_json(layout.home(member) / "genesis-besu.json", genesis.besu())
        write_json(layout.home(member) / "genesis-goquorum.json", genesis.goquorum())
        _write_settings(layout, member)
    share_peers(layout)
    layout.save()
    _network(layout, genesis.hash).save(layout.network_file)
    return layout


def add_member(layout: Layout, name: str, host: str = LOOPBACK) -> Layout:
    """Add a node that is no validator yet: key, files, and a place in the others' lists.

    Raises:
        ConfigurationError: the name is taken or cannot be used.
    """
    names = [*(member.name for member in layout.members), name]
    first = layout.members[0]
    port = max(member.p2p_port for member in layout.members) + 2
    _check(Choices(names, [*(member.host for member in layout.members), host], first.p2p_port))
    member = _new_member(layout.folder / name, name, host, port)
    grown = replace(layout, members=(*layout.members, member))
    for file in ("genesis-besu.json", "genesis-goquorum.json"):
        (grown.home(member) / file).write_bytes((grown.home(first) / file).read_bytes())
    _write_settings(grown, member)
    share_peers(grown)
    grown.save()
    return grown


def remove_member(layout: Layout, name: str) -> Layout:
    """Take a node that validates no more out of everybody's lists; its folder stays as it is.

    Raises:
        ConfigurationError: there is no such member, or it is the last.
    """
    leaving = layout.member(name)
    if len(layout.members) == 1:
        raise ConfigurationError(f"{name}: is the network's only member")
    smaller = replace(layout, members=tuple(one for one in layout.members if one != leaving))
    share_peers(smaller)
    smaller.save()
    return smaller


def free_base_port(nodes: int) -> int:
    """Find a base port from which on this many nodes' ports are free on this machine.

    Raises:
        ConfigurationError: no such port was found.
    """
    for _ in range(ATTEMPTS):
        pairs = (LAST_FREE_PORT - FIRST_FREE_PORT) // 2 - nodes
        base = FIRST_FREE_PORT + 2 * secrets.randbelow(pairs)
        if all(_is_free(port) for port in range(base, base + 2 * nodes)):
            return base
    raise ConfigurationError(f"no {2 * nodes} neighbouring ports are free on {LOOPBACK}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def share_peers(layout: Layout) -> None:
    """Write into every member's folder who connects to whom: exactly the members."""
    enodes = [member.enode for member in layout.members]
    permissions = _allow_list("nodes-allowlist", enodes)
    if layout.accounts:
        permissions += _allow_list("accounts-allowlist", ["0x" + one for one in layout.accounts])
    for member in layout.members:
        home = layout.home(member)
        write_json(home / "static-nodes.json", enodes)
        # GoQuorum reads this one again while it runs.
        write_json(home / "permissioned-nodes.json", enodes)
        (home / "permissions.toml").write_text(permissions, encoding="utf-8")


def _check(choices: Choices) -> None:
    names = choices.names
    if not names or len(set(names)) != len(names):
        raise ConfigurationError("a network needs validators, each with a name of its own")
    for name in names:
        if not _NAME.fullmatch(name):
            raise ConfigurationError(f"name {name!r}: expected a-z, 0-9 and -, at most 32")
    if choices.hosts and len(choices.hosts) != len(names):
        raise ConfigurationError(f"{len(choices.hosts)} hosts for {len(names)} validators")
    for host in choices.hosts:
        try:
            ip_address(host)
        except ValueError as error:
            raise ConfigurationError(f"host {host!r}: clients need an IP address here") from error
    if not 0 < choices.base_port <= LAST_PORT - 2 * len(names):
        raise ConfigurationError(f"base port {choices.base_port}: no room for {len(names)} nodes")
    if choices.block_period < 1 or choices.request_timeout < 1:
        raise ConfigurationError("block period and request timeout: 1 second or more")


def _new_member(home: Path, name: str, host: str, port: int) -> Member:
    if home.exists():
        raise ConfigurationError(f"{home}: exists already; a key is never overwritten")
    home.mkdir(mode=0o700)
    key = PrivateKey()
    descriptor = os.open(home / "nodekey", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.secret.hex())
    public = key.public_key.format(compressed=False)[1:]
    address = bytes(keccak(public))[12:]
    return Member(name, address.hex(), public.hex(), host, port, port + 1)


def _write_settings(layout: Layout, member: Member) -> None:
    home = layout.home(member)
    (home / "besu.toml").write_text(_besu(member, bool(layout.accounts)), encoding="utf-8")
    (home / "goquorum.toml").write_text(_goquorum(member), encoding="utf-8")


def _allow_list(name: str, entries: Sequence[str]) -> str:
    quoted = ",".join(f'\n  "{entry}"' for entry in entries)
    return f"{name}=[{quoted}\n]\n"


def _besu(member: Member, limited: bool) -> str:
    """Besu's options; paths are relative to the member's folder, where Besu is started."""
    # Votes on validators are taken from this machine only.
    interfaces = ["ETH", "NET", "WEB3", *(["QBFT", "ADMIN"] if member.is_local else [])]
    hosts = sorted({member.host, LOOPBACK, "localhost"})
    options: dict[str, _Option] = {
        "data-path": "data",
        "genesis-file": "genesis-besu.json",
        "node-private-key-file": "nodekey",
        "static-nodes-file": "static-nodes.json",
        "permissions-nodes-config-file-enabled": True,
        "permissions-nodes-config-file": "permissions.toml",
        "discovery-enabled": False,
        "nat-method": "NONE",
        "p2p-host": member.host,
        "p2p-interface": member.host,
        "p2p-port": member.p2p_port,
        "rpc-http-enabled": True,
        "rpc-http-host": member.host,
        "rpc-http-port": member.rpc_port,
        "rpc-http-api": interfaces,
        "host-allowlist": hosts,
        "min-gas-price": 0,
        "sync-mode": "FULL",
        # The member's own agents and service read all events, and check acts as large as a block.
        "rpc-max-logs-range": 0,
        "rpc-gas-cap": GAS_LIMIT,
        # One agent's whole queue may wait in the pool at once.
        "tx-pool": "sequenced",
        "tx-pool-limit-by-account-percentage": 1,
        "tx-pool-max-size": 40_000,
    }
    if limited:
        options["permissions-accounts-config-file-enabled"] = True
        options["permissions-accounts-config-file"] = "permissions.toml"
    return "".join(f"{name}={_toml(value)}\n" for name, value in options.items())


def _toml(value: _Option) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ",".join(f'"{item}"' for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _goquorum(member: Member) -> str:
    """The one setting of GoQuorum that has no option: the address for p2p connections."""
    return f'[Node.P2P]\nListenAddr = "{member.host}:{member.p2p_port}"\n'


def _network(layout: Layout, genesis_hash: bytes) -> Network:
    members = [{"address": "0x" + member.address, "name": member.name} for member in layout.members]
    validators = {
        "block": 0,
        "hash": "0x" + genesis_hash.hex(),
        "time": int(time.time()),
        "epoch_length": EPOCH_LENGTH,
        "members": members,
    }
    rpc = tuple(member.url for member in layout.members)
    return Network(layout.chain_id, genesis_hash, {}, rpc, validators=validators)
