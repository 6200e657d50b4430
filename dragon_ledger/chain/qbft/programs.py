"""The users' own node programs: which one a file is, and how each is started."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dragon_ledger.chain.qbft.genesis import GAS_LIMIT
from dragon_ledger.chain.qbft.layout import Member
from dragon_ledger.errors import ConfigurationError, NodeUnavailable

ASK_SECONDS = 60.0  # Besu starts a Java machine to tell its version
POOL = 40_000


class Kind(StrEnum):
    """A client that speaks QBFT."""

    BESU = "Hyperledger Besu"
    GOQUORUM = "GoQuorum"


@dataclass(frozen=True, slots=True)
class Program:
    """A node program of the user's."""

    path: Path
    kind: Kind

    def prepare(self, home: Path) -> None:
        """Make a member's data folder ready for the first start.

        Raises:
            NodeUnavailable: the program refuses the genesis file; with its own words.
        """
        data = home / "data"
        data.mkdir(mode=0o700, exist_ok=True)
        if self.kind is Kind.BESU:
            return
        for name in ("static-nodes.json", "permissioned-nodes.json"):
            link = data / name
            if not link.is_symlink():
                link.symlink_to(home / name)
        if not (data / "geth" / "chaindata").exists():
            self._init(home, data)

    def command(self, member: Member, home: Path) -> list[str]:
        """The command that starts a node, run in the member's folder, which it names."""
        if self.kind is Kind.BESU:
            return [str(self.path), f"--config-file={home / 'besu.toml'}"]
        interfaces = ["eth", "net", "web3", *(["istanbul", "admin"] if member.is_local else [])]
        options = {
            "config": "goquorum.toml",
            "datadir": str(home / "data"),
            "nodekey": "nodekey",
            "syncmode": "full",
            "gcmode": "archive",  # proofs of past blocks
            "miner.gasprice": "0",
            "miner.gaslimit": str(GAS_LIMIT),
            "miner.gastarget": str(GAS_LIMIT),
            "http.addr": member.host,
            "http.port": str(member.rpc_port),
            "http.api": ",".join(interfaces),
            "rpc.gascap": str(GAS_LIMIT),  # a check may need what a block may hold
            "nat": "none",
            "txpool.accountslots": str(POOL),
            "txpool.accountqueue": str(POOL),
            "txpool.globalslots": str(POOL),
            "txpool.globalqueue": str(POOL),
            "verbosity": "3",
        }
        switches = ("permissioned", "nodiscover", "mine", "http", "ipcdisable")
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [str(self.path), *words, *(f"--{name}" for name in switches)]

    def environment(self) -> dict[str, str]:
        """The variables under which it runs."""
        # GoQuorum asks for a private transaction manager, or to be told that there is none.
        return {**os.environ, "PRIVATE_CONFIG": "ignore"}

    def _init(self, home: Path, data: Path) -> None:
        words = [str(self.path), "--datadir", str(data), "init", "genesis-goquorum.json"]
        done = subprocess.run(
            words, cwd=home, env=self.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise NodeUnavailable(f"{self.path} init: {done.stderr.strip()[-500:]}")


def find_program(path: Path | None) -> Program:
    """Say which client a file is; without one, look for `besu` on the PATH.

    Raises:
        ConfigurationError: there is none, or the file is neither Besu nor GoQuorum's geth.
    """
    if path is None:
        found = shutil.which("besu")
        if found is None:
            raise ConfigurationError(
                "no node program: give --node-binary the path of Hyperledger Besu or of GoQuorum's "
                "geth, or install Besu so that 'besu' is on the PATH"
            )
        path = Path(found)
    path = path.resolve()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise ConfigurationError(f"{path}: is no program that can be started")
    return Program(path, _kind(path))


def _kind(path: Path) -> Kind:
    for word in ("version", "--version"):
        told = _ask(path, word)
        if "quorum version" in told:
            return Kind.GOQUORUM
        if "besu/" in told:
            return Kind.BESU
    raise ConfigurationError(
        f"{path}: is neither Hyperledger Besu nor GoQuorum's geth: neither 'version' nor "
        "'--version' says so"
    )


def _ask(path: Path, word: str) -> str:
    try:
        done = subprocess.run(
            [str(path), word],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"{path} {word}: {error}") from error
    return done.stdout.lower()
