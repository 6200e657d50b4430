"""Runs the command line and ends itself with SIGKILL at the n-th of its steps that matter.

Started by tests as `python -m tests.site.killed N COMMAND…`; N is counted over everything that is
written down, sent, asked and received, before and after.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from dragon_ledger.cli.main import app
from dragon_ledger.site.documents import Documents
from dragon_ledger.site.intake import Intake
from dragon_ledger.site.ledger import Ledger
from dragon_ledger.site.outbox import Outbox
from dragon_ledger.site.store import Store

POINTS: tuple[tuple[type, str], ...] = (
    (Outbox, "put"),
    (Outbox, "record_attempt"),
    (Outbox, "finish"),
    (Outbox, "publish"),
    (Outbox, "mark_published"),
    (Outbox, "remember"),
    (Ledger, "sign"),
    (Ledger, "offer"),
    (Ledger, "receipts"),
    (Store, "put"),
    (Intake, "take_in"),
    (Documents, "publish"),
)


class Countdown:
    """Ends the process when it reaches zero, as a power cut would."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, owner: type, name: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        @wraps(original)
        def method(*arguments: Any, **named: Any) -> Any:
            self.step()
            answer = original(*arguments, **named)
            self.step()
            return answer

        setattr(owner, name, method)


def main() -> None:
    countdown = Countdown(int(sys.argv.pop(1)))
    for owner, name in POINTS:
        countdown.watch(owner, name)
    app()


if __name__ == "__main__":
    main()
