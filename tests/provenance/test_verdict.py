from __future__ import annotations

import pytest

from dragon_ledger.provenance.results import Answer, Outcome
from dragon_ledger.provenance.to_json import verdict_json
from dragon_ledger.provenance.trace import trace
from dragon_ledger.provenance.verdict import judge
from tests.provenance.histories import honest


@pytest.mark.parametrize("seed", range(40))
def test_an_honest_history_is_valid(seed: int) -> None:
    history, release = honest(seed)
    verdict = judge(history.facts(release.aggregate), history.now)
    failing = [(c.id, c.found) for c in verdict.checks if c.outcome is not Outcome.PASS]
    assert [name for name, _ in failing] == ["state.sealed"], failing
    assert verdict.answer is Answer.VALID
    verdict_json(verdict)
    graph = trace(history.facts(release.aggregate)).to_json()
    assert graph["root"] == f"release:0x{release.id.hex()}"
