"""What people type: `dragon-ledger` commands, shown as they are typed, with their outcome."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.demonstration.cast import Party, Places
from scripts.demonstration.narration import Narrator
from scripts.demonstration.processes import DemonstrationFailed

REFUSED = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended, and what it said."""

    status: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True)
class Desk:
    """A person of one organisation at a terminal, with that organisation's keystore."""

    narrator: Narrator
    places: Places
    exchange: str
    token: Path

    def acts(self, party: Party, words: Sequence[str | Path]) -> Outcome:
        """A command that changes something; it must succeed."""
        outcome = self._type(party, [*words, *self._identity(party)])
        if outcome.status != 0:
            raise DemonstrationFailed(f"{party.name}: {outcome.errors.strip()}")
        return outcome

    def is_refused(self, party: Party, what: str, words: Sequence[str | Path]) -> str:
        """A command that the contract must refuse; what the person is told."""
        outcome = self._type(party, [*words, *self._identity(party)])
        if outcome.status != REFUSED:
            raise DemonstrationFailed(f"{what} was not refused: {outcome.output}{outcome.errors}")
        said = " ".join(outcome.errors.split())
        self.narrator.refused(what, said)
        return said

    def _identity(self, party: Party) -> list[str | Path]:
        return [
            "--network", self.places.network,
            "--keystore", self.places.keys / f"account-{party.number}.json",
            "--password-file", self.places.password,
            "--exchange", self.exchange,
            "--token-file", self.token,
        ]  # fmt: skip

    def _type(self, party: Party, words: Sequence[str | Path]) -> Outcome:
        shown = " ".join(_short(word) for word in words[: _first_option(words)])
        self.narrator.note(f"{party.name} types: dragon-ledger {shown} …")
        return run_ledger(words)


def run_ledger(words: Sequence[str | Path]) -> Outcome:
    """Run `dragon-ledger` of this very environment to its end."""
    program = Path(sys.executable).with_name("dragon-ledger")
    command = [str(program), *(str(word) for word in words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Outcome(done.returncode, done.stdout, done.stderr)


def _short(word: str | Path) -> str:
    text = word.name if isinstance(word, Path) else word
    return f"{text[:10]}…" if len(text) > 40 else text  # noqa: PLR2004 (longer than any word)


def _first_option(words: Sequence[str | Path]) -> int:
    places = (place for place, word in enumerate(words) if str(word) == "--network")
    return next(places, len(words))
