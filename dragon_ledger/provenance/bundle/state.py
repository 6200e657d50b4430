"""The contracts' storage as of one block, read through proofs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from eth_hash.auto import keccak

from dragon_ledger.errors import ProofError
from dragon_ledger.provenance.proofs import ProofNodes, account_state, storage_word
from dragon_ledger.provenance.rlp_items import RlpItem

MAX_LIST = 1 << 16
"""More entries than any list of the contracts can have: 65 535 rounds, 16 releases a member."""


class _Recording(Mapping[bytes, "list[RlpItem]"]):
    """Nodes by hash, and which of them a proof needed."""

    def __init__(self, nodes: Mapping[bytes, list[RlpItem]]) -> None:
        self._nodes = nodes
        self.used: set[bytes] = set()

    def __getitem__(self, key: bytes) -> list[RlpItem]:
        found = self._nodes[key]
        self.used.add(key)
        return found

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


class State:
    """Words of the four contracts, each proved against the state root.

    Raises:
        ProofError: an account or a slot is not proved, or the code is another than the network
            file names; the message names contract and slot.
    """

    def __init__(
        self,
        nodes: ProofNodes,
        state_root: bytes,
        addresses: Mapping[str, bytes],
        code_hashes: Mapping[str, bytes],
    ) -> None:
        self._recording = _Recording(nodes.by_hash)
        self._nodes = ProofNodes(self._recording)
        self._words: dict[tuple[str, bytes], bytes] = {}
        self._roots = {
            name: self._storage_root(name, address, state_root, code_hashes[name])
            for name, address in addresses.items()
        }

    def _storage_root(self, name: str, address: bytes, root: bytes, code_hash: bytes) -> bytes:
        try:
            account = account_state(self._nodes, root, address)
        except ProofError as error:
            raise ProofError(f"proof of contract {name}: {error}") from error
        if account is None:
            raise ProofError(f"contract {name}: there is no account 0x{address.hex()}")
        if account.code_hash != code_hash:
            raise ProofError(
                f"contract {name}: its code has the hash 0x{account.code_hash.hex()}, the network"
                f" file names 0x{code_hash.hex()}"
            )
        return account.storage_root

    def word(self, contract: str, slot: bytes, offset: int = 0) -> bytes:
        """The 32 bytes in a slot, or so many slots behind it; zero where absence is proved."""
        place = moved(slot, offset) if offset else slot
        known = self._words.get((contract, place))
        if known is not None:
            return known
        try:
            found = storage_word(self._nodes, self._roots[contract], place)
        except ProofError as error:
            raise ProofError(f"proof of {contract}: {error}") from error
        self._words[contract, place] = found
        return found

    def entries(self, contract: str, slot: bytes, width: int) -> list[tuple[bytes, ...]]:
        """A dynamic array whose elements take `width` slots each."""
        length = int.from_bytes(self.word(contract, slot))
        if length > MAX_LIST:
            raise ProofError(f"{contract} slot {slot.hex()}: a list of {length} entries")
        first = array_slot(slot)
        return [self._entry(contract, first, place * width, width) for place in range(length)]

    def _entry(self, contract: str, first: bytes, offset: int, width: int) -> tuple[bytes, ...]:
        words = tuple(self.word(contract, first, offset + more) for more in range(width))
        if not any(words[0]):
            raise ProofError(f"{contract} slot {moved(first, offset).hex()}: an empty list entry")
        return words

    @property
    def unused(self) -> int:
        """How many of the given nodes no proof needed."""
        return len(self._recording) - len(self._recording.used)


def moved(slot: bytes, offset: int) -> bytes:
    """The slot so many places behind another."""
    return ((int.from_bytes(slot) + offset) % (1 << 256)).to_bytes(32)


@lru_cache(maxsize=4096)
def array_slot(slot: bytes) -> bytes:
    """First slot of the elements of a dynamic array at `slot`."""
    return bytes(keccak(slot))


def packed(word: bytes, *widths: int) -> tuple[int, ...]:
    """Numbers of a slot, lowest first, each of so many bytes."""
    found, end = [], len(word)
    for width in widths:
        found.append(int.from_bytes(word[end - width : end]))
        end -= width
    return tuple(found)
