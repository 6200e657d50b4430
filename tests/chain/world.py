"""A consortium on a real chain, for tests: each step is one transaction and waits for its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from eth_account import Account

from dragon_ledger.chain import reader
from dragon_ledger.chain.accounts import Signer
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.deploy import deploy
from dragon_ledger.chain.network import Fees
from dragon_ledger.chain.transact import transact, transfer
from dragon_ledger.records import Declaration, InitialKind, Role

FAR = 4_000_000_000  # a time that no test reaches
PURPOSE = sha256(b"purpose").digest()
RULES = sha256(b"rules").digest()
NONE = bytes(32)
ALL_DECLARATIONS = Declaration(15)


def digest(label: str) -> bytes:
    return sha256(label.encode()).digest()


def new_signer() -> Signer:
    return Signer(Account.create())


# The first account of the public test mnemonic, which Anvil and Ganache give funds.
PUBLIC_TEST_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"


def fresh_world(url: str, *, fees: Fees | None = None, fund: bool = False) -> World:
    """Deploy four contracts; with `fund`, the admin is the account that test nodes give funds."""
    admin = Signer(Account.from_key(PUBLIC_TEST_KEY)) if fund else new_signer()
    deployer = admin if fund else new_signer()
    network = deploy([url], deployer, admin=admin.address, root_delay=60, fees=fees)
    return World(Client(network), admin, funded=fund)


@dataclass
class World:
    """The admin, and one working account of each organisation."""

    client: Client
    admin: Signer
    funded: bool = False
    members: dict[int, Signer] = field(default_factory=dict)
    roots: dict[int, Signer] = field(default_factory=dict)

    def new_account(self) -> Signer:
        signer = new_signer()
        if self.funded:
            transfer(self.client, self.admin, signer.address, 10**18)
        return signer

    def send(self, signer: Signer, contract: str, function: str, *arguments: object) -> None:
        transact(self.client, signer, ContractCall(contract, function, arguments))

    def add(self, number: int, roles: Role) -> Signer:
        root, account = self.new_account(), self.new_account()
        said = digest(f"organisation {number}")
        self.send(
            self.admin, "Consortium", "admit", number, int(roles), root.address, said, digest("s")
        )
        self.send(root, "Consortium", "acceptRoot", number)
        self.send(
            root, "Consortium", "enrol", number, account.address, int(roles), digest("enrolled")
        )
        self.send(account, "Consortium", "accept", number, int(roles))
        self.members[number], self.roots[number] = account, root
        return account

    def accept_rules(self, rules: bytes = RULES) -> None:
        self.send(
            self.admin, "Consortium", "acceptRuleSet", rules, int(ALL_DECLARATIONS), 0, 0, rules
        )

    def register(self, site: int, label: str, *, qc_passed: bool = True) -> bytes:
        commitment = digest(f"{site} {label}")
        registration = (
            commitment,
            NONE,
            digest(f"qc {site} {label}"),
            digest("ethics"),
            RULES,
            PURPOSE,
            digest("registered"),
            FAR,
            int(ALL_DECLARATIONS),
            qc_passed,
        )
        self.send(self.members[site], "DatasetRegistry", "register", registration)
        return reader.read(self.client, reader.version_id(site, commitment))

    def approve(self, reviewer: int, site: int, label: str) -> None:
        version = reader.read(self.client, reader.version_id(site, digest(f"{site} {label}")))
        self.send(
            self.members[reviewer],
            "DatasetRegistry",
            "approve",
            version,
            digest(f"qc {site} {label}"),
            RULES,
            digest("approved"),
        )

    def open_run(
        self, aggregator: int, label: str, sites: list[int], parent: tuple[bytes, int] | None = None
    ) -> bytes:
        plan, statement = digest(f"plan {label}"), digest(f"opened {label}")
        model = digest(f"initial {label}")
        if parent is not None:
            model = reader.read(self.client, reader.round_(*parent)).aggregate
        opening = (
            plan,
            PURPOSE,
            sum(1 << site for site in sites),
            model,
            parent[0] if parent else NONE,
            NONE,
            statement,
            parent[1] if parent else 0,
            int(InitialKind.PARENT if parent else InitialKind.SEEDED),
        )
        self.send(self.members[aggregator], "TrainingLedger", "openRun", opening)
        return reader.read(self.client, reader.run_id(aggregator, plan, statement))

    def commit(self, site: int, run: bytes, number: int, version: bytes, label: str = "") -> None:
        base = reader.read(self.client, reader.round_(run, number - 1)).aggregate
        present = reader.read(self.client, reader.leaf(run, number, site))
        update = digest(f"update {run.hex()} {number} {site} {label}")
        self.send(
            self.members[site],
            "TrainingLedger",
            "commitUpdate",
            *(run, number, update, base, version, digest("committed"), present),
        )

    def close(self, aggregator: int, run: bytes, number: int, sites: list[int]) -> bytes:
        included = sum(1 << site for site in sites)
        leaves = reader.read(self.client, reader.leaves_hash(run, number, included))
        aggregate = digest(f"aggregate {run.hex()} {number}")
        self.send(
            self.members[aggregator],
            "TrainingLedger",
            "closeRound",
            *(run, number, aggregate, included, leaves, digest("closed")),
        )
        return aggregate

    def release(self, releaser: int, run: bytes, number: int, label: str = "file") -> bytes:
        aggregate = reader.read(self.client, reader.round_(run, number)).aggregate
        self.send(
            self.members[releaser],
            "ModelRegistry",
            "release",
            *(run, number, aggregate, digest(label), digest("card"), digest("released")),
        )
        return reader.read(self.client, reader.release_id(releaser, run, number, digest(label)))
