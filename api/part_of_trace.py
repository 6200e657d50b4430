"""A part of a trace: some rounds, or all of them without their updates.

A run of 100 rounds with 100 sites has 10 000 updates, and its trace 14 MB; a page or a program that
only needs an overview, or one round after the other, asks for a part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dragon_ledger.provenance.names import hexed
from dragon_ledger.provenance.trace import Edge, Node, Trace

OF_ROUNDS = frozenset({"round", "update", "dispute", "evaluation"})
DOWN = frozenset({"aggregates", "leaves_out"})


@dataclass(frozen=True, slots=True)
class Part:
    """Which rounds, of which run (None: of every run), and whether with their updates."""

    run: bytes | None = None
    from_round: int | None = None
    to_round: int | None = None
    updates: bool = True

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self == Part()

    def takes(self, node: Node) -> bool:
        """Whether a round is one of them."""
        number = int(node.fields["round"])
        return (
            (self.run is None or node.fields["run"] == hexed(self.run))
            and (self.from_round is None or number >= self.from_round)
            and (self.to_round is None or number <= self.to_round)
        )


def part_of(trace: Trace, part: Part) -> Trace:
    """The trace with these rounds only and what hangs on them; everything else stays."""
    if part.whole:
        return trace
    rounds = {node.id for node in trace.nodes if node.type == "round" and part.takes(node)}
    hanging = {end for edge in trace.edges for end in _hangs_on(edge, rounds, part)}
    kept = {
        node.id
        for node in trace.nodes
        if node.type not in OF_ROUNDS or node.id in rounds or node.id in hanging
    }
    return replace(
        trace,
        root=trace.root if trace.root in kept else None,
        nodes=tuple(node for node in trace.nodes if node.id in kept),
        edges=tuple(edge for edge in trace.edges if edge.source in kept and edge.target in kept),
    )


def _hangs_on(edge: Edge, rounds: set[str], part: Part) -> tuple[str, ...]:
    """The update, dispute or evaluation that an edge ties to one of these rounds."""
    if edge.type in DOWN and edge.source in rounds and part.updates:
        return (edge.target,)
    if edge.type == "concerns" and edge.target in rounds:
        return (edge.source,)
    return ()
