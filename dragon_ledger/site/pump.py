"""Moves the outbox's entries towards the chain, one small step at a time.

Every step can be cut off at any point: a transaction is stored before it leaves, its hash and nonce
with it; whether an act is on chain is asked of the contract; the contract refuses every repetition.
So the worst that a cut causes is a transaction that is sent again, or one that reverts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from dragon_ledger.chain.accounts import Signed
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Block
from dragon_ledger.chain.sender import Receipt
from dragon_ledger.errors import Refused
from dragon_ledger.site.acts import Act, ActReader
from dragon_ledger.site.event_log import log_event
from dragon_ledger.site.ledger import Ledger
from dragon_ledger.site.outbox import Attempt, Entry, Outbox, State

MAX_ATTEMPTS = 8
"""An act that was signed so often, passed the pre-flight each time and reverted is given up."""

MAX_IN_FLIGHT = 256
"""Transactions under way at a time: enough that a block need not wait for the next step."""

TOGETHER = 64
"""Acts that are checked, signed, stored and offered together; the first leave before all are."""

POLL_SECONDS = 0.2
"""How soon to look again while transactions are under way."""

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
        self._looked_again_at: bytes | None = None
        # Acts that the contracts refused for now, as of this block: the same again at the next one.
        self._waiting: tuple[bytes, set[int]] = (b"", set())

    def step(self) -> bool:
        """Look again at what was final, follow what was sent, send what is queued.

        Returns whether a transaction left, so that its receipt may be there already.

        Raises:
            NodeUnavailable: no node answers; nothing is lost, the next step goes on.
            StorageError: the outbox cannot be written; as above.
        """
        # Before everything else: a nonce that is used now and has no receipt of ours afterwards
        # was used by another transaction.
        used = self._ledger.nonce()
        head = self._ledger.head()
        self._look_again(used, head)
        self._follow(used, head)
        return self._send(used, head)

    @property
    def is_waiting(self) -> bool:
        """Whether transactions are under way."""
        return self._outbox.has(State.SENT)

    # -- what was believed final --------------------------------------------------------------

    def _look_again(self, used: int, head: Block) -> None:
        """Put back what a reorganisation took off the chain.

        A block's hash binds all before it, so the newest one is enough after the first look.
        """
        if head.hash == self._looked_again_at:
            return
        if self._looked_again_at:
            newest = self._outbox.newest_final()
            suspects = [newest] if newest else []
        else:
            suspects = self._outbox.entries(State.FINAL)
        lost = self._lost(suspects, head)
        if lost and self._looked_again_at:
            lost = self._lost(self._outbox.entries(State.FINAL), head)
        for entry in lost:
            self._restore(entry, used)
        self._looked_again_at = head.hash

    def _lost(self, entries: Sequence[Entry], head: Block) -> list[Entry]:
        """Entries whose block is not in the chain any more."""
        numbers = sorted({entry.block for entry in entries if entry.block is not None})
        hashes = self._ledger.block_hashes(numbers, head)
        return [
            entry
            for entry in entries
            if entry.block is not None and hashes[entry.block] != entry.block_hash
        ]

    def _restore(self, entry: Entry, used: int) -> None:
        why = f"block {entry.block} is not in the chain any more"
        log_event("outbox.reorganised", key=entry.key, block=entry.block)
        if entry.attempts and entry.attempts[-1].nonce >= used:
            self._offered.pop(entry.attempts[-1].tx_hash, None)
            self._outbox.resend(entry.id, f"{why}; its transaction is sent again")
        else:
            # Whether the new chain has the act is asked before it is signed again.
            self._outbox.requeue(entry.id, why)

    # -- what was sent ------------------------------------------------------------------------

    def _follow(self, used: int, head: Block) -> None:
        sent = self._outbox.entries(State.SENT)
        if not sent or self._fill_gap(sent, used):
            return
        sent.sort(key=lambda entry: entry.attempts[-1].nonce)
        receipts = self._receipts(sent, used)
        self._finish([entry for entry in sent if _is_done(receipts.get(entry.id))], receipts)
        for entry in sent:
            receipt = receipts.get(entry.id)
            if receipt is not None and not _is_done(receipt):
                self._conclude(entry, receipt, head)
            elif receipt is None and used > entry.attempts[-1].nonce:
                self._replaced(entry, head)
        last = [entry.attempts[-1] for entry in sent]
        self._offer_again([attempt for attempt in last if attempt.nonce >= used])
        if receipts:
            self._watch_clock(sent, receipts)

    def _receipts(self, entries: Sequence[Entry], used: int) -> dict[int, Receipt]:
        """The receipt of each entry: of any attempt that succeeded, else of the last one.

        An earlier attempt that reverted says nothing about the one that is under way. What has a
        nonce that is not used has no receipt.
        """
        attempts = [
            (entry, attempt)
            for entry in entries
            for attempt in entry.attempts
            if attempt.nonce < used
        ]
        found: dict[int, Receipt] = {}
        if not attempts:
            return found
        answers = self._ledger.receipts([attempt.tx_hash for _, attempt in attempts])
        for (entry, attempt), receipt in zip(attempts, answers, strict=True):
            if receipt and (receipt.succeeded or attempt == entry.attempts[-1]):
                found.setdefault(entry.id, receipt)
        return found

    def _finish(self, entries: Sequence[Entry], receipts: Mapping[int, Receipt]) -> None:
        """Keep that these are on chain, all in one write."""
        if not entries:
            return
        with self._outbox.together():
            for entry in entries:
                receipt = receipts[entry.id]
                where = f"on chain in block {receipt.block}"
                self._outbox.finish(entry.id, receipt.block, receipt.block_hash, where)
        for entry in entries:
            self._offered.pop(entry.attempts[-1].tx_hash, None)
            log_event("outbox.final", key=entry.key, block=receipts[entry.id].block)

    def _conclude(self, entry: Entry, receipt: Receipt, head: Block) -> None:
        """What follows from a receipt that is not final, or that says that the act reverted."""
        if not receipt.final:
            self._outbox.explain(entry.id, f"in block {receipt.block}, which is not final yet")
        elif self._adopted(entry, "on chain; a second transaction for it reverted", head):
            return
        elif len(entry.attempts) >= MAX_ATTEMPTS:
            words = f"reverted {len(entry.attempts)} times although the pre-flight call passed"
            self._outbox.refuse(entry.id, "Reverted", {"attempts": len(entry.attempts)}, words)
        else:
            # The pre-flight call of the next attempt names the reason, if it still holds.
            self._outbox.requeue(entry.id, f"reverted in block {receipt.block}; it is tried again")

    def _replaced(self, entry: Entry, head: Block) -> None:
        nonce = entry.attempts[-1].nonce
        if self._adopted(
            entry, f"on chain; another transaction with nonce {nonce} carried it", head
        ):
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

    def _offer_again(self, attempts: Sequence[Attempt]) -> None:
        """Offer, after a while or after a restart, what the node has lost or never got."""
        before = time.monotonic() - REBROADCAST_SECONDS
        due = [one for one in attempts if self._offered.get(one.tx_hash, before) <= before]
        known = self._ledger.known([one.tx_hash for one in due])
        self._offered |= {one.tx_hash: time.monotonic() for one in due}
        self._offer([one for one, is_known in zip(due, known, strict=True) if not is_known])

    def _offer(self, attempts: Sequence[Attempt]) -> None:
        """Offer stored transactions, in the order of their nonces."""
        self._offered |= {one.tx_hash: time.monotonic() for one in attempts}
        signed = [Signed(one.raw, one.tx_hash, self._ledger.address, one.nonce) for one in attempts]
        for attempt, error in zip(attempts, self._ledger.offer(signed), strict=True):
            if error is not None:
                # It stays sent: the next step sees whether the nonce was used, or offers it again.
                self._outbox.explain(attempt.entry, f"no receipt yet: {error}")

    # -- what is queued -----------------------------------------------------------------------

    def _send(self, used: int, head: Block) -> bool:
        under_way = self._outbox.entries(State.SENT)
        room = MAX_IN_FLIGHT - len(under_way)
        if room <= 0:
            return False
        nonce = max([used, *(entry.attempts[-1].nonce + 1 for entry in under_way)])
        first = nonce
        queued = [entry for entry in self._outbox.sendable() if not self._waits(entry, head)]
        while queued and room > nonce - first:
            some = min(TOGETHER, room - (nonce - first))
            nonce += self._start(queued[:some], nonce, head)
            queued = queued[some:]
        return nonce > first

    def _waits(self, entry: Entry, head: Block) -> bool:
        """Whether an entry was refused for now, and nothing has happened since."""
        return self._waiting[0] == head.hash and entry.id in self._waiting[1]

    def _start(self, entries: Sequence[Entry], nonce: int, head: Block) -> int:
        """Sign, store and send acts; how many nonces that took."""
        ready = self._ready(entries, head)
        outcomes = self._ledger.sign([call for _, call in ready], nonce)
        signed: list[tuple[Entry, Signed]] = []
        for (entry, _), outcome in zip(ready, outcomes, strict=True):
            if isinstance(outcome, Refused):
                self._refused(entry, outcome, head)
            else:
                signed.append((entry, outcome))
        if signed:
            self._offer(self._stored(signed))
        return len(signed)

    def _ready(self, entries: Sequence[Entry], head: Block) -> list[tuple[Entry, ContractCall]]:
        """The calls of those acts that are not on chain already."""
        ready = []
        acts = [self._act(entry) for entry in entries]
        views = [view for act in acts for view in act.asks(self._ledger)]
        with self._ledger.looking_ahead(views, head.number):
            for entry, act in zip(entries, acts, strict=True):
                if self._adopted(entry, "was on chain already", head):
                    continue
                try:
                    ready.append((entry, act.call(self._ledger, head.number)))
                except Refused as refused:
                    self._refused(entry, refused, head)
        return ready

    def _stored(self, signed: Sequence[tuple[Entry, Signed]]) -> list[Attempt]:
        """Keep signed transactions, all in one write; only then may they leave the machine."""
        attempts = [
            Attempt(one.hash, one.nonce, one.raw, self._outbox.now(), entry.id)
            for entry, one in signed
        ]
        with self._outbox.together():
            for attempt in attempts:
                self._outbox.record_attempt(attempt)
        for entry, one in signed:
            log_event("outbox.sent", key=entry.key, transaction=one.hash, nonce=one.nonce)
        return attempts

    def _refused(self, entry: Entry, refused: Refused, head: Block) -> None:
        if self._act(entry).may_pass_later(refused):
            if self._waiting[0] != head.hash:
                self._waiting = (head.hash, set())
            self._waiting[1].add(entry.id)
            self._outbox.explain(entry.id, f"waits: {refused}")
            return
        self._outbox.refuse(entry.id, refused.name, refused.values, str(refused))
        log_event("outbox.refused", key=entry.key, error=refused.name, reason=refused)

    # -- both ---------------------------------------------------------------------------------

    def _adopted(self, entry: Entry, why: str, head: Block) -> bool:
        """Whether the contract has the act, by whatever transaction; final when that is.

        It is noted as of a block, so that it is looked at again when the block is lost.
        """
        act = self._act(entry)
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


def _is_done(receipt: Receipt | None) -> bool:
    return receipt is not None and receipt.final and receipt.succeeded
