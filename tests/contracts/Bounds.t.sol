// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AGGREGATOR, RELEASER, SITE} from "../../contracts/Arguments.sol";
import {lowestBit} from "../../contracts/Bits.sol";
import {Consortium} from "../../contracts/Consortium.sol";
import {ModelRegistry} from "../../contracts/ModelRegistry.sol";
import {TrainingLedger} from "../../contracts/TrainingLedger.sol";
import {IDatasetRegistry} from "../../contracts/interfaces/IDatasetRegistry.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {ITrainingLedger} from "../../contracts/interfaces/ITrainingLedger.sol";
import {World, vm} from "./Base.sol";

/// @dev A registry in which id n is version number n, without 65 536 registrations. Versions fall one by one.
contract SparseRegistry {
    Consortium public immutable consortium;
    mapping(uint256 word => uint256 bits) private _fallen;

    constructor(Consortium consortium_) {
        consortium = consortium_;
    }

    function fall(uint256 number) external {
        _fallen[number >> 8] |= 1 << (number & 255);
    }

    function rise(uint256 number) external {
        _fallen[number >> 8] &= ~(1 << (number & 255));
    }

    function requireUsable(bytes32 id, uint8, bytes32, uint40) external pure returns (uint32) {
        return uint32(uint256(id));
    }

    /// @dev One search, as costly as the real one.
    function firstOffender(uint256[] calldata words, uint256[] calldata bits) external view returns (uint32) {
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 offenders = bits[i] & _fallen[words[i]];
            if (offenders != 0) return uint32((words[i] << 8) | lowestBit(offenders));
        }
        return 0;
    }
}

/// @dev Everything at the bounds that the contracts enforce; Bounds.tree lists the behaviours.
contract BoundsTest is World {
    uint256 private constant LIMIT = 2048;
    /// @dev A block of a production chain; each call at a bound fits well into it.
    uint256 private constant BLOCK_GAS = 30_000_000;

    SparseRegistry private _registry;
    bytes32 private _run;

    /// @dev 256 organisations, each in every role that the tests need.
    function setUp() public {
        vm.warp(START);
        consortium = new Consortium(ADMIN, 1, DELAY);
        _registry = new SparseRegistry(consortium);
        training = new TrainingLedger(consortium, IDatasetRegistry(address(_registry)));
        models = new ModelRegistry(consortium, IDatasetRegistry(address(_registry)), training);
        for (uint256 organisation = 0; organisation < 256; ++organisation) {
            _admit(uint8(organisation), organisation == AUTHORITY ? SITE | RELEASER : SITE | AGGREGATOR);
        }
        _run = _open(keccak256("plan"), type(uint256).max);
    }

    function test_bounds_256ParticipantsIn256Words() public {
        _commitAll(1);
        uint256 left = gasleft();
        _close(_run, type(uint256).max, keccak256("model 1"));
        _true(left - gasleft() < BLOCK_GAS);
        (uint256[] memory words, uint256[] memory bits) = training.inflow(_run, 1);
        _eq(words.length, 256);
        for (uint256 i = 0; i < 256; ++i) {
            _eq(words[i], i);
            _eq(bits[i], 2);
        }
    }

    function test_bounds_anOffenderAmong256IsNamed() public {
        _commitAll(1);
        _registry.fall(200 * 256 + 1);
        bytes32 leaves = training.leavesHash(_run, 1, type(uint256).max);
        _refused(
            abi.encodeWithSelector(ITrainingLedger.VersionLostStanding.selector, _run, 1, 200, 200 * 256 + 1)
        );
        vm.prank(_account(CENTRE));
        training.closeRound(_run, 1, keccak256("model"), type(uint256).max, leaves, NOTE);
    }

    function test_bounds_lineageEntries() public {
        _fill(8);
        _eq(training.run(_run).inflowEntries, LIMIT);
        _commitNumber(SITE_A, _run, 9);
        bytes32 leaves = training.leavesHash(_run, 9, 1);
        _refused(abi.encodeWithSelector(ITrainingLedger.LineageLimit.selector, LIMIT + 1, LIMIT));
        vm.prank(_account(CENTRE));
        training.closeRound(_run, 9, keccak256("one too many"), 1, leaves, NOTE);
        _commitNumber(SITE_A, _run, 8);
        _close(_run, 1, keccak256("nothing new"));
    }

    function test_bounds_lineageEntriesCountAncestors() public {
        _fill(8);
        bytes32 child = _fork(keccak256("child"), _run, 8);
        _eq(training.run(child).inheritedEntries, LIMIT);
        _commitNumber(SITE_A, child, 1);
        bytes32 leaves = training.leavesHash(child, 1, 1);
        _refused(abi.encodeWithSelector(ITrainingLedger.LineageLimit.selector, LIMIT + 1, LIMIT));
        vm.prank(_account(CENTRE));
        training.closeRound(child, 1, keccak256("one too many"), 1, leaves, NOTE);
    }

    function test_bounds_releaseOverAllLineageEntries() public {
        _fill(8);
        _registry.fall(255 * 256 + 8);
        bytes32 aggregate = training.round(_run, 8).aggregate;
        _refused(
            abi.encodeWithSelector(IModelRegistry.InputNotInStanding.selector, _run, 8, 255 * 256 + 8)
        );
        vm.prank(_account(AUTHORITY));
        models.release(_run, 8, aggregate, NOTE, NOTE, NOTE);
        _registry.rise(255 * 256 + 8);
        uint256 left = gasleft();
        bytes32 id = _release(_run, 8, NOTE);
        _true(left - gasleft() < BLOCK_GAS);
        (IModelRegistry.Status status,) = models.releaseStatus(id);
        _true(status == IModelRegistry.Status.Valid);
        _eq(_entriesUpTo(5), 5 * 256);
    }

    /// @dev A known limit: a run ends with round 65 535, by an arithmetic panic and not by an error of its own.
    function test_bounds_rounds() public {
        bytes32 slot = keccak256(abi.encode(_run, uint256(0)));
        vm.store(address(training), slot, vm.load(address(training), slot) | bytes32(uint256(65_535) << 200));
        _eq(training.run(_run).rounds, 65_535);
        _refused(abi.encodeWithSignature("Panic(uint256)", 0x11));
        vm.prank(_account(SITE_A));
        training.commitUpdate(_run, 65_535, NOTE, NOTE, NOTE, NOTE, 0);
    }

    function _fill(uint16 rounds) private {
        for (uint16 round = 1; round <= rounds; ++round) {
            _commitAll(round);
            _close(_run, type(uint256).max, keccak256(abi.encode(round)));
        }
    }

    /// @dev In round r everyone uses bit r of a word of its own.
    function _commitAll(uint16 round) private {
        for (uint256 organisation = 0; organisation < 256; ++organisation) {
            _commitNumber(uint8(organisation), _run, round);
        }
    }

    function _commitNumber(uint8 organisation, bytes32 run, uint16 bit) private {
        _commit(organisation, run, bytes32(uint256(organisation) * 256 + bit));
    }

    function _entriesUpTo(uint16 round) private view returns (uint256) {
        (uint256[] memory words,) = training.inflow(_run, round);
        return words.length;
    }
}
