// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IArguments} from "./IArguments.sol";
import {IConsortium} from "./IConsortium.sol";
import {IDatasetRegistry} from "./IDatasetRegistry.sol";

/// @title What was made from what.
/// @notice A run is one training effort under one plan for one purpose. Per update one leaf is stored, per round one
/// hash over its predecessor and everything in the round, absences included; the fields are in the events.
/// @dev runId = keccak256(abi.encode(RUN_TYPEHASH, chainid, this, organisation, plan, statement)): known beforehand.
/// leaf = keccak256(abi.encode(UPDATE_TYPEHASH, run, round, organisation, account, time, update, base, version,
///   statement, replaces)) with its low 32 bits replaced by the version's number.
/// H(0) = keccak256(abi.encode(OPENING_TYPEHASH, run, organisation, account, time, parentHash, opening)); parentHash
///   is H(parentRound) of the parent, 0 without one.
/// H(r) = keccak256(abi.encode(ROUND_TYPEHASH, H(r-1), run, round, base, aggregate, participants, included,
///   organisation, account, time, leavesHash, statement)); leavesHash = keccak256 of the participants' leaves, 32
///   bytes each, by ascending organisation, zero where absent.
/// Notes (participants added, abort, evaluation, dispute) form a hash chain N(i) = keccak256(abi.encode(
///   NOTE_TYPEHASH, N(i-1), run, kind, round, organisation, account, time, reason, subject, statement)); N(0) = 0.
/// Bounds: 64 generations, and 2 048 inflow entries (see `inflow`) over a run and its ancestors.
interface ITrainingLedger is IArguments {
    enum InitialKind {
        None,
        Parent,
        Seeded,
        External
    }
    enum NoteKind {
        None,
        ParticipantsAdded, // subject: the bit mask added
        Aborted, // subject: 0
        Evaluation, // subject: id of the dataset version
        Dispute // subject: 0
    }

    struct Opening {
        bytes32 plan;
        bytes32 purpose;
        uint256 participants; // bit n: organisation n
        bytes32 initialModel;
        bytes32 parentRun; // Parent only
        bytes32 origin; // External only: digest of the declaration or of the other ledger's evidence
        bytes32 statement;
        uint16 parentRound; // Parent only
        InitialKind initialKind;
    }

    /// @dev Slot 0: account to aborted. Slots 1 to 4: one word each. Slot 5: parentRound to abortedAt. Slot 6: the head.
    struct Run {
        address account;
        uint40 openedAt;
        uint16 rounds; // closed
        uint8 organisation;
        InitialKind initialKind;
        uint8 generation; // 0 without a parent
        bool aborted;
        uint256 participants;
        uint256 joining; // participants from the next round on
        bytes32 purpose;
        bytes32 parentRun;
        uint16 parentRound;
        uint16 inflowEntries; // own
        uint16 inheritedEntries; // of all ancestors, an upper bound
        uint32 notes; // count
        uint40 abortedAt;
        bytes32 notesHead;
    }

    struct Round {
        bytes32 hash; // H(r)
        bytes32 aggregate; // round 0: the initial model
    }

    struct Origin {
        bytes32 run;
        uint16 round;
    }

    /// @notice A run was opened; with the block's timestamp and the parent's hash the preimage of H(0).
    /// @param run The run's id.
    /// @param organisation The organisation, 0 to 255.
    /// @param plan Digest of the plan.
    /// @param account The account that acted.
    /// @param opening All that the run was opened with.
    /// @param hash H(0).
    event RunOpened(
        bytes32 indexed run, uint8 indexed organisation, bytes32 indexed plan, address account, Opening opening,
        bytes32 hash
    );
    /// @notice An update was committed; with the block's timestamp the preimage of the leaf.
    /// @param run The run's id.
    /// @param round The round, from 1.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account that acted.
    /// @param update Content digest of the site's result.
    /// @param base Content digest of the global model before the round.
    /// @param version Id of the dataset version.
    /// @param statement SHA-256 of the sealed statement; not zero.
    /// @param replaces The leaf that this one replaces, or 0.
    /// @param leaf The leaf stored.
    event UpdateCommitted(
        bytes32 indexed run,
        uint16 indexed round,
        uint8 indexed organisation,
        address account,
        bytes32 update,
        bytes32 base,
        bytes32 version,
        bytes32 statement,
        bytes32 replaces,
        bytes32 leaf
    );
    /// @notice A round was closed; with the block's timestamp and H(round - 1) the preimage of H(round).
    /// @param run The run's id.
    /// @param round The round, from 1.
    /// @param aggregate Content digest of the global model after the round.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account that acted.
    /// @param base Content digest of the global model before the round.
    /// @param participants Bit n: organisation n takes part.
    /// @param included Bit n: organisation n's update went in.
    /// @param leavesHash Hash of all participants' leaves, zero where absent.
    /// @param statement SHA-256 of the sealed statement; not zero.
    /// @param hash The hash stored, H(round).
    event RoundClosed(
        bytes32 indexed run,
        uint16 indexed round,
        bytes32 indexed aggregate,
        uint8 organisation,
        address account,
        bytes32 base,
        uint256 participants,
        uint256 included,
        bytes32 leavesHash,
        bytes32 statement,
        bytes32 hash
    );
    /// @notice A note was added; with the block's timestamp and the head before it the preimage of the head.
    /// @param run The run's id.
    /// @param kind Which kind.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account that acted.
    /// @param round The round that the note is about.
    /// @param reason Reason code; 0 where the kind has none.
    /// @param subject What the note is about, by its kind.
    /// @param statement SHA-256 of the sealed statement; not zero.
    /// @param head Head of the run's chain of notes after this one.
    event Noted(
        bytes32 indexed run,
        NoteKind indexed kind,
        uint8 indexed organisation,
        address account,
        uint16 round,
        uint8 reason,
        bytes32 subject,
        bytes32 statement,
        bytes32 head
    );

    /// @notice The organisation has opened a run with this plan and statement before.
    error RunExists(bytes32 run);
    /// @notice No run was opened under this id.
    error RunUnknown(bytes32 run);
    /// @notice The run was aborted: nothing is committed or closed any more.
    error RunAborted(bytes32 run, uint40 abortedAt);
    /// @notice The set of participants is empty.
    error NoParticipants();
    /// @notice A participant was not admitted as a SITE.
    error ParticipantUnknown(uint8 organisation);
    /// @notice The organisation takes part already, or from the next round on.
    error AlreadyParticipant(bytes32 run, uint8 organisation);
    /// @notice An initial model has one of the three kinds.
    error InitialKindInvalid(InitialKind kind);
    /// @notice The parent is no closed round of a run, or is named although the kind is not Parent.
    error ParentInvalid(bytes32 run, uint16 round);
    /// @notice The initial model is not the aggregate of the parent's round.
    error ParentModelMismatch(bytes32 initialModel, bytes32 aggregate);
    /// @notice Data given for one purpose do not flow into a run for another by way of a parent.
    error ParentPurposeMismatch(bytes32 purpose, bytes32 parentPurpose);
    /// @notice The initial model is recorded here as an aggregate (first of this round), so a parent must be named.
    error ParentMustBeNamed(bytes32 initialModel, bytes32 run, uint16 round);
    /// @notice An origin is given although the kind is not External.
    error OriginUnexpected(InitialKind kind);
    /// @notice The chain of parents would be longer than the limit.
    error GenerationLimit(uint8 limit);
    /// @notice The run and its ancestors would have more inflow entries than the limit.
    error LineageLimit(uint256 entries, uint256 limit);
    /// @notice The act belongs to the organisation that opened the run.
    error NotRunOrganisation(bytes32 run, uint8 owner, uint8 caller);
    /// @notice The organisation does not take part in the run's open round.
    error NotParticipant(bytes32 run, uint8 organisation);
    /// @notice The round named is not the open one.
    error RoundNotOpen(bytes32 run, uint16 round, uint16 open);
    /// @notice The round named is not closed, or round 0, which has no aggregate.
    error RoundNotClosed(bytes32 run, uint16 round, uint16 closed);
    /// @notice The site received another base than the previous round's aggregate.
    error BaseMismatch(bytes32 run, uint16 round, bytes32 expected, bytes32 found);
    /// @notice The organisation's present leaf is not the one that the caller meant to replace.
    error ReplacesMismatch(bytes32 run, uint16 round, uint8 organisation, bytes32 expected, bytes32 found);
    /// @notice An update that should go in was replaced since the aggregator read it.
    error LeavesChanged(bytes32 run, uint16 round, bytes32 expected, bytes32 found);
    /// @notice At least one update goes into an aggregate.
    error NothingIncluded(bytes32 run, uint16 round);
    /// @notice An organisation's update should go in and is not there.
    error IncludedAbsent(bytes32 run, uint16 round, uint8 organisation);
    /// @notice The version of an update that should go in was revoked; the aggregator can leave it out.
    error VersionLostStanding(bytes32 run, uint16 round, uint8 organisation, uint32 number);

    /// @notice By an AGGREGATOR.
    /// @param opening All that the run was opened with.
    /// @return run The new run's id.
    function openRun(Opening calldata opening) external returns (bytes32 run);
    /// @notice By the run's organisation: they take part from the round after the open one.
    /// @param run The run's id.
    /// @param participants Bit n: organisation n joins.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function addParticipants(bytes32 run, uint256 participants, bytes32 statement) external;
    /// @notice By the run's organisation. Closed rounds stay, and may be parents.
    /// @param run The run's id.
    /// @param reason Reason code, 1 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function abortRun(bytes32 run, uint8 reason, bytes32 statement) external;
    /// @notice By a SITE that participates, on a version of its own that may be used.
    /// @param run The run's id.
    /// @param round The open round.
    /// @param update Content digest of the site's result.
    /// @param base What the site itself received and hashed; must be the previous aggregate.
    /// @param version Id of the dataset version.
    /// @param statement SHA-256 of the sealed statement; not zero.
    /// @param replaces The caller's present leaf of this open round, or 0, so that a repeated transaction is refused.
    function commitUpdate(
        bytes32 run,
        uint16 round,
        bytes32 update,
        bytes32 base,
        bytes32 version,
        bytes32 statement,
        bytes32 replaces
    ) external;
    /// @notice By the run's organisation.
    /// @param run The run's id.
    /// @param round The open round.
    /// @param aggregate Content digest of the global model after the round.
    /// @param included Bit n: organisation n's update went in.
    /// @param includedLeaves `leavesHash` of the included, as the aggregator saw it, so that an update replaced
    /// meanwhile is not closed over unread; a site that keeps replacing its update can be left out.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function closeRound(
        bytes32 run,
        uint16 round,
        bytes32 aggregate,
        uint256 included,
        bytes32 includedLeaves,
        bytes32 statement
    ) external;
    /// @notice By a SITE: a held-out test of a closed round's aggregate on a version of its own that may be used; it is
    /// no input.
    /// @param run The run's id.
    /// @param round The round, from 1.
    /// @param version Id of the dataset version.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function commitEvaluation(bytes32 run, uint16 round, bytes32 version, bytes32 statement) external;
    /// @notice By a SITE that participates, about a closed round or the open one: changes nothing, is always shown.
    /// @param run The run's id.
    /// @param round The round, from 1.
    /// @param reason Reason code, 1 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function dispute(bytes32 run, uint16 round, uint8 reason, bytes32 statement) external;

    /// @notice Who may act.
    /// @return The contract.
    function consortium() external view returns (IConsortium);
    /// @notice Which data may be used.
    /// @return The contract.
    function registry() external view returns (IDatasetRegistry);
    /// @notice A run's record; all zero when it was not opened.
    /// @param id The run's id.
    /// @return The record.
    function run(bytes32 id) external view returns (Run memory);
    /// @notice The id that a run has or would have.
    /// @param organisation The organisation, 0 to 255.
    /// @param plan Digest of the plan.
    /// @param statement SHA-256 of the sealed statement; not zero.
    /// @return The id.
    function runId(uint8 organisation, bytes32 plan, bytes32 statement) external view returns (bytes32);
    /// @notice A round's record; all zero when it is not closed.
    /// @param id The run's id.
    /// @param number The round; 0 for the opening.
    /// @return The record.
    function round(bytes32 id, uint16 number) external view returns (Round memory);
    /// @notice An organisation's last update of a round; 0: absent.
    /// @param id The run's id.
    /// @param number The round.
    /// @param organisation The organisation, 0 to 255.
    /// @return The leaf.
    function leaf(bytes32 id, uint16 number, uint8 organisation) external view returns (bytes32);
    /// @notice keccak256 of the leaves of these organisations as they are now, by ascending organisation.
    /// @param id The run's id.
    /// @param number The round.
    /// @param organisations Bit n: organisation n.
    /// @return The hash.
    function leavesHash(bytes32 id, uint16 number, uint256 organisations) external view returns (bytes32);
    /// @notice How many rounds were closed with this aggregate.
    /// @param aggregate Content digest of the global model after the round.
    /// @return The count.
    function originCount(bytes32 aggregate) external view returns (uint256);
    /// @notice Those rounds in order, from index `start`, at most `limit`.
    /// @param aggregate Content digest of the global model after the round.
    /// @param start Index of the first.
    /// @param limit How many at most.
    /// @return The rounds.
    function origins(bytes32 aggregate, uint256 start, uint256 limit) external view returns (Origin[] memory);
    /// @notice All dataset versions that flowed into a run up to a closed round and into its ancestors up to each fork,
    /// as words of the registry's bitmap: version 256 * words[i] + n for each bit n of bits[i]. A word may occur often.
    /// @param id The run's id.
    /// @param number A closed round; 0: the ancestors only.
    /// @return words Indexes of the words.
    /// @return bits Their bits.
    function inflow(bytes32 id, uint16 number) external view returns (uint256[] memory words, uint256[] memory bits);
}
