// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IArguments} from "./interfaces/IArguments.sol";

uint8 constant SITE = 1;
uint8 constant REVIEWER = 2;
uint8 constant AGGREGATOR = 4;
uint8 constant RELEASER = 8;
uint8 constant ALL_ROLES = 15;

uint8 constant ETHICS_APPROVAL = 2;
uint8 constant ALL_DECLARATIONS = 15;

/// @title Checks of arguments that the contracts share.
abstract contract Arguments is IArguments {
    function _requireDigest(bytes32 digest, uint8 position) internal pure {
        if (digest == 0) revert ZeroDigest(position);
    }

    function _requireReason(uint8 reason) internal pure {
        if (reason == 0) revert ReasonMissing();
    }

    function _requireWired(address given, address found) internal pure {
        if (given != found) revert WiringMismatch(given, found);
    }

    function _now() internal view returns (uint40) {
        return uint40(block.timestamp);
    }
}
