"""docs/spec/chain-state.md, derived again here: each slot and hash, and the same on a live chain.

The history below is played on a chain of its own, so the vectors in
tests/vectors/chain-state.json repeat to the byte. To write them anew:
`DRAGON_UPDATE_VECTORS=1 pytest tests/contracts/test_chain_state.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from eth_hash.auto import keccak

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "chain-state.json"
ZERO = bytes(32)
EXPIRY = 2_000_000_000
SITE, REVIEWER, AGGREGATOR, RELEASER = 1, 2, 4, 8
HOSPITAL, OTHER, FIRST, SECOND, CENTRE, AUTHORITY = range(6)
REVOKED, REINSTATING, APPROVED, SUPERSEDED = 4, 32, 2, 8
APPROVE, REVOKE, REINSTATE, SUPERSEDE = 1, 3, 4, 5
ADDED, ABORTED, EVALUATION, DISPUTE = 1, 2, 3, 4

TYPES = {
    "Version": "uint256 chainId,address registry,uint8 organisation,bytes32 commitment",
    "Registration": "bytes32 id,uint32 number,uint8 organisation,address account,uint40 time,"
    "bytes32 commitment,bytes32 predecessor,bytes32 qcReport,bytes32 ethics,bytes32 ruleSet,"
    "bytes32 purpose,bytes32 statement,uint40 ethicsExpiry,uint8 declarations,bool qcPassed",
    "Decision": "bytes32 previous,bytes32 id,uint8 kind,uint8 organisation,address account,"
    "uint40 time,uint8 reason,bytes32 successor,bytes32 statement",
    "Run": "uint256 chainId,address ledger,uint8 organisation,bytes32 plan,bytes32 statement",
    "Update": "bytes32 run,uint16 round,uint8 organisation,address account,uint40 time,"
    "bytes32 update,bytes32 base,bytes32 version,bytes32 statement,bytes32 replaces",
    "Opening": "bytes32 run,uint8 organisation,address account,uint40 time,bytes32 parentHash,"
    "bytes32 plan,bytes32 purpose,uint256 participants,bytes32 initialModel,bytes32 parentRun,"
    "bytes32 origin,bytes32 statement,uint16 parentRound,uint8 initialKind",
    "Round": "bytes32 previous,bytes32 run,uint16 round,bytes32 base,bytes32 aggregate,"
    "uint256 participants,uint256 included,uint8 organisation,address account,uint40 time,"
    "bytes32 leavesHash,bytes32 statement",
    "Note": "bytes32 previous,bytes32 run,uint8 kind,uint16 round,uint8 organisation,"
    "address account,uint40 time,uint8 reason,bytes32 subject,bytes32 statement",
    "Release": "uint256 chainId,address registry,uint8 organisation,bytes32 run,uint16 round,"
    "bytes32 fileDigest",
}

# Declared order of the storage variables.
SLOTS = {
    "Consortium": "admin proposedAdmin suspended members organisations rootProposals enrolments "
    "accounts ruleSets",
    "DatasetRegistry": "versionCount versions standingWord",
    "TrainingLedger": "runs seen entryBits entryPlaces rounds leaves origins",
    "ModelRegistry": "releases byAggregate byFile aggregateCounts fileCounts",
}


def word(value: int | bytes) -> bytes:
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")


def packed(*fields: tuple[int | bytes, int]) -> bytes:
    """Fields of one slot, each with its size in bytes, the first lowest."""
    total = shift = 0
    for value, size in fields:
        number = value if isinstance(value, int) else int.from_bytes(value, "big")
        assert number < 1 << (8 * size)
        total |= number << shift
        shift += 8 * size
    return word(total)


def slot(contract: str, variable: str, *keys: int | bytes, plus: int = 0) -> int:
    """Slot of a variable, of an entry of nested mappings, or of a word of a struct there."""
    found = SLOTS[contract].split().index(variable)
    for each in keys:
        found = int.from_bytes(keccak(word(each) + word(found)), "big")
    return found + plus


@dataclass
class State:
    """What the test expects on chain, and the hashes on the way, as the vectors record them."""

    chain: Any
    slots: list[dict[str, Any]] = field(default_factory=list)
    hashes: list[dict[str, Any]] = field(default_factory=list)

    def hash(self, kind: str, *values: int | bytes) -> bytes:
        """keccak256 over the type's hash and the fields, a word each; kept as a vector."""
        names = [each.split(" ")[1] for each in TYPES[kind].split(",")]
        made = keccak(
            keccak(f"{kind}({TYPES[kind]})".encode()) + b"".join(word(value) for value in values)
        )
        fields = {name: "0x" + word(v).hex() for name, v in zip(names, values, strict=True)}
        self.hashes.append({"type": kind, "fields": fields, "keccak256": "0x" + made.hex()})
        return made

    def expect(self, value: bytes, contract: str, variable: str, *keys: Any, plus: int = 0) -> None:
        place = slot(contract, variable, *keys, plus=plus)
        named = f"{variable}{''.join(f'[0x{word(k).hex()}]' for k in keys)}"
        entry = {"contract": contract, "variable": named, "plus": plus}
        self.slots.append(entry | {"slot": hex(place), "value": "0x" + value.hex()})


@dataclass
class Play:
    """The history: every act as it was sent, with the time of its block."""

    chain: Any
    digest: Callable[[str], bytes]
    key: Callable[[str], Any]

    def who(self, label: str) -> bytes:
        return bytes.fromhex(self.key(label).address[2:])

    def act(self, label: str, contract: str, function: str, *arguments: Any) -> int:
        return int(self.chain.time(self.chain.act(label, contract, function, *arguments)))

    def admin(self, function: str, *arguments: Any) -> int:
        call = self.chain.contracts["Consortium"].functions[function](*arguments)
        return int(self.chain.time(self.chain.send(self.chain.admin, call)))

    def address(self, contract: str) -> bytes:
        return bytes.fromhex(self.chain.contracts[contract].address[2:])

    def registration(self, name: str, predecessor: bytes) -> tuple[Any, ...]:
        texts = (f"{name} qc", f"{name} ethics", "rules", "purpose", f"{name} statement")
        digests = [self.digest(text) for text in texts]
        return (self.digest(name), predecessor, *digests, EXPIRY, 3, True)


def play_consortium(state: State, play: Play) -> None:
    """Organisations, roots, accounts, rule sets, and all that can happen to them."""
    roles = {
        HOSPITAL: SITE,
        OTHER: SITE,
        FIRST: REVIEWER,
        SECOND: REVIEWER,
        CENTRE: AGGREGATOR,
        AUTHORITY: RELEASER,
    }
    labels = ["hospital", "other", "first", "second", "centre", "authority"]
    for number, role in roles.items():
        play.chain.admit(number, role, labels[number])
    d, key = play.digest, play.key
    accepted = play.admin("acceptRuleSet", d("rules"), 2, 0, EXPIRY, d("rules statement"))
    play.admin("proposeAdmin", key("next admin").address)
    play.admin("suspend", OTHER, d("why"))
    proposed = play.admin("proposeRoot", OTHER, key("new root").address, d("lost"))
    offered = play.act(
        "hospital root", "Consortium", "enrol", HOSPITAL, key("spare").address, SITE, d("spare")
    )
    compromised = play.act(
        "first root", "Consortium", "markCompromised", key("first").address, offered, d("stolen")
    )
    enrol = play.chain.contracts["Consortium"].functions.enrol
    play.chain.send(key("first root"), enrol(FIRST, key("first again").address, 2, d("again")))
    play.act("first again", "Consortium", "accept", FIRST, REVIEWER)
    c = "Consortium"
    state.expect(word(play.who("admin")), c, "admin")
    state.expect(word(play.who("next admin")), c, "proposedAdmin")
    state.expect(word(1 << OTHER), c, "suspended")
    state.expect(word(1 << HOSPITAL | 1 << OTHER), c, "members", SITE)
    state.expect(word(1 << FIRST | 1 << SECOND), c, "members", REVIEWER)
    found = play.chain.read(c, "organisation", HOSPITAL)
    times = (found[1], 5), (found[2], 5)
    organisation = packed((play.who("hospital root"), 20), *times, (SITE, 1))
    state.expect(organisation, c, "organisations", HOSPITAL)
    state.expect(d("hospital record"), c, "organisations", HOSPITAL, plus=1)
    proposal = packed((play.who("new root"), 20), (proposed + 3600, 5))
    state.expect(proposal, c, "rootProposals", OTHER)
    enrolment = packed((play.who("hospital root"), 20), (offered, 5), (SITE, 1))
    state.expect(enrolment, c, "enrolments", HOSPITAL, play.who("spare"))
    since = play.chain.read(c, "account", key("first").address)[0]
    account = packed((since, 5), (compromised + 1, 5), (offered, 5), (FIRST, 1), (REVIEWER, 1))
    state.expect(account, c, "accounts", play.who("first"))
    rules = packed((accepted, 5), (accepted, 5), (EXPIRY, 5), (2, 1))
    state.expect(rules, c, "ruleSets", d("rules"))


def register(
    state: State, play: Play, name: str, number: int, before: bytes
) -> tuple[bytes, bytes]:
    """Registers a version; its id and D(0)."""
    fields = play.registration(name, before)
    time = play.act("hospital", "DatasetRegistry", "register", fields)
    registry = play.address("DatasetRegistry")
    made = state.hash("Version", 31337, registry, HOSPITAL, play.digest(name))
    act = (made, number, HOSPITAL, play.who("hospital"), time)
    return made, state.hash("Registration", *act, *fields)


def decide(
    state: State, play: Play, head: bytes, id_: bytes, kind: int, label: str, **more: Any
) -> bytes:
    """Takes a decision on a version; D(i)."""
    names = {APPROVE: "approve", REVOKE: "revoke", REINSTATE: "reinstate", SUPERSEDE: "supersede"}
    organisation = {"hospital": HOSPITAL, "first again": FIRST, "second": SECOND}[label]
    reason, successor = (0 if kind == APPROVE else 7), more.get("successor", ZERO)
    statement = play.digest(f"{label} {names[kind]}")
    arguments: tuple[Any, ...] = (reason, statement)
    if kind == APPROVE:
        arguments = (play.digest(more["name"] + " qc"), play.digest("rules"), statement)
    if kind == SUPERSEDE:
        arguments = (successor, reason, statement)
    time = play.act(label, "DatasetRegistry", names[kind], id_, *arguments)
    act = (kind, organisation, play.who(label), time, reason, successor, statement)
    return state.hash("Decision", head, id_, *act)


def expect_version(
    state: State, play: Play, name: str, id_: bytes, head: bytes, **told: int
) -> None:
    view = play.chain.contracts["DatasetRegistry"].functions.version(id_).call()
    who, at = play.who("hospital"), view[1]
    revoked = (view[2], 5), (told.get("revoker", 0), 1), (told.get("reinstater", 0), 1)
    state.expect(packed((who, 20), (at, 5), *revoked), "DatasetRegistry", "versions", id_)
    second = packed(
        (told["number"], 4),
        (told.get("predecessor", 0), 4),
        (EXPIRY, 5),
        (view[8], 5),
        (told.get("approvers", 0), 5),
        (told["decisions"], 4),
        (HOSPITAL, 1),
        (3, 1),
        (1, 1),
        (told["flags"], 1),
        (told["approvals"], 1),
    )
    state.expect(second, "DatasetRegistry", "versions", id_, plus=1)
    basis = keccak(play.digest(f"{name} qc") + play.digest("rules"))
    state.expect(basis, "DatasetRegistry", "versions", id_, plus=2)
    state.expect(play.digest("purpose"), "DatasetRegistry", "versions", id_, plus=3)
    state.expect(head, "DatasetRegistry", "versions", id_, plus=4)


def play_versions(state: State, play: Play) -> dict[str, bytes]:
    """Three versions: superseded, in standing, and revoked with one of two reinstatements."""
    a, head_a = register(state, play, "a", 1, ZERO)
    b, head_b = register(state, play, "b", 2, a)
    c, head_c = register(state, play, "c", 3, ZERO)
    head_a = decide(state, play, head_a, a, APPROVE, "first again", name="a")
    head_b = decide(state, play, head_b, b, APPROVE, "second", name="b")
    head_c = decide(state, play, head_c, c, APPROVE, "second", name="c")
    head_a = decide(state, play, head_a, a, SUPERSEDE, "hospital", successor=b)
    head_c = decide(state, play, head_c, c, REVOKE, "hospital")
    head_c = decide(state, play, head_c, c, REINSTATE, "second")
    once = {"decisions": 2, "approvals": 1}
    flags = APPROVED | SUPERSEDED
    expect_version(state, play, "a", a, head_a, number=1, flags=flags, approvers=FIRST, **once)
    expect_version(
        state,
        play,
        "b",
        b,
        head_b,
        number=2,
        predecessor=1,
        flags=APPROVED,
        approvers=SECOND,
        decisions=1,
        approvals=1,
    )
    expect_version(
        state,
        play,
        "c",
        c,
        head_c,
        number=3,
        flags=APPROVED | REVOKED | REINSTATING,
        approvers=SECOND,
        decisions=3,
        approvals=1,
        revoker=HOSPITAL,
        reinstater=SECOND,
    )
    state.expect(word(3), "DatasetRegistry", "versionCount")
    state.expect(word(0b110), "DatasetRegistry", "standingWord", 0)
    return {"a": a, "b": b, "c": c}


def open_run(state: State, play: Play, plan: str, **more: Any) -> tuple[bytes, bytes, int]:
    """Opens a run; its id, H(0) and the time."""
    d = play.digest
    opening = (
        d(plan),
        d("purpose"),
        1 << HOSPITAL,
        more["model"],
        more.get("parent", ZERO),
        more.get("origin", ZERO),
        d(f"{plan} statement"),
        more.get("parent_round", 0),
        more["kind"],
    )
    time = play.act("centre", "TrainingLedger", "openRun", opening)
    ledger = play.address("TrainingLedger")
    run = state.hash("Run", 31337, ledger, CENTRE, d(plan), d(f"{plan} statement"))
    act = (run, CENTRE, play.who("centre"), time, more.get("parent_hash", ZERO))
    head = state.hash("Opening", *act, *opening)
    state.expect(head, "TrainingLedger", "rounds", run, 0)
    state.expect(more["model"], "TrainingLedger", "rounds", run, 0, plus=1)
    return run, head, time


def commit(state: State, play: Play, run: bytes, number: int, **more: Any) -> bytes:
    """Commits the hospital's update; its leaf, which carries the version's number."""
    fields = (
        more["update"],
        more["base"],
        more["version"],
        play.digest("metrics"),
        more["replaces"],
    )
    time = play.act("hospital", "TrainingLedger", "commitUpdate", run, number, *fields)
    made = state.hash("Update", run, number, HOSPITAL, play.who("hospital"), time, *fields)
    number_of_version: int = more["version_number"]
    return made[:28] + number_of_version.to_bytes(4, "big")


def close(state: State, play: Play, run: bytes, number: int, **more: Any) -> bytes:
    """Closes a round over the hospital's update; H(r)."""
    aggregate, leaf = more["aggregate"], more["leaf"]
    included, statement = 1 << HOSPITAL, play.digest(f"closing {number}")
    words = (run, number, aggregate, included, keccak(leaf), statement)
    time = play.act("centre", "TrainingLedger", "closeRound", *words)
    before = (more["previous"], run, number, more["base"], aggregate)
    act = (included, included, CENTRE, play.who("centre"), time, keccak(leaf), statement)
    head = state.hash("Round", *before, *act)
    state.expect(head, "TrainingLedger", "rounds", run, number)
    state.expect(aggregate, "TrainingLedger", "rounds", run, number, plus=1)
    state.expect(leaf, "TrainingLedger", "leaves", run, number, HOSPITAL)
    return head


def note(state: State, play: Play, head: bytes, run: bytes, kind: int, **more: Any) -> bytes:
    """Adds a note to a run; N(i)."""
    label = "hospital" if kind in (EVALUATION, DISPUTE) else "centre"
    organisation = HOSPITAL if label == "hospital" else CENTRE
    statement, reason = play.digest(f"note {kind}"), more.get("reason", 0)
    subject, number = more.get("subject", ZERO), more["round"]
    sent: dict[int, tuple[Any, ...]] = {
        ADDED: ("addParticipants", run, int.from_bytes(subject, "big"), statement),
        ABORTED: ("abortRun", run, reason, statement),
        EVALUATION: ("commitEvaluation", run, number, subject, statement),
        DISPUTE: ("dispute", run, number, reason, statement),
    }
    time = play.act(label, "TrainingLedger", *sent[kind])
    act = (kind, number, organisation, play.who(label), time, reason, subject, statement)
    more.get("times", {})[kind] = time
    return state.hash("Note", head, run, *act)


def expect_run(state: State, play: Play, run: bytes, opened: int, **told: Any) -> None:
    t = "TrainingLedger"
    first = packed(
        (play.who("centre"), 20),
        (opened, 5),
        (told["rounds"], 2),
        (CENTRE, 1),
        (told["kind"], 1),
        (told["generation"], 1),
        (told["aborted"], 1),
    )
    state.expect(first, t, "runs", run)
    state.expect(word(1 << HOSPITAL), t, "runs", run, plus=1)
    state.expect(word(told.get("joining", 0)), t, "runs", run, plus=2)
    state.expect(play.digest("purpose"), t, "runs", run, plus=3)
    state.expect(told.get("parent", ZERO), t, "runs", run, plus=4)
    fifth = packed(
        (told.get("parent_round", 0), 2),
        (told["entries"], 2),
        (told["inherited"], 2),
        (told["notes"], 4),
        (told.get("aborted_at", 0), 5),
    )
    state.expect(fifth, t, "runs", run, plus=5)
    state.expect(told.get("head", ZERO), t, "runs", run, plus=6)


def play_training(state: State, play: Play, versions: dict[str, bytes]) -> tuple[bytes, bytes]:
    """A run with a replaced update, an evaluation and a dispute, and a child that is aborted."""
    d, b = play.digest, versions["b"]
    run, head, opened = open_run(state, play, "plan", model=d("model 0"), kind=2)
    one = {"base": d("model 0"), "version": b, "version_number": 2}
    leaf = commit(state, play, run, 1, update=d("update"), replaces=ZERO, **one)
    leaf = commit(state, play, run, 1, update=d("better update"), replaces=leaf, **one)
    closing = {"aggregate": d("model 1"), "base": d("model 0"), "leaf": leaf}
    head = close(state, play, run, 1, previous=head, **closing)
    notes = note(state, play, ZERO, run, EVALUATION, round=1, subject=b)
    notes = note(state, play, notes, run, DISPUTE, round=2, reason=3)
    told = {"kind": 2, "generation": 0, "aborted": 0, "entries": 1, "inherited": 0}
    expect_run(state, play, run, opened, rounds=1, notes=2, head=notes, **told)
    child, _, born = open_run(
        state,
        play,
        "child plan",
        model=d("model 1"),
        kind=1,
        parent=run,
        parent_round=1,
        parent_hash=head,
    )
    times: dict[int, int] = {}
    joining = 1 << OTHER
    notes = note(state, play, ZERO, child, ADDED, round=2, subject=word(joining))
    notes = note(state, play, notes, child, ABORTED, round=0, reason=9, times=times)
    told = {"kind": 1, "generation": 1, "aborted": 1, "entries": 0, "inherited": 1, "rounds": 0}
    more = {"parent": run, "parent_round": 1, "joining": joining, "notes": 2, "head": notes}
    expect_run(state, play, child, born, aborted_at=times[ABORTED], **told, **more)
    t = "TrainingLedger"
    state.expect(word(1 << 2), t, "seen", run, 0)
    state.expect(word(1 << 2), t, "entryBits", run, 0)
    state.expect(word(0 << 16 | 1), t, "entryPlaces", run, 0)
    state.expect(word(1), t, "origins", d("model 1"))
    first = int.from_bytes(keccak(word(slot(t, "origins", d("model 1")))), "big")
    state.slots.append(element(t, "origins", d("model 1"), first, run))
    state.slots.append(element(t, "origins", d("model 1"), first + 1, word(1)))
    return run, d("model 1")


def element(
    contract: str, variable: str, list_key: bytes, place: int, value: bytes
) -> dict[str, Any]:
    """A word of a dynamic array: element 0 is at keccak256 of the slot with its length."""
    named = f"{variable}[0x{list_key.hex()}] elements"
    first = int.from_bytes(keccak(word(slot(contract, variable, list_key))), "big")
    entry = {"contract": contract, "variable": named, "plus": place - first}
    return entry | {"slot": hex(place), "value": "0x" + value.hex()}


def play_models(state: State, play: Play, run: bytes, aggregate: bytes) -> None:
    """A release, withdrawn."""
    d, m = play.digest, "ModelRegistry"
    words = (run, 1, aggregate, d("file"), d("card"), d("release"))
    released = play.act("authority", m, "release", *words)
    id_ = state.hash("Release", 31337, play.address(m), AUTHORITY, run, 1, d("file"))
    withdrawn = play.act("authority", m, "withdraw", id_, 5, d("withdrawal"))
    who = play.who("authority")
    state.expect(packed((who, 20), (released, 5), (1, 2), (AUTHORITY, 1)), m, "releases", id_)
    for plus, value in enumerate([run, d("file"), d("card"), d("release")], start=1):
        state.expect(value, m, "releases", id_, plus=plus)
    state.expect(packed((who, 20), (withdrawn, 5), (5, 1)), m, "releases", id_, plus=5)
    state.expect(d("withdrawal"), m, "releases", id_, plus=6)
    for variable, list_key in (("byAggregate", aggregate), ("byFile", d("file"))):
        state.expect(word(1), m, variable, list_key)
        first = int.from_bytes(keccak(word(slot(m, variable, list_key))), "big")
        state.slots.append(element(m, variable, list_key, first, id_))
    state.expect(word(1), m, "aggregateCounts", aggregate, AUTHORITY)
    state.expect(word(1), m, "fileCounts", d("file"), AUTHORITY)


@pytest.fixture(scope="module")
def state(own_chain: Any, digest: Any, key: Any) -> State:
    made, play = State(own_chain), Play(own_chain, digest, key)
    play_consortium(made, play)
    versions = play_versions(made, play)
    run, aggregate = play_training(made, play, versions)
    play_models(made, play, run, aggregate)
    return made


def test_every_slot_holds_what_the_specification_says(state: State) -> None:
    assert len(state.slots) > 60
    wrong = [
        entry
        for entry in state.slots
        if state.chain.slot(entry["contract"], int(entry["slot"], 16)).hex() != entry["value"][2:]
    ]
    assert wrong == []


def test_vectors_are_what_the_chain_holds(state: State) -> None:
    addresses = {name: made.address.lower() for name, made in state.chain.contracts.items()}
    described = {
        "description": "docs/spec/chain-state.md: hashes with preimages, and slots of a history",
        "chainId": 31337,
        "contracts": addresses,
        "hashes": state.hashes,
        "slots": state.slots,
    }
    if os.environ.get("DRAGON_UPDATE_VECTORS") == "1":
        VECTORS.parent.mkdir(exist_ok=True)
        VECTORS.write_text(json.dumps(described, indent=1) + "\n")
    assert json.loads(VECTORS.read_text()) == described


@pytest.mark.parametrize("kind", TYPES)
def test_specification_and_source_name_the_same_fields(kind: str) -> None:
    root = VECTORS.parents[2]
    named = f"{kind}({TYPES[kind]})"
    assert f"`{named}`" in (root / "docs" / "spec" / "chain-state.md").read_text()
    sources = [path.read_text() for path in (root / "contracts").glob("*.sol")]
    assert any(f'"{named}"' in source for source in sources)
