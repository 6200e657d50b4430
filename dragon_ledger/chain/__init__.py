"""The only room that speaks to the chain: node, deployment, sending, reading, proofs.

The parts, from the bottom up: `network` (the file that says which chain), `node`, `provider` and
`client` (web3 over several nodes), `abi` and `artifacts` (the contracts' binary interface),
`accounts`, `sender` and `pipeline` (keys and transactions), `reader`, `events`, `fold` and `facts`
(what is recorded).
"""

from dragon_ledger.chain.recursion import keep_recursion_limit

keep_recursion_limit()
