"""A live chain for tests of the contracts, with web3 used directly: the chain room is not under test here."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3
from web3.contract import Contract

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "dragon_ledger" / "chain" / "artifacts"
ROOT_DELAY = 3600
ROLES = {"SITE": 1, "REVIEWER": 2, "AGGREGATOR": 4, "RELEASER": 8}


def digest(label: str) -> bytes:
    """A fixed digest for a label, with no zero byte by construction of tests that measure gas."""
    return bytes(Web3.keccak(text=label))


@pytest.fixture(scope="session", name="digest")
def digest_fixture() -> Callable[[str], bytes]:
    return digest


def key(label: str) -> LocalAccount:
    return Account.from_key(digest("key " + label))  # type: ignore[no-any-return]  # untyped


@dataclass
class Chain:
    """The four contracts on a node, and a way to send and to read."""

    w3: Web3
    admin: LocalAccount
    contracts: dict[str, Contract] = field(default_factory=dict)

    def deploy(self, name: str, *arguments: Any) -> Contract:
        artifact = json.loads((ARTIFACTS / f"{name}.json").read_text())
        factory = self.w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
        receipt = self.send(self.admin, factory.constructor(*arguments))
        self.contracts[name] = self.w3.eth.contract(receipt["contractAddress"], abi=artifact["abi"])
        return self.contracts[name]

    def send(self, sender: LocalAccount, call: Any) -> Any:
        """Sends one transaction with gas price zero and waits for its receipt, which must be a success."""
        transaction = call.build_transaction(
            {
                "from": sender.address,
                "nonce": self.w3.eth.get_transaction_count(sender.address),
                "gasPrice": 0,
                "gas": 15_000_000,
            }
        )
        signed = sender.sign_transaction(transaction)
        sent = self.w3.eth.send_raw_transaction(signed.raw_transaction)
        receipt = self.w3.eth.wait_for_transaction_receipt(sent, poll_latency=0.01)
        assert receipt["status"] == 1
        return receipt

    def act(self, sender: str, contract: str, function: str, *arguments: Any) -> Any:
        call = self.contracts[contract].functions[function](*arguments)
        return self.send(key(sender), call)

    def read(self, contract: str, function: str, *arguments: Any) -> Any:
        return self.contracts[contract].functions[function](*arguments).call()

    def slot(self, contract: str, position: int) -> bytes:
        stored = self.w3.eth.get_storage_at(self.contracts[contract].address, position)
        return bytes(stored).rjust(32, b"\0")

    def time(self, receipt: Any) -> int:
        return int(self.w3.eth.get_block(receipt["blockNumber"])["timestamp"])

    def admit(self, organisation: int, roles: int, label: str) -> None:
        """Admits an organisation whose root `label root` enrols the one account `label`."""
        root, account = key(f"{label} root"), key(label)
        consortium = self.contracts["Consortium"].functions
        arguments = (digest(label + " record"), digest(label + " admission"))
        self.send(self.admin, consortium.admit(organisation, roles, root.address, *arguments))
        self.send(root, consortium.acceptRoot(organisation))
        offer = consortium.enrol(organisation, account.address, roles, digest(label + " offer"))
        self.send(root, offer)
        self.send(account, consortium.accept(organisation, roles))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def anvil() -> Iterator[str]:
    """The URL of an Anvil of our own, by the London rules that the contracts are compiled for."""
    package = ROOT / "node_modules" / "@foundry-rs"
    binaries = sorted(package.glob("anvil-*/bin/anvil*")) if package.is_dir() else []
    if not binaries:
        pytest.skip("needs Anvil from npm: run `npm ci` in the checkout")
    port = _free_port()
    command = [str(binaries[0]), "--port", str(port), "--silent", "--hardfork", "london"]
    process = subprocess.Popen([*command, "--base-fee", "0", "--gas-limit", "160000000"])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def chain(anvil: str) -> Chain:
    """The four contracts, freshly deployed."""
    w3 = Web3(HTTPProvider(anvil, request_kwargs={"timeout": 30}))
    deadline = time.monotonic() + 20
    while not w3.is_connected():
        assert time.monotonic() < deadline, "Anvil did not start"
        time.sleep(0.05)
    made = Chain(w3, key("admin"))
    consortium = made.deploy("Consortium", made.admin.address, 1, ROOT_DELAY).address
    registry = made.deploy("DatasetRegistry", consortium).address
    training = made.deploy("TrainingLedger", consortium, registry).address
    made.deploy("ModelRegistry", consortium, registry, training)
    return made
