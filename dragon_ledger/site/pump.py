"""Moves the outbox's entries towards the chain, one small step at a time.

Every step can be cut off at any point: a transaction is stored before it leaves, its hash and nonce
with it; whether an act is on chain is asked of the contract; the contract refuses every repetition.
So the worst that a cut causes is a transaction that is sent again, or one that reverts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from dragon_ledger.chain.client import Block
from dragon_ledger.chain.sender import Receipt
from dragon_ledger.errors import NodeError, NonceTaken, Refused
from dragon_ledger.site.acts import Act, ActReader
from dragon_ledger.site.event_log import log_event
from dragon_ledger.site.ledger import Ledger
from dragon_ledger.site.outbox import Attempt, Entry, Outbox, State

MAX_ATTEMPTS = 8
"""An act that was signed so often, passed the pre-flight each time and reverted is given up."""

MAX_IN_FLIGHT = 64
"""Transactions under way at a time: what GoQuorum keeps of one account by default."""

REBROADCAST_SECONDS = 3.0
"""How often a transaction without receipt is offered to the node again."""

GAP_SECONDS = 30.0
"""How long a nonce below ours may be missing before ours are given up."""

CLOCK_TOLERANCE_SECONDS = 120

CLOCK = "clock"
"""Name of the observation on this machine's clock."""


class Pump:
    """Works on one outbox with one account; `acts` reads an entry's act by its kind."""

    def __init__(self, outbox: Outbox, ledger: Ledger, acts: Mapping[str, ActReader]) -> None:
        self._outbox = outbox
        self._ledger = ledger
        self._acts = acts
        self._offered: dict[bytes, float] = {}
        self._gap_since: float | None = None
        self._looked_at_all = False

    def step(self) -> bool:
        """Look again at what was final, follow what was sent, send what is queued.

        Returns whether a transaction left, so that its receipt may be there already.

        Raises:
            NodeUnavailable: no node answers; nothing is lost, the next step goes on.
            StorageError: the outbox cannot be written; as above.
        """
        self._look_again()
        self._follow()
        return self._send()

    # -- what was believed final --------------------------------------------------------------

    def _look_again(self) -> None:
        """Put back what a reorganisation took off the chain.

        A block's hash binds all before it, so the newest one is enough after the first look.
        """
        if self._looked_at_all:
            newest = self._outbox.newest_final()
            suspects = [newest] if newest else []
        else:
            suspects = self._outbox.entries(State.FINAL)
        lost = self._lost(suspects)
        if lost and self._looked_at_all:
            lost = self._lost(self._outbox.entries(State.FINAL))
        for entry in lost:
            self._restore(entry)
        self._looked_at_all = True

    def _lost(self, entries: Sequence[Entry]) -> list[Entry]:
        """Entries whose block is not in the chain any more."""
        numbers = sorted({entry.block for entry in entries if entry.block is not None})
        hashes = self._ledger.block_hashes(numbers)
        return [
            entry
            for entry in entries
            if entry.block is not None and hashes[entry.block] != entry.block_hash
        ]

    def _restore(self, entry: Entry) -> None:
        why = f"block {entry.block} is not in the chain any more"
        log_event("outbox.reorganised", key=entry.key, block=entry.block)
        if entry.attempts and entry.attempts[-1].nonce >= self._ledger.nonce():
            self._offered.pop(entry.attempts[-1].tx_hash, None)
            self._outbox.resend(entry.id, f"{why}; its transaction is sent again")
        else:
            # Whether the new chain has the act is asked before it is signed again.
            self._outbox.requeue(entry.id, why)

    # -- what was sent ------------------------------------------------------------------------

    def _follow(self) -> None:
        sent = self._outbox.entries(State.SENT)
        if not sent:
            return
        # Taken before the receipts: a nonce that is used now and has no receipt of ours afterwards
        # was used by another transaction.
        used = self._ledger.nonce()
        if self._fill_gap(sent, used):
            return
        receipts = self._receipts(sent)
        for entry in sorted(sent, key=lambda entry: entry.attempts[-1].nonce):
            receipt = receipts.get(entry.id)
            if receipt is not None:
                self._conclude(entry, receipt)
            elif used > entry.attempts[-1].nonce:
                self._replaced(entry)
            else:
                self._offer(entry, entry.attempts[-1])
        if receipts:
            self._watch_clock(sent, receipts)

    def _receipts(self, entries: Sequence[Entry]) -> dict[int, Receipt]:
        """The receipt of each entry: of any attempt that succeeded, else of the last one.

        An earlier attempt that reverted says nothing about the one that is under way.
        """
        attempts = [(entry, attempt) for entry in entries for attempt in entry.attempts]
        found: dict[int, Receipt] = {}
        answers = self._ledger.receipts([attempt.tx_hash for _, attempt in attempts])
        for (entry, attempt), receipt in zip(attempts, answers, strict=True):
            if receipt and (receipt.succeeded or attempt == entry.attempts[-1]):
                found.setdefault(entry.id, receipt)
        return found

    def _conclude(self, entry: Entry, receipt: Receipt) -> None:
        if not receipt.final:
            self._outbox.explain(entry.id, f"in block {receipt.block}, which is not final yet")
        elif receipt.succeeded:
            where = f"on chain in block {receipt.block}"
            self._outbox.finish(entry.id, receipt.block, receipt.block_hash, where)
            log_event("outbox.final", key=entry.key, block=receipt.block)
        elif self._adopted(entry, "on chain; a second transaction for it reverted"):
            return
        elif len(entry.attempts) >= MAX_ATTEMPTS:
            words = f"reverted {len(entry.attempts)} times although the pre-flight call passed"
            self._outbox.refuse(entry.id, "Reverted", {"attempts": len(entry.attempts)}, words)
        else:
            # The pre-flight call of the next attempt names the reason, if it still holds.
            self._outbox.requeue(entry.id, f"reverted in block {receipt.block}; it is tried again")

    def _replaced(self, entry: Entry) -> None:
        nonce = entry.attempts[-1].nonce
        if self._adopted(entry, f"on chain; another transaction with nonce {nonce} carried it"):
            return
        log_event("outbox.nonce_used", key=entry.key, nonce=nonce)
        self._outbox.requeue(
            entry.id,
            f"nonce {nonce} was used by a transaction that is not in this outbox: does another"
            " program use this account?",
        )

    def _fill_gap(self, sent: Sequence[Entry], used: int) -> bool:
        """Sign everything again when a transaction before it, which is not ours, was lost.

        No transaction is mined before all nonces below its own are. A node that is only behind
        shows the same for a moment, so it has to last.
        """
        lowest = min(entry.attempts[-1].nonce for entry in sent)
        if lowest <= used:
            self._gap_since = None
            return False
        if self._gap_since is None:
            self._gap_since = time.monotonic()
        if time.monotonic() - self._gap_since < GAP_SECONDS:
            return False
        self._gap_since = None
        for entry in sent:
            why = f"no transaction with nonce {used} is left of this account; it is signed again"
            self._outbox.requeue(entry.id, why)
        return True

    def _offer(self, entry: Entry, attempt: Attempt) -> None:
        """Offer the stored transaction, again when the node may have lost it."""
        now = time.monotonic()
        if now - self._offered.get(attempt.tx_hash, -REBROADCAST_SECONDS) < REBROADCAST_SECONDS:
            return
        self._offered[attempt.tx_hash] = now
        try:
            self._ledger.offer(attempt.raw, attempt.tx_hash, attempt.nonce)
        except (NodeError, NonceTaken) as error:
            # It stays sent: the next step sees whether the nonce was used, or offers it again.
            self._outbox.explain(entry.id, f"no receipt yet: {error}")

    # -- what is queued -----------------------------------------------------------------------

    def _send(self) -> bool:
        sendable = self._outbox.sendable()
        if not sendable:
            return False
        under_way = self._outbox.entries(State.SENT)
        nonce = max([self._ledger.nonce(), *(entry.attempts[-1].nonce + 1 for entry in under_way)])
        first = nonce
        head = self._ledger.head()
        for entry in sendable[: max(0, MAX_IN_FLIGHT - len(under_way))]:
            nonce += self._start(entry, nonce, head)
        return nonce > first

    def _start(self, entry: Entry, nonce: int, head: Block) -> int:
        """Sign, store and send one act; how many nonces that took."""
        if self._adopted(entry, "was on chain already", head):
            return 0
        act = self._act(entry)
        try:
            signed = self._ledger.sign(act.call(self._ledger), nonce)
        except Refused as refused:
            self._refused(entry, act, refused)
            return 0
        self._outbox.record_attempt(entry.id, signed.hash, nonce, signed.raw)
        log_event("outbox.sent", key=entry.key, transaction=signed.hash, nonce=nonce)
        self._offer(entry, Attempt(signed.hash, nonce, signed.raw, self._outbox.now()))
        return 1

    def _refused(self, entry: Entry, act: Act, refused: Refused) -> None:
        if act.may_pass_later(refused):
            self._outbox.explain(entry.id, f"waits: {refused}")
            return
        self._outbox.refuse(entry.id, refused.name, refused.values, str(refused))
        log_event("outbox.refused", key=entry.key, error=refused.name, reason=refused)

    # -- both ---------------------------------------------------------------------------------

    def _adopted(self, entry: Entry, why: str, head: Block | None = None) -> bool:
        """Whether the contract has the act, by whatever transaction; final when that is.

        It is noted as of a block, so that it is looked at again when the block is lost.
        """
        act, head = self._act(entry), head or self._ledger.head()
        if not act.is_recorded(self._ledger, head.number):
            return False
        final = self._ledger.final_block(head)
        if act.is_recorded(self._ledger, final.number):
            self._outbox.finish(entry.id, final.number, final.hash, why)
            log_event("outbox.final", key=entry.key, block=final.number, why=why)
        else:
            self._outbox.explain(entry.id, f"{why}; not final yet")
        return True

    def _act(self, entry: Entry) -> Act:
        return self._acts[entry.kind](entry.act)

    def _watch_clock(self, sent: Sequence[Entry], receipts: Mapping[int, Receipt]) -> None:
        """Compare this machine's clock with a block: signed <= mined <= now when it is right."""
        entry = next(entry for entry in reversed(sent) if entry.id in receipts)
        mined = self._ledger.time(receipts[entry.id].block)
        ahead = entry.attempts[-1].signed_at - mined
        behind = mined - self._outbox.now()
        text = ""
        if max(ahead, behind) > CLOCK_TOLERANCE_SECONDS:
            side = f"{ahead} s ahead of" if ahead > behind else f"{behind} s behind"
            text = (
                f"this machine's clock was {side} the chain's at the last transaction; what is on"
                " chain carries the chain's time, so nothing is wrong there: set the clock"
            )
        self._outbox.observe(CLOCK, text)
