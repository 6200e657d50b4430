"""What an offline check takes from files: the network file, the published code, the bundle.

Apart from `evidence_bundle`, so that a check loads nothing that could reach a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dragon_ledger.chain.network import Network
from dragon_ledger.errors import ConfigurationError, InputError
from dragon_ledger.provenance.bundle.fields import MAX_BUNDLE_BYTES
from dragon_ledger.provenance.bundle.known import KnownContract, KnownNetwork
from dragon_ledger.provenance.bundle.published import PublishedCode, published_code
from dragon_ledger.provenance.qbft.trust_root import TrustRoot, read_trust_root


def validators_of(network: Network) -> TrustRoot | None:
    """The validators that the network file vouches for; None where blocks carry no seals.

    Raises:
        ConfigurationError: the member `validators` is not as specified, or vouches for another
            block 0 than the file names as genesis.
    """
    if network.validators is None:
        return None
    root = read_trust_root(network.validators)
    if root.block.number == 0 and root.block.hash != network.genesis_hash:
        raise ConfigurationError(
            "the network file contradicts itself: validators.hash of block 0 is"
            f" 0x{root.block.hash.hex()}, genesis_hash 0x{network.genesis_hash.hex()}"
        )
    return root


def known_network(
    network: Network, published: Sequence[PublishedCode] | None = None
) -> KnownNetwork:
    """What a verifier takes from the network file and the published contracts.

    Args:
        network: the network file.
        published: the contracts of every known release; None for those that the package ships.

    Raises:
        ConfigurationError: the file names no contracts, or its validators are not as specified.
    """
    if not network.contracts:
        raise ConfigurationError("the network file names no contracts: nothing can be verified")
    return KnownNetwork(
        network.chain_id,
        network.genesis_hash,
        {
            name: KnownContract(one.address, one.code_hash)
            for name, one in network.contracts.items()
        },
        published_code() if published is None else published,
        validators_of(network),
        network.fingerprint,
    )


def read_bundle(path: Path) -> bytes:
    """The bytes of a bundle file; never more than a bundle may have.

    Raises:
        InputError: the file cannot be read, or is larger than any bundle.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BUNDLE_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BUNDLE_BYTES:
        raise InputError(f"{path}: larger than {MAX_BUNDLE_BYTES} bytes; this is no bundle")
    return data
