"""Where sealed documents travel by digest: the consortium's API, or a folder that members share.

Whatever comes back is checked against the digest that asked for it, so nobody has to trust the
exchange.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dragon_ledger.errors import ConfigurationError, LedgerError, ProofError, StorageError
from dragon_ledger.site.store import write_whole

if TYPE_CHECKING:
    import httpx

_TIMEOUT = 20.0


class ExchangeUnavailable(LedgerError):
    """The exchange does not answer, or not as it should; the same call may succeed later."""


class Exchange(Protocol):
    """Keeps documents by their SHA-256."""

    def put(self, data: bytes) -> bytes:
        """Hand a document over; its SHA-256. Twice is the same as once."""
        ...

    def get(self, digest: bytes) -> bytes | None:
        """The document, None when the exchange has none of this digest."""
        ...


class FolderExchange:
    """A folder (a share, or a disk that travels) with a file per document, named by its digest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> bytes:
        """Write the document under its digest.

        Raises:
            ExchangeUnavailable: the folder cannot be written.
        """
        digest = hashlib.sha256(data).digest()
        try:
            if not (self._folder / digest.hex()).exists():
                write_whole(self._folder / digest.hex(), data)
        except StorageError as error:
            raise ExchangeUnavailable(f"exchange folder: {error}") from error
        return digest

    def get(self, digest: bytes) -> bytes | None:
        """Read the document.

        Raises:
            ExchangeUnavailable: the folder cannot be read.
            ProofError: the file is not what its name says.
        """
        try:
            data = (self._folder / digest.hex()).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ExchangeUnavailable(f"{error.filename}: {error.strerror}") from error
        return _checked(data, digest)


class HttpExchange:
    """The artefact endpoints of the API (`PUT` and `GET /v1/artefacts/{sha256}`)."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._client: httpx.Client | None = None

    def put(self, data: bytes) -> bytes:
        """Upload the document.

        Raises:
            ExchangeUnavailable: the API does not answer, or refuses.
        """
        digest = hashlib.sha256(data).digest()
        answer = self._request("PUT", digest, data)
        if not answer.is_success:
            raise ExchangeUnavailable(f"{answer.url}: {answer.status_code} {answer.text[:200]}")
        return digest

    def get(self, digest: bytes) -> bytes | None:
        """Download the document.

        Raises:
            ExchangeUnavailable: the API does not answer, or refuses.
            ProofError: it sent something else.
        """
        answer = self._request("GET", digest, None)
        if answer.status_code == 404:  # noqa: PLR2004 (HTTP: Not Found)
            return None
        if not answer.is_success:
            raise ExchangeUnavailable(f"{answer.url}: {answer.status_code} {answer.text[:200]}")
        return _checked(answer.content, digest)

    def _request(self, method: str, digest: bytes, data: bytes | None) -> httpx.Response:
        import httpx  # noqa: PLC0415 (a folder exchange needs none of it)

        if self._client is None:
            headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
            self._client = httpx.Client(timeout=_TIMEOUT, headers=headers)
        url = f"{self._url}/v1/artefacts/{digest.hex()}"
        media = {"Content-Type": "application/octet-stream"} if data is not None else {}
        try:
            return self._client.request(method, url, content=data, headers=media)
        except httpx.HTTPError as error:
            raise ExchangeUnavailable(f"{url}: {error}") from error


def open_exchange(at: str, token: str | None, base: Path) -> Exchange:
    """The exchange that a configuration names: `http(s)://…`, or the path of a folder.

    Raises:
        ConfigurationError: it is another kind of address.
    """
    if at.startswith(("http://", "https://")):
        return HttpExchange(at, token)
    if "://" in at:
        raise ConfigurationError(f"exchange {at!r}: expected http://, https:// or a folder's path")
    return FolderExchange(base / at)


def _checked(data: bytes, digest: bytes) -> bytes:
    found = hashlib.sha256(data).digest()
    if found != digest:
        raise ProofError(
            f"exchange: asked for {digest.hex()}, got a document of SHA-256 {found.hex()}"
        )
    return data
