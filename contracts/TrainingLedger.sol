// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "./interfaces/IConsortium.sol";
import {IDatasetRegistry} from "./interfaces/IDatasetRegistry.sol";
import {AGGREGATOR, Arguments, SITE} from "./Arguments.sol";
import {countBits, lowestBit} from "./Bits.sol";
import {Lineage} from "./Lineage.sol";

/// @title Implementation of ITrainingLedger, which is the specification.
contract TrainingLedger is Lineage, Arguments {
    bytes32 private constant RUN_TYPEHASH =
        keccak256("Run(uint256 chainId,address ledger,uint8 organisation,bytes32 plan,bytes32 statement)");
    bytes32 private constant UPDATE_TYPEHASH = keccak256(
        "Update(bytes32 run,uint16 round,uint8 organisation,address account,uint40 time,bytes32 update,bytes32 base,bytes32 version,bytes32 statement,bytes32 replaces)"
    );
    bytes32 private constant OPENING_TYPEHASH = keccak256(
        "Opening(bytes32 run,uint8 organisation,address account,uint40 time,bytes32 parentHash,bytes32 plan,bytes32 purpose,uint256 participants,bytes32 initialModel,bytes32 parentRun,bytes32 origin,bytes32 statement,uint16 parentRound,uint8 initialKind)"
    );
    bytes32 private constant ROUND_TYPEHASH = keccak256(
        "Round(bytes32 previous,bytes32 run,uint16 round,bytes32 base,bytes32 aggregate,uint256 participants,uint256 included,uint8 organisation,address account,uint40 time,bytes32 leavesHash,bytes32 statement)"
    );
    bytes32 private constant NOTE_TYPEHASH = keccak256(
        "Note(bytes32 previous,bytes32 run,uint8 kind,uint16 round,uint8 organisation,address account,uint40 time,uint8 reason,bytes32 subject,bytes32 statement)"
    );

    IConsortium public immutable consortium;
    IDatasetRegistry public immutable registry;

    mapping(bytes32 run => mapping(uint16 round => Round)) private _rounds;
    mapping(bytes32 run => mapping(uint16 round => mapping(uint8 organisation => bytes32))) private _leaves;
    mapping(bytes32 aggregate => Origin[]) private _origins;

    struct Update {
        bytes32 run;
        uint16 round;
        uint8 organisation;
        address account;
        uint40 time;
        bytes32 update;
        bytes32 base;
        bytes32 version;
        bytes32 statement;
        bytes32 replaces;
    }

    struct Closing {
        bytes32 previous;
        bytes32 run;
        uint16 round;
        bytes32 base;
        bytes32 aggregate;
        uint256 participants;
        uint256 included;
        uint8 organisation;
        address account;
        uint40 time;
        bytes32 leavesHash;
        bytes32 statement;
    }

    struct Note {
        bytes32 run;
        NoteKind kind;
        uint16 round;
        uint8 organisation;
        uint8 reason;
        bytes32 subject;
        bytes32 statement;
    }

    /// @dev The registry's bitmap words that the included updates touch, each once.
    struct Used {
        uint256[] words;
        uint256[] bits;
        uint256 length;
    }

    constructor(IConsortium consortium_, IDatasetRegistry registry_) {
        _requireWired(address(consortium_), address(registry_.consortium()));
        consortium = consortium_;
        registry = registry_;
    }

    function openRun(Opening calldata opening) external returns (bytes32 id) {
        _requireOpening(opening);
        (uint8 organisation,) = consortium.authorise(msg.sender, AGGREGATOR);
        _requireSites(opening.participants);
        id = runId(organisation, opening.plan, opening.statement);
        Run storage opened = _runs[id];
        if (opened.openedAt != 0) revert RunExists(id);
        bytes32 parentHash;
        if (opening.initialKind == InitialKind.Parent) parentHash = _inherit(opened, opening);
        else _requireNoParent(opening);
        opened.account = msg.sender;
        opened.openedAt = _now();
        opened.organisation = organisation;
        opened.initialKind = opening.initialKind;
        opened.participants = opening.participants;
        opened.purpose = opening.purpose;
        bytes32 hash =
            keccak256(abi.encode(OPENING_TYPEHASH, id, organisation, msg.sender, _now(), parentHash, opening));
        _rounds[id][0] = Round(hash, opening.initialModel);
        emit RunOpened(id, organisation, opening.plan, msg.sender, opening, hash);
    }

    function addParticipants(bytes32 id, uint256 participants, bytes32 statement) external {
        _requireDigest(statement, 2);
        Run storage target = _active(id);
        uint8 organisation = _requireRunOrganisation(id, target);
        if (participants == 0) revert NoParticipants();
        _requireSites(participants);
        uint256 present = participants & (target.participants | target.joining);
        if (present != 0) revert AlreadyParticipant(id, uint8(lowestBit(present)));
        target.joining |= participants;
        uint16 from = target.rounds + 2;
        _note(target, Note(id, NoteKind.ParticipantsAdded, from, organisation, 0, bytes32(participants), statement));
    }

    function abortRun(bytes32 id, uint8 reason, bytes32 statement) external {
        _requireReason(reason);
        _requireDigest(statement, 2);
        Run storage target = _active(id);
        uint8 organisation = _requireRunOrganisation(id, target);
        target.aborted = true;
        target.abortedAt = _now();
        _note(target, Note(id, NoteKind.Aborted, target.rounds, organisation, reason, 0, statement));
    }

    function commitUpdate(
        bytes32 id,
        uint16 number,
        bytes32 update,
        bytes32 base,
        bytes32 version,
        bytes32 statement,
        bytes32 replaces
    ) external {
        _requireDigest(update, 2);
        _requireDigest(statement, 5);
        Update memory committed;
        committed.run = id;
        committed.round = number;
        committed.account = msg.sender;
        committed.time = _now();
        committed.update = update;
        committed.base = base;
        committed.version = version;
        committed.statement = statement;
        committed.replaces = replaces;
        _commit(committed);
    }

    function closeRound(
        bytes32 id,
        uint16 number,
        bytes32 aggregate,
        uint256 included,
        bytes32 includedLeaves,
        bytes32 statement
    ) external {
        _requireDigest(aggregate, 2);
        _requireDigest(statement, 5);
        Run storage target = _openRound(id, number);
        Closing memory closing;
        closing.run = id;
        closing.round = number;
        closing.aggregate = aggregate;
        closing.included = included;
        closing.statement = statement;
        closing.account = msg.sender;
        closing.time = _now();
        closing.organisation = _requireRunOrganisation(id, target);
        closing.participants = target.participants;
        Used memory used = _readLeaves(closing, includedLeaves);
        _requireStanding(closing, used);
        _addInflow(id, number, used.words, used.bits, used.length);
        _close(target, closing);
    }

    function commitEvaluation(bytes32 id, uint16 number, bytes32 version, bytes32 statement) external {
        _requireDigest(statement, 3);
        _requireKnown(id);
        Run storage target = _runs[id];
        if (number == 0 || number > target.rounds) revert RoundNotClosed(id, number, target.rounds);
        (uint8 organisation,) = consortium.authorise(msg.sender, SITE);
        registry.requireUsable(version, organisation, target.purpose, target.openedAt);
        _note(target, Note(id, NoteKind.Evaluation, number, organisation, 0, version, statement));
    }

    function dispute(bytes32 id, uint16 number, uint8 reason, bytes32 statement) external {
        _requireReason(reason);
        _requireDigest(statement, 3);
        _requireKnown(id);
        Run storage target = _runs[id];
        if (number == 0 || number > target.rounds + 1) revert RoundNotOpen(id, number, target.rounds + 1);
        (uint8 organisation,) = consortium.authorise(msg.sender, SITE);
        _requireParticipant(id, target, organisation);
        _note(target, Note(id, NoteKind.Dispute, number, organisation, reason, 0, statement));
    }

    // ---- views ----

    function run(bytes32 id) external view returns (Run memory) {
        return _runs[id];
    }

    function round(bytes32 id, uint16 number) external view returns (Round memory) {
        return _rounds[id][number];
    }

    function leaf(bytes32 id, uint16 number, uint8 organisation) external view returns (bytes32) {
        return _leaves[id][number][organisation];
    }

    function leavesHash(bytes32 id, uint16 number, uint256 organisations) external view returns (bytes32) {
        bytes32[] memory leaves = new bytes32[](countBits(organisations));
        for (uint256 i = 0; i < leaves.length; ++i) {
            leaves[i] = _leaves[id][number][uint8(lowestBit(organisations))];
            organisations &= organisations - 1;
        }
        return keccak256(abi.encodePacked(leaves));
    }

    function originCount(bytes32 aggregate) external view returns (uint256) {
        return _origins[aggregate].length;
    }

    function origins(bytes32 aggregate, uint256 start, uint256 limit) external view returns (Origin[] memory page) {
        Origin[] storage all = _origins[aggregate];
        uint256 left = start < all.length ? all.length - start : 0;
        page = new Origin[](left < limit ? left : limit);
        for (uint256 i = 0; i < page.length; ++i) {
            page[i] = all[start + i];
        }
    }

    function runId(uint8 organisation, bytes32 plan, bytes32 statement) public view returns (bytes32) {
        return keccak256(abi.encode(RUN_TYPEHASH, block.chainid, address(this), organisation, plan, statement));
    }

    // ---- internal ----

    function _commit(Update memory committed) private {
        Run storage target = _openRound(committed.run, committed.round);
        (committed.organisation,) = consortium.authorise(msg.sender, SITE);
        _requireParticipant(committed.run, target, committed.organisation);
        bytes32 expected = _rounds[committed.run][committed.round - 1].aggregate;
        if (committed.base != expected) {
            revert BaseMismatch(committed.run, committed.round, expected, committed.base);
        }
        uint32 number =
            registry.requireUsable(committed.version, committed.organisation, target.purpose, target.openedAt);
        _storeLeaf(committed, number);
    }

    function _storeLeaf(Update memory committed, uint32 number) private {
        mapping(uint8 => bytes32) storage leaves = _leaves[committed.run][committed.round];
        bytes32 present = leaves[committed.organisation];
        if (present != committed.replaces) {
            revert ReplacesMismatch(
                committed.run, committed.round, committed.organisation, present, committed.replaces
            );
        }
        uint256 hash = uint256(keccak256(abi.encode(UPDATE_TYPEHASH, committed)));
        bytes32 stored = bytes32(((hash >> 32) << 32) | number);
        leaves[committed.organisation] = stored;
        emit UpdateCommitted(
            committed.run,
            committed.round,
            committed.organisation,
            committed.account,
            committed.update,
            committed.base,
            committed.version,
            committed.statement,
            committed.replaces,
            stored
        );
    }

    function _close(Run storage target, Closing memory closing) private {
        Round storage previous = _rounds[closing.run][closing.round - 1];
        closing.previous = previous.hash;
        closing.base = previous.aggregate;
        bytes32 hash = keccak256(abi.encode(ROUND_TYPEHASH, closing));
        target.rounds = closing.round;
        if (target.joining != 0) {
            target.participants |= target.joining;
            target.joining = 0;
        }
        _rounds[closing.run][closing.round] = Round(hash, closing.aggregate);
        _origins[closing.aggregate].push(Origin(closing.run, closing.round));
        emit RoundClosed(
            closing.run,
            closing.round,
            closing.aggregate,
            closing.organisation,
            closing.account,
            closing.base,
            closing.participants,
            closing.included,
            closing.leavesHash,
            closing.statement,
            hash
        );
    }

    /// @dev Takes over the parent's lineage; its aggregate is the initial model.
    function _inherit(Run storage opened, Opening calldata opening) private returns (bytes32) {
        Run storage parent = _runs[opening.parentRun];
        uint16 number = opening.parentRound;
        if (opening.origin != 0) revert OriginUnexpected(InitialKind.Parent);
        if (number == 0 || number > parent.rounds) revert ParentInvalid(opening.parentRun, number);
        if (opening.purpose != parent.purpose) revert ParentPurposeMismatch(opening.purpose, parent.purpose);
        Round storage forked = _rounds[opening.parentRun][number];
        if (forked.aggregate != opening.initialModel) {
            revert ParentModelMismatch(opening.initialModel, forked.aggregate);
        }
        uint8 generation = parent.generation + 1;
        if (generation >= MAX_GENERATIONS) revert GenerationLimit(MAX_GENERATIONS);
        opened.generation = generation;
        opened.parentRun = opening.parentRun;
        opened.parentRound = number;
        opened.inheritedEntries = parent.inheritedEntries + parent.inflowEntries;
        return forked.hash;
    }

    function _note(Run storage target, Note memory note) private {
        ++target.notes;
        bytes32 head = keccak256(
            abi.encode(
                NOTE_TYPEHASH,
                target.notesHead,
                note.run,
                note.kind,
                note.round,
                note.organisation,
                msg.sender,
                _now(),
                note.reason,
                note.subject,
                note.statement
            )
        );
        target.notesHead = head;
        emit Noted(
            note.run,
            note.kind,
            note.organisation,
            msg.sender,
            note.round,
            note.reason,
            note.subject,
            note.statement,
            head
        );
    }

    /// @dev Reads each participant's leaf once: fills in the hash of all, compares that of the included with what the
    /// aggregator saw, and collects the versions of the included.
    function _readLeaves(Closing memory closing, bytes32 includedLeaves) private view returns (Used memory used) {
        uint256 foreign = closing.included & ~closing.participants;
        if (foreign != 0) revert NotParticipant(closing.run, uint8(lowestBit(foreign)));
        if (closing.included == 0) revert NothingIncluded(closing.run, closing.round);
        mapping(uint8 => bytes32) storage leaves = _leaves[closing.run][closing.round];
        bytes32[] memory all = new bytes32[](countBits(closing.participants));
        bytes32[] memory taken = new bytes32[](countBits(closing.included));
        used.words = new uint256[](taken.length);
        used.bits = new uint256[](taken.length);
        uint256 rest = closing.participants;
        uint256 filled = 0;
        for (uint256 i = 0; i < all.length; ++i) {
            uint8 organisation = uint8(lowestBit(rest));
            rest &= rest - 1;
            all[i] = leaves[organisation];
            if ((closing.included >> organisation) & 1 == 0) continue;
            if (all[i] == 0) revert IncludedAbsent(closing.run, closing.round, organisation);
            taken[filled++] = all[i];
            _use(used, uint32(uint256(all[i])));
        }
        closing.leavesHash = keccak256(abi.encodePacked(all));
        bytes32 found = keccak256(abi.encodePacked(taken));
        if (found != includedLeaves) revert LeavesChanged(closing.run, closing.round, includedLeaves, found);
    }

    function _requireStanding(Closing memory closing, Used memory used) private view {
        (uint256[] memory words, uint256[] memory bits) = _exact(used);
        uint32 number = registry.firstOffender(words, bits);
        if (number == 0) return;
        revert VersionLostStanding(closing.run, closing.round, _userOf(closing, number), number);
    }

    /// @dev The organisation whose included update used the version; a version belongs to one organisation.
    function _userOf(Closing memory closing, uint32 number) private view returns (uint8 organisation) {
        uint256 rest = closing.included;
        do {
            organisation = uint8(lowestBit(rest));
            rest &= rest - 1;
        } while (uint32(uint256(_leaves[closing.run][closing.round][organisation])) != number);
    }

    function _active(bytes32 id) private view returns (Run storage found) {
        _requireKnown(id);
        found = _runs[id];
        if (found.aborted) revert RunAborted(id, found.abortedAt);
    }

    function _openRound(bytes32 id, uint16 number) private view returns (Run storage found) {
        found = _active(id);
        uint16 open = found.rounds + 1;
        if (number != open) revert RoundNotOpen(id, number, open);
    }

    function _requireRunOrganisation(bytes32 id, Run storage target) private view returns (uint8 organisation) {
        (organisation,) = consortium.authorise(msg.sender, AGGREGATOR);
        if (organisation != target.organisation) revert NotRunOrganisation(id, target.organisation, organisation);
    }

    function _requireParticipant(bytes32 id, Run storage target, uint8 organisation) private view {
        if ((target.participants >> organisation) & 1 == 0) revert NotParticipant(id, organisation);
    }

    function _requireSites(uint256 participants) private view {
        uint256 unknown = participants & ~consortium.members(SITE);
        if (unknown != 0) revert ParticipantUnknown(uint8(lowestBit(unknown)));
    }

    function _requireNoParent(Opening calldata opening) private view {
        if (opening.parentRun != 0 || opening.parentRound != 0) {
            revert ParentInvalid(opening.parentRun, opening.parentRound);
        }
        Origin[] storage recorded = _origins[opening.initialModel];
        if (recorded.length != 0) {
            revert ParentMustBeNamed(opening.initialModel, recorded[0].run, recorded[0].round);
        }
        if (opening.initialKind == InitialKind.External) _requireDigest(opening.origin, 5);
        else if (opening.origin != 0) revert OriginUnexpected(opening.initialKind);
    }

    function _requireOpening(Opening calldata opening) private pure {
        _requireDigest(opening.plan, 0);
        _requireDigest(opening.purpose, 1);
        if (opening.participants == 0) revert NoParticipants();
        _requireDigest(opening.initialModel, 3);
        _requireDigest(opening.statement, 6);
        if (opening.initialKind == InitialKind.None) revert InitialKindInvalid(InitialKind.None);
    }

    /// @dev Adds a version to the words in use.
    function _use(Used memory used, uint32 number) private pure {
        uint256 word = number >> 8;
        uint256 i = 0;
        while (i < used.length && used.words[i] != word) ++i;
        if (i == used.length) used.words[used.length++] = word;
        used.bits[i] |= 1 << (number & 255);
    }

    function _exact(Used memory used) private pure returns (uint256[] memory words, uint256[] memory bits) {
        words = new uint256[](used.length);
        bits = new uint256[](used.length);
        for (uint256 i = 0; i < used.length; ++i) {
            (words[i], bits[i]) = (used.words[i], used.bits[i]);
        }
    }
}
