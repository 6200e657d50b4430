"""Runs `dragon-ledger` in this process, as the installed program does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from eth_account import Account

from dragon_ledger.chain.accounts import Signer
from dragon_ledger.cli.main import command

PASSWORD = "correct horse"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class CommandLine:
    """A folder with a network file, keystores and a password file, and commands run in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.password = folder / "password"
        self.password.write_text(PASSWORD + "\n")
        self.password.chmod(0o600)

    def __call__(self, *arguments: object) -> Ended:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            command([str(argument) for argument in arguments], prog_name="dragon-ledger")
        printed = self._capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    def keystore(self, name: str, signer: Signer) -> Path:
        """A keystore of a key that a test holds, fast to open."""
        path = self.folder / f"{name}.json"
        key = signer._account.key
        path.write_text(json.dumps(Account.encrypt(key, PASSWORD, iterations=2)))
        path.chmod(0o600)
        return path

    def acting(self, keystore: Path) -> list[object]:
        """The options of a command that acts with a key."""
        return [
            *("--keystore", keystore, "--password-file", self.password),
            *("--network", self.folder / "network.json"),
            *("--exchange", self.folder / "documents"),
        ]
