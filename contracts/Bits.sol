// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Index of the lowest bit that is set; `bits` is not zero.
function lowestBit(uint256 bits) pure returns (uint256 index) {
    for (uint256 width = 128; width != 0; width >>= 1) {
        if (bits & ((1 << width) - 1) == 0) {
            bits >>= width;
            index += width;
        }
    }
}

/// @dev How many bits are set.
function countBits(uint256 bits) pure returns (uint256 count) {
    for (; bits != 0; bits &= bits - 1) {
        ++count;
    }
}
