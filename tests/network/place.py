"""Four real validators with a consortium's contracts on them, for tests of what goes wrong."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dragon_ledger.chain.client import Client
from dragon_ledger.chain.deploy import deploy_into
from dragon_ledger.chain.network import Network
from dragon_ledger.chain.qbft import processes
from dragon_ledger.chain.qbft.creation import Choices, create, free_base_port
from dragon_ledger.chain.qbft.layout import Layout, Member
from dragon_ledger.chain.qbft.programs import Program
from dragon_ledger.chain.qbft.watch import look
from dragon_ledger.records import Role
from dragon_ledger.site.outbox import State
from tests.chain.world import World, new_signer
from tests.site.acts import Desk

NAMES = ("north", "east", "south", "west")
SITE = 1
PATIENCE = 150.0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < limit, f"waited in vain: {what}"
        time.sleep(0.2)


@dataclass
class Place:
    """The network, who runs it, and one site that acts on it."""

    layout: Layout
    program: Program
    world: World

    @staticmethod
    def build(folder: Path, program: Program, spare: int = 0) -> Place:
        base_port = free_base_port(len(NAMES) + spare)
        layout = create(folder, Choices(NAMES, base_port=base_port))
        processes.start(layout, program)
        admin = new_signer()
        planned = Network.load(layout.network_file)
        network = deploy_into(planned, new_signer(), admin=admin.address, root_delay=60)
        network.save(layout.network_file)
        world = World(Client(network), admin)
        world.add(SITE, Role.SITE)
        world.accept_rules()
        return Place(layout, program, world)

    @property
    def network(self) -> Network:
        return Network.load(self.layout.network_file)

    def client(self, *names: str) -> Client:
        """A client of these members' nodes, in this order; of all of them without a name."""
        chosen = [self.layout.member(name) for name in names] or self.layout.members
        return Client(self.network, [member.url for member in chosen], timeout=5.0)

    def desk(self, path: Path) -> Desk:
        """A site's outbox, with an account of its own."""
        return Desk.open(path, self.network, self.world.members[SITE], SITE)

    def height(self, name: str) -> int:
        return look(self.network, self.layout.member(name).url).height or 0

    def kill(self, name: str) -> None:
        processes.kill(self.layout, name)

    def start(self, *names: str) -> list[Member]:
        return processes.start(self.layout, self.program, names)

    def wipe(self, name: str) -> None:
        """A lost disk: everything that the node had learned is gone; its key is not."""
        shutil.rmtree(self.layout.home(self.layout.member(name)) / "data")

    def grows(self, name: str = NAMES[0], blocks: int = 2) -> None:
        """Wait for further blocks at one node."""
        first = self.height(name)
        wait_until(lambda: self.height(name) >= first + blocks, "no further block")

    def recover(self) -> None:
        """Everybody is back, and blocks are made."""
        self.start()
        for name in NAMES:
            self.grows(name)


def drain(desk: Desk) -> None:
    """Work on an outbox until everything in it is final."""

    def done() -> bool:
        desk.pump.step()
        return set(desk.states()) <= {State.FINAL}

    wait_until(done, f"not final: {desk.states()} {desk.notes()}")
