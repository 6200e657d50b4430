// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Errors about arguments.
/// @notice The same in every contract.
interface IArguments {
    /// @notice A digest that must be given is zero.
    /// @param position Of the argument in the function, from 0; of the field, when the argument is a struct.
    error ZeroDigest(uint8 position);
    /// @notice A decision needs a reason code from 1 to 255.
    error ReasonMissing();
    /// @notice At deployment: two contracts given do not belong together.
    /// @param given The contract that was passed to the constructor.
    /// @param found The contract that the other one works with.
    error WiringMismatch(address given, address found);
}
