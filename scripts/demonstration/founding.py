"""The consortium comes into being: chain, contracts, organisations and their own accounts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from dragon_ledger.chain.accounts import Keystore, Signer
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.deploy import deploy, deploy_into
from dragon_ledger.chain.network import Network
from dragon_ledger.chain.transact import transact
from dragon_ledger.digests.documents import seal_document
from scripts.demonstration.cast import EVERYONE, HOSPITALS, Party, Places
from scripts.demonstration.ground import Ground

NOTHING_SAID = {"said": "made by the demonstration"}


def statement(**content: str) -> bytes:
    """The digest of a sealed document that says a few words."""
    sealed = seal_document(content or NOTHING_SAID, "note/1", secrets.token_bytes(32))
    return sealed.digest


def make_keys(places: Places, names: Sequence[str]) -> dict[str, Signer]:
    """A keystore for each name, under one password that was drawn for this demonstration."""
    places.keys.mkdir(mode=0o700)
    password = places.password.read_text("utf-8").strip()

    def make(name: str) -> Signer:
        return Keystore.create(places.keys / f"{name}.json", password, light=True).unlock(password)

    return {name: make(name) for name in names}


def deploy_contracts(places: Places, ground: Ground, admin: Signer) -> Client:
    """Deploy the four contracts, write the network file, and connect."""
    deployer = ground.funder or admin
    if ground.planned is not None:
        network = deploy_into(ground.planned, deployer, admin=admin.address)
    else:
        network = deploy(ground.urls, deployer, admin=admin.address, fees=ground.fees)
    network.save(places.network)
    return Client(network)


def admit(client: Client, admin: Signer, party: Party, root: Signer) -> None:
    """The admin admits an organisation, and its root accepts."""
    record = statement(name=party.name)
    arguments = (party.number, int(party.roles), root.address, record, statement())
    transact(client, admin, ContractCall("Consortium", "admit", arguments))
    transact(client, root, ContractCall("Consortium", "acceptRoot", (party.number,)))


def enrol(client: Client, party: Party, root: Signer, account: bytes) -> None:
    """The root enrols a working account."""
    arguments = (party.number, account, int(party.roles), statement())
    transact(client, root, ContractCall("Consortium", "enrol", arguments))


def accept(client: Client, party: Party, account: Signer) -> None:
    """A working account accepts its enrolment by a transaction of its own."""
    accepted = (party.number, int(party.roles))
    transact(client, account, ContractCall("Consortium", "accept", accepted))


def accept_with_keystore(places: Places, party: Party, keystore: Path) -> None:
    """The same with the key of an agent's folder, which nobody else holds."""
    client = Client(Network.load(places.network))
    signer = Keystore(keystore).unlock(places.password.read_text("utf-8").strip())
    accept(client, party, signer)
    client.close()


def accept_rule_set(client: Client, admin: Signer, digest: bytes, declarations: int) -> None:
    """The consortium accepts the rule set that transfers are judged by."""
    arguments = (digest, declarations, 0, 0, statement())
    transact(client, admin, ContractCall("Consortium", "acceptRuleSet", arguments))


def people() -> tuple[Party, ...]:
    """Parties whose working account a person holds; the hospitals' agents hold their own."""
    return tuple(party for party in EVERYONE if party not in HOSPITALS)
