// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatasetRegistry} from "../../contracts/interfaces/IDatasetRegistry.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {Handler} from "./Handler.sol";

/// @dev What holds under any sequence of calls by any mix of accounts.
contract InvariantsTest {
    error Broken(bytes32 where);

    Handler private _handler;

    /// @dev The histories begin with one that was played, so that every kind of fact is there from the start.
    function setUp() public {
        _handler = new Handler();
        _play(34, 1500);
    }

    function test_setUp_reachesEveryKindOfFact() public view {
        uint256[6] memory counts = _handler.counts();
        for (uint256 i = 0; i < 6; ++i) {
            if (counts[i] < 3) revert Broken(bytes32(i));
        }
        bool[5] memory reached;
        for (uint256 i = 0; i < counts[4]; ++i) {
            (bytes32 id, bytes32 run,,,,) = _handler.releases(i);
            (IModelRegistry.Status found,) = _models().releaseStatus(id);
            reached[uint8(found)] = true;
            if (_handler.parentOf(run) != 0) reached[0] = true;
        }
        if (!(reached[0] && reached[2] && reached[3] && reached[4])) revert Broken("kinds of release");
    }

    /// @dev Read by the test runner.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_noReleaseDescendedFromAVersionNotInStanding() public view {
        for (uint256 i = 0; i < _handler.counts()[4]; ++i) {
            (bytes32 id,,,, bool sound,) = _handler.releases(i);
            if (!sound) revert Broken(id);
        }
    }

    function invariant_noUpdateOnAnotherOrganisationsVersion() public view {
        for (uint256 i = 0; i < _handler.counts()[2]; ++i) {
            (bytes32 run,, uint8 organisation, address account, bytes32 version) = _handler.updates(i);
            if (_handler.ownerOf(version) != organisation) revert Broken(run);
            if (_handler.actsFor(account) != uint256(organisation) + 1) revert Broken(run);
        }
    }

    function invariant_noAccountActedForAnOrganisationThatDidNotEnrolIt() public view {
        if (_handler.impostors() != 0) revert Broken("impostor");
    }

    function invariant_aClosedRoundNeverChangesAndNoFactIsOverwritten() public view {
        uint256 changed = _handler.firstChanged();
        if (changed != _handler.counts()[5]) revert Broken(bytes32(changed));
    }

    function invariant_statusIsWhatANaiveWalkSays() public view {
        IModelRegistry models = _models();
        for (uint256 i = 0; i < _handler.counts()[4]; ++i) {
            (bytes32 id, bytes32 run, uint16 round,,, bool withdrawn) = _handler.releases(i);
            uint256 offender = _handler.lowestOffender(run, round);
            (IModelRegistry.Status found, uint32 number) = models.releaseStatus(id);
            IModelRegistry.Status expected =
                offender == 0 ? IModelRegistry.Status.Valid : IModelRegistry.Status.NotValid;
            if (withdrawn) expected = IModelRegistry.Status.Withdrawn;
            if (found != expected || number != offender) revert Broken(id);
        }
    }

    function invariant_standingIsWhatTheDecisionsSay() public view {
        for (uint256 i = 0; i < _handler.counts()[0]; ++i) {
            bytes32 id = _handler.versions(i);
            if (_registry().inStanding(id) != _handler.standing(id)) revert Broken(id);
        }
    }

    /// @dev Plays acts that follow from a seed.
    function _play(uint256 seed, uint256 steps) private {
        bytes4[18] memory acts = [
            Handler.register.selector,
            Handler.approve.selector,
            Handler.openRun.selector,
            Handler.reinstate.selector,
            Handler.commitUpdate.selector,
            Handler.closeRound.selector,
            Handler.release.selector,
            Handler.commitUpdate.selector,
            Handler.closeRound.selector,
            Handler.note.selector,
            Handler.withdraw.selector,
            Handler.revoke.selector,
            Handler.reinstate.selector,
            Handler.replace.selector,
            Handler.approve.selector,
            Handler.commitUpdate.selector,
            Handler.closeRound.selector,
            Handler.wait.selector
        ];
        for (uint256 i = 0; i < steps; ++i) {
            bytes memory values;
            for (uint256 n = 0; n < 5; ++n) {
                seed = uint256(keccak256(abi.encode(seed)));
                values = bytes.concat(values, bytes32(seed & 0xff));
            }
            (bool done,) = address(_handler).call(bytes.concat(acts[seed % 18], values));
            if (!done) revert Broken(acts[seed % 18]);
        }
    }

    function _models() private view returns (IModelRegistry) {
        return _handler.contractsUnderTest();
    }

    function _registry() private view returns (IDatasetRegistry) {
        return _handler.contractsUnderTest().registry();
    }
}
