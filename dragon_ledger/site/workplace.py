"""What an unattended process opens on its folder: lock, keys, store, outbox, chain, exchange."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

from dragon_ledger.chain.accounts import Keystore, read_password
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.network import Network
from dragon_ledger.digests.hdf5 import Hdf5Worker
from dragon_ledger.errors import ConfigurationError, LedgerError, StorageError
from dragon_ledger.site.acts import ActReader
from dragon_ledger.site.config import Connection
from dragon_ledger.site.documents import Documents
from dragon_ledger.site.event_log import log_event
from dragon_ledger.site.exchange import open_exchange
from dragon_ledger.site.ledger import Ledger
from dragon_ledger.site.lock import FolderLock
from dragon_ledger.site.outbox import Outbox, State
from dragon_ledger.site.pump import POLL_SECONDS, Pump
from dragon_ledger.site.statements import LedgerAddress
from dragon_ledger.site.store import Store
from dragon_ledger.site.troubles import tell
from dragon_ledger.site.vault import open_vault
from dragon_ledger.site.watch import ChainWatch

OUTBOX_FILE = "outbox.sqlite"
CHAIN = "chain"
"""Under this name the outbox remembers which chain its acts are on."""


class Workplace:
    """Everything open, for one process at a time; also runs the phases of its loop."""

    def __init__(
        self,
        folder: Path,
        connection: Connection,
        password: str,
        acts: Mapping[str, ActReader],
    ) -> None:
        """Open the folder; nothing is asked of the chain or the exchange yet.

        Raises:
            AlreadyRunning: another process works on the folder.
            ConfigurationError: a key, password or network file cannot be used.
            StorageError: the folder cannot be written.
        """
        self.folder = folder
        self.connection = connection
        self._unkept = ("", "")
        with contextlib.ExitStack() as stack:
            stack.enter_context(FolderLock(folder))
            self.vault = open_vault(connection.data_key, password)
            with _same_recursion_limit():
                signer = Keystore(connection.account).unlock(password)
            self.network = Network.load(connection.network)
            self.outbox = Outbox(folder / OUTBOX_FILE)
            stack.callback(self.outbox.close)
            _keep_to_one_chain(self.outbox, self.network, connection.network)
            self.client = Client(self.network, connection.rpc or None)
            stack.callback(self.client.close)
            self.models = stack.enter_context(Hdf5Worker())
            self.store = Store(folder / "store", self.vault)
            self.store.sweep()
            exchange = open_exchange(connection.exchange, _token(connection), folder)
            self.documents = Documents(self.store, self.outbox, exchange)
            self.ledger = Ledger(self.client, signer, connection.organisation)
            self.watch = ChainWatch(self.client)
            self.pump = Pump(self.outbox, self.ledger, acts)
            self._closing = stack.pop_all()
        log_event("agent.start", folder=folder, account=f"0x{signer.address.hex()}")

    def __enter__(self) -> Workplace:
        """For a `with` statement."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything and release the folder."""
        self._closing.close()
        log_event("agent.stop", folder=self.folder)

    def address_of(self, contract: str) -> LedgerAddress:
        """A contract as statements name it."""
        return LedgerAddress(self.network.chain_id, self.network.contracts[contract].address)

    def phase(self, name: str, work: Callable[[], None]) -> bool:
        """Do a part of the loop; a failure is logged once, shown by `status`, and tried again.

        This is the edge of an unattended process: whatever goes wrong in one part, the others go
        on, and nothing that has to be kept depends on it.
        """
        try:
            work()
        except (LedgerError, OSError) as error:
            self._trouble(name, str(error))
            return False
        self._trouble(name, "")
        return True

    def state(self, key: str) -> tuple[State, str]:
        """Where an entry of the outbox stands, and its note; queued when it is not there yet."""
        entry = self.outbox.find(key)
        return (State.QUEUED, "") if entry is None else (entry.state, entry.note)

    def to_chain(self) -> None:
        """Move the outbox until nothing moves any more."""
        while self.pump.step():
            pass

    def loop(self, tick: Callable[[], None], stop: threading.Event) -> None:
        """Repeat a tick until told to stop."""
        while not stop.is_set():
            tick()
            stop.wait(self._pause())

    def _pause(self) -> float:
        """Seconds until the next tick: few while transactions are under way."""
        poll = self.connection.poll_seconds
        try:
            return min(poll, POLL_SECONDS) if self.pump.is_waiting else poll
        except StorageError:
            return poll

    def _trouble(self, name: str, words: str) -> None:
        try:
            tell(self.outbox, name, words)
        except StorageError as error:
            # A full disk cannot take this note; the log has it, and `status` looks at the disk.
            if self._unkept != (name, words):
                self._unkept = (name, words)
                log_event("trouble", what=name, why=words or error)


def _keep_to_one_chain(outbox: Outbox, network: Network, file: Path) -> None:
    """Refuse another chain than the one that the folder's acts are on.

    There everything that is final here would look as if a reorganisation had undone it.
    """
    chain = f"{network.chain_id}, genesis block {network.genesis_hash.hex()}"
    known = outbox.remembered(CHAIN) or chain
    if known != chain:
        raise ConfigurationError(
            f"{file}: is of chain {chain}; this folder's acts are on chain {known}. A folder works"
            " on one chain: make another folder for this one, and deliver there what is still used"
        )
    outbox.remember(CHAIN, chain)


@contextlib.contextmanager
def _same_recursion_limit() -> Iterator[None]:
    """Undo what a library of the signer does at its import.

    With its limit of 100 000 a deeply nested document from the exchange would end the process
    instead of being refused.
    """
    limit = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(limit)


def _token(connection: Connection) -> str | None:
    file = connection.token_file
    return None if file is None else read_password(file, "Token of the exchange: ")
