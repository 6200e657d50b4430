// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IArguments} from "./IArguments.sol";
import {IConsortium} from "./IConsortium.sol";
import {IDatasetRegistry} from "./IDatasetRegistry.sol";
import {ITrainingLedger} from "./ITrainingLedger.sol";

/// @title What was released.
/// @notice The status of a release changes by itself when an input is revoked or reinstated.
/// @dev releaseId = keccak256(abi.encode(RELEASE_TYPEHASH, chainid, this, organisation, run, round, fileDigest)).
/// A digest that is a closed round's aggregate is answered as such, any other as a released file's. It may have
/// several releases; `status` answers for the earliest that is not withdrawn, so that a later one changes no earlier
/// one; all are listed by `releases`, and the rounds by the TrainingLedger's `origins`.
/// Bound: 16 releases by one organisation of one digest.
interface IModelRegistry is IArguments {
    enum Status {
        Unknown,
        AggregateOnly,
        Valid,
        NotValid,
        Withdrawn
    }

    /// @dev Slot 0: account to organisation. Slots 1 to 4: one word each. Slot 5: withdrawnBy to withdrawalReason.
    /// Slot 6: withdrawalStatement.
    struct Release {
        address account;
        uint40 releasedAt;
        uint16 round;
        uint8 organisation;
        bytes32 run;
        bytes32 fileDigest; // SHA-256 of the released file
        bytes32 modelCard;
        bytes32 statement;
        address withdrawnBy;
        uint40 withdrawnAt; // 0: not withdrawn
        uint8 withdrawalReason;
        bytes32 withdrawalStatement;
    }

    /// @notice A model was released.
    /// @param id The release's id.
    /// @param aggregate Content digest of the global model after the round.
    /// @param fileDigest SHA-256 of the released file.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account that acted.
    /// @param run The run's id.
    /// @param round The round, from 1.
    /// @param modelCard SHA-256 of the sealed model card.
    /// @param statement SHA-256 of the sealed statement; not zero.
    event Released(
        bytes32 indexed id,
        bytes32 indexed aggregate,
        bytes32 indexed fileDigest,
        uint8 organisation,
        address account,
        bytes32 run,
        uint16 round,
        bytes32 modelCard,
        bytes32 statement
    );
    /// @notice A release was withdrawn.
    /// @param id The release's id.
    /// @param organisation The organisation, 0 to 255.
    /// @param account The account that acted.
    /// @param reason Reason code, 1 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    event Withdrawn(
        bytes32 indexed id, uint8 indexed organisation, address account, uint8 reason, bytes32 statement
    );

    /// @notice The organisation has released this file from this round before.
    error ReleaseExists(bytes32 id);
    /// @notice No release was recorded under this id.
    error ReleaseUnknown(bytes32 id);
    /// @notice The organisation has released this digest too often.
    error ReleaseLimit(bytes32 digest, uint8 organisation, uint8 limit);
    /// @notice Only the aggregate of a closed round can be released.
    error NotAClosedRound(bytes32 run, uint16 round, uint16 closed);
    /// @notice The releaser hashed another model than the round's aggregate.
    error AggregateMismatch(bytes32 run, uint16 round, bytes32 expected, bytes32 found);
    /// @notice Who aggregates does not release.
    error AggregatorMayNotRelease(bytes32 run, uint8 organisation);
    /// @notice A dataset version that flowed in, or into an ancestor, is not in standing; the lowest number is named.
    error InputNotInStanding(bytes32 run, uint16 round, uint32 number);
    /// @notice Only the releasing organisation withdraws.
    error NotReleaser(bytes32 id, uint8 owner, uint8 caller);
    /// @notice The release was withdrawn before.
    error AlreadyWithdrawn(bytes32 id, uint40 withdrawnAt);

    /// @notice By a RELEASER of another organisation than the run's.
    /// @param run The run's id.
    /// @param round A closed round.
    /// @param aggregate Repeats the content digest that the releaser hashed; must be that round's aggregate.
    /// @param fileDigest SHA-256 of the released file.
    /// @param modelCard SHA-256 of the sealed model card.
    /// @param statement SHA-256 of the sealed statement; not zero.
    /// @return id The new identifier.
    function release(
        bytes32 run,
        uint16 round,
        bytes32 aggregate,
        bytes32 fileDigest,
        bytes32 modelCard,
        bytes32 statement
    ) external returns (bytes32 id);
    /// @notice By a RELEASER of the releasing organisation, for good.
    /// @param id The release's id.
    /// @param reason Reason code, 1 to 255.
    /// @param statement SHA-256 of the sealed statement; not zero.
    function withdraw(bytes32 id, uint8 reason, bytes32 statement) external;

    /// @notice Who may act.
    /// @return The contract.
    function consortium() external view returns (IConsortium);
    /// @notice Which data may be used.
    /// @return The contract.
    function registry() external view returns (IDatasetRegistry);
    /// @notice What was made from what.
    /// @return The contract.
    function training() external view returns (ITrainingLedger);
    /// @notice A release's record; all zero when there is none.
    /// @param id The release's id.
    /// @return The record.
    function getRelease(bytes32 id) external view returns (Release memory);
    /// @notice The id that a release has or would have.
    /// @param organisation The releasing organisation.
    /// @param run The run's id.
    /// @param round The round, from 1.
    /// @param fileDigest SHA-256 of the released file.
    /// @return The id.
    function releaseId(uint8 organisation, bytes32 run, uint16 round, bytes32 fileDigest)
        external
        view
        returns (bytes32);
    /// @notice Releases of an aggregate's content digest, or of a file's SHA-256, in order.
    /// @param digest A content digest or a file's SHA-256.
    /// @return Their ids.
    function releases(bytes32 digest) external view returns (bytes32[] memory);
    /// @notice What a release is worth now.
    /// @param id The release's id.
    /// @return found Unknown, Valid, NotValid or Withdrawn.
    /// @return offender The lowest number of an input that is not in standing; 0 when there is none.
    function releaseStatus(bytes32 id) external view returns (Status found, uint32 offender);
    /// @notice What a digest is worth now.
    /// @param digest A content digest or a file's SHA-256.
    /// @return found Of the earliest release that is not withdrawn.
    /// @return id That release; the first one when all are withdrawn; 0 without any.
    /// @return offender As in `releaseStatus`.
    function status(bytes32 digest) external view returns (Status found, bytes32 id, uint32 offender);
}
