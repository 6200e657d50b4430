// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITrainingLedger} from "./interfaces/ITrainingLedger.sol";

/// @title Which dataset versions flowed into a run, as words of the registry's bitmap.
/// @dev Per run an append-only list of entries: 256 versions' bits, the word's index and the round in which these bits
/// came in for the first time. Ancestors are walked through parentRun and parentRound.
abstract contract Lineage is ITrainingLedger {
    uint8 internal constant MAX_GENERATIONS = 64;
    uint256 internal constant MAX_ENTRIES = 2048;

    mapping(bytes32 run => Run) internal _runs;
    mapping(bytes32 run => mapping(uint256 word => uint256 bits)) private _seen;
    mapping(bytes32 run => mapping(uint256 index => uint256 bits)) private _entryBits;
    /// @dev Four to a slot, lowest first, 64 bits each: word << 16 | round.
    mapping(bytes32 run => mapping(uint256 quarter => uint256 places)) private _entryPlaces;

    function inflow(bytes32 id, uint16 number) external view returns (uint256[] memory words, uint256[] memory bits) {
        _requireKnown(id);
        if (number > _runs[id].rounds) revert RoundNotClosed(id, number, _runs[id].rounds);
        uint256 total = _entriesUpTo(id, number);
        words = new uint256[](total);
        bits = new uint256[](total);
        for (uint256 filled = 0; id != 0; (id, number) = (_runs[id].parentRun, _runs[id].parentRound)) {
            filled = _copyEntries(id, number, words, bits, filled);
        }
    }

    /// @dev Adds what is new in this run; `bits[i]` of `words[i]` go in, and no word occurs twice.
    function _addInflow(bytes32 id, uint16 number, uint256[] memory words, uint256[] memory bits, uint256 length)
        internal
    {
        Run storage target = _runs[id];
        uint256 entries = target.inflowEntries;
        for (uint256 i = 0; i < length; ++i) {
            uint256 seen = _seen[id][words[i]];
            uint256 fresh = bits[i] & ~seen;
            if (fresh == 0) continue;
            _seen[id][words[i]] = seen | fresh;
            _entryBits[id][entries] = fresh;
            _entryPlaces[id][entries >> 2] |= ((words[i] << 16) | number) << _shift(entries);
            ++entries;
        }
        uint256 total = entries + target.inheritedEntries;
        if (total > MAX_ENTRIES) revert LineageLimit(total, MAX_ENTRIES);
        if (entries != target.inflowEntries) target.inflowEntries = uint16(entries);
    }

    function _requireKnown(bytes32 id) internal view {
        if (_runs[id].openedAt == 0) revert RunUnknown(id);
    }

    function _copyEntries(
        bytes32 id,
        uint16 number,
        uint256[] memory words,
        uint256[] memory bits,
        uint256 filled
    ) private view returns (uint256) {
        uint256 count = _ownEntriesUpTo(id, number);
        for (uint256 i = 0; i < count; ++i) {
            words[filled] = _place(id, i) >> 16;
            bits[filled++] = _entryBits[id][i];
        }
        return filled;
    }

    function _entriesUpTo(bytes32 id, uint16 number) private view returns (uint256 total) {
        for (; id != 0; (id, number) = (_runs[id].parentRun, _runs[id].parentRound)) {
            total += _ownEntriesUpTo(id, number);
        }
    }

    /// @dev Entries are in the order of rounds, so the first of a later round is found by halving.
    function _ownEntriesUpTo(bytes32 id, uint16 number) private view returns (uint256 low) {
        uint256 high = _runs[id].inflowEntries;
        while (low < high) {
            uint256 middle = (low + high) >> 1;
            if (uint16(_place(id, middle)) > number) high = middle;
            else low = middle + 1;
        }
    }

    function _place(bytes32 id, uint256 index) private view returns (uint256) {
        return uint64(_entryPlaces[id][index >> 2] >> _shift(index));
    }

    function _shift(uint256 index) private pure returns (uint256) {
        return (index & 3) << 6;
    }
}
