// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IArguments} from "./IArguments.sol";

/// @title Who may act, under which rules.
/// @notice One admin address (which may be a multi-signature contract) admits organisations and accepts rule sets.
/// An organisation's root account enrols working accounts; every account accepts by a transaction of its own, so
/// nobody, the admin included, can act as another's hospital.
/// @dev Roles are a bit mask: SITE 1, REVIEWER 2, AGGREGATOR 4, RELEASER 8.
/// Declarations are a bit mask (Harmonized Data Specification, section 5): steering committee or investigator
/// approval 1, ethics committee approval 2, derogation declaration 4, consent forms on file 8.
/// Times are block timestamps in seconds; 0 means "not recorded". A period is half open: `from <= time < to`, and `to`
/// is always later than the block in which it was set, so that nothing done in that block changes its meaning.
interface IConsortium is IArguments {
    struct Organisation {
        address root; // 0 until the root named at admission has accepted
        uint40 admittedAt;
        uint40 rootAcceptedAt;
        uint8 roles;
        bytes32 record; // hiding digest of the organisation's record
    }

    struct RootProposal {
        address root;
        uint40 effectiveAt; // it may accept from here
    }

    /// @dev An offer that waits for the account. It lapses when the organisation's root changes.
    struct Enrolment {
        address root; // who enrolled
        uint40 enrolledAt;
        uint8 roles;
    }

    /// @dev Written once, when the account accepts. A root's record has no roles.
    struct Account {
        uint40 acceptedAt; // acts are possible from here
        uint40 to; // acts are possible before this time; 0: open-ended
        uint40 compromisedSince; // acts at or after this time fail in every verdict; 0: not compromised
        uint8 organisation;
        uint8 roles;
    }

    struct RuleSet {
        uint40 acceptedAt;
        uint40 from;
        uint40 to; // 0: open-ended
        uint8 declarations; // that a version must carry
    }

    event AdminProposed(address indexed admin, address indexed proposed);
    event AdminChanged(address indexed previous, address indexed admin);
    event OrganisationAdmitted(
        uint8 indexed organisation, address indexed root, uint8 roles, bytes32 record, bytes32 statement
    );
    event RootProposed(
        uint8 indexed organisation, address indexed root, address by, uint40 effectiveAt, bytes32 statement
    );
    event RootProposalCancelled(uint8 indexed organisation, address indexed root, address by);
    event RootAccepted(uint8 indexed organisation, address indexed root, address previous);
    event OrganisationSuspended(uint8 indexed organisation, bytes32 statement);
    event OrganisationResumed(uint8 indexed organisation, bytes32 statement);
    event AccountEnrolled(uint8 indexed organisation, address indexed account, uint8 roles, bytes32 statement);
    event EnrolmentWithdrawn(uint8 indexed organisation, address indexed account);
    event AccountAccepted(uint8 indexed organisation, address indexed account, uint8 roles);
    event AccountEnded(uint8 indexed organisation, address indexed account, uint40 to, bytes32 statement);
    event AccountCompromised(
        uint8 indexed organisation, address indexed account, uint40 since, address by, bytes32 statement
    );
    event RuleSetAccepted(bytes32 indexed ruleSet, uint8 declarations, uint40 from, uint40 to, bytes32 statement);
    event RuleSetEnded(bytes32 indexed ruleSet, uint40 to, bytes32 statement);

    /// @notice The caller is not the admin.
    error NotAdmin(address caller, address admin);
    /// @notice The caller is not the address to which the admin offered to hand over.
    error NotProposedAdmin(address caller, address proposed);
    /// @notice The caller is not the organisation's accepted root, or that root is marked as compromised.
    error NotRoot(uint8 organisation, address caller, address root);
    /// @notice The caller is not the root named at admission or proposed since.
    error NotProposedRoot(uint8 organisation, address caller, address proposed);
    /// @notice The public delay of a root proposed by the admin has not passed.
    error RootNotEffective(uint8 organisation, uint40 effectiveAt, uint40 time);
    /// @notice No root is proposed for the organisation.
    error RootNotProposed(uint8 organisation);
    /// @notice An address that must be given is zero.
    error ZeroAddress();
    /// @notice Deployment asks for 1 to 5 approvals.
    error RequiredApprovalsInvalid(uint8 requiredApprovals);
    /// @notice Roles are empty or outside what is allowed here (all roles; the organisation's roles).
    error RolesInvalid(uint8 roles, uint8 allowed);
    /// @notice Declarations outside the four known ones.
    error DeclarationsInvalid(uint8 declarations);
    /// @notice The organisation id is already in use.
    error OrganisationExists(uint8 organisation);
    /// @notice No organisation was admitted under this id.
    error OrganisationUnknown(uint8 organisation);
    /// @notice The organisation is suspended: its accounts cannot act, its root cannot enrol.
    error OrganisationIsSuspended(uint8 organisation);
    /// @notice The organisation is not suspended.
    error OrganisationNotSuspended(uint8 organisation);
    /// @notice The address is or was an account or a root; an address stands for one organisation, once.
    error AddressTaken(address account);
    /// @notice The organisation's present root has already enrolled this address.
    error EnrolmentExists(uint8 organisation, address account);
    /// @notice There is no enrolment by the organisation's present root.
    error EnrolmentUnknown(uint8 organisation, address account);
    /// @notice The caller accepts other roles than it was enrolled with.
    error AcceptanceMismatch(address account, uint8 roles, uint8 enrolled);
    /// @notice The address was never accepted as a working account.
    error AccountUnknown(address account);
    /// @notice The account's time is over.
    error AccountHasEnded(address account, uint40 to, uint40 time);
    /// @notice The account is marked as compromised.
    error AccountIsCompromised(address account, uint40 since);
    /// @notice The account has none of the roles that the act asks for.
    error RoleMissing(address account, uint8 roles, uint8 required);
    /// @notice An end can only be brought forward, a compromise only be dated back, and not before 1 or after now.
    error TimeNotForward(uint40 proposed, uint40 limit);
    /// @notice A period would end before it begins.
    error PeriodInvalid(uint40 from, uint40 to);
    /// @notice A rule set is accepted once; a changed one has another digest.
    error RuleSetExists(bytes32 ruleSet);
    /// @notice The rule set is unknown (all zero) or not accepted at this time.
    error RuleSetNotAccepted(bytes32 ruleSet, uint40 from, uint40 to, uint40 time);

    // ---- admin ----

    /// @notice First step of handing over; a second call replaces the first.
    function proposeAdmin(address proposed) external;
    /// @notice Second step, by the proposed address.
    function acceptAdmin() external;
    /// @notice Admits an organisation for good. Its root is named here and has to accept.
    function admit(uint8 organisation, uint8 roles, address root, bytes32 record, bytes32 statement) external;
    /// @notice Stops every act of the organisation's accounts until it is resumed.
    function suspend(uint8 organisation, bytes32 statement) external;
    function resume(uint8 organisation, bytes32 statement) external;
    /// @notice By the admin: may be accepted after `rootDelay`, in public. By the present root: at once.
    function proposeRoot(uint8 organisation, address root, bytes32 statement) external;
    /// @notice By the admin or the present root, which can so object to a replacement that it did not ask for.
    function cancelRoot(uint8 organisation) external;
    /// @param from Never backdated: an earlier time stands for now.
    /// @param to 0: open-ended.
    function acceptRuleSet(bytes32 ruleSet, uint8 declarations, uint40 from, uint40 to, bytes32 statement) external;
    /// @notice Brings the end of a rule set forward. A time that has passed stands for the end of this block.
    function endRuleSet(bytes32 ruleSet, uint40 to, bytes32 statement) external;

    // ---- roots ----

    /// @notice The root named at admission, or a proposed root after its delay, accepts. Offers of the previous lapse.
    function acceptRoot(uint8 organisation) external;
    /// @notice Offers an account a subset of the organisation's roles.
    function enrol(uint8 organisation, address account, uint8 roles, bytes32 statement) external;
    /// @notice Takes an offer back that was not accepted.
    function withdrawEnrolment(uint8 organisation, address account) external;
    /// @notice Brings the end of an account forward. A time that has passed stands for the end of this block.
    function endAccount(address account, uint40 to, bytes32 statement) external;
    /// @notice By the organisation's root or the admin. `since` lies in the past and can only be dated back.
    /// Ends the account as well. A compromised root cannot act, and its proposal of a root is cancelled.
    function markCompromised(address account, uint40 since, bytes32 statement) external;

    // ---- working accounts ----

    /// @notice The caller accepts its enrolment and repeats what it accepts.
    function accept(uint8 organisation, uint8 roles) external;

    // ---- views ----

    function admin() external view returns (address);
    function proposedAdmin() external view returns (address);
    function requiredApprovals() external view returns (uint8);
    function rootDelay() external view returns (uint40);
    /// @notice Bit n: organisation n is suspended.
    function suspended() external view returns (uint256);
    /// @notice Bit n: organisation n was admitted with this role.
    /// @param role One role, not a mask.
    function members(uint8 role) external view returns (uint256);
    function organisation(uint8 id) external view returns (Organisation memory);
    function rootProposal(uint8 id) external view returns (RootProposal memory);
    function enrolment(uint8 id, address account) external view returns (Enrolment memory);
    function account(address id) external view returns (Account memory);
    function ruleSet(bytes32 id) external view returns (RuleSet memory);
    /// @notice For which organisation, in which roles, an account may act now; reverts with the reason otherwise.
    /// @param anyOf The roles of which the account must have at least one.
    function authorise(address id, uint8 anyOf) external view returns (uint8 organisation, uint8 roles);
    /// @notice The declarations that an accepted rule set requires; reverts when it is not accepted now.
    function requireRuleSet(bytes32 id) external view returns (uint8 declarations);
}
