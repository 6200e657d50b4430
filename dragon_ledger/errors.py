"""One hierarchy for everything that can go wrong.

Rooms raise these; only the edges (`cli`, `api`) translate them into exit codes and HTTP statuses.
A message says what was found, where, and what the reader can do next.
"""


class LedgerError(Exception):
    """Base of every error that this package raises on purpose."""


class InputError(LedgerError):
    """Something given cannot be used: the message names file, field and what was expected."""


class UnsupportedContent(InputError):
    """A file holds something that a digest method refuses by name rather than skip."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


class ProofError(LedgerError):
    """A proof, seal, header or bundle does not show what it claims; the message names the part."""


class ConfigurationError(InputError):
    """A configuration, keystore or network file is missing, unreadable or contradictory."""


class ChainError(LedgerError):
    """Base of what the chain room raises."""


class NodeUnavailable(ChainError):
    """No node of the configured list answers; the same call may succeed later."""


class WrongChain(ChainError):
    """A node serves another chain id, another genesis block, or a forked history. Never retried."""


class StaleState(ChainError):
    """A node is on the right chain but cannot answer for the block that was asked for."""


class NodeError(ChainError):
    """A node answered a request with an error of its own: JSON-RPC code, message and data."""

    def __init__(self, method: str, code: int, message: str, data: object = None) -> None:
        super().__init__(f"{method}: the node answered with error {code}: {message}")
        self.method = method
        self.code = code
        self.message = message
        self.data = data


class NonceTaken(ChainError):
    """Another transaction of the same account used, or waits with, the nonce of this one."""


class InconsistentLogs(ChainError):
    """A node's logs are not those that its own contract state binds: incomplete or altered."""


class Refused(ChainError):
    """A contract refused an act. `name` is the Solidity error, `values` its arguments by name."""

    def __init__(self, name: str, values: dict[str, object], words: str) -> None:
        super().__init__(words)
        self.name = name
        self.values = values


class AlreadyRunning(LedgerError):
    """Another process already works on this folder; the message names its process id."""


class StorageError(LedgerError):
    """The local disk or database cannot hold what must be kept (full, read-only, damaged)."""


class NotCovered(LedgerError):
    """Evidence is sound and says nothing about what was asked."""
