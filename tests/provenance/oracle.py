"""A naive walk over all facts, written without the verdict's code: is every rule kept?

It shares no lookup and no check with `dragon_ledger.provenance`; hashes are derived with eth-abi.
"""

from __future__ import annotations

from eth_abi.abi import encode
from eth_hash.auto import keccak

from dragon_ledger.records import Act, DatasetVersion, Facts, Round, Run, Update

APPROVE, REVOKE, REINSTATE, SUPERSEDE, RETIRE = 1, 3, 4, 5, 6
SITE, REVIEWER, AGGREGATOR, RELEASER = 1, 2, 4, 8
PARENT, EXTERNAL = 1, 3


def violations(facts: Facts) -> list[str]:
    """What is wrong with the model, in any words; empty when nothing is."""
    wrong: list[str] = []
    release = None
    for candidate in facts.releases:
        if candidate.withdrawal is None:
            release = candidate
            break
    if release is None:
        return ["no release that stands"]
    people(facts, release.act, RELEASER, wrong)
    release_id = hash_of(
        "Release(uint256 chainId,address registry,uint8 organisation,bytes32 run,uint16 round,"
        "bytes32 fileDigest)",
        facts.as_of.chain_id,
        address(facts, "ModelRegistry"),
        release.act.organisation,
        release.run,
        release.round,
        release.file_digest,
    )
    if release_id != release.id:
        wrong.append("release id")
    target: tuple[bytes, int] | None = (release.run, release.round)
    first = True
    while target is not None:
        run = next(r for r in facts.runs if r.id == target[0])
        if first and run.act.organisation == release.act.organisation:
            wrong.append("aggregator released")
        if first and (
            release.round > len(run.rounds)
            or run.rounds[release.round - 1].aggregate != release.aggregate
        ):
            wrong.append("not that aggregate")
        walk(facts, run, target[1], release.act.at, wrong)
        first = False
        target = None
        if run.initial_kind == PARENT:
            assert run.parent_run is not None
            assert run.parent_round is not None
            target = (run.parent_run, run.parent_round)
    return wrong


def address(facts: Facts, contract: str) -> str:
    return "0x" + facts.addresses[contract].hex()


def hash_of(kind: str, *values: object) -> bytes:
    """keccak256(abi.encode(typehash, values...)), the types taken from the type string."""
    members = kind[kind.index("(") + 1 : -1].split(",")
    types = ["bytes32", *(member.split()[0] for member in members)]
    return bytes(keccak(encode(types, [keccak(kind.encode()), *values])))


def people(facts: Facts, act: Act, role: int, wrong: list[str]) -> None:
    for account in facts.accounts:
        if account.address == act.account:
            at = act.at
            if account.organisation != act.organisation:
                wrong.append("account of another")
            if account.accepted_at is None or at < account.accepted_at:
                wrong.append("account too early")
            if account.to is not None and not at < account.to:
                wrong.append("account too late")
            if not int(account.roles) & role:
                wrong.append("account without role")
            if account.compromised_since is not None and not at < account.compromised_since:
                wrong.append("account compromised")


def walk(facts: Facts, run: Run, up_to: int, released_at: int, wrong: list[str]) -> None:
    people(facts, run.act, AGGREGATOR, wrong)
    opening(facts, run, wrong)
    model, previous = run.initial_model, run.hash
    for number in range(1, up_to + 1):
        if number > len(run.rounds):
            wrong.append("no such round")
            return
        closed = run.rounds[number - 1]
        if closed.number != number or closed.base != model:
            wrong.append("chain of rounds")
        people(facts, closed.act, AGGREGATOR, wrong)
        if round_hash(previous, run, closed) != closed.hash:
            wrong.append("round hash")
        inside(facts, run, closed, released_at, wrong)
        model, previous = closed.aggregate, closed.hash


def opening(facts: Facts, run: Run, wrong: list[str]) -> None:
    parent_hash = bytes(32)
    if run.initial_kind == PARENT:
        parent = next(r for r in facts.runs if r.id == run.parent_run)
        assert run.parent_round is not None
        forked = parent.rounds[run.parent_round - 1]
        parent_hash = forked.hash
        if forked.aggregate != run.initial_model:
            wrong.append("not the parent's model")
        if parent.purpose != run.purpose:
            wrong.append("not the parent's purpose")
    if run.initial_kind == EXTERNAL and run.origin is None:
        wrong.append("undeclared origin")
    derived = hash_of(
        "Opening(bytes32 run,uint8 organisation,address account,uint40 time,bytes32 parentHash,"
        "bytes32 plan,bytes32 purpose,uint256 participants,bytes32 initialModel,bytes32 parentRun,"
        "bytes32 origin,bytes32 statement,uint16 parentRound,uint8 initialKind)",
        run.id,
        run.act.organisation,
        "0x" + run.act.account.hex(),
        run.act.at,
        parent_hash,
        run.plan,
        run.purpose,
        sum(2**n for n in run.participants),
        run.initial_model,
        run.parent_run or bytes(32),
        run.origin or bytes(32),
        run.statement,
        run.parent_round or 0,
        int(run.initial_kind),
    )
    if derived != run.hash:
        wrong.append("opening hash")


def round_hash(previous: bytes, run: Run, closed: Round) -> bytes:
    leaves = b""
    for organisation in range(256):
        if organisation in closed.participants:
            own = [u.leaf for u in closed.updates if u.act.organisation == organisation]
            leaves += own[-1] if own else bytes(32)
    return hash_of(
        "Round(bytes32 previous,bytes32 run,uint16 round,bytes32 base,bytes32 aggregate,"
        "uint256 participants,uint256 included,uint8 organisation,address account,uint40 time,"
        "bytes32 leavesHash,bytes32 statement)",
        previous,
        run.id,
        closed.number,
        closed.base,
        closed.aggregate,
        sum(2**n for n in closed.participants),
        sum(2**n for n in closed.included),
        closed.act.organisation,
        "0x" + closed.act.account.hex(),
        closed.act.at,
        keccak(leaves),
        closed.statement,
    )


def inside(facts: Facts, run: Run, closed: Round, released_at: int, wrong: list[str]) -> None:
    if not closed.included:
        wrong.append("nothing went in")
    attempts(facts, closed, wrong)
    for organisation in closed.included:
        own = [u for u in closed.updates if u.act.organisation == organisation]
        if not own:
            wrong.append("went in without an update")
            continue
        people(facts, own[-1].act, SITE, wrong)
        if own[-1].base != closed.base:
            wrong.append("another base")
        version = next(v for v in facts.versions if v.id == own[-1].version)
        data(facts, run, own[-1], version, wrong)
        if not (stood(version, closed.act.at) and stood(version, released_at)):
            wrong.append("lost standing on the way")


def attempts(facts: Facts, closed: Round, wrong: list[str]) -> None:
    for position, update in enumerate(closed.updates):
        before = closed.updates[:position]
        earlier = [u for u in before if u.act.organisation == update.act.organisation]
        if update.replaces != (earlier[-1].leaf if earlier else None):
            wrong.append("an attempt is hidden")
        if update.act.organisation not in closed.participants:
            wrong.append("no participant")
        if leaf(facts, update) != update.leaf:
            wrong.append("leaf")


def leaf(facts: Facts, update: Update) -> bytes:
    full = hash_of(
        "Update(bytes32 run,uint16 round,uint8 organisation,address account,uint40 time,"
        "bytes32 update,bytes32 base,bytes32 version,bytes32 statement,bytes32 replaces)",
        update.run,
        update.round,
        update.act.organisation,
        "0x" + update.act.account.hex(),
        update.act.at,
        update.digest,
        update.base,
        update.version,
        update.statement,
        update.replaces or bytes(32),
    )
    number = next(v.number for v in facts.versions if v.id == update.version)
    return full[:28] + number.to_bytes(4, "big")


def stood(version: DatasetVersion, at: int) -> bool:
    """Histories have one act a second at most, so the order of times is that of acts."""
    approved, revoked = False, False
    for d in version.decisions:
        if d.act.at > at:
            break
        approved = approved or int(d.flags) & 2 > 0
        revoked = int(d.flags) & 4 > 0
    return approved and not revoked


def data(facts: Facts, run: Run, update: Update, version: DatasetVersion, wrong: list[str]) -> None:
    if version.act.organisation != update.act.organisation:
        wrong.append("another site's version")
    people(facts, version.act, SITE, wrong)
    if not version.qc_passed:
        wrong.append("quality check failed")
    if version.purpose != run.purpose:
        wrong.append("purpose")
    if version.ethics_expiry and update.act.at >= version.ethics_expiry:
        wrong.append("ethics expired")
    if not stood(version, update.act.at):
        wrong.append("not approved when used")
    if not stood(version, 2**62):
        wrong.append("not in standing now")
    decided(facts, run, version, wrong)


def decided(facts: Facts, run: Run, version: DatasetVersion, wrong: list[str]) -> None:
    for d in version.decisions:
        if d.kind in (SUPERSEDE, RETIRE) and d.act.at <= run.act.at:
            wrong.append("ended before the run")
        if d.kind == APPROVE:
            approval(facts, version, d.act, wrong)
        if d.kind == REINSTATE:
            people(facts, d.act, REVIEWER, wrong)


def approval(facts: Facts, version: DatasetVersion, act: Act, wrong: list[str]) -> None:
    people(facts, act, REVIEWER, wrong)
    if act.organisation == version.act.organisation:
        wrong.append("approved itself")
    accepted = [r for r in facts.rule_sets if r.digest == version.rule_set]
    if not accepted:
        wrong.append("rule set unknown")
        return
    rules = accepted[0]
    if act.at < rules.valid_from or (rules.valid_to and act.at >= rules.valid_to):
        wrong.append("rule set not accepted then")
    if int(rules.declarations) & ~int(version.declarations):
        wrong.append("declarations")
