"""The state of a QBFT network as people see it: who validates, who sealed, who is behind."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dragon_ledger.chain.network import Network
from dragon_ledger.chain.qbft.layout import Layout
from dragon_ledger.chain.qbft.watch import NodeState
from dragon_ledger.cli.values import shown, shown_time
from dragon_ledger.provenance.qbft.header import QbftHeader, encode_rpc_header, parse_header
from dragon_ledger.provenance.qbft.seals import check_sealed, quorum

# A node may be asked just before it hears of the newest block.
BEHIND = 3
# Round changes double their wait: 1 + 2 + 4 + 8 s are four rounds.
SILENT_SECONDS = 20


def fingerprint(network_file: Path) -> str:
    """SHA-256 of a network file, which members compare by a second way."""
    return hashlib.sha256(network_file.read_bytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Picture:
    """What the newest blocks and all nodes say together.

    Attributes:
        newest: the newest header of the node that is furthest.
        blocks: how many sealed blocks were looked at.
        sealed, proposed: blocks by address.
        round_changes: blocks that were made in a round above 0.
        longest_round: the highest round among them.
        nodes: what each node said, by its member's name.
        names: members' names by their address.
        silence: seconds between the newest block and now.
    """

    newest: QbftHeader
    blocks: int
    sealed: Mapping[bytes, int]
    proposed: Mapping[bytes, int]
    round_changes: int
    longest_round: int
    nodes: Mapping[str, NodeState]
    names: Mapping[bytes, str]
    silence: int

    @staticmethod
    def of(
        found: Sequence[dict[str, Any]],
        nodes: Mapping[str, NodeState],
        names: Mapping[bytes, str],
        now: int,
    ) -> Picture:
        """Check every header's seals and count.

        Raises:
            ProofError: a block is not sealed by a quorum of the validators that it names.
        """
        headers = [parse_header(encode_rpc_header(block)) for block in found]
        sealed = [header for header in headers if header.number > 0]
        signers = (check_sealed(header, header.validators) for header in sealed)
        rounds = [header.extra.round for header in sealed]
        newest = headers[-1]
        return Picture(
            newest=newest,
            blocks=len(sealed),
            sealed=Counter(signer for group in signers for signer in group),
            proposed=Counter(header.proposer for header in sealed),
            round_changes=sum(number > 0 for number in rounds),
            longest_round=max(rounds, default=0),
            nodes=nodes,
            names=names,
            silence=max(0, now - newest.timestamp) if newest.number else 0,
        )

    @property
    def is_well(self) -> bool:
        """Every node keeps up, and blocks are sealed."""
        return self.silence <= SILENT_SECONDS and all(
            self.lag(name) in range(BEHIND + 1) for name in self.nodes
        )

    def lag(self, name: str) -> int | None:
        """How many blocks a node is behind; None when it does not answer."""
        height = self.nodes[name].height
        return None if height is None else max(0, self.newest.number - height)


def show(console: Console, layout: Layout, network: Network, picture: Picture) -> None:
    """Print it."""
    size = len(picture.newest.validators)
    console.print(f"Chain {network.chain_id}, genesis {shown(network.genesis_hash)}")
    console.print(f"SHA-256 of the network file: {fingerprint(layout.network_file)}")
    console.print(
        f"Block {picture.newest.number}, {shown_time(picture.newest.timestamp)} UTC; "
        f"{size} validators, a quorum is {quorum(size)}"
    )
    console.print(
        f"Round changes: {picture.round_changes} of the last {picture.blocks} blocks, "
        f"highest round {picture.longest_round}"
    )
    if picture.silence > SILENT_SECONDS:
        words = f"Nothing was sealed for {picture.silence} s: a quorum of validators is away."
        console.print(Text(words, style="red"))
    console.print(_validators(picture), _nodes(picture))


def _validators(picture: Picture) -> Table:
    table = Table("validator", "address", "sealed", "proposed")
    for address in picture.newest.validators:
        counts = (picture.sealed.get(address, 0), picture.proposed.get(address, 0))
        cells = (f"{count} of {picture.blocks}" for count in counts)
        table.add_row(picture.names.get(address, "not in nodes.json"), shown(address), *cells)
    return table


def _nodes(picture: Picture) -> Table:
    table = Table("node", "address of JSON-RPC", "block", "peers", "state")
    for name, node in picture.nodes.items():
        lag = picture.lag(name)
        if lag is None:
            table.add_row(name, node.url, "-", "-", Text(node.trouble, style="red"))
            continue
        state = f"{lag} blocks behind" if lag > BEHIND else "keeps up"
        table.add_row(name, node.url, str(node.height), str(node.peers), state)
    return table
