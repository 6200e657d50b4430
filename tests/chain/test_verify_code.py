from __future__ import annotations

from dataclasses import replace

import pytest

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.deploy import contract_address, deploy
from dragon_ledger.chain.embedded import EmbeddedNode
from dragon_ledger.chain.network import CONTRACTS, Contract
from dragon_ledger.chain.verify_code import verify_code
from dragon_ledger.errors import InputError
from tests.chain.world import World, fresh_world, new_signer


def problems(world: World, **contracts: Contract) -> dict[str, tuple[str, ...]]:
    """What is wrong, by contract, when the network file names these instead."""
    network = world.client.network
    other = replace(network, contracts={**network.contracts, **contracts})
    return {check.contract: check.problems for check in verify_code(Client(other))}


def test_what_was_deployed_is_exactly_what_is_published(empty_world: World) -> None:
    checks = verify_code(empty_world.client)
    assert [check.contract for check in checks] == list(CONTRACTS)
    assert all(check.matches for check in checks)
    assert checks[0].immutables == {"requiredApprovals": 1, "rootDelay": 60}
    consortium = int.from_bytes(empty_world.client.network.contracts["Consortium"].address)
    assert checks[1].immutables == {"consortium": consortium, "requiredApprovals": 1}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Consortium", "DatasetRegistry", "TrainingLedger"])
def test_a_published_contract_of_another_consortium_is_not_wired(
    node: EmbeddedNode, empty_world: World, name: str
) -> None:
    other = fresh_world(node.url).client.network.contracts[name]
    found = problems(empty_world, **{name: other})
    wrong = [contract for contract, said in found.items() if said]
    assert wrong
    assert all("it works with the" in " ".join(found[contract]) for contract in wrong)


def test_one_changed_byte_of_code_is_found(empty_world: World) -> None:
    client = empty_world.client
    training = client.network.contracts["TrainingLedger"]
    (code,) = client.code([training.address])
    lookalike = b"\xaa" * 20
    client.call(
        "anvil_setCode", "0x" + lookalike.hex(), "0x" + (code[:-1] + bytes([code[-1] ^ 1])).hex()
    )
    found = problems(empty_world, TrainingLedger=replace(training, address=lookalike))
    assert found["TrainingLedger"] == ("its code is not the published one",)
    assert "it works with the TrainingLedger" in found["ModelRegistry"][0]


def test_an_immutable_that_differs_between_its_places_is_found(empty_world: World) -> None:
    client = empty_world.client
    consortium = client.network.contracts["Consortium"]
    registry = client.network.contracts["DatasetRegistry"]
    (code,) = client.code([registry.address])
    place = code.rindex(consortium.address)
    forged = b"\xbb" * 20
    client.call(
        "anvil_setCode",
        "0x" + forged.hex(),
        "0x" + (code[:place] + b"\x66" * 20 + code[place + 20 :]).hex(),
    )
    found = problems(empty_world, DatasetRegistry=replace(registry, address=forged))
    assert any("different values at different places" in one for one in found["DatasetRegistry"])


def test_an_address_without_code_is_said(empty_world: World) -> None:
    models = empty_world.client.network.contracts["ModelRegistry"]
    found = problems(empty_world, ModelRegistry=replace(models, address=b"\x01" * 20))
    assert found["ModelRegistry"] == ("there is no code at this address",)


def test_another_code_hash_in_the_network_file_is_said(empty_world: World) -> None:
    models = empty_world.client.network.contracts["ModelRegistry"]
    found = problems(empty_world, ModelRegistry=replace(models, code_hash=b"\x02" * 32))
    assert "names another code hash" in found["ModelRegistry"][0]


def test_a_contracts_address_follows_from_who_deploys_and_when() -> None:
    # The first address that account 0 of the public test mnemonic deploys to, on any chain.
    sender = bytes.fromhex("f39fd6e51aad88f6f4ce6ab8827279cfffb92266")
    assert contract_address(sender, 0).hex() == "5fbdb2315678afecb367f032d93f642f64180aa3"


def test_a_delay_that_the_contract_cannot_hold_is_refused(node: EmbeddedNode) -> None:
    signer = new_signer()
    with pytest.raises(InputError, match=r"Consortium cannot be deployed like this.*uint40"):
        deploy([node.url], signer, admin=signer.address, root_delay=1 << 40)
