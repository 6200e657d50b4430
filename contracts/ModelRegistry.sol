// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsortium} from "./interfaces/IConsortium.sol";
import {IDatasetRegistry} from "./interfaces/IDatasetRegistry.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";
import {ITrainingLedger} from "./interfaces/ITrainingLedger.sol";
import {Arguments, RELEASER} from "./Arguments.sol";

/// @title Implementation of IModelRegistry, which is the specification.
contract ModelRegistry is IModelRegistry, Arguments {
    bytes32 private constant RELEASE_TYPEHASH = keccak256(
        "Release(uint256 chainId,address registry,uint8 organisation,bytes32 run,uint16 round,bytes32 fileDigest)"
    );
    uint8 private constant MAX_RELEASES = 16;

    IConsortium public immutable consortium;
    IDatasetRegistry public immutable registry;
    ITrainingLedger public immutable training;

    mapping(bytes32 id => Release) private _releases;
    mapping(bytes32 aggregate => bytes32[]) private _byAggregate;
    mapping(bytes32 fileDigest => bytes32[]) private _byFile;
    mapping(bytes32 digest => mapping(uint8 organisation => uint8)) private _aggregateCounts;
    mapping(bytes32 digest => mapping(uint8 organisation => uint8)) private _fileCounts;

    constructor(IConsortium consortium_, IDatasetRegistry registry_, ITrainingLedger training_) {
        _requireWired(address(consortium_), address(training_.consortium()));
        _requireWired(address(registry_), address(training_.registry()));
        consortium = consortium_;
        registry = registry_;
        training = training_;
    }

    function release(
        bytes32 run,
        uint16 round,
        bytes32 aggregate,
        bytes32 fileDigest,
        bytes32 modelCard,
        bytes32 statement
    ) external returns (bytes32 id) {
        _requireDigest(fileDigest, 3);
        _requireDigest(modelCard, 4);
        _requireDigest(statement, 5);
        (uint8 organisation,) = consortium.authorise(msg.sender, RELEASER);
        _requireAggregate(run, round, aggregate, organisation);
        id = releaseId(organisation, run, round, fileDigest);
        if (_releases[id].releasedAt != 0) revert ReleaseExists(id);
        uint32 offender = _firstOffender(run, round);
        if (offender != 0) revert InputNotInStanding(run, round, offender);
        _requireBelowLimit(_aggregateCounts, aggregate, organisation);
        _requireBelowLimit(_fileCounts, fileDigest, organisation);
        _list(_byAggregate, _aggregateCounts, aggregate, organisation, id);
        _list(_byFile, _fileCounts, fileDigest, organisation, id);
        Release storage added = _releases[id];
        added.account = msg.sender;
        added.releasedAt = _now();
        added.round = round;
        added.organisation = organisation;
        added.run = run;
        added.fileDigest = fileDigest;
        added.modelCard = modelCard;
        added.statement = statement;
        _announce(id, aggregate);
    }

    function withdraw(bytes32 id, uint8 reason, bytes32 statement) external {
        _requireReason(reason);
        _requireDigest(statement, 2);
        Release storage target = _known(id);
        (uint8 organisation,) = consortium.authorise(msg.sender, RELEASER);
        if (organisation != target.organisation) revert NotReleaser(id, target.organisation, organisation);
        if (target.withdrawnAt != 0) revert AlreadyWithdrawn(id, target.withdrawnAt);
        target.withdrawnBy = msg.sender;
        target.withdrawnAt = _now();
        target.withdrawalReason = reason;
        target.withdrawalStatement = statement;
        emit Withdrawn(id, organisation, msg.sender, reason, statement);
    }

    // ---- views ----

    function getRelease(bytes32 id) external view returns (Release memory) {
        return _releases[id];
    }

    function releases(bytes32 digest) external view returns (bytes32[] memory) {
        return _listOf(digest, training.originCount(digest));
    }

    function status(bytes32 digest) external view returns (Status found, bytes32 id, uint32 offender) {
        uint256 origins = training.originCount(digest);
        bytes32[] storage ids = _listOf(digest, origins);
        if (ids.length == 0) return (origins == 0 ? Status.Unknown : Status.AggregateOnly, 0, 0);
        id = ids[0];
        for (uint256 i = 0; i < ids.length; ++i) {
            if (_releases[ids[i]].withdrawnAt == 0) {
                id = ids[i];
                break;
            }
        }
        (found, offender) = releaseStatus(id);
    }

    function releaseStatus(bytes32 id) public view returns (Status found, uint32 offender) {
        Release storage target = _releases[id];
        if (target.releasedAt == 0) return (Status.Unknown, 0);
        offender = _firstOffender(target.run, target.round);
        found = offender == 0 ? Status.Valid : Status.NotValid;
        if (target.withdrawnAt != 0) found = Status.Withdrawn;
    }

    function releaseId(uint8 organisation, bytes32 run, uint16 round, bytes32 fileDigest)
        public
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(RELEASE_TYPEHASH, block.chainid, address(this), organisation, run, round, fileDigest)
        );
    }

    // ---- internal ----

    /// @dev Appends a release to a digest's list.
    function _list(
        mapping(bytes32 => bytes32[]) storage lists,
        mapping(bytes32 => mapping(uint8 => uint8)) storage counts,
        bytes32 digest,
        uint8 organisation,
        bytes32 id
    ) private {
        ++counts[digest][organisation];
        lists[digest].push(id);
    }

    function _announce(bytes32 id, bytes32 aggregate) private {
        Release memory added = _releases[id];
        emit Released(
            id,
            aggregate,
            added.fileDigest,
            added.organisation,
            added.account,
            added.run,
            added.round,
            added.modelCard,
            added.statement
        );
    }

    function _known(bytes32 id) private view returns (Release storage found) {
        found = _releases[id];
        if (found.releasedAt == 0) revert ReleaseUnknown(id);
    }

    function _listOf(bytes32 digest, uint256 origins) private view returns (bytes32[] storage) {
        return origins == 0 ? _byFile[digest] : _byAggregate[digest];
    }

    function _firstOffender(bytes32 run, uint16 round) private view returns (uint32) {
        (uint256[] memory words, uint256[] memory bits) = training.inflow(run, round);
        return registry.firstOffender(words, bits);
    }

    /// @dev The bound is per organisation, so that none can fill a list for the others.
    function _requireBelowLimit(
        mapping(bytes32 => mapping(uint8 => uint8)) storage counts,
        bytes32 digest,
        uint8 organisation
    ) private view {
        if (counts[digest][organisation] == MAX_RELEASES) revert ReleaseLimit(digest, organisation, MAX_RELEASES);
    }

    function _requireAggregate(bytes32 run, uint16 round, bytes32 aggregate, uint8 releaser) private view {
        ITrainingLedger.Run memory source = training.run(run);
        if (round == 0 || round > source.rounds) revert NotAClosedRound(run, round, source.rounds);
        if (releaser == source.organisation) revert AggregatorMayNotRelease(run, releaser);
        bytes32 expected = training.round(run, round).aggregate;
        if (aggregate != expected) revert AggregateMismatch(run, round, expected, aggregate);
    }
}
