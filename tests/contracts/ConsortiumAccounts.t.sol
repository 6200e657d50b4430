// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AGGREGATOR, REVIEWER, SITE} from "../../contracts/Arguments.sol";
import {IArguments} from "../../contracts/interfaces/IArguments.sol";
import {IConsortium} from "../../contracts/interfaces/IConsortium.sol";
import {Base, vm} from "./Base.sol";

/// @dev What roots and accounts do; ConsortiumAccounts.tree lists the behaviours.
contract ConsortiumAccountsTest is Base {
    address private constant NEW = address(0xC1);
    address private constant THIEF = address(0xBAD);

    // ---- proposeRoot, cancelRoot, acceptRoot ----

    function test_proposeRoot_refusals() public {
        _refused(abi.encodeWithSelector(IConsortium.OrganisationUnknown.selector, 9));
        vm.prank(ADMIN);
        consortium.proposeRoot(9, NEW, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.ZeroAddress.selector));
        vm.prank(ADMIN);
        consortium.proposeRoot(SITE_A, address(0), NOTE);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 2));
        vm.prank(ADMIN);
        consortium.proposeRoot(SITE_A, NEW, 0);
    }

    function test_proposeRoot_byAnotherOrganisationsRoot() public {
        _refused(abi.encodeWithSelector(IConsortium.NotAdmin.selector, _root(SITE_B), ADMIN));
        vm.prank(_root(SITE_B));
        consortium.proposeRoot(SITE_A, NEW, NOTE);
    }

    function test_proposeRoot_byTheAdminTakesThePublicDelay() public {
        _proposeRoot(ADMIN, NEW);
        _eq(consortium.rootProposal(SITE_A).effectiveAt, START + DELAY);
        vm.warp(START + DELAY - 1);
        _refused(
            abi.encodeWithSelector(IConsortium.RootNotEffective.selector, SITE_A, START + DELAY, START + DELAY - 1)
        );
        vm.prank(NEW);
        consortium.acceptRoot(SITE_A);
        vm.warp(START + DELAY);
        vm.prank(NEW);
        consortium.acceptRoot(SITE_A);
        _eq(consortium.organisation(SITE_A).root, NEW);
    }

    function test_proposeRoot_byTheRootIsEffectiveAtOnce() public {
        _proposeRoot(_root(SITE_A), NEW);
        vm.prank(NEW);
        consortium.acceptRoot(SITE_A);
        _eq(consortium.organisation(SITE_A).root, NEW);
        _eq(consortium.organisation(SITE_A).rootAcceptedAt, START);
        _eq(consortium.rootProposal(SITE_A).root, address(0));
        _eq(consortium.account(_root(SITE_A)).to, START + 1);
    }

    function test_cancelRoot_refusals() public {
        _refused(abi.encodeWithSelector(IConsortium.RootNotProposed.selector, SITE_A));
        vm.prank(ADMIN);
        consortium.cancelRoot(SITE_A);
    }

    function test_cancelRoot_byTheRootThatObjects() public {
        _proposeRoot(ADMIN, THIEF);
        vm.prank(_root(SITE_A));
        consortium.cancelRoot(SITE_A);
        vm.warp(START + DELAY);
        _refused(abi.encodeWithSelector(IConsortium.NotProposedRoot.selector, SITE_A, THIEF, address(0)));
        vm.prank(THIEF);
        consortium.acceptRoot(SITE_A);
    }

    function test_cancelRoot_byTheAdmin() public {
        _proposeRoot(_root(SITE_A), NEW);
        vm.prank(ADMIN);
        consortium.cancelRoot(SITE_A);
        _eq(consortium.rootProposal(SITE_A).root, address(0));
    }

    function test_acceptRoot_notTheProposed() public {
        _proposeRoot(_root(SITE_A), NEW);
        _refused(abi.encodeWithSelector(IConsortium.NotProposedRoot.selector, SITE_A, THIEF, NEW));
        vm.prank(THIEF);
        consortium.acceptRoot(SITE_A);
    }

    function test_acceptRoot_addressStandsForOneOrganisation() public {
        _proposeRoot(_root(SITE_A), _account(SITE_B));
        _refused(abi.encodeWithSelector(IConsortium.AddressTaken.selector, _account(SITE_B)));
        vm.prank(_account(SITE_B));
        consortium.acceptRoot(SITE_A);
        _proposeRoot(_root(SITE_A), _root(SITE_B));
        _refused(abi.encodeWithSelector(IConsortium.AddressTaken.selector, _root(SITE_B)));
        vm.prank(_root(SITE_B));
        consortium.acceptRoot(SITE_A);
    }

    function test_acceptRoot_aReplacedRootNeverReturns() public {
        _replaceRoot(NEW);
        _proposeRoot(NEW, _root(SITE_A));
        _refused(abi.encodeWithSelector(IConsortium.AddressTaken.selector, _root(SITE_A)));
        vm.prank(_root(SITE_A));
        consortium.acceptRoot(SITE_A);
    }

    function test_acceptRoot_theFirstEndsNobody() public view {
        _eq(consortium.account(address(0)).to, 0);
    }

    function test_acceptRoot_rootHasNoRole() public {
        _refused(abi.encodeWithSelector(IConsortium.RoleMissing.selector, _root(SITE_A), 0, SITE));
        consortium.authorise(_root(SITE_A), SITE);
        _eq(consortium.account(_root(SITE_A)).acceptedAt, START);
    }

    // ---- enrol, withdrawEnrolment, accept ----

    function test_enrol_notRoot() public {
        _refused(abi.encodeWithSelector(IConsortium.NotRoot.selector, SITE_A, ADMIN, _root(SITE_A)));
        vm.prank(ADMIN);
        consortium.enrol(SITE_A, NEW, SITE, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.NotRoot.selector, SITE_A, _root(SITE_B), _root(SITE_A)));
        vm.prank(_root(SITE_B));
        consortium.enrol(SITE_A, NEW, SITE, NOTE);
    }

    function test_enrol_beforeTheRootAccepted() public {
        vm.prank(ADMIN);
        consortium.admit(9, SITE, NEW, NOTE, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.NotRoot.selector, 9, NEW, address(0)));
        vm.prank(NEW);
        consortium.enrol(9, THIEF, SITE, NOTE);
    }

    function test_enrol_argumentsRefused() public {
        _refused(abi.encodeWithSelector(IConsortium.ZeroAddress.selector));
        _offer(SITE_A, address(0), SITE, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.RolesInvalid.selector, REVIEWER, SITE));
        _offer(SITE_A, NEW, REVIEWER, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.RolesInvalid.selector, 0, SITE));
        _offer(SITE_A, NEW, 0, NOTE);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 3));
        _offer(SITE_A, NEW, SITE, 0);
    }

    function test_enrol_suspended() public {
        vm.prank(ADMIN);
        consortium.suspend(SITE_A, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.OrganisationIsSuspended.selector, SITE_A));
        _offer(SITE_A, NEW, SITE, NOTE);
    }

    function test_enrol_addressTaken() public {
        _refused(abi.encodeWithSelector(IConsortium.AddressTaken.selector, _account(SITE_B)));
        _offer(SITE_A, _account(SITE_B), SITE, NOTE);
    }

    function test_enrol_twice() public {
        _offer(SITE_A, NEW, SITE, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.EnrolmentExists.selector, SITE_A, NEW));
        _offer(SITE_A, NEW, SITE, NOTE);
    }

    function test_enrol_anotherOrganisationsOfferBlocksNobody() public {
        _offer(SITE_B, NEW, SITE, NOTE);
        _enrol(SITE_A, NEW, SITE);
        _eq(consortium.account(NEW).organisation, SITE_A);
    }

    function test_enrol_recordsTheOffer() public {
        _offer(MIXED, NEW, SITE | AGGREGATOR, NOTE);
        IConsortium.Enrolment memory found = consortium.enrolment(MIXED, NEW);
        _eq(found.root, _root(MIXED));
        _eq(found.enrolledAt, START);
        _eq(found.roles, SITE | AGGREGATOR);
        _eq(consortium.account(NEW).acceptedAt, 0);
    }

    function test_withdrawEnrolment_refusals() public {
        _offer(SITE_A, NEW, SITE, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.NotRoot.selector, SITE_A, ADMIN, _root(SITE_A)));
        vm.prank(ADMIN);
        consortium.withdrawEnrolment(SITE_A, NEW);
        _refused(abi.encodeWithSelector(IConsortium.EnrolmentUnknown.selector, SITE_A, THIEF));
        vm.prank(_root(SITE_A));
        consortium.withdrawEnrolment(SITE_A, THIEF);
    }

    function test_withdrawEnrolment_voidsTheOffer() public {
        _offer(SITE_A, NEW, SITE, NOTE);
        vm.prank(_root(SITE_A));
        consortium.withdrawEnrolment(SITE_A, NEW);
        _refused(abi.encodeWithSelector(IConsortium.EnrolmentUnknown.selector, SITE_A, NEW));
        _accept(NEW, SITE);
    }

    function test_accept_notEnrolled() public {
        _refused(abi.encodeWithSelector(IConsortium.EnrolmentUnknown.selector, SITE_A, ADMIN));
        _accept(ADMIN, SITE);
    }

    function test_accept_ofAnOrganisationWithoutRoot() public {
        _refused(abi.encodeWithSelector(IConsortium.EnrolmentUnknown.selector, 9, THIEF));
        vm.prank(THIEF);
        consortium.accept(9, 0);
    }

    function test_accept_otherRoles() public {
        _offer(MIXED, NEW, SITE, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.AcceptanceMismatch.selector, NEW, REVIEWER, SITE));
        vm.prank(NEW);
        consortium.accept(MIXED, REVIEWER);
        _refused(abi.encodeWithSelector(IConsortium.AcceptanceMismatch.selector, NEW, 0, SITE));
        vm.prank(NEW);
        consortium.accept(MIXED, 0);
    }

    function test_accept_suspended() public {
        _offer(SITE_A, NEW, SITE, NOTE);
        vm.prank(ADMIN);
        consortium.suspend(SITE_A, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.OrganisationIsSuspended.selector, SITE_A));
        _accept(NEW, SITE);
    }

    function test_accept_anAddressIsNeverEnrolledTwice() public {
        _offer(SITE_B, NEW, SITE, NOTE);
        _enrol(SITE_A, NEW, SITE);
        _refused(abi.encodeWithSelector(IConsortium.AddressTaken.selector, NEW));
        vm.prank(NEW);
        consortium.accept(SITE_B, SITE);
    }

    function test_accept_anOfferOfAReplacedRootIsVoid() public {
        _offer(SITE_A, THIEF, SITE, NOTE);
        _replaceRoot(NEW);
        _refused(abi.encodeWithSelector(IConsortium.EnrolmentUnknown.selector, SITE_A, THIEF));
        _accept(THIEF, SITE);
    }

    function test_accept_anOfferOfACompromisedRootIsVoid() public {
        _offer(SITE_A, THIEF, SITE, NOTE);
        _compromise(ADMIN, _root(SITE_A), START);
        _refused(abi.encodeWithSelector(IConsortium.EnrolmentUnknown.selector, SITE_A, THIEF));
        _accept(THIEF, SITE);
    }

    function test_accept_writesTheRecordOnce() public {
        vm.warp(START + 7);
        _enrol(SITE_A, NEW, SITE);
        IConsortium.Account memory found = consortium.account(NEW);
        _eq(found.acceptedAt, START + 7);
        _eq(found.to, 0);
        _eq(found.compromisedSince, 0);
        _eq(found.organisation, SITE_A);
        _eq(found.roles, SITE);
    }

    // ---- endAccount ----

    function test_endAccount_refusals() public {
        address account = _account(SITE_A);
        _refused(abi.encodeWithSelector(IConsortium.NotRoot.selector, SITE_A, ADMIN, _root(SITE_A)));
        vm.prank(ADMIN);
        consortium.endAccount(account, 0, NOTE);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 2));
        _end(account, 0, 0);
        _refused(abi.encodeWithSelector(IConsortium.AccountUnknown.selector, _root(SITE_A)));
        _end(_root(SITE_A), 0, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.AccountUnknown.selector, THIEF));
        _end(THIEF, 0, NOTE);
    }

    function test_endAccount_onlyForward() public {
        address account = _account(SITE_A);
        _end(account, START + 100, NOTE);
        _eq(consortium.account(account).to, START + 100);
        _refused(abi.encodeWithSelector(IConsortium.TimeNotForward.selector, START + 100, START + 100));
        _end(account, START + 100, NOTE);
        _end(account, START + 99, NOTE);
        _eq(consortium.account(account).to, START + 99);
    }

    function test_endAccount_earliestIsTheEndOfTheBlock() public {
        address account = _account(SITE_A);
        _end(account, START, NOTE);
        _eq(consortium.account(account).to, START + 1);
        consortium.authorise(account, SITE);
        vm.warp(START + 1);
        _refused(
            abi.encodeWithSelector(IConsortium.AccountHasEnded.selector, account, START + 1, START + 1)
        );
        consortium.authorise(account, SITE);
    }

    function test_endAccount_cannotBeUndone() public {
        address account = _account(SITE_A);
        _end(account, 0, NOTE);
        vm.warp(START + 50);
        _refused(abi.encodeWithSelector(IConsortium.TimeNotForward.selector, START + 51, START + 1));
        _end(account, 0, NOTE);
    }

    // ---- markCompromised ----

    function test_markCompromised_refusals() public {
        _refused(abi.encodeWithSelector(IConsortium.NotAdmin.selector, _root(SITE_B), ADMIN));
        _compromise(_root(SITE_B), _account(SITE_A), START);
        _refused(abi.encodeWithSelector(IConsortium.AccountUnknown.selector, THIEF));
        _compromise(ADMIN, THIEF, START);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 2));
        vm.prank(ADMIN);
        consortium.markCompromised(_account(SITE_A), START, 0);
    }

    function test_markCompromised_onlyDatedBack() public {
        address account = _account(SITE_A);
        _refused(abi.encodeWithSelector(IConsortium.TimeNotForward.selector, START + 1, START + 1));
        _compromise(ADMIN, account, START + 1);
        _refused(abi.encodeWithSelector(IConsortium.TimeNotForward.selector, 0, START + 1));
        _compromise(ADMIN, account, 0);
        _compromise(_root(SITE_A), account, START);
        _refused(abi.encodeWithSelector(IConsortium.TimeNotForward.selector, START, START));
        _compromise(ADMIN, account, START);
        _compromise(ADMIN, account, START - 1);
        _eq(consortium.account(account).compromisedSince, START - 1);
    }

    function test_markCompromised_stopsTheAccountAtOnce() public {
        address account = _account(SITE_A);
        _compromise(_root(SITE_A), account, START - 9);
        _eq(consortium.account(account).to, START + 1);
        _refused(abi.encodeWithSelector(IConsortium.AccountIsCompromised.selector, account, START - 9));
        consortium.authorise(account, SITE);
    }

    function test_markCompromised_keepsAnEarlierEnd() public {
        address account = _account(SITE_A);
        _end(account, START + 5, NOTE);
        vm.warp(START + 50);
        _compromise(ADMIN, account, START);
        _eq(consortium.account(account).to, START + 5);
    }

    function test_markCompromised_bringsALaterEndForward() public {
        address account = _account(SITE_A);
        _end(account, START + 500, NOTE);
        _compromise(ADMIN, account, START);
        _eq(consortium.account(account).to, START + 1);
    }

    function test_markCompromised_aStolenRootCanDoNothing() public {
        address root = _root(SITE_A);
        _proposeRoot(root, THIEF);
        _compromise(ADMIN, root, START);
        _refused(abi.encodeWithSelector(IConsortium.NotProposedRoot.selector, SITE_A, THIEF, address(0)));
        vm.prank(THIEF);
        consortium.acceptRoot(SITE_A);
        _proposeRoot(ADMIN, NEW);
        _refused(abi.encodeWithSelector(IConsortium.NotAdmin.selector, root, ADMIN));
        vm.prank(root);
        consortium.cancelRoot(SITE_A);
        _refused(abi.encodeWithSelector(IConsortium.NotAdmin.selector, root, ADMIN));
        _proposeRoot(root, THIEF);
        _refused(abi.encodeWithSelector(IConsortium.NotRoot.selector, SITE_A, root, root));
        _offer(SITE_A, THIEF, SITE, NOTE);
        vm.warp(START + DELAY);
        vm.prank(NEW);
        consortium.acceptRoot(SITE_A);
        _eq(consortium.organisation(SITE_A).root, NEW);
    }

    function test_markCompromised_ofAnAccountKeepsTheRootProposal() public {
        _proposeRoot(ADMIN, NEW);
        _compromise(ADMIN, _account(SITE_A), START);
        _eq(consortium.rootProposal(SITE_A).root, NEW);
    }

    function test_markCompromised_ofTheRootWithoutProposal() public {
        _compromise(_root(SITE_A), _root(SITE_A), START);
        _eq(consortium.account(_root(SITE_A)).compromisedSince, START);
    }

    // ---- authorise ----

    function test_authorise_unknown() public {
        _refused(abi.encodeWithSelector(IConsortium.AccountUnknown.selector, THIEF));
        consortium.authorise(THIEF, SITE);
    }

    function test_authorise_roleMissing() public {
        _refused(abi.encodeWithSelector(IConsortium.RoleMissing.selector, _account(SITE_A), SITE, REVIEWER));
        consortium.authorise(_account(SITE_A), REVIEWER);
    }

    function test_authorise_anyOfTheRoles() public view {
        (uint8 organisation, uint8 roles) = consortium.authorise(_account(SITE_A), SITE | REVIEWER);
        _eq(organisation, SITE_A);
        _eq(roles, SITE);
    }

    /// @dev Nobody but the account itself, offered by its root, comes to act for an organisation.
    function testFuzz_accept_needsRootAndAccount(address caller, uint8 organisation, uint8 roles) public {
        vm.assume(consortium.account(caller).acceptedAt == 0);
        vm.prank(caller);
        (bool done,) = address(consortium).call(abi.encodeCall(IConsortium.accept, (organisation, roles)));
        _true(!done);
        _eq(consortium.account(caller).acceptedAt, 0);
    }

    function testFuzz_authorise_followsThePeriod(uint40 to, uint40 time) public {
        // Not assumed: of 20 000 runs too many would be rejected.
        time = uint40(START + uint256(time) % (type(uint40).max - START));
        address account = _account(SITE_A);
        _end(account, to, NOTE);
        uint40 end = consortium.account(account).to;
        _true(end > START && (to <= START || end == to));
        vm.warp(time);
        (bool done,) = address(consortium).staticcall(abi.encodeCall(IConsortium.authorise, (account, SITE)));
        _true(done == (time < end));
    }

    function _proposeRoot(address by, address proposed) private {
        vm.prank(by);
        consortium.proposeRoot(SITE_A, proposed, NOTE);
    }

    function _replaceRoot(address root) private {
        _proposeRoot(_root(SITE_A), root);
        vm.prank(root);
        consortium.acceptRoot(SITE_A);
    }

    function _offer(uint8 organisation, address account, uint8 roles, bytes32 statement) private {
        vm.prank(_root(organisation));
        consortium.enrol(organisation, account, roles, statement);
    }

    function _accept(address account, uint8 roles) private {
        vm.prank(account);
        consortium.accept(SITE_A, roles);
    }

    function _end(address account, uint40 to, bytes32 statement) private {
        vm.prank(_root(SITE_A));
        consortium.endAccount(account, to, statement);
    }

    function _compromise(address by, address account, uint40 since) private {
        vm.prank(by);
        consortium.markCompromised(account, since, NOTE);
    }
}
