"""QBFT: block headers, committed seals, and moving trust from one validator set to a later one."""
