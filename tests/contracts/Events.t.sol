// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SITE} from "../../contracts/Arguments.sol";
import {Consortium} from "../../contracts/Consortium.sol";
import {IConsortium} from "../../contracts/interfaces/IConsortium.sol";
import {IDatasetRegistry} from "../../contracts/interfaces/IDatasetRegistry.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {ITrainingLedger} from "../../contracts/interfaces/ITrainingLedger.sol";
import {Base, Vm, vm} from "./Base.sol";

/// @dev What each act announces, to the last field, and that it announces nothing else; Events.tree lists them.
/// A test acts first, then emits what it expects; the logs of both halves must agree.
contract EventsTest is Base {
    address private constant NEW = address(0xC1);
    bytes32 private constant DATA = keccak256("data");
    bytes32 private constant FILE = keccak256("file");
    bytes32 private constant AGGREGATE = keccak256("aggregate");

    // ---- Consortium ----

    function test_constructor_firstAdmin() public {
        vm.recordLogs();
        Consortium made = new Consortium(NEW, 1, DELAY);
        emit IConsortium.AdminChanged(address(0), NEW);
        _announcedBy(address(made));
    }

    function test_admin_twoSteps() public {
        vm.recordLogs();
        vm.prank(ADMIN);
        consortium.proposeAdmin(NEW);
        vm.prank(NEW);
        consortium.acceptAdmin();
        emit IConsortium.AdminProposed(ADMIN, NEW);
        emit IConsortium.AdminChanged(ADMIN, NEW);
        _announcedBy(address(consortium));
    }

    function test_organisation_admittedSuspendedResumed() public {
        vm.recordLogs();
        vm.prank(ADMIN);
        consortium.admit(9, SITE, NEW, keccak256("record"), NOTE);
        vm.prank(NEW);
        consortium.acceptRoot(9);
        vm.prank(ADMIN);
        consortium.suspend(9, keccak256("why"));
        vm.prank(ADMIN);
        consortium.resume(9, keccak256("why not"));
        emit IConsortium.OrganisationAdmitted(9, NEW, SITE, keccak256("record"), NOTE);
        emit IConsortium.RootAccepted(9, NEW, address(0));
        emit IConsortium.OrganisationSuspended(9, keccak256("why"));
        emit IConsortium.OrganisationResumed(9, keccak256("why not"));
        _announcedBy(address(consortium));
    }

    function test_root_proposedCancelledReplaced() public {
        vm.recordLogs();
        vm.prank(ADMIN);
        consortium.proposeRoot(SITE_A, NEW, NOTE);
        vm.prank(_root(SITE_A));
        consortium.cancelRoot(SITE_A);
        vm.prank(_root(SITE_A));
        consortium.proposeRoot(SITE_A, NEW, NOTE);
        vm.prank(NEW);
        consortium.acceptRoot(SITE_A);
        emit IConsortium.RootProposed(SITE_A, NEW, ADMIN, START + DELAY, NOTE);
        emit IConsortium.RootProposalCancelled(SITE_A, NEW, _root(SITE_A));
        emit IConsortium.RootProposed(SITE_A, NEW, _root(SITE_A), START, NOTE);
        emit IConsortium.RootAccepted(SITE_A, NEW, _root(SITE_A));
        _announcedBy(address(consortium));
    }

    function test_account_offeredWithdrawnAcceptedEnded() public {
        vm.recordLogs();
        vm.prank(_root(SITE_A));
        consortium.enrol(SITE_A, NEW, SITE, NOTE);
        vm.prank(_root(SITE_A));
        consortium.withdrawEnrolment(SITE_A, NEW);
        _enrol(SITE_A, NEW, SITE);
        vm.prank(_root(SITE_A));
        consortium.endAccount(NEW, START + 9, NOTE);
        emit IConsortium.AccountEnrolled(SITE_A, NEW, SITE, NOTE);
        emit IConsortium.EnrolmentWithdrawn(SITE_A, NEW);
        emit IConsortium.AccountEnrolled(SITE_A, NEW, SITE, NOTE);
        emit IConsortium.AccountAccepted(SITE_A, NEW, SITE);
        emit IConsortium.AccountEnded(SITE_A, NEW, START + 9, NOTE);
        _announcedBy(address(consortium));
    }

    function test_markCompromised_cancelsAProposalOnlyIfThereIsOne() public {
        vm.recordLogs();
        vm.prank(ADMIN);
        consortium.markCompromised(_account(SITE_A), START, NOTE);
        vm.prank(ADMIN);
        consortium.markCompromised(_root(SITE_A), START, NOTE);
        vm.prank(ADMIN);
        consortium.proposeRoot(SITE_B, NEW, NOTE);
        vm.prank(_root(SITE_B));
        consortium.markCompromised(_root(SITE_B), START - 1, NOTE);
        emit IConsortium.AccountCompromised(SITE_A, _account(SITE_A), START, ADMIN, NOTE);
        emit IConsortium.AccountCompromised(SITE_A, _root(SITE_A), START, ADMIN, NOTE);
        emit IConsortium.RootProposed(SITE_B, NEW, ADMIN, START + DELAY, NOTE);
        emit IConsortium.RootProposalCancelled(SITE_B, NEW, _root(SITE_B));
        emit IConsortium.AccountCompromised(SITE_B, _root(SITE_B), START - 1, _root(SITE_B), NOTE);
        _announcedBy(address(consortium));
    }

    function test_ruleSet_acceptedFromNowAndEnded() public {
        vm.recordLogs();
        vm.prank(ADMIN);
        consortium.acceptRuleSet(DATA, 5, START - 7, START + 90, NOTE);
        vm.prank(ADMIN);
        consortium.endRuleSet(DATA, START - 7, NOTE);
        emit IConsortium.RuleSetAccepted(DATA, 5, START, START + 90, NOTE);
        emit IConsortium.RuleSetEnded(DATA, START + 1, NOTE);
        _announcedBy(address(consortium));
    }

    // ---- DatasetRegistry ----

    function test_version_registeredAndEachDecision() public {
        vm.recordLogs();
        bytes32 id = _register(SITE_A, DATA);
        bytes32 newer = _register(SITE_A, FILE);
        _approve(REVIEWER_1, id);
        _decide(SITE_A, abi.encodeCall(registry.supersede, (id, newer, 11, keccak256("supersede"))));
        _decide(SITE_A, abi.encodeCall(registry.retire, (id, 12, keccak256("retire"))));
        _decide(SITE_A, abi.encodeCall(registry.revoke, (id, 13, keccak256("revoke"))));
        _decide(REVIEWER_1, abi.encodeCall(registry.reinstate, (id, 14, keccak256("first"))));
        _decide(REVIEWER_2, abi.encodeCall(registry.reinstate, (id, 15, keccak256("second"))));
        _decide(REVIEWER_3, abi.encodeCall(registry.reject, (newer, 16, keccak256("reject"))));
        emit IDatasetRegistry.VersionRegistered(id, 1, SITE_A, _account(SITE_A), _registration(DATA));
        emit IDatasetRegistry.VersionRegistered(newer, 2, SITE_A, _account(SITE_A), _registration(FILE));
        _decided(id, IDatasetRegistry.DecisionKind.Approve, REVIEWER_1, 0, 2, NOTE);
        emit IDatasetRegistry.Decided(
            id,
            IDatasetRegistry.DecisionKind.Supersede,
            SITE_A,
            _account(SITE_A),
            11,
            2 + 8,
            newer,
            keccak256("supersede")
        );
        _decided(id, IDatasetRegistry.DecisionKind.Retire, SITE_A, 12, 2 + 8 + 16, keccak256("retire"));
        _decided(id, IDatasetRegistry.DecisionKind.Revoke, SITE_A, 13, 2 + 4 + 8 + 16, keccak256("revoke"));
        _decided(id, IDatasetRegistry.DecisionKind.Reinstate, REVIEWER_1, 14, 2 + 4 + 8 + 16 + 32, keccak256("first"));
        _decided(id, IDatasetRegistry.DecisionKind.Reinstate, REVIEWER_2, 15, 2 + 8 + 16, keccak256("second"));
        _decided(newer, IDatasetRegistry.DecisionKind.Reject, REVIEWER_3, 16, 1, keccak256("reject"));
        _announcedBy(address(registry));
    }

    // ---- TrainingLedger ----

    function test_run_openedAndEachNote() public {
        bytes32 version = _approved(SITE_A, DATA);
        ITrainingLedger.Opening memory opening = _opening(keccak256("plan"), _bit(SITE_A));
        bytes32[5] memory heads;
        vm.recordLogs();
        bytes32 run = _open(opening);
        vm.prank(_account(CENTRE));
        training.addParticipants(run, _bit(SITE_B), keccak256("add"));
        heads[0] = training.run(run).notesHead;
        _commit(SITE_A, run, version);
        _close(run, _bit(SITE_A), AGGREGATE);
        vm.prank(_account(SITE_A));
        training.commitEvaluation(run, 1, version, keccak256("test"));
        heads[1] = training.run(run).notesHead;
        vm.prank(_account(SITE_B));
        training.dispute(run, 2, 21, keccak256("dispute"));
        heads[2] = training.run(run).notesHead;
        vm.prank(_account(CENTRE));
        training.abortRun(run, 22, keccak256("abort"));
        heads[3] = training.run(run).notesHead;
        emit ITrainingLedger.RunOpened(
            run, CENTRE, keccak256("plan"), _account(CENTRE), opening, training.round(run, 0).hash
        );
        _noted(run, 1, CENTRE, 2, 0, bytes32(_bit(SITE_B)), keccak256("add"), heads[0]);
        _updated(run, version, 0);
        _closed(run, _bit(SITE_A), _bit(SITE_A));
        _noted(run, 3, SITE_A, 1, 0, version, keccak256("test"), heads[1]);
        _noted(run, 4, SITE_B, 2, 21, 0, keccak256("dispute"), heads[2]);
        _noted(run, 2, CENTRE, 1, 22, 0, keccak256("abort"), heads[3]);
        _announcedBy(address(training));
    }

    function test_update_committedAndReplaced() public {
        bytes32 version = _approved(SITE_A, DATA);
        bytes32 run = _open(keccak256("plan"), _bit(SITE_A) | _bit(SITE_B));
        vm.recordLogs();
        _commit(SITE_A, run, version);
        bytes32 first = training.leaf(run, 1, SITE_A);
        vm.warp(START + 1);
        _commit(SITE_A, run, version);
        _close(run, _bit(SITE_A), AGGREGATE);
        emit ITrainingLedger.UpdateCommitted(
            run, 1, SITE_A, _account(SITE_A), keccak256("update"), keccak256("model 0"), version, NOTE, 0, first
        );
        _updated(run, version, first);
        _closed(run, _bit(SITE_A) | _bit(SITE_B), _bit(SITE_A));
        _announcedBy(address(training));
    }

    // ---- ModelRegistry ----

    function test_release_releasedAndWithdrawn() public {
        bytes32 version = _approved(SITE_A, DATA);
        bytes32 run = _open(keccak256("plan"), _bit(SITE_A));
        _commit(SITE_A, run, version);
        _close(run, _bit(SITE_A), AGGREGATE);
        vm.recordLogs();
        bytes32 id = _release(run, 1, FILE);
        vm.prank(_account(AUTHORITY));
        models.withdraw(id, 31, keccak256("withdraw"));
        emit IModelRegistry.Released(
            id, AGGREGATE, FILE, AUTHORITY, _account(AUTHORITY), run, 1, keccak256("card"), NOTE
        );
        emit IModelRegistry.Withdrawn(id, AUTHORITY, _account(AUTHORITY), 31, keccak256("withdraw"));
        _announcedBy(address(models));
    }

    // ---- expectations ----

    function _decide(uint8 organisation, bytes memory act) private {
        vm.prank(_account(organisation));
        (bool done,) = address(registry).call(act);
        _true(done);
    }

    function _decided(
        bytes32 id,
        IDatasetRegistry.DecisionKind kind,
        uint8 organisation,
        uint8 reason,
        uint8 flags,
        bytes32 statement
    ) private {
        emit IDatasetRegistry.Decided(id, kind, organisation, _account(organisation), reason, flags, 0, statement);
    }

    function _updated(bytes32 run, bytes32 version, bytes32 replaces) private {
        emit ITrainingLedger.UpdateCommitted(
            run,
            1,
            SITE_A,
            _account(SITE_A),
            keccak256("update"),
            keccak256("model 0"),
            version,
            NOTE,
            replaces,
            training.leaf(run, 1, SITE_A)
        );
    }

    /// @dev Round 1 of a run in which site A alone has committed.
    function _closed(bytes32 run, uint256 participants, uint256 included) private {
        bytes32 leaf = training.leaf(run, 1, SITE_A);
        bytes memory leaves = participants == included ? abi.encode(leaf) : abi.encode(leaf, bytes32(0));
        _closed(run, participants, included, keccak256(leaves));
    }

    function _closed(bytes32 run, uint256 participants, uint256 included, bytes32 leavesHash) private {
        bytes32 hash = training.round(run, 1).hash;
        emit ITrainingLedger.RoundClosed(
            run,
            1,
            AGGREGATE,
            CENTRE,
            _account(CENTRE),
            keccak256("model 0"),
            participants,
            included,
            leavesHash,
            NOTE,
            hash
        );
    }

    function _noted(
        bytes32 run,
        uint8 kind,
        uint8 organisation,
        uint16 round,
        uint8 reason,
        bytes32 subject,
        bytes32 statement,
        bytes32 head
    ) private {
        ITrainingLedger.NoteKind named = ITrainingLedger.NoteKind(kind);
        address account = _account(organisation);
        emit ITrainingLedger.Noted(run, named, organisation, account, round, reason, subject, statement, head);
    }

    function _announcedBy(address emitter) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 half = logs.length / 2;
        _eq(logs.length, 2 * half);
        for (uint256 i = 0; i < half; ++i) {
            _eq(logs[i].emitter, emitter);
            _eq(logs[half + i].emitter, address(this));
            _eq(keccak256(abi.encode(logs[i].topics)), keccak256(abi.encode(logs[half + i].topics)));
            _eq(keccak256(logs[i].data), keccak256(logs[half + i].data));
        }
    }
}
