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

    /// @notice The admin offered to hand over.
    /// @param admin The admin.
    /// @param proposed The address proposed; zero takes an offer back.
    event AdminProposed(address indexed admin, address indexed proposed);
    /// @notice The admin handed over; at deployment from zero.
    /// @param previous The one before; zero for the first.
    /// @param admin The admin.
    event AdminChanged(address indexed previous, address indexed admin);
    /// @notice An organisation was admitted; its root has to accept.
    /// @param organisation The organisation, 0 to 255.
    /// @param root The root account.
    /// @param roles Mask of roles.
    /// @param record Hiding digest of the organisation's record.
    /// @param statement SHA-256 of the sealed statement; not zero.
    event OrganisationAdmitted(
        uint8 indexed organisation, address indexed root, uint8 roles, bytes32 record, bytes32 statement
    );
    /// @notice A new root was proposed.
    /// @param organisation The organisation, 0 to 255.
    /// @param root The root account.
    /// @param by Who called.
    /// @param effectiveAt From when it may be accepted.
    /// @param statement SHA-256 of the sealed statement; not zero.
    event RootProposed(
        uint8 indexed organisation, address indexed root, address by, uint40 effectiveAt, bytes32 statement
    );
    /// @notice A proposal was cancelled.
    /// @param organisation The organisation, 0 to 255.
    /// @param root The root account.
    /// @param by Who called.
    event RootProposalCancelled(uint8 indexed organisation, address indexed root, address by);
    /// @notice A root accepted; offers of the previous one lapsed.
    /// @param organisation The organisation, 0 to 255.
    /// @param root The root account.
    /// @param previous The one before; zero for the first.
    event RootAccepted(uint8 indexed organisation, address indexed root, address previous);
    /// @notice An organisation's acts are stopped.
    /// @param organisation The organisation, 0 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    event OrganisationSuspended(uint8 indexed organisation, bytes32 statement);
    /// @notice They are possible again.
    /// @param organisation The organisation, 0 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    event OrganisationResumed(uint8 indexed organisation, bytes32 statement);
    /// @notice An account was offered roles.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account offered roles.
    /// @param roles Mask of roles.
    /// @param statement SHA-256 of the sealed statement; not zero.
    event AccountEnrolled(uint8 indexed organisation, address indexed account, uint8 roles, bytes32 statement);
    /// @notice An offer was taken back.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account whose offer was taken back.
    event EnrolmentWithdrawn(uint8 indexed organisation, address indexed account);
    /// @notice An account accepted and may act.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account that accepted.
    /// @param roles Mask of roles.
    event AccountAccepted(uint8 indexed organisation, address indexed account, uint8 roles);
    /// @notice An account's end was brought forward.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account that ends.
    /// @param to Its end now.
    /// @param statement SHA-256 of the sealed statement; not zero.
    event AccountEnded(uint8 indexed organisation, address indexed account, uint40 to, bytes32 statement);
    /// @notice An account was marked as compromised, and ended.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account that is compromised.
    /// @param since From when acts do not count.
    /// @param by Who called.
    /// @param statement SHA-256 of the sealed statement; not zero.
    event AccountCompromised(
        uint8 indexed organisation, address indexed account, uint40 since, address by, bytes32 statement
    );
    /// @notice A rule set was accepted.
    /// @param ruleSet Digest of the rule set.
    /// @param declarations Mask of declarations.
    /// @param from Begin.
    /// @param to End, exclusive; 0: open-ended.
    /// @param statement SHA-256 of the sealed statement; not zero.
    event RuleSetAccepted(bytes32 indexed ruleSet, uint8 declarations, uint40 from, uint40 to, bytes32 statement);
    /// @notice A rule set's end was brought forward.
    /// @param ruleSet Digest of the rule set.
    /// @param to Its end now.
    /// @param statement SHA-256 of the sealed statement; not zero.
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
    /// @param proposed The next admin; zero takes an offer back.
    function proposeAdmin(address proposed) external;
    /// @notice Second step, by the proposed address.
    function acceptAdmin() external;
    /// @notice Admits an organisation for good. Its root is named here and has to accept.
    /// @param organisation The organisation, 0 to 255.
    /// @param roles Mask of roles.
    /// @param root Its root, which has to accept.
    /// @param record Hiding digest of the organisation's record.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function admit(uint8 organisation, uint8 roles, address root, bytes32 record, bytes32 statement) external;
    /// @notice Stops every act of the organisation's accounts until it is resumed.
    /// @param organisation The organisation, 0 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function suspend(uint8 organisation, bytes32 statement) external;
    /// @notice Ends a suspension.
    /// @param organisation The organisation, 0 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function resume(uint8 organisation, bytes32 statement) external;
    /// @notice By the admin: may be accepted after `rootDelay`, in public. By the present root: at once.
    /// @param organisation The organisation, 0 to 255.
    /// @param root The new root, which has to accept.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function proposeRoot(uint8 organisation, address root, bytes32 statement) external;
    /// @notice By the admin or the present root, which can so object to a replacement that it did not ask for.
    /// @param organisation The organisation, 0 to 255.
    function cancelRoot(uint8 organisation) external;
    /// @notice Accepts a rule set for a period.
    /// @param ruleSet Digest of the rule set.
    /// @param declarations Mask of declarations.
    /// @param from Never backdated: an earlier time stands for now.
    /// @param to 0: open-ended.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function acceptRuleSet(bytes32 ruleSet, uint8 declarations, uint40 from, uint40 to, bytes32 statement) external;
    /// @notice Brings the end of a rule set forward. A time that has passed stands for the end of this block.
    /// @param ruleSet Digest of the rule set.
    /// @param to The new end.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function endRuleSet(bytes32 ruleSet, uint40 to, bytes32 statement) external;

    // ---- roots ----

    /// @notice The root named at admission, or a proposed root after its delay, accepts. Offers of the previous lapse.
    /// @param organisation The organisation, 0 to 255.
    function acceptRoot(uint8 organisation) external;
    /// @notice Offers an account a subset of the organisation's roles.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account to be offered roles.
    /// @param roles Mask of roles.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function enrol(uint8 organisation, address account, uint8 roles, bytes32 statement) external;
    /// @notice Takes an offer back that was not accepted.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account whose offer is taken back.
    function withdrawEnrolment(uint8 organisation, address account) external;
    /// @notice Brings the end of an account forward. A time that has passed stands for the end of this block.
    /// @param account The account to end.
    /// @param to The new end.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function endAccount(address account, uint40 to, bytes32 statement) external;
    /// @notice By the organisation's root or the admin. `since` lies in the past and can only be dated back.
    /// Ends the account as well. A compromised root cannot act, and its proposal of a root is cancelled.
    /// @param account The account that is compromised.
    /// @param since From when acts do not count.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function markCompromised(address account, uint40 since, bytes32 statement) external;

    // ---- working accounts ----

    /// @notice The caller accepts its enrolment and repeats what it accepts.
    /// @param organisation The organisation, 0 to 255.
    /// @param roles Mask of roles.
    function accept(uint8 organisation, uint8 roles) external;

    // ---- views ----

    /// @notice The admin.
    /// @return Its address.
    function admin() external view returns (address);
    /// @notice To whom the admin offered to hand over; 0: nobody.
    /// @return Its address.
    function proposedAdmin() external view returns (address);
    /// @notice How many organisations approve a version.
    /// @return 1 to 5.
    function requiredApprovals() external view returns (uint8);
    /// @notice Seconds between the admin's proposal of a root and its acceptance.
    /// @return Seconds.
    function rootDelay() external view returns (uint40);
    /// @notice Bit n: organisation n is suspended.
    /// @return The set.
    function suspended() external view returns (uint256);
    /// @notice Bit n: organisation n was admitted with this role.
    /// @param role One role, not a mask.
    /// @return The set.
    function members(uint8 role) external view returns (uint256);
    /// @notice An organisation's record; all zero when it was not admitted.
    /// @param id The organisation.
    /// @return The record.
    function organisation(uint8 id) external view returns (Organisation memory);
    /// @notice The root that may accept; all zero without one.
    /// @param id The organisation.
    /// @return The proposal.
    function rootProposal(uint8 id) external view returns (RootProposal memory);
    /// @notice An offer; all zero without one.
    /// @param id The organisation.
    /// @param account The account that was offered roles.
    /// @return The offer.
    function enrolment(uint8 id, address account) external view returns (Enrolment memory);
    /// @notice An account's record; all zero when it never accepted.
    /// @param id The account's address.
    /// @return The record.
    function account(address id) external view returns (Account memory);
    /// @notice A rule set's record; all zero when it was never accepted.
    /// @param id Digest of the rule set.
    /// @return The record.
    function ruleSet(bytes32 id) external view returns (RuleSet memory);
    /// @notice For which organisation, in which roles, an account may act now; reverts with the reason otherwise.
    /// @param id The account's address.
    /// @param anyOf The roles of which the account must have at least one.
    /// @return organisation For which organisation.
    /// @return roles All its roles.
    function authorise(address id, uint8 anyOf) external view returns (uint8 organisation, uint8 roles);
    /// @notice The declarations that an accepted rule set requires; reverts when it is not accepted now.
    /// @param id Digest of the rule set.
    /// @return declarations Mask of declarations.
    function requireRuleSet(bytes32 id) external view returns (uint8 declarations);
}
