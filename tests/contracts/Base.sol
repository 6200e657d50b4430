// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ALL_ROLES, AGGREGATOR, RELEASER, REVIEWER, SITE} from "../../contracts/Arguments.sol";
import {Consortium} from "../../contracts/Consortium.sol";
import {DatasetRegistry} from "../../contracts/DatasetRegistry.sol";
import {ModelRegistry} from "../../contracts/ModelRegistry.sol";
import {TrainingLedger} from "../../contracts/TrainingLedger.sol";
import {IDatasetRegistry} from "../../contracts/interfaces/IDatasetRegistry.sol";
import {ITrainingLedger} from "../../contracts/interfaces/ITrainingLedger.sol";

/// @dev The cheatcodes that the tests use.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function prank(address sender) external;
    function warp(uint256 time) external;
    function chainId(uint256 id) external;
    function expectRevert(bytes calldata data) external;
    function assume(bool condition) external pure;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory logs);
    function load(address target, bytes32 slot) external view returns (bytes32);
    function store(address target, bytes32 slot, bytes32 value) external;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

/// @dev A consortium with one organisation of each kind, one with every role, and short forms of the acts.
abstract contract World {
    error Different(bytes32 found, bytes32 expected);
    error Untrue();

    uint40 internal constant START = 1_800_000_000;
    uint40 internal constant DELAY = 3600;
    uint40 internal constant EXPIRY = START + 365 days;
    address internal constant ADMIN = address(0xAD);

    uint8 internal constant SITE_A = 0;
    uint8 internal constant SITE_B = 1;
    uint8 internal constant REVIEWER_1 = 2;
    uint8 internal constant REVIEWER_2 = 3;
    uint8 internal constant REVIEWER_3 = 4;
    uint8 internal constant CENTRE = 5;
    uint8 internal constant AUTHORITY = 6;
    uint8 internal constant MIXED = 255;

    bytes32 internal constant RULES = keccak256("rules");
    bytes32 internal constant PURPOSE = keccak256("purpose");
    bytes32 internal constant QC = keccak256("qc report");
    bytes32 internal constant NOTE = keccak256("statement");
    uint8 internal constant DECLARED = 10;

    Consortium internal consortium;
    DatasetRegistry internal registry;
    TrainingLedger internal training;
    ModelRegistry internal models;

    function _deploy(uint8 approvals) internal {
        consortium = new Consortium(ADMIN, approvals, DELAY);
        registry = new DatasetRegistry(consortium);
        training = new TrainingLedger(consortium, registry);
        models = new ModelRegistry(consortium, registry, training);
    }

    function _populate() internal {
        _admit(SITE_A, SITE);
        _admit(SITE_B, SITE);
        _admit(REVIEWER_1, REVIEWER);
        _admit(REVIEWER_2, REVIEWER);
        _admit(REVIEWER_3, REVIEWER);
        _admit(CENTRE, AGGREGATOR);
        _admit(AUTHORITY, RELEASER);
        _admit(MIXED, ALL_ROLES);
        vm.prank(ADMIN);
        consortium.acceptRuleSet(RULES, DECLARED, 0, 0, NOTE);
    }

    // ---- who ----

    function _account(uint256 organisation) internal pure returns (address) {
        return address(uint160(0xA0000 + organisation));
    }

    function _root(uint256 organisation) internal pure returns (address) {
        return address(uint160(0xB0000 + organisation));
    }

    function _admit(uint8 organisation, uint8 roles) internal {
        vm.prank(ADMIN);
        consortium.admit(organisation, roles, _root(organisation), keccak256("record"), NOTE);
        vm.prank(_root(organisation));
        consortium.acceptRoot(organisation);
        _enrol(organisation, _account(organisation), roles);
    }

    function _enrol(uint8 organisation, address account, uint8 roles) internal {
        vm.prank(_root(organisation));
        consortium.enrol(organisation, account, roles, NOTE);
        vm.prank(account);
        consortium.accept(organisation, roles);
    }

    // ---- acts ----

    function _registration(bytes32 commitment) internal pure returns (IDatasetRegistry.Registration memory) {
        return IDatasetRegistry.Registration({
            commitment: commitment,
            predecessor: 0,
            qcReport: QC,
            ethics: keccak256("ethics"),
            ruleSet: RULES,
            purpose: PURPOSE,
            statement: NOTE,
            ethicsExpiry: EXPIRY,
            declarations: DECLARED,
            qcPassed: true
        });
    }

    function _register(uint8 organisation, bytes32 commitment) internal returns (bytes32 id) {
        vm.prank(_account(organisation));
        (id,) = registry.register(_registration(commitment));
    }

    function _approve(uint8 organisation, bytes32 id) internal {
        vm.prank(_account(organisation));
        registry.approve(id, QC, RULES, NOTE);
    }

    function _approved(uint8 organisation, bytes32 commitment) internal returns (bytes32 id) {
        id = _register(organisation, commitment);
        _approve(REVIEWER_1, id);
    }

    function _revoke(uint8 organisation, bytes32 id) internal {
        vm.prank(_account(organisation));
        registry.revoke(id, 1, NOTE);
    }

    function _reinstate(uint8 organisation, bytes32 id) internal {
        vm.prank(_account(organisation));
        registry.reinstate(id, 1, NOTE);
    }

    function _opening(bytes32 plan, uint256 participants) internal pure returns (ITrainingLedger.Opening memory) {
        return ITrainingLedger.Opening({
            plan: plan,
            purpose: PURPOSE,
            participants: participants,
            initialModel: keccak256("model 0"),
            parentRun: 0,
            origin: 0,
            statement: NOTE,
            parentRound: 0,
            initialKind: ITrainingLedger.InitialKind.Seeded
        });
    }

    function _open(bytes32 plan, uint256 participants) internal returns (bytes32) {
        return _open(_opening(plan, participants));
    }

    function _open(ITrainingLedger.Opening memory opening) internal returns (bytes32) {
        vm.prank(_account(CENTRE));
        return training.openRun(opening);
    }

    function _fork(bytes32 plan, bytes32 parent, uint16 round) internal returns (bytes32) {
        ITrainingLedger.Opening memory opening = _opening(plan, training.run(parent).participants);
        opening.initialKind = ITrainingLedger.InitialKind.Parent;
        opening.parentRun = parent;
        opening.parentRound = round;
        opening.initialModel = training.round(parent, round).aggregate;
        return _open(opening);
    }

    function _commit(uint8 organisation, bytes32 run, bytes32 version) internal {
        uint16 round = training.run(run).rounds + 1;
        bytes32 base = training.round(run, round - 1).aggregate;
        bytes32 replaces = training.leaf(run, round, organisation);
        vm.prank(_account(organisation));
        training.commitUpdate(run, round, keccak256("update"), base, version, NOTE, replaces);
    }

    function _close(bytes32 run, uint256 included, bytes32 aggregate) internal {
        uint16 round = training.run(run).rounds + 1;
        bytes32 leaves = training.leavesHash(run, round, included);
        vm.prank(_account(CENTRE));
        training.closeRound(run, round, aggregate, included, leaves, NOTE);
    }

    function _release(bytes32 run, uint16 round, bytes32 file) internal returns (bytes32) {
        bytes32 aggregate = training.round(run, round).aggregate;
        vm.prank(_account(AUTHORITY));
        return models.release(run, round, aggregate, file, keccak256("card"), NOTE);
    }

    // ---- expectations ----

    function _bit(uint256 organisation) internal pure returns (uint256) {
        return 1 << organisation;
    }

    function _refused(bytes memory reason) internal {
        vm.expectRevert(reason);
    }

    function _eq(uint256 found, uint256 expected) internal pure {
        if (found != expected) revert Different(bytes32(found), bytes32(expected));
    }

    function _eq(bytes32 found, bytes32 expected) internal pure {
        if (found != expected) revert Different(found, expected);
    }

    function _eq(address found, address expected) internal pure {
        _eq(uint160(found), uint160(expected));
    }

    function _true(bool condition) internal pure {
        if (!condition) revert Untrue();
    }
}

/// @dev A fresh world for every test.
abstract contract Base is World {
    function setUp() public virtual {
        vm.warp(START);
        _deploy(1);
        _populate();
    }
}
