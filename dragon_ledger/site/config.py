"""The site agent's configuration, `site.toml`, and the part that the aggregator's shares."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from dragon_ledger.records import Declaration
from dragon_ledger.site.toml_config import Document, Section

SITE_FILE = "site.toml"

DECLARATIONS = {
    "steering-committee-or-investigator-approval": Declaration.STEERING_APPROVAL,
    "ethics-committee-approval": Declaration.ETHICS_APPROVAL,
    "derogation-declaration": Declaration.DEROGATION,
    "consent-forms-on-file": Declaration.CONSENT_ON_FILE,
}
"""Names of the declarations in `site.toml` and in ethics files; the order of the bits on chain."""

_MAX_ORGANISATION = 255


@dataclass(frozen=True, slots=True)
class Connection:
    """How an unattended process reaches the chain and the exchange, and as whom.

    `password_file` None means that the password is asked for on the terminal. `rpc` empty means
    the network file's addresses.
    """

    organisation: int
    network: Path
    rpc: tuple[str, ...]
    account: Path
    data_key: Path
    password_file: Path | None
    exchange: str
    token_file: Path | None
    poll_seconds: float


@dataclass(frozen=True, slots=True)
class EthicsSettings:
    """What the ethics file declares; `documents` is the folder of the papers that it lists."""

    declarations: tuple[str, ...]
    expires: date
    documents: Path

    @property
    def flags(self) -> Declaration:
        """The declarations as the chain has them."""
        flags = Declaration(0)
        for name in self.declarations:
            flags |= DECLARATIONS[name]
        return flags

    @property
    def expiry(self) -> int:
        """The end of the last valid day (UTC), seconds since the epoch; 0 without an approval."""
        if Declaration.ETHICS_APPROVAL not in self.flags:
            return 0
        return int(datetime.combine(self.expires, time(23, 59, 59), UTC).timestamp())


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """Everything in `site.toml`; `folder` is where it stands."""

    folder: Path
    partner: str
    connection: Connection
    inbox: Path
    purpose: bytes
    rule_set: str
    workers: int
    ethics: EthicsSettings

    @staticmethod
    def load(folder: Path) -> SiteConfig:
        """Read `site.toml` of a folder.

        Raises:
            ConfigurationError: missing, no TOML, or a field is not as it should be.
        """
        document = Document.load(folder / SITE_FILE)
        site = document.section("site", frozenset({"partner", "organisation", "poll_seconds"}))
        data = document.section("data", frozenset({"inbox", "purpose", "rule_set", "workers"}))
        return SiteConfig(
            folder=folder,
            partner=site.text("partner"),
            connection=load_connection(document, "site"),
            inbox=data.path("inbox"),
            purpose=data.digest("purpose"),
            rule_set=_rule_set(data),
            workers=data.number("workers", 0, 1024),
            ethics=_ethics(document),
        )


def load_connection(document: Document, own: str) -> Connection:
    """The shared part; `own` is the table that holds `organisation` and `poll_seconds`."""
    keys = document.section("keys", frozenset({"account", "data", "password_file"}))
    chain = document.section("chain", frozenset({"network", "rpc"}))
    exchange = document.section("exchange", frozenset({"at", "token_file"}))
    table = document.section(own, frozenset(document.values.get(own, {})))
    return Connection(
        organisation=table.number("organisation", 0, _MAX_ORGANISATION),
        network=chain.path("network"),
        rpc=chain.texts("rpc"),
        account=keys.path("account"),
        data_key=keys.path("data"),
        password_file=keys.optional_path("password_file"),
        exchange=exchange.text("at"),
        token_file=exchange.optional_path("token_file"),
        poll_seconds=table.seconds("poll_seconds"),
    )


def _rule_set(data: Section) -> str:
    name = data.text("rule_set")
    return str(data.path("rule_set")) if name.endswith(".toml") else name


def _ethics(document: Document) -> EthicsSettings:
    ethics = document.section("ethics", frozenset({"declarations", "expires", "documents"}))
    declarations = ethics.texts("declarations")
    if set(declarations) - set(DECLARATIONS):
        raise ethics.wrong("declarations", f"names out of {', '.join(DECLARATIONS)}")
    return EthicsSettings(declarations, ethics.day("expires"), ethics.path("documents"))


@dataclass(frozen=True, slots=True)
class SiteChoices:
    """What a person says at `site init`; the rest of `site.toml` are defaults to be edited."""

    partner: str
    organisation: int
    network: str
    exchange: str
    purpose: str
    token_file: str = ""
    password_file: str = ""
    poll_seconds: float = 5.0
    rpc: tuple[str, ...] = ()
    declarations: tuple[str, ...] = ()
    ethics_expires: str = "2027-12-31"


def site_toml(choices: SiteChoices) -> str:
    """The text of `site.toml`, with a comment for every field."""
    return f"""# Site agent of the DRAGON provenance ledger. Paths are relative to this file.
# After a change, start the agent again. Pages: docs/site-engineer.md.

[site]
# Your partner identifier (Harmonized Data Specification, Table 3): tables are named after it.
partner = {_quoted(choices.partner)}
# Number under which the consortium's admin admitted your organisation, 0 to 255.
organisation = {choices.organisation}
# How often inbox, drop folder and chain are looked at, in seconds.
poll_seconds = {choices.poll_seconds}

{connection_toml(choices)}
[data]
# Where transfers arrive (an SFTP upload folder, for instance): one folder per transfer, complete
# when it holds the file TRANSFER_COMPLETE. What arrives is never changed.
inbox = "inbox"
# Digest of the purpose for which the data may be used, as the coordinating centre published it.
purpose = {_quoted(choices.purpose)}
# The rule set that transfers are checked by: a name, or a file that ends in .toml. It also says
# whether a transfer adds to the last version (incremental, as in hds-1.0) or holds everything so
# far (cumulative).
rule_set = "hds-1.0"
# Processes of the quality check; 0 takes one per core.
workers = 0

[ethics]
# What you declare (section 5 of the specification); remove what you do not have. Known names:
#   {", ".join(list(DECLARATIONS)[:2])},
#   {", ".join(list(DECLARATIONS)[2:])}
declarations = {_list(choices.declarations)}
# Last day on which the ethics approval is valid.
expires = {choices.ethics_expires}
# Folder with the papers; only their names and SHA-256 go into the ethics file.
documents = "ethics"
"""


def connection_toml(choices: SiteChoices) -> str:
    """The tables that site and aggregator share."""
    return f"""[chain]
# The consortium's network file: chain id, genesis, contracts.
network = {_quoted(choices.network)}
# Nodes to ask, in this order; empty: those of the network file.
rpc = {_list(choices.rpc)}

[keys]
# Encrypted keystore of the account that signs, and of the key that encrypts what is kept here.
account = "keys/account.json"
data = "keys/data.json"
# File (mode 0600) with the password of both; empty: the agent asks at its start.
password_file = {_quoted(choices.password_file)}

[exchange]
# Where sealed documents are exchanged: the API's address, or a folder that members share.
at = {_quoted(choices.exchange)}
# File (mode 0600) with the API's bearer token; empty for a folder.
token_file = {_quoted(choices.token_file)}
"""


def _quoted(text: str) -> str:
    # JSON's string syntax is TOML's basic string for everything that json.dumps writes.
    return json.dumps(text)


def _list(texts: Iterable[str]) -> str:
    return json.dumps(list(texts))
