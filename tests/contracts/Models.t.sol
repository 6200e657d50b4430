// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RELEASER, SITE} from "../../contracts/Arguments.sol";
import {Consortium} from "../../contracts/Consortium.sol";
import {DatasetRegistry} from "../../contracts/DatasetRegistry.sol";
import {ModelRegistry} from "../../contracts/ModelRegistry.sol";
import {IArguments} from "../../contracts/interfaces/IArguments.sol";
import {IConsortium} from "../../contracts/interfaces/IConsortium.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {ITrainingLedger} from "../../contracts/interfaces/ITrainingLedger.sol";
import {Base, vm} from "./Base.sol";

/// @dev Releases, withdrawals and status; Models.tree lists the behaviours.
contract ModelsTest is Base {
    bytes32 private constant MODEL_1 = keccak256("model 1");
    bytes32 private constant FILE = keccak256("file");
    bytes32 private constant CARD = keccak256("card");

    bytes32 private _run;
    bytes32 private _a;
    bytes32 private _b;

    function setUp() public override {
        super.setUp();
        _a = _approved(SITE_A, keccak256("a"));
        _b = _approved(SITE_B, keccak256("b"));
        _run = _open(keccak256("plan"), 3);
        _commit(SITE_A, _run, _a);
        _commit(SITE_B, _run, _b);
        _close(_run, 3, MODEL_1);
    }

    // ---- constructor ----

    function test_constructor_wiring() public {
        Consortium otherConsortium = new Consortium(ADMIN, 1, DELAY);
        DatasetRegistry otherRegistry = new DatasetRegistry(consortium);
        _refused(
            abi.encodeWithSelector(
                IArguments.WiringMismatch.selector, address(otherConsortium), address(consortium)
            )
        );
        new ModelRegistry(otherConsortium, registry, training);
        _refused(
            abi.encodeWithSelector(
                IArguments.WiringMismatch.selector, address(otherRegistry), address(registry)
            )
        );
        new ModelRegistry(consortium, otherRegistry, training);
    }

    // ---- release ----

    function test_release_argumentsMissing() public {
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 3));
        _send(AUTHORITY, _run, 1, MODEL_1, 0, CARD, NOTE);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 4));
        _send(AUTHORITY, _run, 1, MODEL_1, FILE, 0, NOTE);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 5));
        _send(AUTHORITY, _run, 1, MODEL_1, FILE, CARD, 0);
    }

    function test_release_notAReleaser() public {
        _refused(abi.encodeWithSelector(IConsortium.RoleMissing.selector, _account(SITE_A), SITE, RELEASER));
        _send(SITE_A, _run, 1, MODEL_1, FILE, CARD, NOTE);
    }

    function test_release_whoAggregatesDoesNotRelease() public {
        vm.prank(_account(MIXED));
        bytes32 own = training.openRun(_opening(keccak256("own plan"), 1));
        _commit(SITE_A, own, _a);
        bytes32 leaves = training.leavesHash(own, 1, 1);
        vm.prank(_account(MIXED));
        training.closeRound(own, 1, keccak256("own"), 1, leaves, NOTE);
        _refused(abi.encodeWithSelector(IModelRegistry.AggregatorMayNotRelease.selector, own, MIXED));
        _send(MIXED, own, 1, keccak256("own"), FILE, CARD, NOTE);
    }

    function test_release_onlyAClosedRound() public {
        uint16[2] memory rounds = [uint16(0), 2];
        for (uint256 i = 0; i < 2; ++i) {
            _refused(abi.encodeWithSelector(IModelRegistry.NotAClosedRound.selector, _run, rounds[i], 1));
            _send(AUTHORITY, _run, rounds[i], keccak256("model 0"), FILE, CARD, NOTE);
        }
        _refused(abi.encodeWithSelector(IModelRegistry.NotAClosedRound.selector, NOTE, 1, 0));
        _send(AUTHORITY, NOTE, 1, MODEL_1, FILE, CARD, NOTE);
    }

    function test_release_otherModel() public {
        _refused(
            abi.encodeWithSelector(IModelRegistry.AggregateMismatch.selector, _run, 1, MODEL_1, NOTE)
        );
        _send(AUTHORITY, _run, 1, NOTE, FILE, CARD, NOTE);
    }

    function test_release_twice() public {
        bytes32 id = _release(_run, 1, FILE);
        _refused(abi.encodeWithSelector(IModelRegistry.ReleaseExists.selector, id));
        _send(AUTHORITY, _run, 1, MODEL_1, FILE, CARD, NOTE);
    }

    function test_release_everyInputInStanding() public {
        _revoke(SITE_B, _b);
        _refused(abi.encodeWithSelector(IModelRegistry.InputNotInStanding.selector, _run, 1, 2));
        _send(AUTHORITY, _run, 1, MODEL_1, FILE, CARD, NOTE);
    }

    function test_release_everyInputOfEveryAncestorUpToTheFork() public {
        bytes32 c = _approved(SITE_A, keccak256("c"));
        _commit(SITE_A, _run, c);
        _close(_run, 1, keccak256("model 2"));
        bytes32 child = _fork(keccak256("child"), _run, 1);
        _commit(SITE_A, child, _a);
        _close(child, 1, keccak256("model 3"));
        _revoke(SITE_A, c);
        _release(child, 1, FILE);
        _revoke(SITE_B, _b);
        _refused(abi.encodeWithSelector(IModelRegistry.InputNotInStanding.selector, child, 1, 2));
        _send(AUTHORITY, child, 1, keccak256("model 3"), NOTE, CARD, NOTE);
    }

    function test_release_aLeftOutUpdateIsNoInput() public {
        _commit(SITE_A, _run, _a);
        bytes32 c = _approved(SITE_B, keccak256("c"));
        _commit(SITE_B, _run, c);
        _close(_run, 1, keccak256("model 2"));
        _revoke(SITE_B, c);
        _release(_run, 2, FILE);
    }

    function test_release_retiredInputsStayGood() public {
        vm.prank(_account(SITE_A));
        registry.retire(_a, 1, NOTE);
        bytes32 id = _release(_run, 1, FILE);
        _status(MODEL_1, IModelRegistry.Status.Valid, id, 0);
    }

    function test_release_records() public {
        vm.warp(START + 4);
        bytes32 id = _release(_run, 1, FILE);
        _eq(id, models.releaseId(AUTHORITY, _run, 1, FILE));
        IModelRegistry.Release memory found = models.getRelease(id);
        _eq(found.account, _account(AUTHORITY));
        _eq(found.releasedAt, START + 4);
        _eq(found.round, 1);
        _eq(found.organisation, AUTHORITY);
        _eq(found.run, _run);
        _eq(found.fileDigest, FILE);
        _eq(found.modelCard, CARD);
        _eq(found.statement, NOTE);
        _eq(found.withdrawnAt, 0);
        _eq(models.releases(FILE).length, 1);
        _eq(models.releases(MODEL_1)[0], id);
    }

    function test_release_limitPerDigestAndOrganisation() public {
        for (uint256 i = 0; i < 16; ++i) {
            _release(_run, 1, keccak256(abi.encode(i)));
        }
        _refused(abi.encodeWithSelector(IModelRegistry.ReleaseLimit.selector, MODEL_1, AUTHORITY, 16));
        _send(AUTHORITY, _run, 1, MODEL_1, FILE, CARD, NOTE);
        vm.prank(_account(MIXED));
        models.release(_run, 1, MODEL_1, FILE, CARD, NOTE);
        _eq(models.releases(MODEL_1).length, 17);
    }

    function test_release_limitPerFileAndOrganisation() public {
        for (uint16 round = 2; round < 19; ++round) {
            _commit(SITE_A, _run, _a);
            _close(_run, 1, keccak256(abi.encode(round)));
            if (round < 18) _release(_run, round, FILE);
        }
        _refused(abi.encodeWithSelector(IModelRegistry.ReleaseLimit.selector, FILE, AUTHORITY, 16));
        _send(AUTHORITY, _run, 18, keccak256(abi.encode(uint16(18))), FILE, CARD, NOTE);
    }

    function test_releaseId_bindsAllParts() public {
        bytes32 id = models.releaseId(AUTHORITY, _run, 1, FILE);
        _true(id != models.releaseId(MIXED, _run, 1, FILE));
        _true(id != models.releaseId(AUTHORITY, NOTE, 1, FILE));
        _true(id != models.releaseId(AUTHORITY, _run, 2, FILE));
        _true(id != models.releaseId(AUTHORITY, _run, 1, NOTE));
        vm.chainId(7);
        _true(id != models.releaseId(AUTHORITY, _run, 1, FILE));
        vm.chainId(31337);
        _deploy(1);
        _true(id != models.releaseId(AUTHORITY, _run, 1, FILE));
    }

    // ---- withdraw ----

    function test_withdraw_refusals() public {
        bytes32 id = _release(_run, 1, FILE);
        _refused(abi.encodeWithSelector(IArguments.ReasonMissing.selector));
        _withdraw(AUTHORITY, id, 0, NOTE);
        _refused(abi.encodeWithSelector(IArguments.ZeroDigest.selector, 2));
        _withdraw(AUTHORITY, id, 1, 0);
        _refused(abi.encodeWithSelector(IModelRegistry.ReleaseUnknown.selector, NOTE));
        _withdraw(AUTHORITY, NOTE, 1, NOTE);
        _refused(abi.encodeWithSelector(IConsortium.RoleMissing.selector, _account(SITE_A), SITE, RELEASER));
        _withdraw(SITE_A, id, 1, NOTE);
        _refused(abi.encodeWithSelector(IModelRegistry.NotReleaser.selector, id, AUTHORITY, MIXED));
        _withdraw(MIXED, id, 1, NOTE);
    }

    function test_withdraw_isForGood() public {
        bytes32 id = _release(_run, 1, FILE);
        vm.warp(START + 6);
        _withdraw(AUTHORITY, id, 3, keccak256("why"));
        IModelRegistry.Release memory found = models.getRelease(id);
        _eq(found.withdrawnBy, _account(AUTHORITY));
        _eq(found.withdrawnAt, START + 6);
        _eq(found.withdrawalReason, 3);
        _eq(found.withdrawalStatement, keccak256("why"));
        _refused(abi.encodeWithSelector(IModelRegistry.AlreadyWithdrawn.selector, id, START + 6));
        _withdraw(AUTHORITY, id, 3, NOTE);
        _refused(abi.encodeWithSelector(IModelRegistry.ReleaseExists.selector, id));
        _send(AUTHORITY, _run, 1, MODEL_1, FILE, CARD, NOTE);
    }

    // ---- status ----

    function test_status_unknownAndAggregateOnly() public view {
        _status(NOTE, IModelRegistry.Status.Unknown, 0, 0);
        _status(MODEL_1, IModelRegistry.Status.AggregateOnly, 0, 0);
        _status(keccak256("model 0"), IModelRegistry.Status.Unknown, 0, 0);
        (IModelRegistry.Status found,) = models.releaseStatus(NOTE);
        _true(found == IModelRegistry.Status.Unknown);
    }

    function test_status_followsItsInputs() public {
        bytes32 id = _release(_run, 1, FILE);
        _status(FILE, IModelRegistry.Status.Valid, id, 0);
        _status(MODEL_1, IModelRegistry.Status.Valid, id, 0);
        _revoke(SITE_B, _b);
        _status(FILE, IModelRegistry.Status.NotValid, id, 2);
        _revoke(REVIEWER_1, _a);
        _status(MODEL_1, IModelRegistry.Status.NotValid, id, 1);
        _reinstate(REVIEWER_2, _a);
        _reinstate(REVIEWER_3, _a);
        _reinstate(REVIEWER_2, _b);
        _reinstate(REVIEWER_3, _b);
        _status(MODEL_1, IModelRegistry.Status.Valid, id, 0);
    }

    function test_status_withdrawn() public {
        bytes32 id = _release(_run, 1, FILE);
        _withdraw(AUTHORITY, id, 1, NOTE);
        _status(FILE, IModelRegistry.Status.Withdrawn, id, 0);
        _revoke(SITE_B, _b);
        _status(MODEL_1, IModelRegistry.Status.Withdrawn, id, 2);
    }

    function test_status_ofTheEarliestThatIsNotWithdrawn() public {
        bytes32 first = _release(_run, 1, FILE);
        bytes32 second = _release(_run, 1, keccak256("second file"));
        _status(MODEL_1, IModelRegistry.Status.Valid, first, 0);
        _withdraw(AUTHORITY, first, 1, NOTE);
        _status(MODEL_1, IModelRegistry.Status.Valid, second, 0);
        _status(FILE, IModelRegistry.Status.Withdrawn, first, 0);
        _withdraw(AUTHORITY, second, 1, NOTE);
        _status(MODEL_1, IModelRegistry.Status.Withdrawn, first, 0);
    }

    function test_status_aLaterOriginChangesNoEarlierRelease() public {
        bytes32 first = _release(_run, 1, FILE);
        bytes32 rerun = _open(keccak256("rerun"), 1);
        _commit(SITE_A, rerun, _a);
        _close(rerun, 1, MODEL_1);
        vm.prank(_account(MIXED));
        models.release(rerun, 1, MODEL_1, FILE, CARD, NOTE);
        _revoke(SITE_B, _b);
        _status(MODEL_1, IModelRegistry.Status.NotValid, first, 2);
        _eq(models.releases(FILE).length, 2);
    }

    /// @dev A releaser that lies about a file's digest cannot make an unreleased aggregate look released.
    function test_status_anAggregateIsNotAnsweredAsAFile() public {
        bytes32 other = _open(keccak256("other plan"), 1);
        _commit(SITE_A, other, _a);
        _close(other, 1, keccak256("poisoned"));
        bytes32 id = _release(_run, 1, keccak256("poisoned"));
        _status(keccak256("poisoned"), IModelRegistry.Status.AggregateOnly, 0, 0);
        _status(MODEL_1, IModelRegistry.Status.Valid, id, 0);
    }

    // ---- helpers ----

    function _send(
        uint8 organisation,
        bytes32 run,
        uint16 round,
        bytes32 aggregate,
        bytes32 file,
        bytes32 card,
        bytes32 statement
    ) private {
        vm.prank(_account(organisation));
        models.release(run, round, aggregate, file, card, statement);
    }

    function _withdraw(uint8 organisation, bytes32 id, uint8 reason, bytes32 statement) private {
        vm.prank(_account(organisation));
        models.withdraw(id, reason, statement);
    }

    function _status(bytes32 digest, IModelRegistry.Status expected, bytes32 id, uint32 offender) private view {
        (IModelRegistry.Status found, bytes32 release, uint32 number) = models.status(digest);
        _eq(uint8(found), uint8(expected));
        _eq(release, id);
        _eq(number, offender);
    }
}
