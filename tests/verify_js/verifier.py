"""The JavaScript verifier in Node, asked many questions by one process."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dragon_ledger.digests.hdf5 import Hdf5Worker, Limits
from dragon_ledger.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors" / "evidence-bundle"
PAGE = ROOT / "api" / "static" / "verify"
NODE = Path(sys.executable).parent / "node"
Json = dict[str, Any]


def cases() -> dict[str, Json]:
    """The vectors' cases by name."""
    return {
        case["name"]: case for case in json.loads((VECTORS / "cases.json").read_text())["cases"]
    }


def question(case: Json, bundle: bytes) -> Json:
    """What judge.cjs is asked about a case, with this bundle in place of its own."""
    demands, model = case["demands"], case["model"]
    checkpoint = demands["accepted_checkpoint"]
    return {
        "bundle": base64.b64encode(bundle).decode(),
        "network": str(VECTORS / case["network"]),
        "published": str(VECTORS / "published-code.json"),
        "demands": {
            "now": demands["now"],
            "maxAge": demands["max_age"],
            "atLeastBlock": demands["at_least_block"],
            "acceptedCheckpoint": checkpoint and checkpoint.removeprefix("0x"),
        },
        "presented": {
            "fileDigest": model["file_digest"],
            "contentDigest": model["content_digest"],
            "contentError": None,
        },
    }


def ask(questions: Iterable[Json]) -> list[Json]:
    """The JavaScript verifier's outcome of each question; none of them may crash it."""
    script = [str(NODE), str(Path(__file__).with_name("judge.cjs")), str(PAGE / "verify.js")]
    lines = "".join(json.dumps(one) + "\n" for one in questions)
    done = subprocess.run(
        script, input=lines, capture_output=True, text=True, check=True, timeout=1800
    )
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    crashed = [one["error"] for one in outcomes if one["outcome"] == "crashed"]
    assert not crashed, crashed[0]
    return outcomes


def contents(paths: Iterable[Path], *, web_crypto: bool = True) -> list[Json]:
    """What the JavaScript verifier makes of each file: `digest`, or why it is `refused`."""
    script = [str(NODE), str(Path(__file__).with_name("content.cjs")), str(PAGE)]
    environment = os.environ | ({} if web_crypto else {"WITHOUT_WEB_CRYPTO": "1"})
    lines = "".join(f"{path}\n" for path in paths)
    done = subprocess.run(
        script,
        input=lines,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=3600,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    crashed = [one["crashed"] for one in answers if "crashed" in one]
    assert not crashed, crashed[0]
    return answers


def compared(paths: list[Path]) -> tuple[Counter[str], dict[str, str]]:
    """Both verifiers over each file: how often which outcome, and what JavaScript alone refuses.

    Two digests that differ fail the test, whatever else is wrong with the file.
    """
    outcomes: Counter[str] = Counter()
    refused: dict[str, str] = {}
    with Hdf5Worker(Limits(stalled_seconds=3)) as worker:
        for path, mine in zip(paths, contents(paths), strict=True):
            theirs = _digest(worker, path)
            if "digest" in mine and theirs is None:
                outcomes["digest by JavaScript alone"] += 1
            elif "digest" in mine:
                assert mine["digest"] == theirs, path
                outcomes["same"] += 1
            elif theirs is None:
                outcomes["refused by both"] += 1
            else:
                outcomes["refused by JavaScript"] += 1
                refused[str(path)] = mine["refused"]
    return outcomes, refused


def _digest(worker: Hdf5Worker, path: Path) -> str | None:
    try:
        return worker.digest(path).value.hex()
    except InputError:
        return None


TEXTS = {"title", "summary", "expected", "found", "words", "limits", "detail"}
REASONS = {"stale_reason", "content_error"}


def gist(value: Any) -> Any:
    """A verdict without its texts for people (docs/spec/verdict, The JSON form).

    Of a reason only remains whether there is one.
    """
    if isinstance(value, list):
        return [gist(one) for one in value]
    if not isinstance(value, dict):
        return value
    assert all(isinstance(value[name], str | list) for name in TEXTS & value.keys())
    return {
        name: (one is not None) if name in REASONS else gist(one)
        for name, one in value.items()
        if name not in TEXTS
    }
