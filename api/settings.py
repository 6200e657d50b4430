"""The service's configuration: a TOML file that `dragon-ledger api init` writes with comments."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, replace
from pathlib import Path

from api.spool import Limits
from dragon_ledger.errors import ConfigurationError
from dragon_ledger.site.toml_config import Document, Section

SCOPES = ("verdict:read", "ledger:read", "artefacts:read", "artefacts:write")
HIGHEST_PORT = 65_535
GIGABYTE = 1 << 30
# What limits all uploads together, for configurations that were made before they were limited.
UPLOADS = {"uploads": 32, "spool_total_bytes": 32 * GIGABYTE, "upload_stall_seconds": 30}
FIELDS = {
    "listen": frozenset({"host", "port", "tls_certificate", "tls_key", "behind_proxy"}),
    "chain": frozenset({"network", "rpc", "follow", "poll_seconds", "stale_seconds"}),
    "data": frozenset({"index", "folder", "spool_bytes", "artefact_bytes", "artefact_total_bytes"})
    | UPLOADS.keys(),
    "access": frozenset({"anonymous"}),
}


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the service listens, and how it is protected there."""

    host: str
    port: int
    tls_certificate: Path | None
    tls_key: Path | None
    behind_proxy: bool

    @property
    def encrypted(self) -> bool:
        """Whether the service speaks TLS itself."""
        return self.tls_certificate is not None and self.tls_key is not None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the service needs to know. Durations in seconds, sizes in bytes."""

    listen: Listen
    network: Path
    rpc: tuple[str, ...]
    follow: bool
    poll_seconds: float
    stale_seconds: float
    index: str
    folder: Path
    spool_bytes: int
    artefact_bytes: int
    artefact_total_bytes: int
    uploads: Limits
    anonymous: frozenset[str]

    @property
    def spool(self) -> Path:
        """Where uploaded model files lie while they are read."""
        return self.folder / "spool"

    @property
    def artefacts(self) -> Path:
        """Where artefacts are kept by digest."""
        return self.folder / "artefacts"

    @property
    def tokens(self) -> Path:
        """The database of hashed bearer tokens."""
        return self.folder / "tokens.sqlite"


def load(file: Path) -> Settings:
    """Read a configuration.

    Raises:
        ConfigurationError: a field is missing or wrong, or the service would listen unprotected.
    """
    document = Document.load(file)
    sections = {name: document.section(name, fields) for name, fields in FIELDS.items()}
    chain, data, access = sections["chain"], sections["data"], sections["access"]
    settings = Settings(
        listen=_listen(sections["listen"]),
        network=chain.path("network"),
        rpc=chain.texts("rpc") if "rpc" in chain.values else (),
        follow=chain.flag("follow"),
        poll_seconds=chain.seconds("poll_seconds"),
        stale_seconds=chain.seconds("stale_seconds"),
        index=_index(data),
        folder=data.path("folder"),
        spool_bytes=data.number("spool_bytes", 1, 1 << 50),
        artefact_bytes=data.number("artefact_bytes", 1, 1 << 50),
        artefact_total_bytes=data.number("artefact_total_bytes", 1, 1 << 50),
        uploads=_uploads(data),
        anonymous=_anonymous(access),
    )
    require_protection(settings.listen)
    return settings


def _listen(section: Section) -> Listen:
    return Listen(
        host=section.text("host"),
        port=section.number("port", 0, HIGHEST_PORT),
        tls_certificate=section.optional_path("tls_certificate"),
        tls_key=section.optional_path("tls_key"),
        behind_proxy=section.flag("behind_proxy"),
    )


def _uploads(section: Section) -> Limits:
    known = replace(section, values={**UPLOADS, **section.values})
    return Limits(
        total_bytes=known.number("spool_total_bytes", 1, 1 << 50),
        at_once=known.number("uploads", 1, 10_000),
        stall_seconds=known.seconds("upload_stall_seconds"),
    )


def _index(section: Section) -> str:
    """An SQLAlchemy URL; a bare path is an SQLite file beside the configuration."""
    text = section.text("index")
    return text if "://" in text else f"sqlite:///{(section.file.parent / text).absolute()}"


def _anonymous(section: Section) -> frozenset[str]:
    scopes = frozenset(section.texts("anonymous"))
    if unknown := sorted(scopes - set(SCOPES)):
        raise section.wrong("anonymous", f"some of {', '.join(SCOPES)}, not {', '.join(unknown)}")
    return scopes


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_protection(listen: Listen) -> None:
    """Refuse to listen beyond loopback without TLS, unless a proxy is said to provide it.

    Raises:
        ConfigurationError: nothing would protect what travels, or half of TLS is configured.
    """
    if (listen.tls_certificate is None) != (listen.tls_key is None):
        raise ConfigurationError("[listen]: tls_certificate and tls_key belong together")
    if listen.encrypted or listen.behind_proxy or is_loopback(listen.host):
        return
    raise ConfigurationError(
        f"[listen] host: refusing to listen on {listen.host} without TLS. Set tls_certificate"
        " and tls_key, or behind_proxy = true when a proxy on this machine provides TLS, or"
        " listen on 127.0.0.1"
    )


TEMPLATE = """\
# Configuration of the verdict service. Paths are relative to this file.

[listen]
host = {host}
port = {port}
# TLS (PEM files). Without it the service refuses every address but loopback.
tls_certificate = ""
tls_key = ""
# true only when a proxy in front provides TLS and nobody else can reach this port.
behind_proxy = false

[chain]
# The network file that 'dragon-ledger chain deploy' wrote.
network = {network}
# Nodes to ask, in this order; empty: those of the network file.
rpc = []
# true: this process also fills the index; false: 'dragon-ledger index run' does.
follow = true
# How often the node is asked for new blocks.
poll_seconds = 1.0
# With no good answer for this long, verdicts are NOT VERIFIABLE.
stale_seconds = 10.0

[data]
# The index: a file (SQLite), or a URL such as postgresql+psycopg://user@host/name
index = "index.sqlite"
# Tokens, artefacts, and uploaded files while they are read; only this user may look into it.
folder = "api-data"
# The largest model file that is taken for a verdict, and the largest artefact, in bytes.
spool_bytes = 8589934592
artefact_bytes = 16777216
# Files that are read at the same time, and what they take together; more are told to come back.
uploads = 32
spool_total_bytes = 34359738368
# Who sends nothing for this long loses his place.
upload_stall_seconds = 30
# All artefacts together.
artefact_total_bytes = 10737418240

[access]
# What needs no token. All scopes: {scopes}
anonymous = ["verdict:read", "ledger:read"]
"""


def template(network: Path, host: str = "127.0.0.1", port: int = 8080) -> str:
    """A commented configuration. TOML's basic strings are JSON strings."""
    return TEMPLATE.format(
        host=json.dumps(host),
        port=port,
        network=json.dumps(str(network)),
        scopes=", ".join(SCOPES),
    )


def with_address(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The same settings on another address.

    Raises:
        ConfigurationError: the service would listen there unprotected.
    """
    listen = replace(
        settings.listen,
        host=settings.listen.host if host is None else host,
        port=settings.listen.port if port is None else port,
    )
    require_protection(listen)
    return replace(settings, listen=listen)
