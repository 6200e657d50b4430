"""What is wrong at present: logged when it begins and ends, shown by `status` while it lasts."""

from __future__ import annotations

from dragon_ledger.site.event_log import log_event
from dragon_ledger.site.outbox import Outbox


def tell(outbox: Outbox, name: str, words: str) -> None:
    """Say what is wrong with something; empty words say that it is fine."""
    line = " ".join(words.split())
    if outbox.observe(name, line):
        if line:
            log_event("trouble", what=name, why=line)
        else:
            log_event("recovered", what=name)
