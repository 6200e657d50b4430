"""A live chain for tests of the contracts, by web3: the chain room is not under test here."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.types import RPCEndpoint

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "dragon_ledger" / "chain" / "artifacts"
ROOT_DELAY = 3600
GENESIS_TIME = 1_800_000_000
BULK = 250
ROLES = {"SITE": 1, "REVIEWER": 2, "AGGREGATOR": 4, "RELEASER": 8}


def digest(label: str) -> bytes:
    """A fixed digest for a label, with no zero byte by construction of tests that measure gas."""
    return bytes(Web3.keccak(text=label))


@pytest.fixture(scope="session", name="digest")
def digest_fixture() -> Callable[[str], bytes]:
    return digest


def key(label: str) -> LocalAccount:
    return Account.from_key(digest("key " + label))  # type: ignore[no-any-return]  # untyped


@pytest.fixture(scope="session", name="key")
def key_fixture() -> Callable[[str], LocalAccount]:
    return key


@dataclass
class Chain:
    """The four contracts on a node, and a way to send and to read."""

    w3: Web3
    admin: LocalAccount
    contracts: dict[str, Contract] = field(default_factory=dict)
    # Plain loopback; without this, httpx reads certificates for every client.
    _http: httpx.Client = field(default_factory=partial(httpx.Client, verify=False))
    _selectors: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def deploy(self, name: str, *arguments: Any) -> Contract:
        artifact = json.loads((ARTIFACTS / f"{name}.json").read_text())
        factory = self.w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
        receipt = self.send(self.admin, factory.constructor(*arguments))
        self.contracts[name] = self.w3.eth.contract(receipt["contractAddress"], abi=artifact["abi"])
        return self.contracts[name]

    def send(self, sender: LocalAccount, call: Any) -> Any:
        """Sends one transaction with gas price zero; its receipt must be a success."""
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

    def calldata(self, contract: str, function: str, *values: int | bytes) -> bytes:
        """Calldata of a function whose arguments, or fields of its one struct, are all one word."""
        name = (contract, function)
        if name not in self._selectors:
            found = self.contracts[contract].get_function_by_name(function)
            self._selectors[name] = bytes(Web3.keccak(text=found.signature)[:4])
        words = (
            v.to_bytes(32, "big") if isinstance(v, int) else v.rjust(32, b"\0") for v in values
        )
        return self._selectors[name] + b"".join(words)

    def bulk(self, acts: list[tuple[LocalAccount, str, bytes]]) -> list[int]:
        """Mines many acts (sender, contract, calldata) in few blocks; returns the gas of each.

        Anvil signs for everyone here: 20 000 signatures would take longer than what is measured.
        """
        self._request("anvil_autoImpersonateAccount", True)
        self._request("anvil_setAutomine", False)
        senders = sorted({sender.address for sender, _, _ in acts})
        counts = self._batch("eth_getTransactionCount", [[name, "latest"] for name in senders])
        nonces = {name: int(count, 16) for name, count in zip(senders, counts, strict=True)}
        used: list[int] = []
        for start in range(0, len(acts), BULK):
            part = acts[start : start + BULK]
            fields = [[self._unsigned(act, nonces)] for act in part]
            sent = self._batch("eth_sendTransaction", fields)
            self._request("evm_mine")
            receipts = self._batch("eth_getTransactionReceipt", [[answer] for answer in sent])
            assert all(receipt["status"] == "0x1" for receipt in receipts)
            used += [int(receipt["gasUsed"], 16) for receipt in receipts]
        self._request("anvil_setAutomine", True)
        return used

    def _unsigned(
        self, act: tuple[LocalAccount, str, bytes], nonces: dict[ChecksumAddress, int]
    ) -> dict[str, str]:
        sender, contract, data = act
        nonce = nonces[sender.address]
        nonces[sender.address] += 1
        to = str(self.contracts[contract].address)
        fields = {"from": sender.address, "to": to, "data": "0x" + data.hex()}
        return fields | {"nonce": hex(nonce), "gas": hex(1_000_000), "gasPrice": "0x0"}

    def _batch(self, method: str, calls: list[list[Any]]) -> list[Any]:
        body = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": call}
            for i, call in enumerate(calls)
        ]
        url = str(getattr(self.w3.provider, "endpoint_uri", ""))
        answers = self._http.post(url, json=body, timeout=120).json()
        return [answer["result"] for answer in sorted(answers, key=lambda answer: answer["id"])]

    def _request(self, method: str, *parameters: Any) -> None:
        answer = self.w3.provider.make_request(RPCEndpoint(method), list(parameters))
        assert "error" not in answer

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


@contextmanager
def anvil_node() -> Iterator[str]:
    """The URL of an Anvil of our own: London rules, and a clock that only blocks move."""
    package = ROOT / "node_modules" / "@foundry-rs"
    binaries = sorted(package.glob("anvil-*/bin/anvil*")) if package.is_dir() else []
    if not binaries:
        pytest.skip("needs Anvil from npm: run `npm ci` in the checkout")
    port = _free_port()
    command = [str(binaries[0]), "--port", str(port), "--silent", "--hardfork", "london"]
    command += ["--base-fee", "0", "--gas-limit", "160000000", "--timestamp", str(GENESIS_TIME)]
    process = subprocess.Popen(command)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def deploy_all(url: str) -> Chain:
    """The four contracts, freshly deployed, as soon as the node answers."""
    w3 = Web3(HTTPProvider(url, request_kwargs={"timeout": 60}))
    deadline = time.monotonic() + 20
    while not w3.is_connected():
        assert time.monotonic() < deadline, "Anvil did not start"
        time.sleep(0.05)
    w3.provider.make_request(RPCEndpoint("anvil_setBlockTimestampInterval"), [1])
    made = Chain(w3, key("admin"))
    consortium = made.deploy("Consortium", made.admin.address, 1, ROOT_DELAY).address
    registry = made.deploy("DatasetRegistry", consortium).address
    training = made.deploy("TrainingLedger", consortium, registry).address
    made.deploy("ModelRegistry", consortium, registry, training)
    return made


@pytest.fixture(scope="session")
def anvil() -> Iterator[str]:
    with anvil_node() as url:
        yield url


@pytest.fixture(scope="module")
def chain(anvil: str) -> Chain:
    return deploy_all(anvil)


@pytest.fixture(scope="module")
def own_chain() -> Iterator[Chain]:
    """On a node of its own from genesis, so that addresses, times and so gas repeat exactly."""
    with anvil_node() as url:
        yield deploy_all(url)
