"""What every command that acts on chain shares: which chain, which key, where documents go."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer
from rich.console import Console
from rich.text import Text

from dragon_ledger.chain import reader
from dragon_ledger.chain.accounts import Keystore, Signer, read_password
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.network import Network
from dragon_ledger.chain.sender import Receipt
from dragon_ledger.chain.states import AccountState
from dragon_ledger.chain.transact import transact
from dragon_ledger.digests.canonical_json import JsonValue
from dragon_ledger.digests.documents import seal_document
from dragon_ledger.errors import ConfigurationError
from dragon_ledger.site.exchange import Exchange, open_exchange
from dragon_ledger.site.statements import LedgerAddress

P = ParamSpec("P")

NetworkFile = Annotated[
    Path, typer.Option("--network", help="The consortium's network file.", show_default=True)
]
RpcUrls = Annotated[
    list[str] | None,
    typer.Option("--rpc", help="A node's address, instead of the network file's; repeatable."),
]
KeystoreFile = Annotated[
    Path, typer.Option("--keystore", help="Encrypted keystore of the account that acts.")
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        help="File (mode 0600) whose first line is the keystore's password; asked for without it.",
    ),
]
ExchangeAt = Annotated[
    str,
    typer.Option(
        "--exchange", help="Where sealed documents go: the API's address, or a shared folder."
    ),
]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help="File (mode 0600) with the API's bearer token.")
]
NETWORK_DEFAULT = Path("network.json")
EXCHANGE_DEFAULT = "documents"


def open_client(network: Path, rpc: list[str] | None) -> Client:
    """A client of the network file's chain, over the given nodes or the file's own."""
    return Client(Network.load(network), rpc)


def exchange_at(address: str, token_file: Path | None) -> Exchange:
    """The exchange that the options name; a folder is made when absent.

    Raises:
        ConfigurationError: the folder cannot be made, or the token file cannot be used.
    """
    token = read_password(token_file, "") if token_file else None
    if "://" not in address:
        try:
            Path(address).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"--exchange {address}: {error.strerror}") from error
    return open_exchange(address, token, Path.cwd())


@dataclass(frozen=True)
class Session:
    """One command's chain, key and exchange; the key is unlocked only when something is sent."""

    client: Client
    keystore: Keystore
    password_file: Path | None
    exchange: Exchange
    console: Console

    @property
    def address(self) -> bytes:
        """The acting account's address."""
        return self.keystore.address

    @cached_property
    def signer(self) -> Signer:
        """The unlocked key."""
        prompt = f"Password of {self.keystore.path}: "
        return self.keystore.unlock(read_password(self.password_file, prompt))

    @cached_property
    def account(self) -> AccountState:
        """What the chain knows of the acting account."""
        return reader.read(self.client, reader.account(self.address))

    def say(self, words: str, style: str = "") -> None:
        """Print a line for people."""
        self.console.print(Text(words, style=style))

    def already(self, words: str) -> None:
        """Say that there was nothing to do."""
        self.say(f"Already so: {words} Nothing was sent.", "green")

    def seal(self, schema: str, content: JsonValue) -> bytes:
        """Seal a document, hand it to the exchange, and return the digest that binds it."""
        document = seal_document(content, schema, secrets.token_bytes(32))
        self.exchange.put(document.data)
        return document.digest

    def ledger(self, contract: str) -> LedgerAddress:
        """Chain and contract that a statement speaks to."""
        network = self.client.network
        return LedgerAddress(network.chain_id, network.contract(contract).address)

    def say_why(self, contract: str, schema: str, act: str, subject: str, words: str) -> bytes:
        """Seal a statement on an act, hand it to the exchange, and return its digest."""
        content: dict[str, JsonValue] = {
            "ledger": self.ledger(contract).to_json(),
            "account": "0x" + self.address.hex(),
            "act": act,
            "subject": subject,
            "words": words,
        }
        return self.seal(schema, content)

    def send(self, words: str, contract: str, function: str, *arguments: Any) -> Receipt:
        """Send one act, wait until it is final, and say so."""
        call = ContractCall(contract, function, arguments)
        with self.console.status(Text(words)) as status:
            receipt = transact(
                self.client,
                self.signer,
                call,
                report=lambda step: status.update(Text(f"{words}: {step}")),
            )
        self.say(
            f"Done: {words} (block {receipt.block}, transaction 0x{receipt.transaction.hex()})",
            "green",
        )
        return receipt


def acting(command: Callable[Concatenate[Session, P], None]) -> Callable[..., None]:
    """Give a command the options that every act needs, and a `Session` made from them."""

    @wraps(command)
    def run(
        network: Path,
        rpc: list[str] | None,
        keystore: Path,
        password_file: Path | None,
        exchange: str,
        token_file: Path | None,
        **own: Any,
    ) -> None:
        client = open_client(network, rpc)
        documents = exchange_at(exchange, token_file)
        console = Console(soft_wrap=True)
        session = Session(client, Keystore(keystore), password_file, documents, console)
        try:
            command(session, **own)  # type: ignore[call-arg]  # typer passes the command's own
        finally:
            client.close()

    run.__signature__ = _with_shared(command)  # type: ignore[attr-defined]  # read by inspect
    return run


def _with_shared(command: Callable[..., None]) -> inspect.Signature:
    """A command's own parameters without the session, then those that every act shares."""
    signature = inspect.signature(command, eval_str=True)
    own = list(signature.parameters.values())[1:]
    named = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
    return signature.replace(parameters=[*named, *_SHARED])


def _shared(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )


_SHARED = (
    _shared("network", NetworkFile, NETWORK_DEFAULT),
    _shared("rpc", RpcUrls, None),
    _shared("keystore", KeystoreFile, inspect.Parameter.empty),
    _shared("password_file", PasswordFile, None),
    _shared("exchange", ExchangeAt, EXCHANGE_DEFAULT),
    _shared("token_file", TokenFile, None),
)
