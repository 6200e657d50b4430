"""From a bundle's bytes to facts, each proved; opens no file and no socket, asks no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dragon_ledger.errors import NotCovered, ProofError
from dragon_ledger.provenance import layout
from dragon_ledger.provenance.bundle.bound import Bound
from dragon_ledger.provenance.bundle.documents import allowed
from dragon_ledger.provenance.bundle.entries import Bundle
from dragon_ledger.provenance.bundle.known import Demands, KnownNetwork
from dragon_ledger.provenance.bundle.parse import parse
from dragon_ledger.provenance.bundle.scope import acts_of, bound_digests, versions_used
from dragon_ledger.provenance.bundle.sealed import ProvedBlock, proved_block
from dragon_ledger.provenance.bundle.state import State
from dragon_ledger.provenance.bundle.stored import Stored, StoredRelease
from dragon_ledger.provenance.names import moment
from dragon_ledger.provenance.presented import facts_of_file
from dragon_ledger.provenance.proofs import ProofNodes
from dragon_ledger.provenance.results import Presented
from dragon_ledger.records import (
    AsOf,
    DatasetVersion,
    Facts,
    Release,
    Run,
    Source,
)


class Evidence:
    """A verified bundle: the facts about each of its digests as of one proved block."""

    def __init__(self, bundle: Bundle, as_of: AsOf, facts: Iterable[Facts]) -> None:
        self.bundle = bundle
        self.as_of = as_of
        self._facts = {one.digest: one for one in facts}

    def facts(self, digest: bytes) -> Facts:
        """The facts about a digest.

        Raises:
            NotCovered: the bundle says nothing about it.
        """
        found = self._facts.get(digest)
        if found is None:
            spoken = ", ".join(one.hex() for one in self._facts)
            raise NotCovered(
                f"the bundle says nothing about {digest.hex()}; it speaks of {spoken}. Export one"
                " for this model: dragon-ledger evidence export MODEL.h5 -o FILE"
            )
        return found

    def facts_of_file(self, presented: Presented) -> Facts:
        """The facts about a presented file, by content digest before file digest.

        Raises:
            NotCovered: the bundle speaks of neither, or only of the file digest, under which
                nothing was released: then the content digest may be known.
        """
        content = presented.content
        if content is None:
            return self.facts(presented.file_digest)
        if content not in self._facts and presented.file_digest in self._facts:
            by_file = self._facts[presented.file_digest]
            return by_file if by_file.releases else self.facts(content)
        return facts_of_file(presented, lambda one: self._facts.get(one) or self.facts(content))


def verify(data: bytes, network: KnownNetwork, demands: Demands) -> Evidence:
    """Verify a bundle against what is known of its network.

    Args:
        data: the bundle's bytes.
        network: contents of the auditor's `network.json`, and the published code.
        demands: what the verifier asks for: clock, freshness, an accepted checkpoint.

    Raises:
        ProofError: a part of the bundle does not show what it claims; the message names it.
    """
    bundle = parse(data)
    check_identity(bundle, network)
    code_version = network.code_version(bundle.settings)
    block = proved_block(bundle.headers, network.validators, demands)
    code_hashes = {name: contract.code_hash for name, contract in network.contracts.items()}
    nodes = ProofNodes.of(bundle.nodes)
    state = State(nodes, block.state_root, bundle.addresses, code_hashes)
    as_of = replace(
        _as_of(bundle, block, demands),
        network_file=network.fingerprint,
        code_version=code_version,
    )
    collector = _Collector(bundle, state, as_of)
    facts = [collector.facts(digest) for digest in bundle.digests]
    collector.check_nothing_else(facts)
    return Evidence(bundle, as_of, facts)


def check_identity(bundle: Bundle, network: KnownNetwork) -> None:
    """Refuse a bundle of another chain or of other contracts.

    Raises:
        ProofError: it is; the message names the member.
    """
    pairs = [
        ("chain.chain_id", bundle.chain_id, network.chain_id),
        ("chain.genesis_hash", bundle.genesis_hash.hex(), network.genesis_hash.hex()),
        *(
            (f"contracts.{name}", address.hex(), network.addresses[name].hex())
            for name, address in bundle.addresses.items()
        ),
    ]
    for name, given, known in pairs:
        if given != known:
            raise ProofError(f"{name}: the bundle is of {given}, the network file of {known}")


def _as_of(bundle: Bundle, block: ProvedBlock, demands: Demands) -> AsOf:
    return AsOf(
        chain_id=bundle.chain_id,
        genesis_hash=bundle.genesis_hash,
        block=block.number,
        block_hash=block.hash,
        time=block.time,
        source=Source.BUNDLE,
        seals=block.seals,
        stale_reason=_stale(block, demands),
    )


def _stale(block: ProvedBlock, demands: Demands) -> str | None:
    """Why the proved block is too old for what was asked; None when it is not."""
    if demands.at_least_block is not None and block.number < demands.at_least_block:
        return (
            f"block {demands.at_least_block} or a later one was asked for; "
            "refresh the bundle with 'dragon-ledger evidence refresh'"
        )
    age = demands.now - block.time
    if demands.max_age is not None and age > demands.max_age:
        return (
            f"the block is {age} s old (of {moment(block.time)}), at most {demands.max_age} s were"
            " asked for; refresh the bundle with 'dragon-ledger evidence refresh'"
        )
    return None


class _Collector:
    """Gathers the facts about one digest after another, each record proved once."""

    def __init__(self, bundle: Bundle, state: State, as_of: AsOf) -> None:
        domain = layout.Domain(bundle.chain_id, dict(bundle.addresses))
        self._bundle = bundle
        self._state = state
        self._as_of = as_of
        self._stored = Stored(state, as_of.block)
        self._bound = Bound(state, domain, as_of.block, bundle.runs, bundle.versions)

    def facts(self, digest: bytes) -> Facts:
        """Everything about a digest, as facts straight from a node would be."""
        origins = self._stored.origins(digest)
        listed = self._stored.releases(digest, by_aggregate=bool(origins))
        runs = self._bound.lineage([*(one.run for one in listed), *(one.run for one in origins)])
        releases = tuple(_complete(one, runs) for one in listed)
        versions = self._versions(runs.values())
        acts = list(acts_of(runs.values(), versions, releases))
        rules = [self._stored.rule_set(one) for one in sorted({v.rule_set for v in versions})]
        numbers = sorted({act.organisation for act in acts})
        addresses = sorted({act.account for act in acts})
        return Facts(
            digest=digest,
            as_of=self._as_of,
            addresses=dict(self._bundle.addresses),
            releases=releases,
            origins=origins,
            runs=tuple(runs[key] for key in sorted(runs)),
            versions=versions,
            organisations=tuple(self._stored.organisation(number) for number in numbers),
            accounts=tuple(self._stored.account(address) for address in addresses),
            rule_sets=tuple(one for one in rules if one is not None),
        )

    def _versions(self, runs: Iterable[Run]) -> tuple[DatasetVersion, ...]:
        return tuple(self._bound.version(identifier) for identifier in sorted(versions_used(runs)))

    def check_nothing_else(self, facts: Iterable[Facts]) -> None:
        """Refuse what no fact needed, so that equal evidence has equal bytes."""
        self._bound.check_used()
        if self._state.unused:
            raise ProofError(f"nodes: {self._state.unused} of them prove nothing that is needed")
        named = {digest for one in facts for digest in bound_digests(one)}
        for digest in self._bundle.attachments.keys() - allowed(named, self._bundle.attachments):
            raise ProofError(
                f"attachments.{digest.hex()}: neither a fact nor an attached QC report names it"
            )


def _complete(stored: StoredRelease, runs: dict[bytes, Run]) -> Release:
    rounds = runs[stored.run].rounds
    if not 1 <= stored.round <= len(rounds):
        raise ProofError(f"release 0x{stored.id.hex()}: its run has no closed round {stored.round}")
    return Release(
        id=stored.id,
        act=stored.act,
        run=stored.run,
        round=stored.round,
        aggregate=rounds[stored.round - 1].aggregate,
        file_digest=stored.file_digest,
        model_card=stored.model_card,
        statement=stored.statement,
        withdrawal=stored.withdrawal,
    )
