// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ALL_ROLES, RELEASER, REVIEWER, SITE} from "../../contracts/Arguments.sol";
import {Consortium} from "../../contracts/Consortium.sol";
import {IArguments} from "../../contracts/interfaces/IArguments.sol";
import {IConsortium} from "../../contracts/interfaces/IConsortium.sol";
import {Base, vm} from "./Base.sol";

/// @dev What the admin does; ConsortiumAdmin.tree lists the behaviours.
contract ConsortiumAdminTest is Base {
    address private constant OTHER = address(0xBEEF);
    bytes32 private constant NEW_RULES = keccak256("new rules");

    // ---- constructor ----

    function test_constructor_zeroAdmin() public {
        _refused(abi.encodeWithSelector(IConsortium.ZeroAddress.selector));
        new Consortium(address(0), 1, DELAY);
    }

    function test_constructor_approvalsOutOfRange() public {
        _refused(abi.encodeWithSelector(IConsortium.RequiredApprovalsInvalid.selector, 0));
        new Consortium(ADMIN, 0, DELAY);
        _refused(abi.encodeWithSelector(IConsortium.RequiredApprovalsInvalid.selector, 6));
        new Consortium(ADMIN, 6, DELAY);
    }

    function test_constructor_settings() public {
        Consortium made = new Consortium(ADMIN, 5, DELAY);
        _eq(made.requiredApprovals(), 5);
        _eq(made.rootDelay(), DELAY);
        _eq(made.admin(), ADMIN);
    }

    // ---- every act of the admin ----

    function test_admin_everyActIsTheAdminsAlone() public {
        bytes memory refusal = abi.encodeWithSelector(IConsortium.NotAdmin.selector, OTHER, ADMIN);
        bytes[8] memory acts = [
            abi.encodeCall(IConsortium.proposeAdmin, (OTHER)),
            abi.encodeCall(IConsortium.admit, (9, SITE, OTHER, NOTE, NOTE)),
            abi.encodeCall(IConsortium.suspend, (SITE_A, NOTE)),
            abi.encodeCall(IConsortium.resume, (SITE_A, NOTE)),
            abi.encodeCall(IConsortium.proposeRoot, (SITE_A, OTHER, NOTE)),
            abi.encodeCall(IConsortium.cancelRoot, (SITE_A)),
            abi.encodeCall(IConsortium.acceptRuleSet, (NEW_RULES, 0, 0, 0, NOTE)),
            abi.encodeCall(IConsortium.endRuleSet, (RULES, 0, NOTE))
        ];
        for (uint256 i = 0; i < acts.length; ++i) {
            vm.prank(OTHER);
            (bool done, bytes memory returned) = address(consortium).call(acts[i]);
            _true(!done);
            _eq(keccak256(returned), keccak256(refusal));
        }
    }

    // ---- proposeAdmin, acceptAdmin ----

    function test_acceptAdmin_notProposed() public {
        vm.prank(ADMIN);
        consortium.proposeAdmin(OTHER);
        _refused(abi.encodeWithSelector(IConsortium.NotProposedAdmin.selector, ADMIN, OTHER));
        vm.prank(ADMIN);
        consortium.acceptAdmin();
    }

    function test_acceptAdmin_takesTwoSteps() public {
        vm.prank(ADMIN);
        consortium.proposeAdmin(OTHER);
        _eq(consortium.admin(), ADMIN);
        _eq(consortium.proposedAdmin(), OTHER);
        vm.prank(OTHER);
        consortium.acceptAdmin();
        _eq(consortium.admin(), OTHER);
        _eq(consortium.proposedAdmin(), address(0));
    }

    // ---- admit ----

    function test_admit_rolesInvalid() public {
        _refused(abi.encodeWithSelector(IConsortium.RolesInvalid.selector, 0, ALL_ROLES));
        vm.prank(ADMIN);
        consortium.admit(9, 0, OTHER, NOTE, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.RolesInvalid.selector, 16, ALL_ROLES));
        vm.prank(ADMIN);
        consortium.admit(9, 16, OTHER, NOTE, NOTE);
    }

    function test_admit_argumentsMissing() public {
        _refused(abi.encodeWithSelector(IConsortium.ZeroAddress.selector));
        vm.prank(ADMIN);
        consortium.admit(9, SITE, address(0), NOTE, NOTE);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 3));
        vm.prank(ADMIN);
        consortium.admit(9, SITE, OTHER, 0, NOTE);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 4));
        vm.prank(ADMIN);
        consortium.admit(9, SITE, OTHER, NOTE, 0);
    }

    function test_admit_organisationExists() public {
        _refused(abi.encodeWithSelector(IConsortium.OrganisationExists.selector, SITE_A));
        vm.prank(ADMIN);
        consortium.admit(SITE_A, SITE, OTHER, NOTE, NOTE);
    }

    function test_admit_recordsAndWaitsForTheRoot() public {
        vm.prank(ADMIN);
        consortium.admit(9, SITE | RELEASER, OTHER, keccak256("record 9"), NOTE);
        IConsortium.Organisation memory found = consortium.organisation(9);
        _eq(found.root, address(0));
        _eq(found.admittedAt, START);
        _eq(found.rootAcceptedAt, 0);
        _eq(found.roles, SITE | RELEASER);
        _eq(found.record, keccak256("record 9"));
        _eq(consortium.rootProposal(9).root, OTHER);
        _eq(consortium.rootProposal(9).effectiveAt, START);
    }

    function test_admit_membersByRole() public view {
        _eq(consortium.members(SITE), _bit(SITE_A) | _bit(SITE_B) | _bit(MIXED));
        _eq(consortium.members(REVIEWER), _bit(REVIEWER_1) | _bit(REVIEWER_2) | _bit(REVIEWER_3) | _bit(MIXED));
        _eq(consortium.members(4), _bit(CENTRE) | _bit(MIXED));
        _eq(consortium.members(RELEASER), _bit(AUTHORITY) | _bit(MIXED));
    }

    // ---- suspend, resume ----

    function test_suspend_refusals() public {
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 1));
        vm.prank(ADMIN);
        consortium.suspend(SITE_A, 0);
        _refused(abi.encodeWithSelector(IConsortium.OrganisationUnknown.selector, 9));
        vm.prank(ADMIN);
        consortium.suspend(9, NOTE);
        _suspend(SITE_A);
        _refused(abi.encodeWithSelector(IConsortium.OrganisationIsSuspended.selector, SITE_A));
        vm.prank(ADMIN);
        consortium.suspend(SITE_A, NOTE);
    }

    function test_suspend_stopsOneOrganisationsActs() public {
        _suspend(MIXED);
        _eq(consortium.suspended(), _bit(MIXED));
        _refused(abi.encodeWithSelector(IConsortium.OrganisationIsSuspended.selector, MIXED));
        consortium.authorise(_account(MIXED), SITE);
        (uint8 organisation,) = consortium.authorise(_account(SITE_A), SITE);
        _eq(organisation, SITE_A);
    }

    function test_resume_refusals() public {
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 1));
        vm.prank(ADMIN);
        consortium.resume(SITE_A, 0);
        _refused(abi.encodeWithSelector(IConsortium.OrganisationNotSuspended.selector, SITE_A));
        vm.prank(ADMIN);
        consortium.resume(SITE_A, NOTE);
    }

    function test_resume_letsActAgain() public {
        _suspend(SITE_A);
        _suspend(MIXED);
        vm.prank(ADMIN);
        consortium.resume(MIXED, NOTE);
        _eq(consortium.suspended(), _bit(SITE_A));
        (uint8 organisation, uint8 roles) = consortium.authorise(_account(MIXED), SITE);
        _eq(organisation, MIXED);
        _eq(roles, ALL_ROLES);
    }

    // ---- acceptRuleSet, endRuleSet, requireRuleSet ----

    function test_acceptRuleSet_refusals() public {
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 0));
        vm.prank(ADMIN);
        consortium.acceptRuleSet(0, 0, 0, 0, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.DeclarationsInvalid.selector, 16));
        vm.prank(ADMIN);
        consortium.acceptRuleSet(NEW_RULES, 16, 0, 0, NOTE);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 4));
        vm.prank(ADMIN);
        consortium.acceptRuleSet(NEW_RULES, 0, 0, 0, 0);
        _refused(abi.encodeWithSelector(IConsortium.RuleSetExists.selector, RULES));
        vm.prank(ADMIN);
        consortium.acceptRuleSet(RULES, 0, 0, 0, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.PeriodInvalid.selector, START, START));
        vm.prank(ADMIN);
        consortium.acceptRuleSet(NEW_RULES, 0, 0, START, NOTE);
    }

    function test_acceptRuleSet_isNeverBackdated() public {
        _acceptRules(START - 5, 0);
        _eq(consortium.ruleSet(NEW_RULES).from, START);
        _eq(consortium.ruleSet(NEW_RULES).acceptedAt, START);
        _eq(consortium.requireRuleSet(NEW_RULES), 15);
    }

    function test_requireRuleSet_periodIsHalfOpen() public {
        _acceptRules(START + 10, START + 20);
        vm.warp(START + 9);
        _refusedRules(START + 10, START + 20, START + 9);
        vm.warp(START + 10);
        _eq(consortium.requireRuleSet(NEW_RULES), 15);
        vm.warp(START + 19);
        _eq(consortium.requireRuleSet(NEW_RULES), 15);
        vm.warp(START + 20);
        _refusedRules(START + 10, START + 20, START + 20);
    }

    function test_requireRuleSet_unknown() public {
        _refusedRules(0, 0, START);
    }

    function test_endRuleSet_refusals() public {
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 2));
        vm.prank(ADMIN);
        consortium.endRuleSet(RULES, 0, 0);
        _refused(abi.encodeWithSelector(IConsortium.RuleSetNotAccepted.selector, NEW_RULES, 0, 0, START));
        vm.prank(ADMIN);
        consortium.endRuleSet(NEW_RULES, 0, NOTE);
        _acceptRules(0, START + 10);
        _refused(abi.encodeWithSelector(IConsortium.TimeNotForward.selector, START + 10, START + 10));
        vm.prank(ADMIN);
        consortium.endRuleSet(NEW_RULES, START + 10, NOTE);
    }

    function test_endRuleSet_earliestIsTheEndOfTheBlock() public {
        vm.prank(ADMIN);
        consortium.endRuleSet(RULES, START - 100, NOTE);
        _eq(consortium.ruleSet(RULES).to, START + 1);
        _eq(consortium.requireRuleSet(RULES), DECLARED);
        vm.warp(START + 1);
        _refused(
            abi.encodeWithSelector(IConsortium.RuleSetNotAccepted.selector, RULES, START, START + 1, START + 1)
        );
        consortium.requireRuleSet(RULES);
    }

    function test_endRuleSet_canBeBroughtForwardAgain() public {
        vm.prank(ADMIN);
        consortium.endRuleSet(RULES, START + 100, NOTE);
        vm.prank(ADMIN);
        consortium.endRuleSet(RULES, START + 99, NOTE);
        _eq(consortium.ruleSet(RULES).to, START + 99);
    }

    function _suspend(uint8 organisation) private {
        vm.prank(ADMIN);
        consortium.suspend(organisation, NOTE);
    }

    function _acceptRules(uint40 from, uint40 to) private {
        vm.prank(ADMIN);
        consortium.acceptRuleSet(NEW_RULES, 15, from, to, NOTE);
    }

    function _refusedRules(uint40 from, uint40 to, uint40 time) private {
        _refused(abi.encodeWithSelector(IConsortium.RuleSetNotAccepted.selector, NEW_RULES, from, to, time));
        consortium.requireRuleSet(NEW_RULES);
    }
}
