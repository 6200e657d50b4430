"""The verdict service, which is also the exchange of sealed documents."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from scripts.demonstration.cast import Places
from scripts.demonstration.processes import DemonstrationFailed, Troupe

SCOPES = ("artefacts:read", "artefacts:write", "verdict:read", "ledger:read")
STARTS_WITH = "listening on "


def ledger(*arguments: str | Path) -> str:
    """Run `dragon-ledger` and give what it prints."""
    program = Path(sys.executable).with_name("dragon-ledger")
    words = [str(program), *(str(argument) for argument in arguments)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DemonstrationFailed(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Service:
    """The running service, as its users reach it."""

    def __init__(self, url: str, token: Path) -> None:
        self.url = url
        self.token = token
        key = token.read_text("utf-8").strip()
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"})

    def artefact(self, digest: bytes) -> bytes | None:
        """A sealed document by its digest, if it has been handed over."""
        answer = self._http.get(f"/v1/artefacts/{digest.hex()}")
        return answer.content if answer.is_success else None

    def hand_over(self, digest: bytes, data: bytes) -> None:
        """Give the exchange a sealed document."""
        self._http.put(f"/v1/artefacts/{digest.hex()}", content=data).raise_for_status()

    def knows(self, block: int) -> bool:
        """Whether the service has read the chain up to a block."""
        answer = self._http.get(f"/v1/verdicts/{'00' * 32}")
        return bool(answer.is_success and answer.json()["as_of"]["block"] >= block)

    def verdict_on(self, model: Path) -> dict[str, Any]:
        """Ask for the verdict on a model file by sending the file."""
        answer = self._http.post("/v1/verdicts", content=model.read_bytes(), timeout=30)
        answer.raise_for_status()
        verdict: dict[str, Any] = answer.json()
        return verdict


def start_service(troupe: Troupe, places: Places) -> Service:
    """Configure the service, make a token for the members, and start it on a free port."""
    ledger("api", "init", places.service, "--network", places.network, "--port", "0")
    config = places.service / "api.toml"
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    places.token.touch(mode=0o600)
    created = ledger("api", "token", "create", "--name", "members", *scopes, "--config", config)
    places.token.write_text(created, "utf-8")
    member = troupe.ledger("service", "api", "serve", "--config", config)
    found: list[str] = []

    def listening() -> bool:
        lines = member.log.read_text("utf-8", "replace").splitlines()
        found[:] = [line for line in lines if line.startswith(STARTS_WITH)]
        return bool(found)

    troupe.wait_until("the service listens", listening)
    return Service(found[0].removeprefix(STARTS_WITH), places.token)
