"""The chain that the story takes place on: embedded, four validators, or any that is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from dragon_ledger.chain.accounts import Keystore, Signer, read_password
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.network import Fees, Network
from dragon_ledger.chain.qbft import processes
from dragon_ledger.chain.qbft.creation import Choices, create, free_base_port
from dragon_ledger.chain.qbft.programs import find_program
from dragon_ledger.chain.transact import transfer
from scripts.demonstration.cast import Places

ETHER = 10**18
MEMBERS = ("liege", "firenze", "maastricht", "poznan")

# How a client is told to stop and to go on making blocks; clients of real networks are not told.
SWITCHES = {
    "anvil": (("evm_setAutomine", [False]), ("evm_setAutomine", [True])),
    "ganache": (("miner_stop", []), ("miner_start", [])),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """Nodes of one chain, what its transactions cost, and who pays when they cost something.

    `planned` is the network file before deployment, where there is one already.
    """

    urls: tuple[str, ...]
    words: str
    fees: Fees
    funder: Signer | None = None
    planned: Network | None = None

    def fund(self, client: Client, accounts: list[bytes]) -> None:
        """Give accounts what they need for gas, where gas has a price."""
        if self.funder is not None:
            for account in accounts:
                transfer(client, self.funder, account, ETHER)

    def hold(self) -> None:
        """Make no block from here on, where that can be asked for; blocks take time elsewhere."""
        self._switch(0)

    def release(self) -> None:
        """Make blocks again, and one at once for what waits."""
        if self._switch(1):
            self._call("evm_mine", [])

    def _switch(self, way: int) -> bool:
        client = str(self._call("web3_clientVersion", [])).split("/", maxsplit=1)[0].lower()
        if client not in SWITCHES:
            return False
        method, params = SWITCHES[client][way]
        self._call(method, list(params))
        return True

    def _call(self, method: str, params: list[bool]) -> Any:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = httpx.post(self.urls[0], json=request, timeout=30)
        answer.raise_for_status()
        return answer.json().get("result")


@contextmanager
def embedded(places: Places) -> Iterator[Ground]:
    """An Anvil node on a free port, its state on disk."""
    with EmbeddedNode(places.chain) as node:
        words = f"Anvil node on {node.url}, process {node.pid}"
        yield Ground((node.url,), words, Fees())


@contextmanager
def validators(places: Places, binary: Path | None) -> Iterator[Ground]:
    """Four QBFT validators, one of each hospital, as processes of this machine."""
    program = find_program(binary)
    base_port = free_base_port(len(MEMBERS))
    layout = create(places.validators, Choices(MEMBERS, base_port=base_port))
    try:
        processes.start(layout, program)
        network = Network.load(layout.network_file)
        words = f"{len(MEMBERS)} QBFT validators ({program.kind}), one of each hospital"
        yield Ground(network.rpc, words, network.fees, planned=network)
    finally:
        processes.stop(layout)


@contextmanager
def given(
    urls: list[str], fees: Fees, funder: Path | None, password: Path | None
) -> Iterator[Ground]:
    """Nodes that somebody else runs."""
    signer = Keystore(funder).unlock(read_password(password, "Password: ")) if funder else None
    yield Ground(tuple(urls), f"chain of {', '.join(urls)}", fees, signer)
