"""One line per event, `name key=value …`, for people and for log collectors. Never a secret."""

from __future__ import annotations

import logging
import sys
import time

_LOGGER = logging.getLogger("dragon_ledger.agent")


def log_event(event: str, **fields: object) -> None:
    """Log that something happened; bytes appear as hexadecimal digits."""
    _LOGGER.info(" ".join([event, *(f"{name}={_text(value)}" for name, value in fields.items())]))


def log_to_stderr() -> None:
    """Show events on standard error, each with its UTC time; for the edges."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)sZ %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    _LOGGER.handlers = [handler]
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def _text(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    # A value with spaces is quoted, and a line end cannot forge a second event.
    return repr(text) if not text or any(mark in text for mark in ' "\n\r=') else text
