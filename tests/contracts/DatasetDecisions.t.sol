// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AGGREGATOR, RELEASER, REVIEWER, SITE} from "../../contracts/Arguments.sol";
import {IArguments} from "../../contracts/interfaces/IArguments.sol";
import {IConsortium} from "../../contracts/interfaces/IConsortium.sol";
import {IDatasetRegistry} from "../../contracts/interfaces/IDatasetRegistry.sol";
import {Base, vm} from "./Base.sol";

/// @dev Decisions on a version; DatasetDecisions.tree lists the behaviours.
contract DatasetDecisionsTest is Base {
    uint8 private constant REJECTED = 1;
    uint8 private constant APPROVED = 2;
    uint8 private constant REVOKED = 4;
    uint8 private constant SUPERSEDED = 8;
    uint8 private constant RETIRED = 16;
    uint8 private constant REINSTATING = 32;

    bytes32 private _id;

    function setUp() public override {
        super.setUp();
        _id = _register(SITE_A, keccak256("commitment"));
    }

    // ---- what every decision asks for ----

    function test_decision_reasonMissing() public {
        bytes[5] memory acts = _acts(0, NOTE);
        for (uint256 i = 0; i < acts.length; ++i) {
            _refusedCall(acts[i], _account(MIXED), abi.encodeWithSelector(IArguments.ReasonMissing.selector));
        }
    }

    function test_decision_statementMissing() public {
        bytes[5] memory acts = _acts(1, 0);
        for (uint256 i = 0; i < acts.length; ++i) {
            uint8 position = i == 2 ? 3 : 2;
            bytes memory refusal = abi.encodeWithSelector(IArguments.ZeroDigest.selector, position);
            _refusedCall(acts[i], _account(MIXED), refusal);
        }
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 3));
        vm.prank(_account(REVIEWER_1));
        registry.approve(_id, QC, RULES, 0);
    }

    function test_decision_unknownVersion() public {
        _id = keccak256("nothing");
        bytes[5] memory acts = _acts(1, NOTE);
        bytes memory refusal = abi.encodeWithSelector(IDatasetRegistry.VersionUnknown.selector, _id);
        for (uint256 i = 0; i < acts.length; ++i) {
            _refusedCall(acts[i], _account(MIXED), refusal);
        }
        _refused(refusal);
        _approve(REVIEWER_1, _id);
    }

    function test_decision_bindsEverythingInOrder() public {
        IDatasetRegistry.Version memory found = registry.version(_id);
        _eq(found.decisions, 0);
        vm.warp(START + 5);
        _approve(REVIEWER_1, _id);
        bytes32 head = _decided(found.history, 1, REVIEWER_1, 0, 0);
        _eq(registry.version(_id).history, head);
        vm.warp(START + 6);
        _revoke(SITE_A, _id);
        head = _decided(head, 3, SITE_A, 1, 0);
        _eq(registry.version(_id).history, head);
        _eq(registry.version(_id).decisions, 2);
        bytes32 successor = _register(SITE_A, keccak256("newer"));
        _supersede(SITE_A, successor);
        _eq(registry.version(_id).history, _decided(head, 5, SITE_A, 1, successor));
    }

    // ---- approve ----

    function test_approve_ownVersion() public {
        bytes32 own = _register(MIXED, keccak256("mixed"));
        _refused(abi.encodeWithSelector(IDatasetRegistry.OwnVersion.selector, own, MIXED));
        _approve(MIXED, own);
    }

    function test_approve_notAReviewer() public {
        _refused(abi.encodeWithSelector(IConsortium.RoleMissing.selector, _account(SITE_B), SITE, REVIEWER));
        _approve(SITE_B, _id);
    }

    function test_approve_qcFailed() public {
        IDatasetRegistry.Registration memory registration = _registration(keccak256("failed"));
        registration.qcPassed = false;
        vm.prank(_account(SITE_A));
        (bytes32 failed,) = registry.register(registration);
        _refused(abi.encodeWithSelector(IDatasetRegistry.QcFailed.selector, failed));
        _approve(REVIEWER_1, failed);
    }

    function test_approve_otherReportOrRuleSet() public {
        bytes32 expected = keccak256(abi.encode(QC, RULES));
        bytes32 found = keccak256(abi.encode(NOTE, RULES));
        _refused(abi.encodeWithSelector(IDatasetRegistry.BasisMismatch.selector, _id, expected, found));
        vm.prank(_account(REVIEWER_1));
        registry.approve(_id, NOTE, RULES, NOTE);
        found = keccak256(abi.encode(QC, NOTE));
        _refused(abi.encodeWithSelector(IDatasetRegistry.BasisMismatch.selector, _id, expected, found));
        vm.prank(_account(REVIEWER_1));
        registry.approve(_id, QC, NOTE, NOTE);
    }

    function test_approve_ruleSetNotAccepted() public {
        IDatasetRegistry.Registration memory registration = _registration(keccak256("unknown rules"));
        registration.ruleSet = NOTE;
        vm.prank(_account(SITE_A));
        (bytes32 id,) = registry.register(registration);
        _refused(abi.encodeWithSelector(IConsortium.RuleSetNotAccepted.selector, NOTE, 0, 0, START));
        vm.prank(_account(REVIEWER_1));
        registry.approve(id, QC, NOTE, NOTE);
    }

    function test_approve_declarationsMissing() public {
        IDatasetRegistry.Registration memory registration = _registration(keccak256("no consent forms"));
        registration.declarations = 2;
        vm.prank(_account(SITE_A));
        (bytes32 id,) = registry.register(registration);
        _refused(abi.encodeWithSelector(IDatasetRegistry.DeclarationsMissing.selector, id, 2, DECLARED));
        _approve(REVIEWER_1, id);
    }

    function test_approve_whenDecided() public {
        _approve(REVIEWER_1, _id);
        _refusedState(APPROVED);
        _approve(REVIEWER_2, _id);
    }

    function test_approve_afterRejection() public {
        _reject(REVIEWER_1);
        _refusedState(REJECTED);
        _approve(REVIEWER_2, _id);
    }

    function test_approve_puttingInStanding() public {
        _approve(REVIEWER_1, _id);
        _true(registry.inStanding(_id));
        IDatasetRegistry.Version memory found = registry.version(_id);
        _eq(found.flags, APPROVED);
        _eq(found.approvals, 1);
        _eq(found.approvers, REVIEWER_1);
    }

    function test_approve_byAsManyOrganisationsAsRequired() public {
        _deploy(3);
        _populate();
        _id = _register(SITE_A, keccak256("commitment"));
        _approve(REVIEWER_2, _id);
        _approve(MIXED, _id);
        _true(!registry.inStanding(_id));
        _refused(abi.encodeWithSelector(IDatasetRegistry.AlreadyDecided.selector, _id, REVIEWER_2));
        _approve(REVIEWER_2, _id);
        _refused(abi.encodeWithSelector(IDatasetRegistry.AlreadyDecided.selector, _id, MIXED));
        _approve(MIXED, _id);
        _approve(REVIEWER_1, _id);
        _true(registry.inStanding(_id));
        IDatasetRegistry.Version memory found = registry.version(_id);
        _eq(found.approvers, uint256(REVIEWER_2) | (uint256(MIXED) << 8) | (uint256(REVIEWER_1) << 16));
        _eq(found.approvals, 3);
    }

    function test_approve_twoAccountsOfOneOrganisationCountOnce() public {
        _deploy(2);
        _populate();
        _id = _register(SITE_A, keccak256("commitment"));
        _enrol(REVIEWER_1, address(0xC1), REVIEWER);
        _approve(REVIEWER_1, _id);
        _refused(abi.encodeWithSelector(IDatasetRegistry.AlreadyDecided.selector, _id, REVIEWER_1));
        vm.prank(address(0xC1));
        registry.approve(_id, QC, RULES, NOTE);
    }

    function test_approve_fiveOrganisations() public {
        _deploy(5);
        _populate();
        _admit(10, REVIEWER);
        _id = _register(SITE_A, keccak256("commitment"));
        uint8[5] memory reviewers = [REVIEWER_1, REVIEWER_2, REVIEWER_3, MIXED, 10];
        for (uint256 i = 0; i < 5; ++i) {
            _true(!registry.inStanding(_id));
            _approve(reviewers[i], _id);
        }
        _true(registry.inStanding(_id));
    }

    // ---- reject ----

    function test_reject_ownVersion() public {
        _id = _register(MIXED, keccak256("mixed"));
        _refused(abi.encodeWithSelector(IDatasetRegistry.OwnVersion.selector, _id, MIXED));
        _reject(MIXED);
    }

    function test_reject_whenApprovedRevokedOrRejected() public {
        _reject(REVIEWER_1);
        _refusedState(REJECTED);
        _reject(REVIEWER_2);
        _id = _approved(SITE_A, keccak256("approved"));
        _refusedState(APPROVED);
        _reject(REVIEWER_2);
        _id = _register(SITE_A, keccak256("revoked"));
        _revoke(SITE_A, _id);
        _refusedState(REVOKED);
        _reject(REVIEWER_2);
    }

    function test_reject_isFinal() public {
        _reject(REVIEWER_1);
        _eq(registry.version(_id).flags, REJECTED);
        _refusedState(REJECTED);
        _revoke(SITE_A, _id);
        _refusedState(REJECTED);
        _reinstate(REVIEWER_2, _id);
    }

    function test_reject_ofARetiredVersionKeepsBothFacts() public {
        _retire(SITE_A);
        _reject(REVIEWER_1);
        _eq(registry.version(_id).flags, RETIRED | REJECTED);
    }

    // ---- revoke ----

    function test_revoke_byWhom() public {
        _refused(abi.encodeWithSelector(IDatasetRegistry.RoleMissing.selector, _account(SITE_B), SITE, REVIEWER));
        _revoke(SITE_B, _id);
        _refused(
            abi.encodeWithSelector(
                IConsortium.RoleMissing.selector, _account(AUTHORITY), RELEASER, SITE | REVIEWER
            )
        );
        _revoke(AUTHORITY, _id);
    }

    function test_revoke_aReviewerOfTheSitesOwnOrganisation() public {
        _id = _register(MIXED, keccak256("mixed"));
        _enrol(MIXED, address(0xC1), REVIEWER | AGGREGATOR);
        _refused(
            abi.encodeWithSelector(
                IDatasetRegistry.RoleMissing.selector, address(0xC1), REVIEWER | AGGREGATOR, SITE
            )
        );
        vm.prank(address(0xC1));
        registry.revoke(_id, 1, NOTE);
        _revoke(MIXED, _id);
        _eq(registry.version(_id).revoker, MIXED);
    }

    function test_revoke_takesFromStanding() public {
        _approve(REVIEWER_1, _id);
        vm.warp(START + 9);
        _revoke(REVIEWER_2, _id);
        _true(!registry.inStanding(_id));
        IDatasetRegistry.Version memory found = registry.version(_id);
        _eq(found.flags, APPROVED | REVOKED);
        _eq(found.revokedAt, START + 9);
        _eq(found.revoker, REVIEWER_2);
    }

    function test_revoke_twice() public {
        _revoke(SITE_A, _id);
        _refusedState(REVOKED);
        _revoke(REVIEWER_1, _id);
    }

    function test_revoke_beforeApprovalBlocksIt() public {
        _revoke(SITE_A, _id);
        _refusedState(REVOKED);
        _approve(REVIEWER_1, _id);
        _reinstate(REVIEWER_1, _id);
        _reinstate(REVIEWER_2, _id);
        _true(!registry.inStanding(_id));
        _approve(REVIEWER_1, _id);
        _true(registry.inStanding(_id));
    }

    // ---- supersede, retire ----

    function test_supersede_notTheSite() public {
        bytes32 successor = _register(SITE_A, keccak256("newer"));
        _refused(abi.encodeWithSelector(IDatasetRegistry.NotOwnVersion.selector, _id, SITE_A, SITE_B));
        _supersede(SITE_B, successor);
        _refused(abi.encodeWithSelector(IConsortium.RoleMissing.selector, _account(REVIEWER_1), REVIEWER, SITE));
        _supersede(REVIEWER_1, successor);
    }

    function test_supersede_successorInvalid() public {
        bytes32 another = _register(SITE_B, keccak256("another's"));
        bytes32[3] memory wrong = [keccak256("nothing"), _id, another];
        for (uint256 i = 0; i < 3; ++i) {
            _refused(abi.encodeWithSelector(IDatasetRegistry.SuccessorInvalid.selector, _id, wrong[i]));
            _supersede(SITE_A, wrong[i]);
        }
        bytes32 older = _id;
        _id = _register(SITE_A, keccak256("newer"));
        _refused(abi.encodeWithSelector(IDatasetRegistry.SuccessorInvalid.selector, _id, older));
        _supersede(SITE_A, older);
    }

    function test_supersede_isNotWrong() public {
        _approve(REVIEWER_1, _id);
        bytes32 successor = _register(SITE_A, keccak256("newer"));
        vm.warp(START + 4);
        _supersede(SITE_A, successor);
        IDatasetRegistry.Version memory found = registry.version(_id);
        _eq(found.flags, APPROVED | SUPERSEDED);
        _eq(found.replacedAt, START + 4);
        _true(registry.inStanding(_id));
    }

    function test_supersede_onceAndNotAfterErasure() public {
        bytes32 successor = _register(SITE_A, keccak256("newer"));
        _supersede(SITE_A, successor);
        _refusedState(SUPERSEDED);
        _supersede(SITE_A, successor);
        _id = _register(SITE_A, keccak256("erased"));
        _retire(SITE_A);
        successor = _register(SITE_A, keccak256("newest"));
        _refusedState(RETIRED);
        _supersede(SITE_A, successor);
    }

    function test_retire_notTheSite() public {
        _refused(abi.encodeWithSelector(IDatasetRegistry.NotOwnVersion.selector, _id, SITE_A, SITE_B));
        _retire(SITE_B);
    }

    function test_retire_erasedIsNotFalse() public {
        _approve(REVIEWER_1, _id);
        vm.warp(START + 4);
        _retire(SITE_A);
        IDatasetRegistry.Version memory found = registry.version(_id);
        _eq(found.flags, APPROVED | RETIRED);
        _eq(found.replacedAt, START + 4);
        _true(registry.inStanding(_id));
        _refusedState(APPROVED | RETIRED);
        _retire(SITE_A);
    }

    function test_retire_afterSupersedingKeepsTheFirstTime() public {
        _supersede(SITE_A, _register(SITE_A, keccak256("newer")));
        vm.warp(START + 4);
        _retire(SITE_A);
        _eq(registry.version(_id).replacedAt, START);
        _eq(registry.version(_id).flags, SUPERSEDED | RETIRED);
    }

    function test_approve_ofAReplacedVersion() public {
        _retire(SITE_A);
        _refusedState(RETIRED);
        _approve(REVIEWER_1, _id);
    }

    // ---- reinstate ----

    function test_reinstate_notRevoked() public {
        _approve(REVIEWER_1, _id);
        _refusedState(APPROVED);
        _reinstate(REVIEWER_2, _id);
    }

    function test_reinstate_neitherSiteNorRevokerNorTwiceTheSame() public {
        _id = _register(MIXED, keccak256("mixed"));
        _approve(REVIEWER_1, _id);
        _revoke(REVIEWER_1, _id);
        _refused(abi.encodeWithSelector(IDatasetRegistry.OwnVersion.selector, _id, MIXED));
        _reinstate(MIXED, _id);
        _refused(abi.encodeWithSelector(IDatasetRegistry.ReinstaterInvalid.selector, _id, REVIEWER_1));
        _reinstate(REVIEWER_1, _id);
        _reinstate(REVIEWER_2, _id);
        _refused(abi.encodeWithSelector(IDatasetRegistry.ReinstaterInvalid.selector, _id, REVIEWER_2));
        _reinstate(REVIEWER_2, _id);
        _refused(abi.encodeWithSelector(IDatasetRegistry.ReinstaterInvalid.selector, _id, REVIEWER_1));
        _reinstate(REVIEWER_1, _id);
        _reinstate(REVIEWER_3, _id);
        _true(registry.inStanding(_id));
    }

    function test_reinstate_takesTwo() public {
        _approve(REVIEWER_1, _id);
        _revoke(SITE_A, _id);
        _reinstate(REVIEWER_1, _id);
        _true(!registry.inStanding(_id));
        _eq(registry.version(_id).flags, APPROVED | REVOKED | REINSTATING);
        _eq(registry.version(_id).reinstater, REVIEWER_1);
        _reinstate(REVIEWER_2, _id);
        IDatasetRegistry.Version memory found = registry.version(_id);
        _eq(found.flags, APPROVED);
        _eq(found.revokedAt, 0);
        _eq(found.revoker, 0);
        _eq(found.reinstater, 0);
        _true(registry.inStanding(_id));
    }

    function test_reinstate_aSecondRevocationNeedsTwoAgain() public {
        _approve(REVIEWER_1, _id);
        _revoke(REVIEWER_1, _id);
        _reinstate(REVIEWER_2, _id);
        _reinstate(REVIEWER_3, _id);
        _revoke(REVIEWER_2, _id);
        _true(!registry.inStanding(_id));
        _reinstate(REVIEWER_3, _id);
        _true(!registry.inStanding(_id));
        _reinstate(REVIEWER_1, _id);
        _true(registry.inStanding(_id));
    }

    // ---- helpers ----

    /// @dev reject, revoke, supersede, retire, reinstate.
    function _acts(uint8 reason, bytes32 statement) private view returns (bytes[5] memory) {
        return [
            abi.encodeCall(IDatasetRegistry.reject, (_id, reason, statement)),
            abi.encodeCall(IDatasetRegistry.revoke, (_id, reason, statement)),
            abi.encodeCall(IDatasetRegistry.supersede, (_id, NOTE, reason, statement)),
            abi.encodeCall(IDatasetRegistry.retire, (_id, reason, statement)),
            abi.encodeCall(IDatasetRegistry.reinstate, (_id, reason, statement))
        ];
    }

    function _refusedCall(bytes memory act, address caller, bytes memory refusal) private {
        vm.prank(caller);
        (bool done, bytes memory returned) = address(registry).call(act);
        _true(!done);
        _eq(keccak256(returned), keccak256(refusal));
    }

    function _refusedState(uint8 flags) private {
        _refused(abi.encodeWithSelector(IDatasetRegistry.WrongState.selector, _id, flags));
    }

    function _decided(bytes32 previous, uint8 kind, uint8 organisation, uint8 reason, bytes32 successor)
        private
        view
        returns (bytes32)
    {
        bytes32 typeHash = keccak256(
            "Decision(bytes32 previous,bytes32 id,uint8 kind,uint8 organisation,address account,uint40 time,uint8 reason,bytes32 successor,bytes32 statement)"
        );
        bytes memory act = abi.encode(typeHash, previous, _id, kind, organisation, _account(organisation));
        return keccak256(bytes.concat(act, abi.encode(block.timestamp, reason, successor, NOTE)));
    }

    function _reject(uint8 organisation) private {
        vm.prank(_account(organisation));
        registry.reject(_id, 1, NOTE);
    }

    function _retire(uint8 organisation) private {
        vm.prank(_account(organisation));
        registry.retire(_id, 1, NOTE);
    }

    function _supersede(uint8 organisation, bytes32 successor) private {
        vm.prank(_account(organisation));
        registry.supersede(_id, successor, 1, NOTE);
    }
}
