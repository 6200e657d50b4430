"""Plans: what a training effort is for and how it goes (docs/spec/statements/plan.schema.json)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragon_ledger.errors import InputError

WEIGHTED_AVERAGE = "weighted-average/1"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MAX_ROUNDS = 65_535
_MAX_PARTICIPANTS = 256
_FIELDS = frozenset(
    {
        "name",
        "purpose",
        "algorithm",
        "seed",
        "hyperparameters",
        "code_digest",
        "aggregation",
        "minimum_participants",
        "rounds",
    }
)


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """A plan that was read and found whole; `content` is all of it."""

    content: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its folder-safe name."""
        return str(self.content["name"])

    @property
    def purpose(self) -> bytes:
        """Digest of the sealed purpose."""
        return bytes.fromhex(self.content["purpose"]["digest"])


def read_plan_file(path: Path) -> PlanDocument:
    """Read a plan as a person writes it (not sealed).

    Raises:
        InputError: it is no JSON, or a field is missing, unknown or not as it should be.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON: {error}") from error
    if problem := _problem(content):
        raise InputError(f"{path}: {problem}; see docs/spec/statements/plan.schema.json")
    return PlanDocument(content)


def _problem(content: Any) -> str:
    """What is wrong with a plan; empty when nothing is."""
    if not isinstance(content, dict):
        return "expected a JSON object"
    if missing := sorted(_FIELDS - content.keys()):
        return f"lacks {', '.join(missing)}"
    if unknown := sorted(content.keys() - _FIELDS):
        return f"has unknown fields {', '.join(unknown)}"
    purpose = content["purpose"]
    checks = {
        "name: expected lower-case letters, digits, '.', '_', '-'": _is(_NAME, content["name"]),
        "purpose: expected an object of text and digest": isinstance(purpose, dict)
        and purpose.keys() == {"text", "digest"}
        and isinstance(purpose["text"], str)
        and _is(_DIGEST, purpose["digest"]),
        "algorithm: expected a text": isinstance(content["algorithm"], str),
        "seed: expected a whole number": type(content["seed"]) is int,
        "hyperparameters: expected an object": isinstance(content["hyperparameters"], dict),
        "code_digest: expected 64 hexadecimal digits": _is(_DIGEST, content["code_digest"]),
        "aggregation: expected a text": isinstance(content["aggregation"], str),
        "minimum_participants: expected 1 to 256": _within(
            content["minimum_participants"], _MAX_PARTICIPANTS
        ),
        "rounds: expected 1 to 65535": _within(content["rounds"], _MAX_ROUNDS),
    }
    return next((words for words, fine in checks.items() if not fine), "")


def _is(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _within(value: object, highest: int) -> bool:
    return type(value) is int and 1 <= value <= highest
