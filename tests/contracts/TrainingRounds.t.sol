// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AGGREGATOR, REVIEWER, SITE} from "../../contracts/Arguments.sol";
import {IArguments} from "../../contracts/interfaces/IArguments.sol";
import {IConsortium} from "../../contracts/interfaces/IConsortium.sol";
import {IDatasetRegistry} from "../../contracts/interfaces/IDatasetRegistry.sol";
import {ITrainingLedger} from "../../contracts/interfaces/ITrainingLedger.sol";
import {Base, vm} from "./Base.sol";

/// @dev Updates, closing, evaluations and disputes; TrainingRounds.tree lists the behaviours.
contract TrainingRoundsTest is Base {
    bytes32 private constant MODEL_0 = keccak256("model 0");
    bytes32 private constant MODEL_1 = keccak256("model 1");
    bytes32 private constant UPDATE = keccak256("update");

    bytes32 private _run;
    bytes32 private _a;
    bytes32 private _b;

    function setUp() public override {
        super.setUp();
        _a = _approved(SITE_A, keccak256("a"));
        _b = _approved(SITE_B, keccak256("b"));
        _run = _open(keccak256("plan"), _bit(SITE_A) | _bit(SITE_B) | _bit(MIXED));
    }

    // ---- commitUpdate ----

    function test_commitUpdate_argumentsMissing() public {
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 2));
        _send(SITE_A, _run, 1, 0, MODEL_0, _a, NOTE, 0);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 5));
        _send(SITE_A, _run, 1, UPDATE, MODEL_0, _a, 0, 0);
    }

    function test_commitUpdate_unknownRun() public {
        _refused(abi.encodeWithSelector(ITrainingLedger.RunUnknown.selector, NOTE));
        _send(SITE_A, NOTE, 1, UPDATE, MODEL_0, _a, NOTE, 0);
    }

    function test_commitUpdate_onlyTheOpenRound() public {
        uint16[2] memory rounds = [uint16(0), 2];
        for (uint256 i = 0; i < 2; ++i) {
            _refused(abi.encodeWithSelector(ITrainingLedger.RoundNotOpen.selector, _run, rounds[i], 1));
            _send(SITE_A, _run, rounds[i], UPDATE, MODEL_0, _a, NOTE, 0);
        }
        _commit(SITE_A, _run, _a);
        _close(_run, 1, MODEL_1);
        _refused(abi.encodeWithSelector(ITrainingLedger.RoundNotOpen.selector, _run, 1, 2));
        _send(SITE_B, _run, 1, UPDATE, MODEL_0, _b, NOTE, 0);
    }

    function test_commitUpdate_notASite() public {
        _refused(abi.encodeWithSelector(IConsortium.RoleMissing.selector, _account(CENTRE), AGGREGATOR, SITE));
        _send(CENTRE, _run, 1, UPDATE, MODEL_0, _a, NOTE, 0);
    }

    function test_commitUpdate_anAccountThatMayNotActNow() public {
        vm.prank(ADMIN);
        consortium.suspend(SITE_A, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.OrganisationIsSuspended.selector, SITE_A));
        _send(SITE_A, _run, 1, UPDATE, MODEL_0, _a, NOTE, 0);
        vm.prank(ADMIN);
        consortium.markCompromised(_account(SITE_B), START, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.AccountIsCompromised.selector, _account(SITE_B), START));
        _send(SITE_B, _run, 1, UPDATE, MODEL_0, _b, NOTE, 0);
    }

    function test_commitUpdate_ethicsExpired() public {
        vm.warp(EXPIRY);
        _refused(abi.encodeWithSelector(IDatasetRegistry.EthicsExpired.selector, _a, EXPIRY, EXPIRY));
        _send(SITE_A, _run, 1, UPDATE, MODEL_0, _a, NOTE, 0);
    }

    function test_commitUpdate_notAParticipant() public {
        _admit(9, SITE);
        bytes32 version = _approved(9, keccak256("nine"));
        _refused(abi.encodeWithSelector(ITrainingLedger.NotParticipant.selector, _run, 9));
        _send(9, _run, 1, UPDATE, MODEL_0, version, NOTE, 0);
    }

    function test_commitUpdate_otherBase() public {
        _refused(abi.encodeWithSelector(ITrainingLedger.BaseMismatch.selector, _run, 1, MODEL_0, NOTE));
        _send(SITE_A, _run, 1, UPDATE, NOTE, _a, NOTE, 0);
    }

    function test_commitUpdate_anothersVersion() public {
        _refused(abi.encodeWithSelector(IDatasetRegistry.NotOwnVersion.selector, _b, SITE_B, SITE_A));
        _send(SITE_A, _run, 1, UPDATE, MODEL_0, _b, NOTE, 0);
    }

    function test_commitUpdate_otherPurpose() public {
        IDatasetRegistry.Registration memory registration = _registration(keccak256("other purpose"));
        registration.purpose = NOTE;
        vm.prank(_account(SITE_A));
        (bytes32 other,) = registry.register(registration);
        _approve(REVIEWER_1, other);
        _refused(abi.encodeWithSelector(IDatasetRegistry.PurposeMismatch.selector, other, NOTE, PURPOSE));
        _send(SITE_A, _run, 1, UPDATE, MODEL_0, other, NOTE, 0);
    }

    function test_commitUpdate_supersededVersionOnlyInAnOlderRun() public {
        vm.warp(START + 1);
        bytes32 newer = _register(SITE_A, keccak256("newer"));
        vm.prank(_account(SITE_A));
        registry.supersede(_a, newer, 1, NOTE);
        bytes32 later = _open(keccak256("later plan"), 1);
        _refused(abi.encodeWithSelector(IDatasetRegistry.NotApproved.selector, _a, 10));
        _send(SITE_A, later, 1, UPDATE, MODEL_0, _a, NOTE, 0);
        _commit(SITE_A, _run, _a);
        _close(_run, 1, MODEL_1);
    }

    function test_commitUpdate_replaces() public {
        _refused(
            abi.encodeWithSelector(ITrainingLedger.ReplacesMismatch.selector, _run, 1, SITE_A, bytes32(0), NOTE)
        );
        _send(SITE_A, _run, 1, UPDATE, MODEL_0, _a, NOTE, NOTE);
        _commit(SITE_A, _run, _a);
        bytes32 first = training.leaf(_run, 1, SITE_A);
        _refused(
            abi.encodeWithSelector(
                ITrainingLedger.ReplacesMismatch.selector, _run, 1, SITE_A, first, bytes32(0)
            )
        );
        _send(SITE_A, _run, 1, UPDATE, MODEL_0, _a, NOTE, 0);
        _send(SITE_A, _run, 1, keccak256("better"), MODEL_0, _a, NOTE, first);
        _eq(training.leaf(_run, 1, SITE_A), _leaf(keccak256("better"), first));
    }

    function test_commitUpdate_leafBindsAllFieldsAndTheNumber() public {
        vm.warp(START + 77);
        _commit(SITE_A, _run, _a);
        bytes32 found = training.leaf(_run, 1, SITE_A);
        _eq(found, _leaf(UPDATE, 0));
        _eq(uint32(uint256(found)), 1);
        _commit(SITE_B, _run, _b);
        _eq(uint32(uint256(training.leaf(_run, 1, SITE_B))), 2);
    }

    // ---- closeRound ----

    function test_closeRound_argumentsMissing() public {
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 2));
        _sendClose(CENTRE, 1, 0, 1, NOTE, NOTE);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 5));
        _sendClose(CENTRE, 1, MODEL_1, 1, NOTE, 0);
    }

    function test_closeRound_onlyTheOpenRound() public {
        _refused(abi.encodeWithSelector(ITrainingLedger.RoundNotOpen.selector, _run, 2, 1));
        _sendClose(CENTRE, 2, MODEL_1, 1, NOTE, NOTE);
        _refused(abi.encodeWithSelector(ITrainingLedger.RoundNotOpen.selector, _run, 0, 1));
        _sendClose(CENTRE, 0, MODEL_1, 1, NOTE, NOTE);
    }

    function test_closeRound_notTheRunsOrganisation() public {
        _refused(abi.encodeWithSelector(ITrainingLedger.NotRunOrganisation.selector, _run, CENTRE, MIXED));
        _sendClose(MIXED, 1, MODEL_1, 1, NOTE, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.RoleMissing.selector, _account(SITE_A), SITE, AGGREGATOR));
        _sendClose(SITE_A, 1, MODEL_1, 1, NOTE, NOTE);
    }

    function test_closeRound_nothingIncluded() public {
        _refused(abi.encodeWithSelector(ITrainingLedger.NothingIncluded.selector, _run, 1));
        _sendClose(CENTRE, 1, MODEL_1, 0, keccak256(""), NOTE);
    }

    function test_closeRound_includedButNoParticipant() public {
        _commit(SITE_A, _run, _a);
        _refused(abi.encodeWithSelector(ITrainingLedger.NotParticipant.selector, _run, REVIEWER_1));
        _sendClose(CENTRE, 1, MODEL_1, 1 | _bit(REVIEWER_1), NOTE, NOTE);
    }

    function test_closeRound_includedButAbsent() public {
        _commit(SITE_A, _run, _a);
        _refused(abi.encodeWithSelector(ITrainingLedger.IncludedAbsent.selector, _run, 1, SITE_B));
        _sendClose(CENTRE, 1, MODEL_1, 3, NOTE, NOTE);
    }

    function test_closeRound_anUpdateReplacedMeanwhileIsNotClosedOverUnread() public {
        _commit(SITE_A, _run, _a);
        bytes32 read = training.leavesHash(_run, 1, 1);
        vm.warp(START + 1);
        _commit(SITE_A, _run, _a);
        bytes32 present = training.leavesHash(_run, 1, 1);
        _refused(abi.encodeWithSelector(ITrainingLedger.LeavesChanged.selector, _run, 1, read, present));
        _sendClose(CENTRE, 1, MODEL_1, 1, read, NOTE);
    }

    function test_closeRound_aSiteThatKeepsReplacingCanBeLeftOut() public {
        _commit(SITE_A, _run, _a);
        _commit(SITE_B, _run, _b);
        bytes32 read = training.leavesHash(_run, 1, 1);
        _commit(SITE_B, _run, _b);
        _sendClose(CENTRE, 1, MODEL_1, 1, read, NOTE);
        _eq(training.run(_run).rounds, 1);
    }

    function test_closeRound_namesAnOffenderThatCanBeLeftOut() public {
        _commit(SITE_A, _run, _a);
        _commit(SITE_B, _run, _b);
        _revoke(REVIEWER_1, _b);
        bytes32 leaves = training.leavesHash(_run, 1, 3);
        _refused(abi.encodeWithSelector(ITrainingLedger.VersionLostStanding.selector, _run, 1, SITE_B, 2));
        _sendClose(CENTRE, 1, MODEL_1, 3, leaves, NOTE);
        _close(_run, 1, MODEL_1);
        (uint256[] memory words, uint256[] memory bits) = training.inflow(_run, 1);
        _eq(words.length, 1);
        _eq(bits[0], 2);
    }

    function test_closeRound_aRetiredVersionStaysIn() public {
        _commit(SITE_A, _run, _a);
        vm.prank(_account(SITE_A));
        registry.retire(_a, 1, NOTE);
        _close(_run, 1, MODEL_1);
        _eq(training.round(_run, 1).aggregate, MODEL_1);
    }

    function test_closeRound_hashBindsRoundAndAbsences() public {
        _commit(SITE_A, _run, _a);
        _commit(SITE_B, _run, _b);
        vm.warp(START + 33);
        bytes32 previous = training.round(_run, 0).hash;
        bytes memory leaves =
            abi.encode(training.leaf(_run, 1, SITE_A), training.leaf(_run, 1, SITE_B), bytes32(0));
        _close(_run, _bit(SITE_B), MODEL_1);
        bytes32 typeHash = keccak256(
            "Round(bytes32 previous,bytes32 run,uint16 round,bytes32 base,bytes32 aggregate,uint256 participants,uint256 included,uint8 organisation,address account,uint40 time,bytes32 leavesHash,bytes32 statement)"
        );
        uint256 participants = _bit(SITE_A) | _bit(SITE_B) | _bit(MIXED);
        bytes memory head = abi.encode(typeHash, previous, _run, 1, MODEL_0, MODEL_1, participants, 2);
        bytes memory tail = abi.encode(CENTRE, _account(CENTRE), START + 33, keccak256(leaves), NOTE);
        _eq(training.round(_run, 1).hash, keccak256(bytes.concat(head, tail)));
    }

    function test_closeRound_recordsOrigins() public {
        _commit(SITE_A, _run, _a);
        _close(_run, 1, MODEL_1);
        _commit(SITE_A, _run, _a);
        _close(_run, 1, MODEL_1);
        _eq(training.originCount(MODEL_1), 2);
        ITrainingLedger.Origin[] memory page = training.origins(MODEL_1, 1, 5);
        _eq(page.length, 1);
        _eq(page[0].run, _run);
        _eq(page[0].round, 2);
        _eq(training.origins(MODEL_1, 0, 1).length, 1);
        _eq(training.origins(MODEL_1, 0, 1)[0].round, 1);
        _eq(training.origins(MODEL_1, 2, 5).length, 0);
        _eq(training.origins(MODEL_1, 3, 5).length, 0);
        _eq(training.originCount(MODEL_0), 0);
    }

    // ---- inflow ----

    function test_inflow_upToARound() public {
        _commit(SITE_A, _run, _a);
        _close(_run, 1, MODEL_1);
        _commit(SITE_A, _run, _a);
        _commit(SITE_B, _run, _b);
        _close(_run, 3, keccak256("model 2"));
        _commit(SITE_B, _run, _b);
        _close(_run, 2, keccak256("model 3"));
        _eq(_inflow(_run, 0), 0);
        _eq(_inflow(_run, 1), 2);
        _eq(_inflow(_run, 2), 6);
        _eq(_inflow(_run, 3), 6);
        _commit(SITE_A, _run, _a);
        _close(_run, 1, keccak256("model 4"));
        _eq(_inflow(_run, 4), 6);
        _eq(training.run(_run).inflowEntries, 2);
    }

    function test_inflow_versionsOfOneWordAreOneEntry() public {
        _commit(SITE_A, _run, _a);
        _commit(SITE_B, _run, _b);
        _close(_run, 3, MODEL_1);
        _eq(training.run(_run).inflowEntries, 1);
        _eq(_inflow(_run, 1), 6);
    }

    function test_inflow_ofAncestorsUpToTheFork() public {
        _commit(SITE_A, _run, _a);
        _close(_run, 1, MODEL_1);
        _commit(SITE_B, _run, _b);
        _close(_run, 2, keccak256("model 2"));
        bytes32 early = _fork(keccak256("early"), _run, 1);
        bytes32 late = _fork(keccak256("late"), _run, 2);
        _eq(_inflow(early, 0), 2);
        _eq(_inflow(late, 0), 6);
    }

    function test_inflow_refusals() public {
        _refused(abi.encodeWithSelector(ITrainingLedger.RunUnknown.selector, NOTE));
        training.inflow(NOTE, 0);
        _refused(abi.encodeWithSelector(ITrainingLedger.RoundNotClosed.selector, _run, 1, 0));
        training.inflow(_run, 1);
    }

    // ---- commitEvaluation ----

    function test_commitEvaluation_refusals() public {
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 3));
        _evaluate(SITE_A, _run, 1, _a, 0);
        _refused(abi.encodeWithSelector(ITrainingLedger.RunUnknown.selector, NOTE));
        _evaluate(SITE_A, NOTE, 1, _a, NOTE);
        _refused(abi.encodeWithSelector(ITrainingLedger.RoundNotClosed.selector, _run, 0, 0));
        _evaluate(SITE_A, _run, 0, _a, NOTE);
        _refused(abi.encodeWithSelector(ITrainingLedger.RoundNotClosed.selector, _run, 1, 0));
        _evaluate(SITE_A, _run, 1, _a, NOTE);
        _commit(SITE_A, _run, _a);
        _close(_run, 1, MODEL_1);
        _refused(
            abi.encodeWithSelector(IConsortium.RoleMissing.selector, _account(REVIEWER_1), REVIEWER, SITE)
        );
        _evaluate(REVIEWER_1, _run, 1, _a, NOTE);
        _refused(abi.encodeWithSelector(IDatasetRegistry.NotOwnVersion.selector, _a, SITE_A, SITE_B));
        _evaluate(SITE_B, _run, 1, _a, NOTE);
    }

    function test_commitEvaluation_isNoInput() public {
        _commit(SITE_A, _run, _a);
        _close(_run, 1, MODEL_1);
        _admit(9, SITE);
        bytes32 version = _approved(9, keccak256("held out"));
        vm.warp(START + 5);
        _evaluate(9, _run, 1, version, NOTE);
        _eq(_inflow(_run, 1), 2);
        _eq(training.run(_run).notes, 1);
        _eq(training.run(_run).notesHead, _noted(0, 3, 1, 9, 0, version));
    }

    // ---- dispute ----

    function test_dispute_refusals() public {
        _refused(abi.encodeWithSelector(IArguments.ReasonMissing.selector));
        _dispute(SITE_A, _run, 1, 0, NOTE);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 3));
        _dispute(SITE_A, _run, 1, 1, 0);
        _refused(abi.encodeWithSelector(ITrainingLedger.RunUnknown.selector, NOTE));
        _dispute(SITE_A, NOTE, 1, 1, NOTE);
        _refused(abi.encodeWithSelector(ITrainingLedger.RoundNotOpen.selector, _run, 0, 1));
        _dispute(SITE_A, _run, 0, 1, NOTE);
        _refused(abi.encodeWithSelector(ITrainingLedger.RoundNotOpen.selector, _run, 2, 1));
        _dispute(SITE_A, _run, 2, 1, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.RoleMissing.selector, _account(CENTRE), AGGREGATOR, SITE));
        _dispute(CENTRE, _run, 1, 1, NOTE);
        _admit(9, SITE);
        _refused(abi.encodeWithSelector(ITrainingLedger.NotParticipant.selector, _run, 9));
        _dispute(9, _run, 1, 1, NOTE);
    }

    function test_dispute_changesNothingAndIsKept() public {
        _commit(SITE_A, _run, _a);
        _close(_run, 1, MODEL_1);
        bytes32 hash = training.round(_run, 1).hash;
        _dispute(SITE_B, _run, 1, 2, NOTE);
        bytes32 head = _noted(0, 4, 1, SITE_B, 2, 0);
        _eq(training.run(_run).notesHead, head);
        _dispute(SITE_A, _run, 2, 1, NOTE);
        _eq(training.run(_run).notesHead, _noted(head, 4, 2, SITE_A, 1, 0));
        _eq(training.run(_run).notes, 2);
        _eq(training.round(_run, 1).hash, hash);
    }

    function test_notes_ofJoiningAndAborting() public {
        _admit(9, SITE);
        vm.prank(_account(CENTRE));
        training.addParticipants(_run, _bit(9), NOTE);
        bytes32 head = _noted(0, 1, 2, CENTRE, 0, bytes32(_bit(9)));
        _eq(training.run(_run).notesHead, head);
        vm.prank(_account(CENTRE));
        training.abortRun(_run, 5, NOTE);
        _eq(training.run(_run).notesHead, _noted(head, 2, 0, CENTRE, 5, 0));
        _dispute(SITE_A, _run, 1, 1, NOTE);
        _eq(training.run(_run).notes, 3);
    }

    // ---- helpers ----

    function _send(
        uint8 organisation,
        bytes32 run,
        uint16 round,
        bytes32 update,
        bytes32 base,
        bytes32 version,
        bytes32 statement,
        bytes32 replaces
    ) private {
        vm.prank(_account(organisation));
        training.commitUpdate(run, round, update, base, version, statement, replaces);
    }

    function _sendClose(
        uint8 organisation,
        uint16 round,
        bytes32 aggregate,
        uint256 included,
        bytes32 leaves,
        bytes32 statement
    ) private {
        vm.prank(_account(organisation));
        training.closeRound(_run, round, aggregate, included, leaves, statement);
    }

    function _evaluate(uint8 organisation, bytes32 run, uint16 round, bytes32 version, bytes32 statement) private {
        vm.prank(_account(organisation));
        training.commitEvaluation(run, round, version, statement);
    }

    function _dispute(uint8 organisation, bytes32 run, uint16 round, uint8 reason, bytes32 statement) private {
        vm.prank(_account(organisation));
        training.dispute(run, round, reason, statement);
    }

    /// @dev All bits that flowed in, when all versions are in word 0.
    function _inflow(bytes32 run, uint16 round) private view returns (uint256 all) {
        (uint256[] memory words, uint256[] memory bits) = training.inflow(run, round);
        for (uint256 i = 0; i < words.length; ++i) {
            _eq(words[i], 0);
            all |= bits[i];
        }
    }

    /// @dev Leaf of site A's update in round 1, now.
    function _leaf(bytes32 update, bytes32 replaces) private view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Update(bytes32 run,uint16 round,uint8 organisation,address account,uint40 time,bytes32 update,bytes32 base,bytes32 version,bytes32 statement,bytes32 replaces)"
        );
        bytes memory head = abi.encode(typeHash, _run, 1, SITE_A, _account(SITE_A), block.timestamp);
        bytes memory tail = abi.encode(update, MODEL_0, _a, NOTE, replaces);
        uint256 hash = uint256(keccak256(bytes.concat(head, tail)));
        return bytes32(hash - (hash & type(uint32).max) + 1);
    }

    function _noted(bytes32 previous, uint8 kind, uint16 round, uint8 organisation, uint8 reason, bytes32 subject)
        private
        view
        returns (bytes32)
    {
        bytes32 typeHash = keccak256(
            "Note(bytes32 previous,bytes32 run,uint8 kind,uint16 round,uint8 organisation,address account,uint40 time,uint8 reason,bytes32 subject,bytes32 statement)"
        );
        bytes memory head = abi.encode(typeHash, previous, _run, kind, round, organisation);
        bytes memory tail = abi.encode(_account(organisation), block.timestamp, reason, subject, NOTE);
        return keccak256(bytes.concat(head, tail));
    }
}
