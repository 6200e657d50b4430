"""Running the service: uvicorn with our settings, our logs, and TLS when configured."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import uvicorn

from api.app import create_app
from api.protocol import LimitedProtocol
from api.settings import Settings
from dragon_ledger.chain.network import Network
from dragon_ledger.errors import ConfigurationError, StorageError
from dragon_ledger.site.lock import FolderLock


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    for name in ("dragon_ledger.api", "dragon_ledger.access"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)


def configuration(settings: Settings) -> uvicorn.Config:
    """Uvicorn's configuration; its own access log is off, for it would log query strings.

    Raises:
        ConfigurationError: certificate, key or network file cannot be read.
    """
    listen = settings.listen
    Network.load(settings.network)
    for file in (listen.tls_certificate, listen.tls_key):
        if file is not None and not file.is_file():
            raise ConfigurationError(f"{file}: no such file; [listen] names it for TLS")
    return uvicorn.Config(
        create_app(settings),
        host=listen.host,
        port=listen.port,
        ssl_certfile=listen.tls_certificate,
        ssl_keyfile=listen.tls_key,
        http=LimitedProtocol,
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=listen.behind_proxy,
        timeout_graceful_shutdown=5,
    )


class _Server(uvicorn.Server):
    """Says where it listens as soon as it does."""

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # uvicorn types sockets narrower
        await super().startup(sockets)  # type: ignore[arg-type]  # as above
        for server in getattr(self, "servers", ()):
            for socket in server.sockets:
                host, port = socket.getsockname()[:2]
                scheme = "https" if self.config.is_ssl else "http"
                shown = f"[{host}]" if ":" in host else host
                sys.stdout.write(f"listening on {scheme}://{shown}:{port}\n")
                sys.stdout.flush()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageError(f"{folder}: {error.strerror}") from error


def serve_forever(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM.

    One service has a folder to itself: at its start it deletes what it takes for left over.

    Raises:
        AlreadyRunning: another service works on the same folder.
        ConfigurationError: the configuration cannot be used.
        StorageError: its folder cannot be made.
    """
    _log_to_stderr()
    server = _Server(configuration(settings))
    _make(settings.folder)
    with FolderLock(settings.folder):
        server.run()
    if not server.started:
        raise ConfigurationError(
            f"the service could not start on {settings.listen.host}:{settings.listen.port};"
            " the lines above say why"
        )
