// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AGGREGATOR, SITE} from "../../contracts/Arguments.sol";
import {Consortium} from "../../contracts/Consortium.sol";
import {TrainingLedger} from "../../contracts/TrainingLedger.sol";
import {IArguments} from "../../contracts/interfaces/IArguments.sol";
import {IConsortium} from "../../contracts/interfaces/IConsortium.sol";
import {ITrainingLedger} from "../../contracts/interfaces/ITrainingLedger.sol";
import {Base, vm} from "./Base.sol";

/// @dev Opening, extending and aborting runs, and their ancestry; TrainingOpen.tree lists the behaviours.
contract TrainingOpenTest is Base {
    bytes32 private constant PLAN = keccak256("plan");
    bytes32 private constant MODEL_1 = keccak256("model 1");

    bytes32 private _version;

    function setUp() public override {
        super.setUp();
        _version = _approved(SITE_A, keccak256("commitment"));
    }

    // ---- constructor ----

    function test_constructor_wiring() public {
        Consortium other = new Consortium(ADMIN, 1, DELAY);
        _refused(
            abi.encodeWithSelector(IArguments.WiringMismatch.selector, address(other), address(consortium))
        );
        new TrainingLedger(other, registry);
    }

    // ---- openRun ----

    function test_openRun_argumentsMissing() public {
        for (uint8 position = 0; position < 7; ++position) {
            ITrainingLedger.Opening memory opening = _opening(PLAN, 1);
            if (position == 0) opening.plan = 0;
            else if (position == 1) opening.purpose = 0;
            else if (position == 3) opening.initialModel = 0;
            else if (position == 6) opening.statement = 0;
            else continue;
            _refusedOpening(opening, abi.encodeWithSelector(IArguments.ZeroDigest.selector, position));
        }
    }

    function test_openRun_participants() public {
        _refusedOpening(_opening(PLAN, 0), abi.encodeWithSelector(ITrainingLedger.NoParticipants.selector));
        _refusedOpening(
            _opening(PLAN, _bit(SITE_A) | _bit(REVIEWER_2)),
            abi.encodeWithSelector(ITrainingLedger.ParticipantUnknown.selector, REVIEWER_2)
        );
    }

    function test_openRun_notAnAggregator() public {
        _refused(abi.encodeWithSelector(IConsortium.RoleMissing.selector, _account(SITE_A), SITE, AGGREGATOR));
        vm.prank(_account(SITE_A));
        training.openRun(_opening(PLAN, 1));
    }

    function test_openRun_twice() public {
        bytes32 run = _open(PLAN, 1);
        _refusedOpening(_opening(PLAN, 3), abi.encodeWithSelector(ITrainingLedger.RunExists.selector, run));
    }

    function test_openRun_kindMissing() public {
        ITrainingLedger.Opening memory opening = _opening(PLAN, 1);
        opening.initialKind = ITrainingLedger.InitialKind.None;
        _refusedOpening(opening, abi.encodeWithSelector(ITrainingLedger.InitialKindInvalid.selector, 0));
    }

    function test_openRun_seededHasNeitherParentNorOrigin() public {
        ITrainingLedger.Opening memory opening = _opening(PLAN, 1);
        opening.origin = NOTE;
        _refusedOpening(opening, abi.encodeWithSelector(ITrainingLedger.OriginUnexpected.selector, 2));
        opening = _opening(PLAN, 1);
        opening.parentRun = NOTE;
        _refusedOpening(opening, abi.encodeWithSelector(ITrainingLedger.ParentInvalid.selector, NOTE, 0));
        opening = _opening(PLAN, 1);
        opening.parentRound = 3;
        _refusedOpening(opening, abi.encodeWithSelector(ITrainingLedger.ParentInvalid.selector, 0, 3));
    }

    function test_openRun_externalNeedsAnOrigin() public {
        ITrainingLedger.Opening memory opening = _opening(PLAN, 1);
        opening.initialKind = ITrainingLedger.InitialKind.External;
        _refusedOpening(opening, abi.encodeWithSelector(IArguments.ZeroDigest.selector, 5));
        opening.origin = NOTE;
        bytes32 run = _open(opening);
        _true(training.run(run).initialKind == ITrainingLedger.InitialKind.External);
    }

    function test_openRun_records() public {
        vm.warp(START + 2);
        bytes32 run = _open(PLAN, _bit(SITE_A) | _bit(MIXED));
        _eq(run, training.runId(CENTRE, PLAN, NOTE));
        ITrainingLedger.Run memory found = training.run(run);
        _eq(found.account, _account(CENTRE));
        _eq(found.openedAt, START + 2);
        _eq(found.rounds, 0);
        _eq(found.organisation, CENTRE);
        _true(found.initialKind == ITrainingLedger.InitialKind.Seeded);
        _eq(found.generation, 0);
        _eq(found.participants, _bit(SITE_A) | _bit(MIXED));
        _eq(found.joining, 0);
        _eq(found.purpose, PURPOSE);
        _eq(training.round(run, 0).aggregate, keccak256("model 0"));
    }

    function test_openRun_hashBindsTheOpening() public {
        bytes32 parent = _parent();
        bytes32 run = _fork(keccak256("child"), parent, 1);
        ITrainingLedger.Opening memory opening = _opening(keccak256("child"), _bit(SITE_A));
        opening.initialKind = ITrainingLedger.InitialKind.Parent;
        (opening.parentRun, opening.parentRound, opening.initialModel) = (parent, 1, MODEL_1);
        bytes32 typeHash = keccak256(
            "Opening(bytes32 run,uint8 organisation,address account,uint40 time,bytes32 parentHash,bytes32 plan,bytes32 purpose,uint256 participants,bytes32 initialModel,bytes32 parentRun,bytes32 origin,bytes32 statement,uint16 parentRound,uint8 initialKind)"
        );
        bytes memory head = abi.encode(typeHash, run, CENTRE, _account(CENTRE), START);
        bytes memory preimage = bytes.concat(head, abi.encode(training.round(parent, 1).hash, opening));
        _eq(training.round(run, 0).hash, keccak256(preimage));
    }

    function test_runId_bindsChainContractOrganisationPlanAndStatement() public {
        bytes32 id = training.runId(CENTRE, PLAN, NOTE);
        _true(id != training.runId(MIXED, PLAN, NOTE));
        _true(id != training.runId(CENTRE, NOTE, NOTE));
        _true(id != training.runId(CENTRE, PLAN, PLAN));
        vm.chainId(7);
        _true(id != training.runId(CENTRE, PLAN, NOTE));
        vm.chainId(31337);
        _deploy(1);
        _true(id != training.runId(CENTRE, PLAN, NOTE));
    }

    // ---- parents ----

    function test_parent_roundMustBeClosed() public {
        bytes32 parent = _parent();
        uint16[2] memory rounds = [uint16(0), 2];
        for (uint256 i = 0; i < 2; ++i) {
            ITrainingLedger.Opening memory opening = _child(parent, rounds[i]);
            _refusedOpening(
                opening, abi.encodeWithSelector(ITrainingLedger.ParentInvalid.selector, parent, rounds[i])
            );
        }
        _refusedOpening(
            _child(keccak256("nothing"), 1),
            abi.encodeWithSelector(ITrainingLedger.ParentInvalid.selector, keccak256("nothing"), 1)
        );
    }

    function test_parent_modelMustBeItsAggregate() public {
        ITrainingLedger.Opening memory opening = _child(_parent(), 1);
        opening.initialModel = NOTE;
        _refusedOpening(
            opening, abi.encodeWithSelector(ITrainingLedger.ParentModelMismatch.selector, NOTE, MODEL_1)
        );
    }

    function test_parent_dataDoNotChangePurpose() public {
        ITrainingLedger.Opening memory opening = _child(_parent(), 1);
        opening.purpose = NOTE;
        _refusedOpening(
            opening, abi.encodeWithSelector(ITrainingLedger.ParentPurposeMismatch.selector, NOTE, PURPOSE)
        );
    }

    function test_parent_hasNoOrigin() public {
        ITrainingLedger.Opening memory opening = _child(_parent(), 1);
        opening.origin = NOTE;
        _refusedOpening(opening, abi.encodeWithSelector(ITrainingLedger.OriginUnexpected.selector, 1));
    }

    function test_parent_mustBeNamedForARecordedAggregate() public {
        bytes32 parent = _parent();
        bytes memory refusal =
            abi.encodeWithSelector(ITrainingLedger.ParentMustBeNamed.selector, MODEL_1, parent, 1);
        ITrainingLedger.Opening memory opening = _opening(keccak256("child"), 1);
        opening.initialModel = MODEL_1;
        _refusedOpening(opening, refusal);
        opening.initialKind = ITrainingLedger.InitialKind.External;
        opening.origin = NOTE;
        _refusedOpening(opening, refusal);
    }

    function test_parent_mayBeAborted() public {
        bytes32 parent = _parent();
        vm.prank(_account(CENTRE));
        training.abortRun(parent, 1, NOTE);
        bytes32 child = _open(_child(parent, 1));
        _eq(training.run(child).generation, 1);
        _eq(training.run(child).parentRun, parent);
        _eq(training.run(child).parentRound, 1);
        _eq(training.run(child).inheritedEntries, 1);
    }

    function test_parent_generationLimit() public {
        bytes32 run = _parent();
        for (uint256 generation = 1; generation < 64; ++generation) {
            run = _fork(keccak256(abi.encode(generation)), run, 1);
            _eq(training.run(run).generation, generation);
            _commit(SITE_A, run, _version);
            _close(run, 1, MODEL_1);
        }
        (uint256[] memory words,) = training.inflow(run, 1);
        _eq(words.length, 64);
        _refusedOpening(
            _child(run, 1), abi.encodeWithSelector(ITrainingLedger.GenerationLimit.selector, 64)
        );
    }

    // ---- addParticipants ----

    function test_addParticipants_refusals() public {
        bytes32 run = _open(PLAN, 1);
        _refusedAdding(run, 2, 0, abi.encodeWithSelector(IArguments.ZeroDigest.selector, 2));
        _refusedAdding(run, 0, NOTE, abi.encodeWithSelector(ITrainingLedger.NoParticipants.selector));
        _refusedAdding(
            run, 4, NOTE, abi.encodeWithSelector(ITrainingLedger.ParticipantUnknown.selector, REVIEWER_1)
        );
        _refusedAdding(
            run, 3, NOTE, abi.encodeWithSelector(ITrainingLedger.AlreadyParticipant.selector, run, SITE_A)
        );
        _add(run, 2);
        _refusedAdding(
            run, 2, NOTE, abi.encodeWithSelector(ITrainingLedger.AlreadyParticipant.selector, run, SITE_B)
        );
        _refusedAdding(NOTE, 2, NOTE, abi.encodeWithSelector(ITrainingLedger.RunUnknown.selector, NOTE));
    }

    function test_addParticipants_notTheRunsOrganisation() public {
        bytes32 run = _open(PLAN, 1);
        _refused(abi.encodeWithSelector(ITrainingLedger.NotRunOrganisation.selector, run, CENTRE, MIXED));
        vm.prank(_account(MIXED));
        training.addParticipants(run, 2, NOTE);
    }

    function test_addParticipants_takePartFromTheNextRound() public {
        bytes32 run = _open(PLAN, 1);
        bytes32 versionB = _approved(SITE_B, keccak256("b"));
        _add(run, _bit(SITE_B));
        _eq(training.run(run).participants, 1);
        _eq(training.run(run).joining, 2);
        bytes32 base = training.round(run, 0).aggregate;
        _refused(abi.encodeWithSelector(ITrainingLedger.NotParticipant.selector, run, SITE_B));
        vm.prank(_account(SITE_B));
        training.commitUpdate(run, 1, NOTE, base, versionB, NOTE, 0);
        _commit(SITE_A, run, _version);
        _close(run, 1, MODEL_1);
        _eq(training.run(run).participants, 3);
        _eq(training.run(run).joining, 0);
        _commit(SITE_B, run, versionB);
    }

    // ---- abortRun ----

    function test_abortRun_refusals() public {
        bytes32 run = _open(PLAN, 1);
        _refused(abi.encodeWithSelector(IArguments.ReasonMissing.selector));
        _abort(CENTRE, run, 0, NOTE);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 2));
        _abort(CENTRE, run, 1, 0);
        _refused(abi.encodeWithSelector(ITrainingLedger.NotRunOrganisation.selector, run, CENTRE, MIXED));
        _abort(MIXED, run, 1, NOTE);
        _refused(abi.encodeWithSelector(ITrainingLedger.RunUnknown.selector, NOTE));
        _abort(CENTRE, NOTE, 1, NOTE);
    }

    function test_abortRun_stopsTheRun() public {
        bytes32 run = _parent();
        vm.warp(START + 8);
        _abort(CENTRE, run, 7, NOTE);
        _true(training.run(run).aborted);
        _eq(training.run(run).abortedAt, START + 8);
        bytes memory refusal = abi.encodeWithSelector(ITrainingLedger.RunAborted.selector, run, START + 8);
        _refused(refusal);
        _abort(CENTRE, run, 7, NOTE);
        _refusedAdding(run, 2, NOTE, refusal);
        _refused(refusal);
        vm.prank(_account(SITE_A));
        training.commitUpdate(run, 2, NOTE, MODEL_1, _version, NOTE, 0);
        _refused(refusal);
        vm.prank(_account(CENTRE));
        training.closeRound(run, 2, NOTE, 1, NOTE, NOTE);
    }

    // ---- helpers ----

    /// @dev A run with one closed round.
    function _parent() private returns (bytes32 run) {
        run = _open(PLAN, _bit(SITE_A));
        _commit(SITE_A, run, _version);
        _close(run, _bit(SITE_A), MODEL_1);
    }

    function _child(bytes32 parent, uint16 round) private pure returns (ITrainingLedger.Opening memory opening) {
        opening = _opening(keccak256("child"), 1);
        opening.initialKind = ITrainingLedger.InitialKind.Parent;
        opening.initialModel = MODEL_1;
        opening.parentRun = parent;
        opening.parentRound = round;
    }

    function _refusedOpening(ITrainingLedger.Opening memory opening, bytes memory refusal) private {
        _refused(refusal);
        _open(opening);
    }

    function _refusedAdding(bytes32 run, uint256 participants, bytes32 statement, bytes memory refusal) private {
        _refused(refusal);
        vm.prank(_account(CENTRE));
        training.addParticipants(run, participants, statement);
    }

    function _add(bytes32 run, uint256 participants) private {
        vm.prank(_account(CENTRE));
        training.addParticipants(run, participants, NOTE);
    }

    function _abort(uint8 organisation, bytes32 run, uint8 reason, bytes32 statement) private {
        vm.prank(_account(organisation));
        training.abortRun(run, reason, statement);
    }
}
