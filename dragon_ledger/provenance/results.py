"""What a verdict is made of. The JSON form is specified in docs/spec/verdict/."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from dragon_ledger.records import AsOf, Release, Where

FORMAT = "dragon-verdict/1"
EVIDENCE_SHOWN = 3
LIMITS = (
    "Integrity is not truth: this verdict shows who committed what, when and under which rules,"
    " not that a scan is real.",
    "That an update was computed from the dataset version it names is the site's word.",
)


class Outcome(StrEnum):
    """The result of one check, or of one thing that a check looked at."""

    PASS = "PASS"  # noqa: S105 - an outcome, not a password
    FAIL = "FAIL"
    NOT_VERIFIABLE = "NOT VERIFIABLE"


class Answer(StrEnum):
    """The answer to the auditor's question."""

    VALID = "valid"
    NOT_VALID = "not valid"
    NOT_VERIFIABLE = "not verifiable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check looked at.

    `subject` is the id of a node of the trace; `at` is that of the node whose record `where` is,
    when it is not the subject's own.
    """

    outcome: Outcome
    subject: str
    expected: str
    found: str
    where: Where | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A named check. `findings` holds everything that did not pass and the first that did."""

    id: str
    title: str
    required: bool
    outcome: Outcome
    expected: str
    found: str
    examined: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that must be seen first, whatever the answer is."""

    kind: str
    words: str
    subject: str
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Presented:
    """The file that was presented for a verdict, when there was one.

    `content` is None when the file's content digest could not be taken; `content_error` says why.
    """

    file_digest: bytes
    content: bytes | None
    content_error: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Named checks and the answer that follows from them, as of one state of the chain."""

    digest: bytes
    answer: Answer
    summary: str
    judged_at: int
    as_of: AsOf
    matched_by: str | None
    release: Release | None
    notices: tuple[Notice, ...]
    checks: tuple[Check, ...]
    presented: Presented | None = None
    addresses: dict[str, bytes] = field(default_factory=dict)

    def check(self, identifier: str) -> Check:
        """The check with this id; KeyError when there is none."""
        for check in self.checks:
            if check.id == identifier:
                return check
        raise KeyError(identifier)
