"""Are the contracts at the network file's addresses exactly the published ones, wiring included?

The runtime code of a contract is the published template with its immutables filled in. Addresses
among them must be those of the network file, so that no contract of the four works with a
look-alike; the consortium's two settings are free, and said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eth_hash.auto import keccak

from dragon_ledger.chain.artifacts import Artifact, artifact
from dragon_ledger.chain.client import BlockId, Client
from dragon_ledger.chain.network import Network

# Name of an immutable that holds an address -> contract whose address it must be.
WIRING = {
    "consortium": "Consortium",
    "registry": "DatasetRegistry",
    "training": "TrainingLedger",
}


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """What was found at one contract's address; no `problems` means exactly the published code.

    `immutables` are the filled-in values by name: numbers, or addresses as numbers.
    """

    contract: str
    address: bytes
    code_hash: bytes
    immutables: Mapping[str, int]
    problems: tuple[str, ...]

    @property
    def matches(self) -> bool:
        """Whether the code is the published one, wired as the network file says."""
        return not self.problems


def verify_code(client: Client, block: BlockId = "latest") -> list[CodeCheck]:
    """Compare the code at every address of the network file with the published contracts.

    Raises:
        NodeUnavailable: no node answers.
    """
    network = client.network
    names = list(network.contracts)
    codes = client.code([network.contracts[name].address for name in names], block)
    approvals = _approvals(dict(zip(names, codes, strict=True)))
    return [check(network, name, code, approvals) for name, code in zip(names, codes, strict=True)]


def check(network: Network, name: str, code: bytes, approvals: int | None) -> CodeCheck:
    """Compare one contract's runtime code; `approvals` is what the Consortium was deployed with."""
    contract = network.contracts[name]
    published = artifact(name)
    found = bytes(keccak(code))
    if not code:
        return CodeCheck(name, contract.address, found, {}, ("there is no code at this address",))
    if template(published, code) != published.runtime:
        problem = "its code is not the published one"
        return CodeCheck(name, contract.address, found, {}, (problem,))
    values = immutables(published, code)
    problems = [*_wiring(network, values), *_settings(values, approvals)]
    if found != contract.code_hash:
        problems.append(f"the network file names another code hash, 0x{contract.code_hash.hex()}")
    single = {key.lstrip("_"): min(seen) for key, seen in values.items()}
    return CodeCheck(name, contract.address, found, single, tuple(problems))


def template(published: Artifact, code: bytes) -> bytes:
    """Return the code with its immutables zeroed, as a compiler leaves them."""
    blank = bytearray(code)
    for places in published.immutables.values():
        for start, length in places:
            blank[start : start + length] = bytes(len(blank[start : start + length]))
    return bytes(blank)


def immutables(published: Artifact, code: bytes) -> dict[str, set[int]]:
    """Return the values that stand at each immutable's places; more than one is a forgery."""
    return {
        name: {int.from_bytes(code[start : start + length], "big") for start, length in places}
        for name, places in published.immutables.items()
    }


def _approvals(codes: Mapping[str, bytes]) -> int | None:
    published = artifact("Consortium")
    code = codes.get("Consortium", b"")
    if template(published, code) != published.runtime:
        return None
    return min(immutables(published, code)["requiredApprovals"])


def _wiring(network: Network, values: Mapping[str, set[int]]) -> list[str]:
    return [
        f"it works with the {WIRING[name]} at 0x{min(found):040x}, not with the network file's"
        for name, found in values.items()
        if name in WIRING
        and found != {int.from_bytes(network.contracts[WIRING[name]].address, "big")}
    ]


def _settings(values: Mapping[str, set[int]], approvals: int | None) -> list[str]:
    problems = [
        f"its setting {name} has different values at different places"
        for name, found in values.items()
        if len(found) > 1
    ]
    required = values.get("_requiredApprovals") or values.get("requiredApprovals")
    if approvals is not None and required is not None and required != {approvals}:
        problems.append(
            f"it asks for {min(required)} approvals, the Consortium was deployed with {approvals}"
        )
    return problems
