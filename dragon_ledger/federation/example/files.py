"""Waiting for files, and writing files that appear whole."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

POLL_SECONDS = 0.1


def wait_for(condition: Callable[[], bool], what: str, seconds: float) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it is not so in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(POLL_SECONDS)


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file under another name and rename it."""
    part = _part(target)
    shutil.copyfile(source, part)
    part.replace(target)


def write_json(target: Path, content: Mapping[str, object]) -> None:
    """Write a JSON file under another name and rename it."""
    part = _part(target)
    part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    part.replace(target)


def _part(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
