"""What must be seen first, whatever the answer: nothing here is folded away into a PASS."""

from __future__ import annotations

from collections.abc import Iterator

from dragon_ledger.provenance.lineage import Case, Step, attempts
from dragon_ledger.provenance.names import (
    account_node,
    digest_node,
    hexed,
    moment,
    organisation_node,
    release_node,
    round_node,
    run_node,
    short,
    update_node,
    version_node,
)
from dragon_ledger.provenance.reasons import (
    abort_reason,
    dispute_reason,
    version_reason,
    withdrawal_reason,
)
from dragon_ledger.provenance.results import Notice
from dragon_ledger.records import (
    DatasetVersion,
    DecisionKind,
    InitialKind,
    NoteKind,
    Round,
    Run,
    VersionFlag,
    Where,
)

KINDS = {
    "ABSENT": "a participant committed no update in a round",
    "LEFT_OUT": "a participant's update did not go into the aggregate",
    "DISPUTE": "a participant disputes a round",
    "EXTERNAL_ORIGIN": "the initial model was made outside this ledger",
    "SUPERSEDED": "a newer dataset version replaces one that flowed in",
    "RETIRED": "the data of a version that flowed in were erased",
    "REINSTATED": "a revocation of a version that flowed in was undone",
    "REPEATED_ATTEMPT": "a participant committed more than once in a round",
    "RUN_ABORTED": "a run of the lineage was aborted",
    "ETHICS_EXPIRED_SINCE": "an ethics approval has expired after its data were used",
    "ORGANISATION_SUSPENDED": "an organisation of the lineage is suspended now",
    "ACCOUNT_COMPROMISED": "an account acted in the lineage before it was compromised",
    "OTHER_RELEASE": "the same digest was released more than once",
    "OTHER_ORIGIN": "another round has the same aggregate",
    "FILE_NOT_READ": "that the file holds the aggregate is the releaser's word until it is read",
    "CHECKPOINT_ACCEPTED": "the state is its operator's word, which the verifier accepted",
}


def notices(case: Case) -> tuple[Notice, ...]:
    """All notices, in the order of KINDS and then of the records."""
    found = [
        *_rounds(case),
        *_runs(case),
        *_versions(case),
        *_people(case),
        *_others(case),
        *_file(case),
        *_checkpoint(case),
    ]
    order = {kind: position for position, kind in enumerate(KINDS)}
    return tuple(sorted(found, key=lambda notice: order[notice.kind]))


def _rounds(case: Case) -> Iterator[Notice]:
    for step in case.steps:
        for closed in step.rounds:
            yield from _absences(step.run, closed)
            yield from _repeats(closed)


def _absences(run: Run, closed: Round) -> Iterator[Notice]:
    commits = attempts(closed.updates)
    name = f"round {closed.number} of run {short(run.id)}"
    subject = round_node(run.id, closed.number)
    for organisation in sorted(closed.participants - frozenset(commits)):
        words = f"organisation {organisation} was absent in {name}"
        yield Notice("ABSENT", words, subject, closed.act.where)
    for organisation in sorted(frozenset(commits) - closed.included):
        words = f"organisation {organisation}'s update was left out of {name}"
        subject = update_node(commits[organisation][-1].leaf)
        yield Notice("LEFT_OUT", words, subject, closed.act.where)


def _repeats(closed: Round) -> Iterator[Notice]:
    for organisation, commits in sorted(attempts(closed.updates).items()):
        if len(commits) > 1:
            words = (
                f"organisation {organisation} committed {len(commits)} times"
                f" in round {closed.number}; the last counts"
            )
            last = commits[-1]
            yield Notice("REPEATED_ATTEMPT", words, update_node(last.leaf), last.act.where)


def _runs(case: Case) -> Iterator[Notice]:
    for step in case.steps:
        run = step.run
        yield from _notes(step)
        if run.initial_kind is InitialKind.EXTERNAL:
            document = "nothing" if run.origin is None else f"document {run.origin.hex()}"
            words = f"run {short(run.id)} started from a model made elsewhere, declared by "
            yield Notice("EXTERNAL_ORIGIN", words + document, run_node(run.id), run.act.where)


def _notes(step: Step) -> Iterator[Notice]:
    run = step.run
    for note in step.run.notes:
        if note.kind is NoteKind.ABORTED:
            words = f"run {short(run.id)} was aborted: {abort_reason(note.reason)}"
            yield Notice("RUN_ABORTED", words, run_node(run.id), note.act.where)
        elif note.kind is NoteKind.DISPUTE:
            words = (
                f"organisation {note.act.organisation} disputes round {note.round} of run"
                f" {short(run.id)}: {dispute_reason(note.reason)} (reason {note.reason})"
            )
            yield Notice("DISPUTE", words, round_node(run.id, note.round), note.act.where)


def _versions(case: Case) -> Iterator[Notice]:
    for _, version in case.used_versions():
        if version is not None:
            yield from _version(case, version)


def _version(case: Case, version: DatasetVersion) -> Iterator[Notice]:
    subject = version_node(version.id)
    name = f"version {short(version.id)} of organisation {version.act.organisation}"
    for decision in version.decisions:
        at, why = moment(decision.act.at), version_reason(decision.reason)
        where = decision.act.where
        if decision.kind is DecisionKind.SUPERSEDE:
            by = "" if decision.successor is None else f" by {short(decision.successor)}"
            yield Notice("SUPERSEDED", f"{name} was superseded{by} at {at}: {why}", subject, where)
        elif decision.kind is DecisionKind.RETIRE:
            words = f"{name} was retired at {at}: {why}"
            yield Notice("RETIRED", words, subject, where)
        elif decision.kind is DecisionKind.REINSTATE and VersionFlag.REVOKED not in decision.flags:
            words = f"{name} was reinstated at {at}: {why}"
            yield Notice("REINSTATED", words, subject, where)
    if 0 < version.ethics_expiry <= case.now:
        words = f"the ethics approval of {name} expired at {moment(version.ethics_expiry)}"
        yield Notice("ETHICS_EXPIRED_SINCE", words, subject, version.act.where)


def _people(case: Case) -> Iterator[Notice]:
    for organisation in case.facts.organisations:
        if organisation.suspended:
            words = f"organisation {organisation.number} is suspended"
            subject = organisation_node(organisation.number)
            yield Notice("ORGANISATION_SUSPENDED", words, subject, organisation.where)
    for account in case.facts.accounts:
        if account.compromised_since is not None:
            words = (
                f"account {hexed(account.address)} of organisation {account.organisation}"
                f" is compromised since {moment(account.compromised_since)}"
            )
            subject = account_node(account.address)
            yield Notice("ACCOUNT_COMPROMISED", words, subject, account.where)


def _others(case: Case) -> Iterator[Notice]:
    for release in case.facts.releases:
        if case.release is not None and release.id != case.release.id:
            words = (
                f"also released by organisation {release.act.organisation}"
                f" at {moment(release.act.at)} from run {short(release.run)} round {release.round}"
            )
            if release.withdrawal is not None:
                words += f", withdrawn: {withdrawal_reason(release.withdrawal.reason)}"
            yield Notice("OTHER_RELEASE", words, release_node(release.id), release.act.where)
    for origin in case.facts.origins:
        if (origin.run, origin.round) != case.target:
            words = f"round {origin.round} of run {short(origin.run)} has the same aggregate"
            yield Notice("OTHER_ORIGIN", words, round_node(origin.run, origin.round))


def _file(case: Case) -> Iterator[Notice]:
    release = case.release
    if release is None or case.presented is not None:
        return
    if case.facts.digest == release.file_digest and release.file_digest != release.aggregate:
        words = (
            "asked by a file digest: that this file holds the released aggregate is the"
            " releaser's word; present the file itself to have it read"
        )
        yield Notice("FILE_NOT_READ", words, release_node(release.id), release.act.where)


def _checkpoint(case: Case) -> Iterator[Notice]:
    as_of = case.facts.as_of
    if as_of.seals.accepted:
        words = (
            f"nobody's seals were checked: block {as_of.block} ({hexed(as_of.block_hash)}) is"
            " accepted on the word of whoever operates the chain"
        )
        subject = digest_node(case.facts.digest)
        yield Notice("CHECKPOINT_ACCEPTED", words, subject, Where("chain", as_of.block))
