// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "./interfaces/IConsortium.sol";
import {ALL_DECLARATIONS, ALL_ROLES, Arguments} from "./Arguments.sol";

/// @title Implementation of IConsortium, which is the specification.
contract Consortium is IConsortium, Arguments {
    uint8 private constant MAX_APPROVALS = 5;

    uint8 public immutable requiredApprovals;
    uint40 public immutable rootDelay;

    address public admin;
    address public proposedAdmin;
    uint256 public suspended;
    mapping(uint8 role => uint256 organisations) public members;
    mapping(uint8 organisation => Organisation) private _organisations;
    mapping(uint8 organisation => RootProposal) private _rootProposals;
    mapping(uint8 organisation => mapping(address account => Enrolment)) private _enrolments;
    mapping(address account => Account) private _accounts;
    mapping(bytes32 ruleSet => RuleSet) private _ruleSets;

    modifier onlyAdmin() {
        _requireAdmin();
        _;
    }

    modifier onlyRoot(uint8 id) {
        if (!_isRoot(id, msg.sender)) revert NotRoot(id, msg.sender, _organisations[id].root);
        _;
    }

    /// @param approvals How many organisations must approve a dataset version.
    /// @param delay Seconds between the admin's proposal of a new root and its acceptance.
    constructor(address firstAdmin, uint8 approvals, uint40 delay) {
        if (firstAdmin == address(0)) revert ZeroAddress();
        if (approvals == 0 || approvals > MAX_APPROVALS) revert RequiredApprovalsInvalid(approvals);
        requiredApprovals = approvals;
        rootDelay = delay;
        admin = firstAdmin;
        emit AdminChanged(address(0), firstAdmin);
    }

    // ---- admin ----

    function proposeAdmin(address proposed) external onlyAdmin {
        proposedAdmin = proposed;
        emit AdminProposed(admin, proposed);
    }

    function acceptAdmin() external {
        if (msg.sender != proposedAdmin) revert NotProposedAdmin(msg.sender, proposedAdmin);
        address previous = admin;
        admin = msg.sender;
        delete proposedAdmin;
        emit AdminChanged(previous, msg.sender);
    }

    function admit(uint8 id, uint8 roles, address root, bytes32 record, bytes32 statement) external onlyAdmin {
        _requireRoles(roles, ALL_ROLES);
        if (root == address(0)) revert ZeroAddress();
        _requireDigest(record, 3);
        _requireDigest(statement, 4);
        Organisation storage admitted = _organisations[id];
        if (admitted.admittedAt != 0) revert OrganisationExists(id);
        admitted.admittedAt = _now();
        admitted.roles = roles;
        admitted.record = record;
        _addMember(id, roles);
        _rootProposals[id] = RootProposal(root, _now());
        emit OrganisationAdmitted(id, root, roles, record, statement);
    }

    function suspend(uint8 id, bytes32 statement) external onlyAdmin {
        _requireDigest(statement, 1);
        _requireOrganisation(id);
        _requireNotSuspended(id);
        suspended |= 1 << id;
        emit OrganisationSuspended(id, statement);
    }

    function resume(uint8 id, bytes32 statement) external onlyAdmin {
        _requireDigest(statement, 1);
        if (!_isSuspended(id)) revert OrganisationNotSuspended(id);
        suspended &= ~(1 << id);
        emit OrganisationResumed(id, statement);
    }

    function proposeRoot(uint8 id, address root, bytes32 statement) external {
        bool byRoot = _isRoot(id, msg.sender);
        if (!byRoot) _requireAdmin();
        _requireOrganisation(id);
        if (root == address(0)) revert ZeroAddress();
        _requireDigest(statement, 2);
        uint40 effectiveAt = byRoot ? _now() : _now() + rootDelay;
        _rootProposals[id] = RootProposal(root, effectiveAt);
        emit RootProposed(id, root, msg.sender, effectiveAt, statement);
    }

    function cancelRoot(uint8 id) external {
        if (!_isRoot(id, msg.sender)) _requireAdmin();
        if (_rootProposals[id].root == address(0)) revert RootNotProposed(id);
        _cancelProposal(id);
    }

    function acceptRuleSet(bytes32 id, uint8 declarations, uint40 from, uint40 to, bytes32 statement)
        external
        onlyAdmin
    {
        _requireDigest(id, 0);
        if (declarations > ALL_DECLARATIONS) revert DeclarationsInvalid(declarations);
        _requireDigest(statement, 4);
        if (_ruleSets[id].acceptedAt != 0) revert RuleSetExists(id);
        uint40 begin = from < _now() ? _now() : from;
        if (to != 0 && to <= begin) revert PeriodInvalid(begin, to);
        _ruleSets[id] = RuleSet(_now(), begin, to, declarations);
        emit RuleSetAccepted(id, declarations, begin, to, statement);
    }

    function endRuleSet(bytes32 id, uint40 to, bytes32 statement) external onlyAdmin {
        _requireDigest(statement, 2);
        RuleSet storage accepted = _ruleSets[id];
        if (accepted.acceptedAt == 0) revert RuleSetNotAccepted(id, 0, 0, _now());
        accepted.to = _broughtForward(to, accepted.to);
        emit RuleSetEnded(id, accepted.to, statement);
    }

    // ---- roots ----

    function acceptRoot(uint8 id) external {
        RootProposal memory proposal = _rootProposals[id];
        if (msg.sender != proposal.root) revert NotProposedRoot(id, msg.sender, proposal.root);
        if (_now() < proposal.effectiveAt) revert RootNotEffective(id, proposal.effectiveAt, _now());
        _requireFree(msg.sender);
        Organisation storage accepting = _organisations[id];
        address previous = accepting.root;
        if (previous != address(0)) _endNow(_accounts[previous]);
        accepting.root = msg.sender;
        accepting.rootAcceptedAt = _now();
        delete _rootProposals[id];
        _accounts[msg.sender] = Account(_now(), 0, 0, id, 0);
        emit RootAccepted(id, msg.sender, previous);
    }

    function enrol(uint8 id, address enrolled, uint8 roles, bytes32 statement) external onlyRoot(id) {
        _requireNotSuspended(id);
        if (enrolled == address(0)) revert ZeroAddress();
        _requireRoles(roles, _organisations[id].roles);
        _requireDigest(statement, 3);
        _requireFree(enrolled);
        if (_enrolments[id][enrolled].root == msg.sender) revert EnrolmentExists(id, enrolled);
        _enrolments[id][enrolled] = Enrolment(msg.sender, _now(), roles);
        emit AccountEnrolled(id, enrolled, roles, statement);
    }

    function withdrawEnrolment(uint8 id, address enrolled) external onlyRoot(id) {
        _requireEnrolment(id, enrolled);
        delete _enrolments[id][enrolled];
        emit EnrolmentWithdrawn(id, enrolled);
    }

    function endAccount(address id, uint40 to, bytes32 statement) external onlyRoot(_accounts[id].organisation) {
        Account storage ending = _accounts[id];
        if (ending.roles == 0) revert AccountUnknown(id);
        _requireDigest(statement, 2);
        ending.to = _broughtForward(to, ending.to);
        emit AccountEnded(ending.organisation, id, ending.to, statement);
    }

    function markCompromised(address id, uint40 since, bytes32 statement) external {
        Account storage marked = _accounts[id];
        uint8 owner = marked.organisation;
        if (!_isRoot(owner, msg.sender)) _requireAdmin();
        if (marked.acceptedAt == 0) revert AccountUnknown(id);
        _requireDigest(statement, 2);
        uint40 limit = marked.compromisedSince == 0 ? _now() + 1 : marked.compromisedSince;
        if (since == 0 || since >= limit) revert TimeNotForward(since, limit);
        marked.compromisedSince = since;
        _endNow(marked);
        if (_organisations[owner].root == id && _rootProposals[owner].root != address(0)) _cancelProposal(owner);
        emit AccountCompromised(owner, id, since, msg.sender, statement);
    }

    // ---- working accounts ----

    function accept(uint8 id, uint8 roles) external {
        _requireNotSuspended(id);
        _requireFree(msg.sender);
        _requireEnrolment(id, msg.sender);
        uint8 enrolled = _enrolments[id][msg.sender].roles;
        if (roles != enrolled) revert AcceptanceMismatch(msg.sender, roles, enrolled);
        _accounts[msg.sender] = Account(_now(), 0, 0, id, roles);
        emit AccountAccepted(id, msg.sender, roles);
    }

    // ---- views ----

    function organisation(uint8 id) external view returns (Organisation memory) {
        return _organisations[id];
    }

    function rootProposal(uint8 id) external view returns (RootProposal memory) {
        return _rootProposals[id];
    }

    function enrolment(uint8 id, address enrolled) external view returns (Enrolment memory) {
        return _enrolments[id][enrolled];
    }

    function account(address id) external view returns (Account memory) {
        return _accounts[id];
    }

    function ruleSet(bytes32 id) external view returns (RuleSet memory) {
        return _ruleSets[id];
    }

    function authorise(address id, uint8 anyOf) external view returns (uint8, uint8) {
        Account memory acting = _accounts[id];
        if (acting.acceptedAt == 0) revert AccountUnknown(id);
        if (acting.compromisedSince != 0) revert AccountIsCompromised(id, acting.compromisedSince);
        if (acting.to != 0 && _now() >= acting.to) revert AccountHasEnded(id, acting.to, _now());
        if (acting.roles & anyOf == 0) revert RoleMissing(id, acting.roles, anyOf);
        _requireNotSuspended(acting.organisation);
        return (acting.organisation, acting.roles);
    }

    function requireRuleSet(bytes32 id) external view returns (uint8) {
        RuleSet memory found = _ruleSets[id];
        bool open = found.acceptedAt != 0 && found.from <= _now() && (found.to == 0 || _now() < found.to);
        if (!open) revert RuleSetNotAccepted(id, found.from, found.to, _now());
        return found.declarations;
    }

    // ---- internal ----

    function _addMember(uint8 id, uint8 roles) private {
        for (uint8 role = 1; role <= ALL_ROLES; role <<= 1) {
            if (roles & role != 0) members[role] |= 1 << id;
        }
    }

    function _cancelProposal(uint8 id) private {
        address proposed = _rootProposals[id].root;
        delete _rootProposals[id];
        emit RootProposalCancelled(id, proposed, msg.sender);
    }

    /// @dev An account that ends earlier keeps its end.
    function _endNow(Account storage ending) private {
        uint40 end = _now() + 1;
        if (ending.to == 0 || ending.to > end) ending.to = end;
    }

    function _isRoot(uint8 id, address caller) private view returns (bool) {
        return _organisations[id].root == caller && _accounts[caller].compromisedSince == 0;
    }

    function _isSuspended(uint8 id) private view returns (bool) {
        return (suspended >> id) & 1 != 0;
    }

    function _requireAdmin() private view {
        if (msg.sender != admin) revert NotAdmin(msg.sender, admin);
    }

    function _requireOrganisation(uint8 id) private view {
        if (_organisations[id].admittedAt == 0) revert OrganisationUnknown(id);
    }

    function _requireNotSuspended(uint8 id) private view {
        if (_isSuspended(id)) revert OrganisationIsSuspended(id);
    }

    function _requireFree(address id) private view {
        if (_accounts[id].acceptedAt != 0) revert AddressTaken(id);
    }

    function _requireEnrolment(uint8 id, address enrolled) private view {
        address by = _enrolments[id][enrolled].root;
        if (by == address(0) || !_isRoot(id, by)) revert EnrolmentUnknown(id, enrolled);
    }

    function _requireRoles(uint8 roles, uint8 allowed) private pure {
        if (roles == 0 || roles & ~allowed != 0) revert RolesInvalid(roles, allowed);
    }

    /// @dev `to`, but not in this block or before, and before the present end.
    function _broughtForward(uint40 to, uint40 present) private view returns (uint40 end) {
        end = to > _now() ? to : _now() + 1;
        if (present != 0 && end >= present) revert TimeNotForward(end, present);
    }
}
