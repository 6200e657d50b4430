"""Reason codes of the contracts' acts in words. A code is a number so that no text is on chain."""

from __future__ import annotations

from dragon_ledger.records import DecisionKind

UNKNOWN = "a reason that this version of the software does not know; see the statement"
OTHER = "another reason; see the statement"

VERSION_REASONS = {
    1: "consent was withdrawn",
    2: "the ethics approval was withdrawn or found invalid",
    3: "identifying information was found in the data",
    4: "the data were found wrong or mislabelled",
    5: "the quality check missed a defect",
    6: "it was registered by mistake",
    7: "the earlier decision was a mistake",
    8: "a corrected version replaces it",
    9: "a larger version replaces it",
    10: "the data were erased on request",
    11: "the retention period has ended",
    12: "the key that signed for it was compromised",
    255: OTHER,
}
ABORT_REASONS = {
    1: "too few participants",
    2: "the training diverged",
    3: "a defect in the plan or the code",
    4: "a participant's data lost their standing",
    255: OTHER,
}
DISPUTE_REASONS = {
    1: "the base that the site received differs",
    2: "the site's update was left out",
    3: "the aggregate is wrong",
    255: OTHER,
}
WITHDRAWAL_REASONS = {
    1: "a dataset version behind it lost its standing",
    2: "the model's performance was found insufficient",
    3: "a safety concern",
    4: "it was released by mistake",
    5: "a newer release replaces it",
    255: OTHER,
}
DECISION_WORDS = {
    DecisionKind.APPROVE: "approved",
    DecisionKind.REJECT: "rejected",
    DecisionKind.REVOKE: "revoked",
    DecisionKind.REINSTATE: "reinstated",
    DecisionKind.SUPERSEDE: "superseded",
    DecisionKind.RETIRE: "retired",
}


def version_reason(code: int) -> str:
    """Why a dataset version was rejected, revoked, reinstated, superseded or retired."""
    return VERSION_REASONS.get(code, UNKNOWN)


def abort_reason(code: int) -> str:
    """Why a run was aborted."""
    return ABORT_REASONS.get(code, UNKNOWN)


def dispute_reason(code: int) -> str:
    """What a participant disputes."""
    return DISPUTE_REASONS.get(code, UNKNOWN)


def withdrawal_reason(code: int) -> str:
    """Why a release was withdrawn."""
    return WITHDRAWAL_REASONS.get(code, UNKNOWN)
