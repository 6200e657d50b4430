// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {REVIEWER, SITE} from "../../contracts/Arguments.sol";
import {IArguments} from "../../contracts/interfaces/IArguments.sol";
import {IConsortium} from "../../contracts/interfaces/IConsortium.sol";
import {IDatasetRegistry} from "../../contracts/interfaces/IDatasetRegistry.sol";
import {Base, vm} from "./Base.sol";

/// @dev Registration, use and the standing bitmap; DatasetRegister.tree lists the behaviours.
contract DatasetRegisterTest is Base {
    bytes32 private constant COMMITMENT = keccak256("commitment");

    // ---- register ----

    function test_register_digestsMissing() public {
        for (uint8 position = 0; position < 7; ++position) {
            if (position == 1) continue;
            IDatasetRegistry.Registration memory registration = _registration(COMMITMENT);
            if (position == 0) registration.commitment = 0;
            if (position == 2) registration.qcReport = 0;
            if (position == 3) registration.ethics = 0;
            if (position == 4) registration.ruleSet = 0;
            if (position == 5) registration.purpose = 0;
            if (position == 6) registration.statement = 0;
            _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, position));
            _send(SITE_A, registration);
        }
    }

    function test_register_declarationsInvalid() public {
        IDatasetRegistry.Registration memory registration = _registration(COMMITMENT);
        registration.declarations = 16;
        _refused(abi.encodeWithSelector(IDatasetRegistry.DeclarationsInvalid.selector, 16));
        _send(SITE_A, registration);
    }

    function test_register_ethicsExpiryGoesWithAnEthicsApproval() public {
        IDatasetRegistry.Registration memory registration = _registration(COMMITMENT);
        registration.ethicsExpiry = 0;
        _refused(abi.encodeWithSelector(IDatasetRegistry.EthicsExpiryInvalid.selector, DECLARED, 0));
        _send(SITE_A, registration);
        registration.ethicsExpiry = EXPIRY;
        registration.declarations = 8;
        _refused(abi.encodeWithSelector(IDatasetRegistry.EthicsExpiryInvalid.selector, 8, EXPIRY));
        _send(SITE_A, registration);
        registration.ethicsExpiry = 0;
        _send(SITE_A, registration);
        _eq(registry.versionCount(), 1);
    }

    function test_register_notASite() public {
        _refused(abi.encodeWithSelector(IConsortium.RoleMissing.selector, _account(REVIEWER_1), REVIEWER, SITE));
        _send(REVIEWER_1, _registration(COMMITMENT));
    }

    function test_register_twice() public {
        bytes32 id = _register(SITE_A, COMMITMENT);
        _refused(abi.encodeWithSelector(IDatasetRegistry.VersionExists.selector, id));
        _send(SITE_A, _registration(COMMITMENT));
    }

    function test_register_nobodyCanTakeAnothersId() public {
        bytes32 id = _register(SITE_B, COMMITMENT);
        _true(id != registry.versionId(SITE_A, COMMITMENT));
        _eq(_register(SITE_A, COMMITMENT), registry.versionId(SITE_A, COMMITMENT));
    }

    function test_register_predecessor() public {
        bytes32 first = _register(SITE_A, COMMITMENT);
        IDatasetRegistry.Registration memory registration = _registration(keccak256("second"));
        registration.predecessor = keccak256("nothing");
        _refused(abi.encodeWithSelector(IDatasetRegistry.VersionUnknown.selector, keccak256("nothing")));
        _send(SITE_A, registration);
        registration.predecessor = first;
        _refused(abi.encodeWithSelector(IDatasetRegistry.PredecessorOfAnother.selector, first, SITE_A, SITE_B));
        _send(SITE_B, registration);
        _send(SITE_A, registration);
        _eq(_version(registry.versionId(SITE_A, keccak256("second"))).predecessor, 1);
    }

    function test_register_records() public {
        vm.warp(START + 3);
        bytes32 id = _register(SITE_B, COMMITMENT);
        IDatasetRegistry.Version memory found = _version(id);
        _eq(found.account, _account(SITE_B));
        _eq(found.registeredAt, START + 3);
        _eq(found.number, 1);
        _eq(found.organisation, SITE_B);
        _eq(found.declarations, DECLARED);
        _true(found.qcPassed);
        _eq(found.predecessor, 0);
        _eq(found.ethicsExpiry, EXPIRY);
        _eq(found.basis, keccak256(abi.encode(QC, RULES)));
        _eq(found.purpose, PURPOSE);
        _eq(found.flags, 0);
        _true(!registry.inStanding(id));
    }

    function test_register_numbersFromOne() public {
        for (uint32 number = 1; number < 4; ++number) {
            vm.prank(_account(SITE_A));
            (, uint32 found) = registry.register(_registration(keccak256(abi.encode(number))));
            _eq(found, number);
            _eq(registry.versionCount(), number);
        }
    }

    function test_register_aFailedQualityCheckIsAFact() public {
        IDatasetRegistry.Registration memory registration = _registration(COMMITMENT);
        registration.qcPassed = false;
        _send(SITE_A, registration);
        _true(!_version(registry.versionId(SITE_A, COMMITMENT)).qcPassed);
    }

    function test_versionId_bindsChainContractOrganisationAndCommitment() public {
        bytes32 id = registry.versionId(SITE_A, COMMITMENT);
        _true(id != registry.versionId(SITE_B, COMMITMENT));
        _true(id != registry.versionId(SITE_A, keccak256("other")));
        vm.chainId(7);
        _true(id != registry.versionId(SITE_A, COMMITMENT));
        vm.chainId(31337);
        _deploy(1);
        _true(id != registry.versionId(SITE_A, COMMITMENT));
    }

    // ---- requireUsable ----

    function test_requireUsable_unknown() public {
        _refused(abi.encodeWithSelector(IDatasetRegistry.VersionUnknown.selector, NOTE));
        registry.requireUsable(NOTE, SITE_A, PURPOSE, START);
    }

    function test_requireUsable_anothers() public {
        bytes32 id = _approved(SITE_A, COMMITMENT);
        _refused(abi.encodeWithSelector(IDatasetRegistry.NotOwnVersion.selector, id, SITE_A, SITE_B));
        registry.requireUsable(id, SITE_B, PURPOSE, START);
    }

    function test_requireUsable_notApproved() public {
        bytes32 id = _register(SITE_A, COMMITMENT);
        _refused(abi.encodeWithSelector(IDatasetRegistry.NotApproved.selector, id, 0));
        registry.requireUsable(id, SITE_A, PURPOSE, START);
    }

    function test_requireUsable_revoked() public {
        bytes32 id = _approved(SITE_A, COMMITMENT);
        _revoke(SITE_A, id);
        _refused(abi.encodeWithSelector(IDatasetRegistry.NotInStanding.selector, id, 6));
        registry.requireUsable(id, SITE_A, PURPOSE, START);
    }

    function test_requireUsable_replacedVersionOnlyInRunsOpenedBefore() public {
        bytes32 id = _approved(SITE_A, COMMITMENT);
        vm.warp(START + 10);
        vm.prank(_account(SITE_A));
        registry.retire(id, 1, NOTE);
        _eq(registry.requireUsable(id, SITE_A, PURPOSE, START + 9), 1);
        _refused(abi.encodeWithSelector(IDatasetRegistry.NotApproved.selector, id, 18));
        registry.requireUsable(id, SITE_A, PURPOSE, START + 10);
    }

    function test_requireUsable_ethicsExpired() public {
        bytes32 id = _approved(SITE_A, COMMITMENT);
        vm.warp(EXPIRY - 1);
        _eq(registry.requireUsable(id, SITE_A, PURPOSE, START), 1);
        vm.warp(EXPIRY);
        _refused(abi.encodeWithSelector(IDatasetRegistry.EthicsExpired.selector, id, EXPIRY, EXPIRY));
        registry.requireUsable(id, SITE_A, PURPOSE, START);
    }

    function test_requireUsable_withoutEthicsApprovalNothingExpires() public {
        vm.prank(ADMIN);
        consortium.acceptRuleSet(keccak256("derogation"), 4, 0, 0, NOTE);
        IDatasetRegistry.Registration memory registration = _registration(COMMITMENT);
        registration.ruleSet = keccak256("derogation");
        registration.declarations = 4;
        registration.ethicsExpiry = 0;
        _send(SITE_A, registration);
        bytes32 id = registry.versionId(SITE_A, COMMITMENT);
        vm.prank(_account(REVIEWER_1));
        registry.approve(id, QC, keccak256("derogation"), NOTE);
        vm.warp(EXPIRY * 2);
        _eq(registry.requireUsable(id, SITE_A, PURPOSE, START), 1);
    }

    function test_requireUsable_otherPurpose() public {
        bytes32 id = _approved(SITE_A, COMMITMENT);
        _refused(abi.encodeWithSelector(IDatasetRegistry.PurposeMismatch.selector, id, PURPOSE, NOTE));
        registry.requireUsable(id, SITE_A, NOTE, START);
    }

    // ---- standing bitmap, firstOffender ----

    function test_standingWord_oneBitPerVersion() public {
        bytes32[] memory ids = new bytes32[](260);
        for (uint256 i = 0; i < 260; ++i) {
            ids[i] = _approved(SITE_A, keccak256(abi.encode(i)));
        }
        _eq(registry.standingWord(0), type(uint256).max << 1);
        _eq(registry.standingWord(1), 31);
        _revoke(SITE_A, ids[255]);
        _eq(registry.standingWord(1), 30);
        _true(!registry.inStanding(ids[255]));
        _true(registry.inStanding(ids[254]) && registry.inStanding(ids[256]));
    }

    function test_firstOffender_lowestOfAllWords() public view {
        uint256[] memory words = new uint256[](3);
        uint256[] memory bits = new uint256[](3);
        (words[0], words[1], words[2]) = (5, 2, 9);
        (bits[0], bits[1], bits[2]) = (2, 1 << 77, 4);
        _eq(registry.firstOffender(words, bits), 2 * 256 + 77);
    }

    function test_firstOffender_none() public {
        _approved(SITE_A, COMMITMENT);
        uint256[] memory words = new uint256[](2);
        uint256[] memory bits = new uint256[](2);
        bits[0] = 2;
        _eq(registry.firstOffender(words, bits), 0);
        bits[1] = 6;
        _eq(registry.firstOffender(words, bits), 2);
    }

    /// @dev Against a search through all bits, one by one.
    function testFuzz_firstOffender_equalsASearch(uint8[4] memory words, uint256[4] memory bits) public view {
        uint256[] memory asked = new uint256[](4);
        uint256[] memory wanted = new uint256[](4);
        uint256 lowest = type(uint256).max;
        for (uint256 i = 0; i < 4; ++i) {
            (asked[i], wanted[i]) = (words[i], bits[i] & ~uint256(1));
            for (uint256 n = 0; n < 256; ++n) {
                uint256 number = uint256(words[i]) * 256 + n;
                if ((wanted[i] >> n) & 1 == 1 && number < lowest) lowest = number;
            }
        }
        _eq(registry.firstOffender(asked, wanted), lowest == type(uint256).max ? 0 : lowest);
    }

    function _send(uint8 organisation, IDatasetRegistry.Registration memory registration) private {
        vm.prank(_account(organisation));
        registry.register(registration);
    }

    function _version(bytes32 id) private view returns (IDatasetRegistry.Version memory) {
        return registry.version(id);
    }
}
