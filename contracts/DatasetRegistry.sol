// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "./interfaces/IConsortium.sol";
import {IDatasetRegistry} from "./interfaces/IDatasetRegistry.sol";
import {lowestBit} from "./Bits.sol";
import {ALL_DECLARATIONS, Arguments, ETHICS_APPROVAL, REVIEWER, SITE} from "./Arguments.sol";

/// @title Implementation of IDatasetRegistry, which is the specification.
contract DatasetRegistry is IDatasetRegistry, Arguments {
    bytes32 private constant VERSION_TYPEHASH =
        keccak256("Version(uint256 chainId,address registry,uint8 organisation,bytes32 commitment)");
    bytes32 private constant REGISTRATION_TYPEHASH = keccak256(
        "Registration(bytes32 id,uint32 number,uint8 organisation,address account,uint40 time,bytes32 commitment,bytes32 predecessor,bytes32 qcReport,bytes32 ethics,bytes32 ruleSet,bytes32 purpose,bytes32 statement,uint40 ethicsExpiry,uint8 declarations,bool qcPassed)"
    );
    bytes32 private constant DECISION_TYPEHASH = keccak256(
        "Decision(bytes32 previous,bytes32 id,uint8 kind,uint8 organisation,address account,uint40 time,uint8 reason,bytes32 successor,bytes32 statement)"
    );

    uint8 private constant REJECTED = 1;
    uint8 private constant APPROVED = 2;
    uint8 private constant REVOKED = 4;
    uint8 private constant SUPERSEDED = 8;
    uint8 private constant RETIRED = 16;
    uint8 private constant REINSTATING = 32;

    IConsortium public immutable consortium;
    uint8 private immutable _requiredApprovals;

    uint32 public versionCount;
    mapping(bytes32 id => Version) private _versions;
    mapping(uint256 word => uint256 bits) public standingWord;

    struct Decision {
        DecisionKind kind;
        uint8 organisation;
        uint8 reason;
        bytes32 successor;
        bytes32 statement;
    }

    constructor(IConsortium consortium_) {
        consortium = consortium_;
        _requiredApprovals = consortium_.requiredApprovals();
    }

    function register(Registration calldata registration) external returns (bytes32 id, uint32 number) {
        _requireRegistration(registration);
        (uint8 organisation,) = consortium.authorise(msg.sender, SITE);
        id = versionId(organisation, registration.commitment);
        Version storage added = _versions[id];
        if (added.number != 0) revert VersionExists(id);
        added.predecessor = _predecessor(registration.predecessor, organisation);
        number = ++versionCount;
        added.account = msg.sender;
        added.registeredAt = _now();
        added.number = number;
        added.organisation = organisation;
        added.declarations = registration.declarations;
        added.qcPassed = registration.qcPassed;
        added.ethicsExpiry = registration.ethicsExpiry;
        added.basis = keccak256(abi.encode(registration.qcReport, registration.ruleSet));
        added.purpose = registration.purpose;
        added.history = keccak256(
            abi.encode(REGISTRATION_TYPEHASH, id, number, organisation, msg.sender, _now(), registration)
        );
        emit VersionRegistered(id, number, organisation, msg.sender, registration);
    }

    function approve(bytes32 id, bytes32 qcReport, bytes32 ruleSet, bytes32 statement) external {
        _requireDigest(statement, 3);
        Version storage decided = _known(id);
        uint8 organisation = _requireForeignReviewer(id, decided);
        if (decided.flags != 0) revert WrongState(id, decided.flags);
        _requireApprovable(id, decided, keccak256(abi.encode(qcReport, ruleSet)));
        _requireDeclared(id, decided.declarations, ruleSet);
        _addApprover(id, decided, organisation);
        if (decided.approvals == _requiredApprovals) {
            decided.flags = APPROVED;
            _setStanding(decided.number, true);
        }
        _record(id, decided, Decision(DecisionKind.Approve, organisation, 0, 0, statement));
    }

    function reject(bytes32 id, uint8 reason, bytes32 statement) external {
        _requireReason(reason);
        _requireDigest(statement, 2);
        Version storage decided = _known(id);
        uint8 organisation = _requireForeignReviewer(id, decided);
        if (decided.flags & (REJECTED | APPROVED | REVOKED) != 0) revert WrongState(id, decided.flags);
        decided.flags |= REJECTED;
        _record(id, decided, Decision(DecisionKind.Reject, organisation, reason, 0, statement));
    }

    function revoke(bytes32 id, uint8 reason, bytes32 statement) external {
        _requireReason(reason);
        _requireDigest(statement, 2);
        Version storage decided = _known(id);
        uint8 organisation = _requireSiteOrReviewer(decided.organisation);
        if (decided.flags & (REJECTED | REVOKED) != 0) revert WrongState(id, decided.flags);
        decided.flags |= REVOKED;
        decided.revokedAt = _now();
        decided.revoker = organisation;
        _setStanding(decided.number, false);
        _record(id, decided, Decision(DecisionKind.Revoke, organisation, reason, 0, statement));
    }

    function supersede(bytes32 id, bytes32 successor, uint8 reason, bytes32 statement) external {
        _requireReason(reason);
        _requireDigest(statement, 3);
        Version storage decided = _known(id);
        uint8 organisation = _requireOwner(id, decided);
        if (decided.flags & (SUPERSEDED | RETIRED) != 0) revert WrongState(id, decided.flags);
        Version storage newer = _versions[successor];
        if (newer.organisation != organisation || newer.number <= decided.number) {
            revert SuccessorInvalid(id, successor);
        }
        decided.flags |= SUPERSEDED;
        decided.replacedAt = _now();
        _record(id, decided, Decision(DecisionKind.Supersede, organisation, reason, successor, statement));
    }

    function retire(bytes32 id, uint8 reason, bytes32 statement) external {
        _requireReason(reason);
        _requireDigest(statement, 2);
        Version storage decided = _known(id);
        uint8 organisation = _requireOwner(id, decided);
        if (decided.flags & RETIRED != 0) revert WrongState(id, decided.flags);
        decided.flags |= RETIRED;
        if (decided.replacedAt == 0) decided.replacedAt = _now();
        _record(id, decided, Decision(DecisionKind.Retire, organisation, reason, 0, statement));
    }

    function reinstate(bytes32 id, uint8 reason, bytes32 statement) external {
        _requireReason(reason);
        _requireDigest(statement, 2);
        Version storage decided = _known(id);
        uint8 organisation = _requireForeignReviewer(id, decided);
        if (decided.flags & REVOKED == 0) revert WrongState(id, decided.flags);
        if (organisation == decided.revoker) revert ReinstaterInvalid(id, organisation);
        if (decided.flags & REINSTATING != 0) {
            _completeReinstatement(id, decided, organisation);
        } else {
            decided.flags |= REINSTATING;
            decided.reinstater = organisation;
        }
        _record(id, decided, Decision(DecisionKind.Reinstate, organisation, reason, 0, statement));
    }

    // ---- views ----

    function version(bytes32 id) external view returns (Version memory) {
        return _versions[id];
    }

    function inStanding(bytes32 id) external view returns (bool) {
        uint32 number = _versions[id].number;
        return (standingWord[number >> 8] >> (number & 255)) & 1 != 0;
    }

    function firstOffender(uint256[] calldata words, uint256[] calldata bits) external view returns (uint32 number) {
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 offenders = bits[i] & ~standingWord[words[i]];
            if (offenders == 0) continue;
            uint32 found = uint32((words[i] << 8) | lowestBit(offenders));
            if (number == 0 || found < number) number = found;
        }
    }

    function requireUsable(bytes32 id, uint8 organisation, bytes32 purpose, uint40 openedAt)
        external
        view
        returns (uint32 number)
    {
        Version storage used = _known(id);
        number = used.number;
        if (used.organisation != organisation) revert NotOwnVersion(id, used.organisation, organisation);
        uint8 flags = used.flags;
        if (flags & REVOKED != 0) revert NotInStanding(id, flags);
        uint40 replacedAt = used.replacedAt;
        if (flags & APPROVED == 0 || (replacedAt != 0 && openedAt >= replacedAt)) revert NotApproved(id, flags);
        uint40 expiry = used.ethicsExpiry;
        if (expiry != 0 && _now() >= expiry) revert EthicsExpired(id, expiry, _now());
        if (used.purpose != purpose) revert PurposeMismatch(id, used.purpose, purpose);
    }

    function versionId(uint8 organisation, bytes32 commitment) public view returns (bytes32) {
        return keccak256(abi.encode(VERSION_TYPEHASH, block.chainid, address(this), organisation, commitment));
    }

    // ---- internal ----

    /// @dev Appends to the decision chain and emits the event.
    function _record(bytes32 id, Version storage decided, Decision memory decision) private {
        ++decided.decisions;
        decided.history = keccak256(
            abi.encode(
                DECISION_TYPEHASH,
                decided.history,
                id,
                decision.kind,
                decision.organisation,
                msg.sender,
                _now(),
                decision.reason,
                decision.successor,
                decision.statement
            )
        );
        emit Decided(
            id,
            decision.kind,
            decision.organisation,
            msg.sender,
            decision.reason,
            decided.flags,
            decision.successor,
            decision.statement
        );
    }

    function _addApprover(bytes32 id, Version storage decided, uint8 organisation) private {
        uint40 approvers = decided.approvers;
        uint8 count = decided.approvals;
        for (uint8 i = 0; i < count; ++i) {
            if (uint8(approvers >> (8 * i)) == organisation) revert AlreadyDecided(id, organisation);
        }
        decided.approvers = approvers | (uint40(organisation) << (8 * count));
        decided.approvals = count + 1;
    }

    function _completeReinstatement(bytes32 id, Version storage decided, uint8 organisation) private {
        if (organisation == decided.reinstater) revert ReinstaterInvalid(id, organisation);
        decided.flags &= ~(REVOKED | REINSTATING);
        decided.revokedAt = 0;
        decided.revoker = 0;
        decided.reinstater = 0;
        if (decided.flags & APPROVED != 0) _setStanding(decided.number, true);
    }

    function _setStanding(uint32 number, bool standing) private {
        uint256 bit = 1 << (number & 255);
        if (standing) standingWord[number >> 8] |= bit;
        else standingWord[number >> 8] &= ~bit;
    }

    function _known(bytes32 id) private view returns (Version storage found) {
        found = _versions[id];
        if (found.number == 0) revert VersionUnknown(id);
    }

    function _predecessor(bytes32 id, uint8 organisation) private view returns (uint32) {
        if (id == 0) return 0;
        Version storage earlier = _known(id);
        if (earlier.organisation != organisation) {
            revert PredecessorOfAnother(id, earlier.organisation, organisation);
        }
        return earlier.number;
    }

    function _requireForeignReviewer(bytes32 id, Version storage decided) private view returns (uint8 organisation) {
        (organisation,) = consortium.authorise(msg.sender, REVIEWER);
        if (organisation == decided.organisation) revert OwnVersion(id, organisation);
    }

    function _requireOwner(bytes32 id, Version storage decided) private view returns (uint8 organisation) {
        (organisation,) = consortium.authorise(msg.sender, SITE);
        if (organisation != decided.organisation) revert NotOwnVersion(id, decided.organisation, organisation);
    }

    function _requireSiteOrReviewer(uint8 owner) private view returns (uint8 organisation) {
        uint8 roles;
        (organisation, roles) = consortium.authorise(msg.sender, SITE | REVIEWER);
        uint8 required = organisation == owner ? SITE : REVIEWER;
        if (roles & required == 0) revert RoleMissing(msg.sender, roles, required);
    }

    function _requireDeclared(bytes32 id, uint8 declarations, bytes32 ruleSet) private view {
        uint8 required = consortium.requireRuleSet(ruleSet);
        if (required & ~declarations != 0) revert DeclarationsMissing(id, declarations, required);
    }

    function _requireApprovable(bytes32 id, Version storage decided, bytes32 basis) private view {
        if (!decided.qcPassed) revert QcFailed(id);
        if (decided.basis != basis) revert BasisMismatch(id, decided.basis, basis);
    }

    function _requireRegistration(Registration calldata registration) private pure {
        _requireDigest(registration.commitment, 0);
        _requireDigest(registration.qcReport, 2);
        _requireDigest(registration.ethics, 3);
        _requireDigest(registration.ruleSet, 4);
        _requireDigest(registration.purpose, 5);
        _requireDigest(registration.statement, 6);
        uint8 declarations = registration.declarations;
        if (declarations > ALL_DECLARATIONS) revert DeclarationsInvalid(declarations);
        if ((declarations & ETHICS_APPROVAL != 0) != (registration.ethicsExpiry != 0)) {
            revert EthicsExpiryInvalid(declarations, registration.ethicsExpiry);
        }
    }
}
