"""What verifying costs: headers with n seals, and the storage proofs of a large trace.

    python scripts/bench/state_proofs.py --slots 1150 --contract-slots 30000 --validators 4

Tries are built by PyPI trie, headers with test keys; building is not counted. One process.
"""

from __future__ import annotations

import argparse
import time

import rlp
from eth_utils.crypto import keccak
from trie.hexary import HexaryTrie

from dragon_ledger.provenance.proofs import ProofNodes, storage_word
from dragon_ledger.provenance.qbft.header import parse_header
from dragon_ledger.provenance.qbft.seals import check_sealed
from tests.provenance.qbft.network import Block


def bench_proofs(slots: int, contract_slots: int) -> None:
    trie = HexaryTrie({})
    keys = [keccak(number.to_bytes(4)) for number in range(contract_slots)]
    for key in keys:
        trie[keccak(key)] = rlp.encode(int.from_bytes(keccak(key)))
    asked = keys[:slots]
    raw = {
        rlp.encode(node)
        for key in asked
        for node in trie.get_proof(keccak(key))  # type: ignore[no-untyped-call]  # half typed
    }
    start = time.perf_counter()
    nodes = ProofNodes.of(raw)
    middle = time.perf_counter()
    for key in asked:
        storage_word(nodes, trie.root_hash, key)
    end = time.perf_counter()
    print(f"{len(raw)} distinct nodes, {sum(map(len, raw)) / 1000:.0f} kB")
    print(
        f"hash and decode the nodes {middle - start:.3f} s, read {slots} slots {end - middle:.3f} s"
    )


def bench_headers(validators: int, headers: int) -> None:
    members = list(range(1, validators + 1))
    sealed = [Block(number, members, members, 1).sealed() for number in range(1, headers + 1)]
    start = time.perf_counter()
    for data in sealed:
        header = parse_header(data)
        check_sealed(header, header.validators)
    each = (time.perf_counter() - start) / headers
    print(f"{headers} headers sealed by {validators}: {each * 1000:.2f} ms each")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slots", type=int, default=1150)
    parser.add_argument("--contract-slots", type=int, default=30_000)
    parser.add_argument("--validators", type=int, default=4)
    parser.add_argument("--headers", type=int, default=20)
    asked = parser.parse_args()
    bench_headers(asked.validators, asked.headers)
    bench_proofs(asked.slots, asked.contract_slots)


if __name__ == "__main__":
    main()
