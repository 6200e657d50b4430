"""One sentence for every custom error of the contracts, with its values and what to do next.

Keys are the errors' names in `contracts/interfaces/`; fields in braces are their parameters.
"""

from __future__ import annotations

_ARGUMENTS = {
    "ZeroDigest": "Argument {position} (counted from 0) must be a digest and is zero. "
    "This is a defect of the program that made the call.",
    "ReasonMissing": "The decision needs a reason code from 1 to 255. Give one with --reason.",
    "WiringMismatch": "The contracts do not belong together: {given} was given at deployment, the "
    "other contract works with {found}. Deploy all four anew.",
}

_CONSORTIUM = {
    "NotAdmin": "Account {caller} is not the consortium's admin ({admin}). "
    "Use the admin's keystore.",
    "NotProposedAdmin": "The admin's office was offered to {proposed}, not to {caller}. "
    "Use that account's keystore, or ask the admin to offer it to you.",
    "NotRoot": "Account {caller} is not the accepted root of organisation {organisation} ({root}), "
    "or that root is marked as compromised. Use the root's keystore.",
    "NotProposedRoot": "For organisation {organisation} the root {proposed} is proposed, "
    "not {caller}. Use that account's keystore.",
    "RootNotEffective": "The new root of organisation {organisation} can accept from "
    "{effectiveAt}; the chain's time is {time}. Wait for the public delay to pass.",
    "RootNotProposed": "No root is proposed for organisation {organisation}. "
    "Propose one first with 'dragon-ledger consortium propose-root'.",
    "ZeroAddress": "An address that must be given is zero.",
    "RequiredApprovalsInvalid": "A consortium asks for 1 to 5 approvals, not {requiredApprovals}.",
    "RolesInvalid": "The roles given ({roles}) are empty or outside those allowed here "
    "({allowed}). Choose among the allowed ones.",
    "DeclarationsInvalid": "The declarations given ({declarations}) are not among the four known "
    "ones.",
    "OrganisationExists": "The number {organisation} belongs to an organisation already. "
    "Choose a free one: 'dragon-ledger consortium show' lists them.",
    "OrganisationUnknown": "No organisation was admitted under the number {organisation}. "
    "The admin admits organisations with 'dragon-ledger consortium admit'.",
    "OrganisationIsSuspended": "Organisation {organisation} is suspended by the consortium's admin "
    "and cannot act. Ask the admin.",
    "OrganisationNotSuspended": "Organisation {organisation} is not suspended, so there is nothing "
    "to resume.",
    "AddressTaken": "The address {account} is or was an account or a root already; an address "
    "stands for one organisation, once. Make a new keystore.",
    "EnrolmentExists": "The root of organisation {organisation} has enrolled {account} already; "
    "that account still has to accept.",
    "EnrolmentUnknown": "The root of organisation {organisation} has not enrolled {account}, or "
    "the root has changed since. Ask it to enrol the account.",
    "AcceptanceMismatch": "Account {account} accepts the roles {roles}, but was enrolled with "
    "{enrolled}. Accept exactly these, or ask your root to enrol it anew.",
    "AccountUnknown": "Account {account} acts for no organisation. Ask your organisation's root to "
    "enrol it, then accept with it.",
    "AccountHasEnded": "The time of account {account} was over at {to}; the chain's time is "
    "{time}. Ask your organisation's root to enrol a new account.",
    "AccountIsCompromised": "Account {account} is marked as compromised since {since} and cannot "
    "act. Use another account of your organisation.",
    "RoleMissing": "Account {account} has the roles {roles}; this act asks for {required}. "
    "Use an account that was enrolled with it.",
    "TimeNotForward": "The time {proposed} does not fit: an end can only be brought forward, a "
    "compromise only be dated back. The limit is {limit}.",
    "PeriodInvalid": "A period from {from} to {to} would end before it begins.",
    "RuleSetExists": "The rule set {ruleSet} was accepted before; a rule set is accepted once, and "
    "a changed one has another digest.",
    "RuleSetNotAccepted": "The rule set {ruleSet} is not accepted by the consortium at {time} "
    "(accepted from {from}, to {to}). Check the data by a rule set that is: "
    "'dragon-ledger consortium show' lists them.",
}

_REGISTRY = {
    "EthicsExpiryInvalid": "An expiry of the ethics approval ({expiry}) is given when, and only "
    "when, an ethics approval is declared; declared are: {declarations}.",
    "VersionExists": "Your organisation has registered this commitment before, as version {id}. "
    "Nothing is left to do.",
    "VersionUnknown": "No dataset version was registered under the id {id}. "
    "'dragon-ledger review list' shows the known ones.",
    "PredecessorOfAnother": "The predecessor {predecessor} belongs to organisation {owner}, not to "
    "{caller}; a version continues versions of its own organisation only.",
    "OwnVersion": "Version {id} is organisation {organisation}'s own; an organisation does not "
    "review its own data. Another organisation's reviewer has to decide.",
    "NotOwnVersion": "Version {id} belongs to organisation {owner}; organisation {caller} cannot "
    "do this with it.",
    "QcFailed": "The quality check of version {id} failed, so it can never be approved. The site "
    "has to mend the data and register a new version.",
    "BasisMismatch": "The QC report and rule set that you read are not those that version {id} was "
    "registered with (expected {expected}, found {found}). Fetch the report again by its digest.",
    "DeclarationsMissing": "Version {id} declares {present}; the rule set requires {required}. "
    "The site has to register a new version with the missing declarations.",
    "EthicsExpired": "The ethics approval of version {id} expired at {expiry}; the chain's time is "
    "{time}. The site has to register a new version under a valid approval.",
    "AlreadyDecided": "Organisation {organisation} has approved version {id} before. "
    "Another organisation has to give the next approval.",
    "WrongState": "Version {id} is in the state: {flags}. This decision is not possible there. "
    "'dragon-ledger review show' tells its history.",
    "SuccessorInvalid": "{successor} cannot replace version {id}: it is unknown, older, or another "
    "organisation's.",
    "ReinstaterInvalid": "Organisation {organisation} cannot reinstate version {id}: that takes "
    "two organisations, neither the site's own nor the one that revoked it.",
    "NotApproved": "Version {id} is not approved, or was replaced before the run was opened "
    "(state: {flags}). Wait for the approval, or use an approved version.",
    "NotInStanding": "Version {id} is not in standing (state: {flags}); it cannot be used.",
    "PurposeMismatch": "Version {id} was registered for purpose {purpose}, and the run is for "
    "purpose {expected}. Use a version that was given for this purpose.",
}

_TRAINING = {
    "RunExists": "Your organisation has opened this run before, as {run}. Nothing is left to do.",
    "RunUnknown": "No run was opened under the id {run}.",
    "RunAborted": "Run {run} was aborted at {abortedAt}: nothing is committed or closed any more.",
    "NoParticipants": "A run needs at least one participant, and none is named.",
    "ParticipantUnknown": "Organisation {organisation} was not admitted as a SITE and cannot take "
    "part in a run.",
    "AlreadyParticipant": "Organisation {organisation} takes part in run {run} already, or from "
    "its next round on.",
    "InitialKindInvalid": "An initial model is of kind 1 (parent), 2 (seeded) or 3 (external), not "
    "{kind}.",
    "ParentInvalid": "Round {round} of run {run} cannot be the parent: it is not closed, or the "
    "initial model's kind is not 'parent'.",
    "ParentModelMismatch": "The initial model {initialModel} is not the aggregate of the parent's "
    "round ({aggregate}).",
    "ParentPurposeMismatch": "The run is for purpose {purpose}, its parent for {parentPurpose}; "
    "data given for one purpose do not flow into another.",
    "ParentMustBeNamed": "The initial model {initialModel} is recorded here as the aggregate of "
    "round {round} of run {run}; open the run with that round as its parent.",
    "OriginUnexpected": "An origin is given, which only an external initial model has "
    "(kind given: {kind}).",
    "GenerationLimit": "The chain of parents would be longer than {limit} runs. "
    "Start from an external or seeded model.",
    "LineageLimit": "The run and its ancestors would have {entries} inflow entries; the limit is "
    "{limit}.",
    "NotRunOrganisation": "Run {run} was opened by organisation {owner}; organisation {caller} "
    "cannot do this.",
    "NotParticipant": "Organisation {organisation} does not take part in the open round of run "
    "{run}. The aggregator can add it from the next round on.",
    "RoundNotOpen": "Round {round} of run {run} is not open; round {open} is.",
    "RoundNotClosed": "Round {round} of run {run} is no closed round with an aggregate; {closed} "
    "rounds are closed.",
    "BaseMismatch": "In round {round} of run {run} the site started from model {found}, but the "
    "previous round's aggregate is {expected}. The site has to receive the global model again.",
    "ReplacesMismatch": "The present update of organisation {organisation} in round {round} of run "
    "{run} is {expected}, not {found}: it was committed or replaced meanwhile.",
    "LeavesChanged": "An update of round {round} of run {run} was replaced since it was read "
    "(expected {expected}, found {found}). Read the round's updates again, and aggregate again.",
    "NothingIncluded": "Round {round} of run {run} cannot be closed without any update.",
    "IncludedAbsent": "Organisation {organisation} has committed no update in round {round} of run "
    "{run}, so it cannot be included.",
    "VersionLostStanding": "The update of organisation {organisation} in round {round} of run "
    "{run} was made with dataset version number {number}, which was revoked. Leave this update out "
    "and aggregate again.",
}

_MODELS = {
    "ReleaseExists": "Your organisation has released this file from this round before, as {id}. "
    "Nothing is left to do.",
    "ReleaseUnknown": "No release was recorded under the id {id}.",
    "ReleaseLimit": "Organisation {organisation} has released the digest {digest} {limit} times; "
    "that is the limit.",
    "NotAClosedRound": "Round {round} of run {run} is not closed ({closed} rounds are), and only "
    "the aggregate of a closed round can be released.",
    "AggregateMismatch": "The file is not the aggregate of round {round} of run {run}: its content "
    "digest is {found}, the aggregate's is {expected}.",
    "AggregatorMayNotRelease": "Organisation {organisation} aggregated run {run}; who aggregates "
    "does not release. Another organisation has to.",
    "InputNotInStanding": "Dataset version number {number} flowed into round {round} of run {run} "
    "or its ancestors and is not in standing, so the model cannot be released.",
    "NotReleaser": "Release {id} belongs to organisation {owner}; organisation {caller} cannot "
    "withdraw it.",
    "AlreadyWithdrawn": "Release {id} was withdrawn at {withdrawnAt}. Nothing is left to do.",
}

WORDS: dict[str, str] = {**_ARGUMENTS, **_CONSORTIUM, **_REGISTRY, **_TRAINING, **_MODELS}
