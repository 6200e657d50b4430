// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IArguments} from "./IArguments.sol";
import {IConsortium} from "./IConsortium.sol";

/// @title Which data may be used.
/// @notice A dataset version is one immutable state of a site's collection, known here by a hiding commitment.
/// *Approved*: enough approvals and nothing since. *In standing*: was approved and is not revoked.
/// @dev A version's id is keccak256(abi.encode(VERSION_TYPEHASH, chainid, this, organisation, commitment)), so that
/// it is known before registration and nobody can take another's.
/// Its number counts from 1 in the order of registration and is its place in the standing bitmap.
/// Flags: REJECTED 1, APPROVED 2, REVOKED 4, SUPERSEDED 8, RETIRED 16, REINSTATING 32 (one of two).
/// Decisions form a hash chain. D(0) = keccak256(abi.encode(REGISTRATION_TYPEHASH, id, number, organisation, account,
/// time, registration)); D(i) = keccak256(abi.encode(DECISION_TYPEHASH, D(i-1), id, kind, organisation, account, time,
/// reason, successor, statement)). The head is one slot.
interface IDatasetRegistry is IArguments {
    enum DecisionKind {
        None,
        Approve,
        Reject,
        Revoke,
        Reinstate,
        Supersede,
        Retire
    }

    struct Registration {
        bytes32 commitment;
        bytes32 predecessor; // id of an earlier version of the same organisation, or 0
        bytes32 qcReport; // hiding digest
        bytes32 ethics; // hiding digest of the ethics file
        bytes32 ruleSet; // by which the QC report judged
        bytes32 purpose;
        bytes32 statement;
        uint40 ethicsExpiry; // usable before this time; 0 when, and only when, no ethics approval is declared
        uint8 declarations;
        bool qcPassed;
    }

    /// @dev Slot 0: account to reinstater. Slot 1: number to approvals. Slots 2 to 4: the three words.
    struct Version {
        address account;
        uint40 registeredAt;
        uint40 revokedAt; // 0 unless revoked now
        uint8 revoker; // organisation, meaningful while REVOKED
        uint8 reinstater; // organisation of the first of two, meaningful while REINSTATING
        uint32 number;
        uint32 predecessor; // number, 0 for none
        uint40 ethicsExpiry;
        uint40 replacedAt; // superseded or retired, whichever came first; 0: neither
        uint40 approvers; // organisations, one byte each, first approval lowest
        uint32 decisions; // count
        uint8 organisation;
        uint8 declarations;
        bool qcPassed;
        uint8 flags;
        uint8 approvals; // count
        bytes32 basis; // keccak256(abi.encode(qcReport, ruleSet))
        bytes32 purpose;
        bytes32 history; // head of the decision chain
    }

    /// @notice A version was registered; with the block's timestamp the preimage of D(0).
    /// @param id The version's id.
    /// @param number Its number, from 1.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account that acted.
    /// @param registration All that is registered.
    event VersionRegistered(
        bytes32 indexed id,
        uint32 indexed number,
        uint8 indexed organisation,
        address account,
        Registration registration
    );
    /// @notice A decision was taken.
    /// @dev One event for every decision; with the block's timestamp it is the preimage of D(i).
    /// @param id The version's id.
    /// @param kind Which kind.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account that acted.
    /// @param reason Reason code; 0 for an approval.
    /// @param flags The version's flags after the decision.
    /// @param successor The newer version's id, or 0.
    /// @param statement SHA-256 of the sealed statement; not zero.
    event Decided(
        bytes32 indexed id,
        DecisionKind indexed kind,
        uint8 indexed organisation,
        address account,
        uint8 reason,
        uint8 flags, // after the decision
        bytes32 successor,
        bytes32 statement
    );

    /// @notice Declarations outside the four known ones.
    error DeclarationsInvalid(uint8 declarations);
    /// @notice An ethics approval without an expiry, or an expiry without an ethics approval.
    error EthicsExpiryInvalid(uint8 declarations, uint40 expiry);
    /// @notice The organisation has registered this commitment before.
    error VersionExists(bytes32 id);
    /// @notice No version was registered under this id.
    error VersionUnknown(bytes32 id);
    /// @notice A version continues versions of its own organisation only.
    error PredecessorOfAnother(bytes32 predecessor, uint8 owner, uint8 caller);
    /// @notice An organisation does not review its own versions.
    error OwnVersion(bytes32 id, uint8 organisation);
    /// @notice The act belongs to the organisation that registered the version.
    error NotOwnVersion(bytes32 id, uint8 owner, uint8 caller);
    /// @notice The caller's organisation has the right to act, the account has not the role.
    error RoleMissing(address account, uint8 roles, uint8 required);
    /// @notice A version whose quality check failed can never be approved.
    error QcFailed(bytes32 id);
    /// @notice The reviewer read another QC report, or one by another rule set, than was registered.
    error BasisMismatch(bytes32 id, bytes32 expected, bytes32 found);
    /// @notice The rule set requires declarations that the version does not carry.
    error DeclarationsMissing(bytes32 id, uint8 present, uint8 required);
    /// @notice The ethics approval has expired.
    error EthicsExpired(bytes32 id, uint40 expiry, uint40 time);
    /// @notice The organisation has approved this version before.
    error AlreadyDecided(bytes32 id, uint8 organisation);
    /// @notice The decision is not possible in the version's present state.
    error WrongState(bytes32 id, uint8 flags);
    /// @notice The successor is unknown, older, or another organisation's.
    error SuccessorInvalid(bytes32 id, bytes32 successor);
    /// @notice Two organisations reinstate, neither the site's nor the revoker's.
    error ReinstaterInvalid(bytes32 id, uint8 organisation);
    /// @notice Starting to use a version asks for approved: not approved yet, or replaced before the run was opened.
    error NotApproved(bytes32 id, uint8 flags);
    /// @notice The version is revoked.
    error NotInStanding(bytes32 id, uint8 flags);
    /// @notice The version was registered for another purpose.
    error PurposeMismatch(bytes32 id, bytes32 purpose, bytes32 expected);

    /// @notice By a SITE: registers a version for its organisation. A failed QC is a fact that can be registered.
    /// @param registration All that is registered.
    /// @return id The new identifier.
    /// @return number The version's number.
    function register(Registration calldata registration) external returns (bytes32 id, uint32 number);
    /// @notice By a REVIEWER of another organisation, which repeats the QC digest and the rule set that it read.
    /// @param id The version's id.
    /// @param qcReport Hiding digest of the QC report.
    /// @param ruleSet Digest of the rule set.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function approve(bytes32 id, bytes32 qcReport, bytes32 ruleSet, bytes32 statement) external;
    /// @notice By a REVIEWER of another organisation, before the version is approved: it never will be.
    /// @param id The version's id.
    /// @param reason Reason code, 1 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function reject(bytes32 id, uint8 reason, bytes32 statement) external;
    /// @notice By the site, or a REVIEWER of another organisation, at any time unless rejected.
    /// @param id The version's id.
    /// @param reason Reason code, 1 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function revoke(bytes32 id, uint8 reason, bytes32 statement) external;
    /// @notice By the site: a newer version of its own replaces this one. Not wrong, so it stays in standing.
    /// @param id The version's id.
    /// @param successor The newer version's id, or 0.
    /// @param reason Reason code, 1 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function supersede(bytes32 id, bytes32 successor, uint8 reason, bytes32 statement) external;
    /// @notice By the site: the data were erased. Not false, so it stays in standing.
    /// @param id The version's id.
    /// @param reason Reason code, 1 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function retire(bytes32 id, uint8 reason, bytes32 statement) external;
    /// @notice REVIEWERs of two organisations, neither the site's nor the revoker's, undo a revocation by mistake.
    /// @param id The version's id.
    /// @param reason Reason code, 1 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function reinstate(bytes32 id, uint8 reason, bytes32 statement) external;

    /// @notice Who may act.
    /// @return The contract.
    function consortium() external view returns (IConsortium);
    /// @notice A version's record; all zero when it was not registered.
    /// @param id The version's id.
    /// @return The record.
    function version(bytes32 id) external view returns (Version memory);
    /// @notice How many versions are registered: the highest number.
    /// @return The count.
    function versionCount() external view returns (uint32);
    /// @notice The id that an organisation's version has or would have.
    /// @param organisation The organisation, 0 to 255.
    /// @param commitment The dataset commitment.
    /// @return The id.
    function versionId(uint8 organisation, bytes32 commitment) external view returns (bytes32);
    /// @notice Whether a version was approved and is not revoked.
    /// @param id The version's id.
    /// @return True when it is.
    function inStanding(bytes32 id) external view returns (bool);
    /// @notice Bit n of word w says that version number 256 * w + n is in standing.
    /// @param word Index of the word.
    /// @return 256 bits.
    function standingWord(uint256 word) external view returns (uint256);
    /// @notice The lowest version number that is set in `bits` and not in standing; 0 when there is none.
    /// @param words Indexes of bitmap words, in any order, repeated or not.
    /// @param bits What is asked of each of them.
    /// @return number The version's number.
    function firstOffender(uint256[] calldata words, uint256[] calldata bits) external view returns (uint32 number);
    /// @notice The number of a version that `organisation` may use in a run opened at `openedAt`; reverts with why not.
    /// @param id The version's id.
    /// @param organisation Who would use it.
    /// @param purpose Digest of the purpose.
    /// @param openedAt When the run was opened.
    /// @return number The version's number.
    function requireUsable(bytes32 id, uint8 organisation, bytes32 purpose, uint40 openedAt)
        external
        view
        returns (uint32 number);
}
