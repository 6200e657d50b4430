// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatasetRegistry} from "../../contracts/interfaces/IDatasetRegistry.sol";
import {ITrainingLedger} from "../../contracts/interfaces/ITrainingLedger.sol";
import {Base, vm} from "./Base.sol";

/// @dev Rules that hold for any values, against a slow way to say the same; Fuzz.tree lists them.
contract FuzzTest is Base {
    uint8[3] private _sites = [SITE_A, SITE_B, MIXED];

    function testFuzz_inflow_isTheUnionOfWhatWentIn(uint8[5] memory taken, uint8[5] memory turns) public {
        bytes32[6] memory versions;
        for (uint256 i = 0; i < 6; ++i) {
            versions[i] = _approved(_sites[i % 3], keccak256(abi.encode(i)));
        }
        bytes32 run = _open(keccak256("plan"), _bit(SITE_A) | _bit(SITE_B) | _bit(MIXED));
        uint256 union = 0;
        for (uint256 round = 0; round < 5; ++round) {
            uint256 included = 0;
            for (uint256 site = 0; site < 3; ++site) {
                uint256 used = site + 3 * ((turns[round] >> site) & 1);
                _commit(_sites[site], run, versions[used]);
                if ((taken[round] >> site) & 1 == 0 && site != round % 3) continue;
                included |= _bit(_sites[site]);
                union |= 1 << (used + 1);
            }
            _close(run, included, keccak256(abi.encode(round)));
            _eq(_inflow(run, uint16(round + 1)), union);
        }
    }

    function testFuzz_leavesHash_ofAnySet(uint256 organisations) public {
        bytes32 a = _approved(SITE_A, keccak256("a"));
        bytes32 run = _open(keccak256("plan"), _bit(SITE_A) | _bit(MIXED));
        _commit(SITE_A, run, a);
        bytes memory leaves;
        for (uint256 organisation = 0; organisation < 256; ++organisation) {
            if ((organisations >> organisation) & 1 == 0) continue;
            leaves = bytes.concat(leaves, training.leaf(run, 1, uint8(organisation)));
        }
        _eq(training.leavesHash(run, 1, organisations), keccak256(leaves));
    }

    function testFuzz_commitUpdate_leafKeepsTheNumber(bytes32 update, bytes32 statement, uint32 later) public {
        vm.assume(update != 0 && statement != 0);
        vm.warp(uint256(START) + later % 30_000_000);
        _approved(SITE_B, keccak256("b"));
        bytes32 version = _approved(SITE_A, keccak256("a"));
        bytes32 run = _open(keccak256("plan"), _bit(SITE_A));
        bytes32 base = training.round(run, 0).aggregate;
        vm.prank(_account(SITE_A));
        training.commitUpdate(run, 1, update, base, version, statement, 0);
        _eq(uint32(uint256(training.leaf(run, 1, SITE_A))), 2);
    }

    function testFuzz_ids_differWhereAnyPartDiffers(uint8[2] memory owners, bytes32[2] memory parts) public view {
        bool same = owners[0] == owners[1] && parts[0] == parts[1];
        bool equal = registry.versionId(owners[0], parts[0]) == registry.versionId(owners[1], parts[1]);
        _true(equal == same);
        equal = training.runId(owners[0], parts[0], NOTE) == training.runId(owners[1], parts[1], NOTE);
        _true(equal == same);
    }

    function testFuzz_approve_needsExactlyTheRequired(uint8 required, uint8 order) public {
        required = 1 + required % 4;
        _deploy(required);
        _populate();
        bytes32 id = _register(SITE_A, keccak256("a"));
        uint8[4] memory reviewers = [REVIEWER_1, REVIEWER_2, REVIEWER_3, MIXED];
        for (uint256 i = 0; i < required; ++i) {
            _true(!registry.inStanding(id));
            _approve(reviewers[(order + i) % 4], id);
        }
        _true(registry.inStanding(id));
    }

    function testFuzz_commitUpdate_usableExactlyWhenNotReplacedBefore(uint16 opened, uint16 retired) public {
        bytes32 version = _approved(SITE_A, keccak256("a"));
        bool before = opened < retired;
        bytes32 run;
        if (before) run = _openAt(opened);
        vm.warp(START + uint40(retired));
        vm.prank(_account(SITE_A));
        registry.retire(version, 1, NOTE);
        if (!before) run = _openAt(opened);
        vm.warp(START + 70_000);
        bytes32 base = training.round(run, 0).aggregate;
        vm.prank(_account(SITE_A));
        (bool done,) = address(training).call(
            abi.encodeCall(ITrainingLedger.commitUpdate, (run, 1, NOTE, base, version, NOTE, 0))
        );
        _true(done == before);
    }

    function testFuzz_register_onlyKnownDeclarations(uint8 declarations, uint40 expiry) public {
        IDatasetRegistry.Registration memory registration = _registration(keccak256("a"));
        (registration.declarations, registration.ethicsExpiry) = (declarations, expiry);
        vm.prank(_account(SITE_A));
        (bool done,) = address(registry).call(abi.encodeCall(IDatasetRegistry.register, (registration)));
        _true(done == (declarations < 16 && (expiry != 0) == (declarations & 2 != 0)));
    }

    function _openAt(uint16 time) private returns (bytes32) {
        vm.warp(START + uint40(time));
        return _open(keccak256("plan"), _bit(SITE_A));
    }

    function _inflow(bytes32 run, uint16 round) private view returns (uint256 all) {
        (, uint256[] memory bits) = training.inflow(run, round);
        for (uint256 i = 0; i < bits.length; ++i) {
            all |= bits[i];
        }
    }
}
