"""The folder of a network: who its members are, and where each one's files lie.

nodes.json              members, addresses, ports; no secret
network.json            the network file, completed by 'chain deploy'
NAME/                   everything that one member's node needs, and only that member
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from dragon_ledger.errors import ConfigurationError

FORMAT = "dragon-nodes/1"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Member:
    """One member's node. `address` and `public_key` are hexadecimal without 0x."""

    name: str
    address: str
    public_key: str
    host: str
    p2p_port: int
    rpc_port: int

    @property
    def enode(self) -> str:
        """How other nodes find it (EIP-778's predecessor, the enode URL)."""
        return f"enode://{self.public_key}@{self.host}:{self.p2p_port}?discport=0"

    @property
    def url(self) -> str:
        """Where its JSON-RPC answers."""
        return f"http://{self.host}:{self.rpc_port}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return ip_address(self.host).is_loopback


@dataclass(frozen=True, slots=True)
class Layout:
    """A network's folder and its members, in the order in which they were made.

    `accounts` (hexadecimal without 0x) are the only ones whose transactions Besu nodes take; with
    none, nodes do not ask.
    """

    folder: Path
    chain_id: int
    members: tuple[Member, ...]
    accounts: tuple[str, ...] = ()

    @property
    def network_file(self) -> Path:
        """The consortium's network file."""
        return self.folder / "network.json"

    def home(self, member: Member) -> Path:
        """One member's own folder."""
        return self.folder / member.name

    def member(self, name: str) -> Member:
        """Find a member by name.

        Raises:
            ConfigurationError: there is none of that name.
        """
        for one in self.members:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in self.members)
        raise ConfigurationError(f"{self.folder}: no member {name!r}; there are {names}")

    def save(self) -> None:
        """Write nodes.json."""
        members = [asdict(member) for member in self.members]
        document = {
            "format": FORMAT,
            "chain_id": self.chain_id,
            "members": members,
            "accounts": list(self.accounts),
        }
        write_json(self.folder / "nodes.json", document)

    @staticmethod
    def load(folder: Path) -> Layout:
        """Read nodes.json.

        Raises:
            ConfigurationError: the file is missing or not as `save` writes it.
        """
        file = folder / "nodes.json"
        try:
            document = json.loads(file.read_text("utf-8"))
            members = tuple(Member(**entry) for entry in document["members"])
            accounts = tuple(str(account) for account in document["accounts"])
            return Layout(folder.resolve(), int(document["chain_id"]), members, accounts)
        except OSError as error:
            raise ConfigurationError(
                f"{file}: {error.strerror}. 'dragon-ledger network create' makes such a folder."
            ) from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ConfigurationError(f"{file}: expected format {FORMAT}: {error}") from error


def write_json(file: Path, document: Any) -> None:
    """Write a JSON file for clients and people."""
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
