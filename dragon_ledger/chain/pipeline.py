"""Many acts of one account at a time: checked, signed and offered in a few batches.

What `sender` does for one act is done here for a queue of them. The gas limit of a function is
estimated once (nodes run an act dozens of times to estimate it) and kept; every later act is run
once, with less gas than it will have, before it is signed.
"""

from __future__ import annotations

from collections.abc import Sequence

from dragon_ledger.chain.accounts import Signed, Signer
from dragon_ledger.chain.artifacts import ContractCall
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.rpc import Call
from dragon_ledger.chain.sender import Fee, current_fee, estimate_gas, offer
from dragon_ledger.errors import NodeError, NonceTaken, Refused

# With this part of its limit an act has to pass: what it costs can grow until it is mined.
RUN_NUMERATOR, RUN_DENOMINATOR = 7, 8


class Pipeline:
    """Acts of one account; remembers what each function's limit was."""

    def __init__(self, client: Client, signer: Signer) -> None:
        self._client = client
        self._signer = signer
        self._limits: dict[tuple[str, str], int] = {}

    def sign(self, calls: Sequence[ContractCall], nonce: int) -> list[Signed | Refused]:
        """Check acts against the contracts as they stand now, each on its own, and sign them.

        Those that pass get consecutive nonces from `nonce` on, in their order; a refusal takes the
        place of those that do not. Nothing leaves the machine.

        Raises:
            NodeError: the node refuses for a reason of its own.
        """
        if not calls:
            return []
        fee = current_fee(self._client)
        outcomes: list[Signed | Refused] = []
        for call, limit in zip(calls, self._checked(calls), strict=True):
            if isinstance(limit, Refused):
                outcomes.append(limit)
                continue
            outcomes.append(self._signed(call, nonce, limit, fee))
            nonce += 1
        return outcomes

    def offer(self, transactions: Sequence[Signed]) -> list[NodeError | NonceTaken | None]:
        """Offer signed transactions in their order; why each was not taken, None when it was.

        Offering again does no harm.
        """
        calls = [Call("eth_sendRawTransaction", ("0x" + one.raw.hex(),)) for one in transactions]
        try:
            self._client.batch(calls)
        except NodeError:
            # One of them: each is offered on its own, so that each gets its own answer.
            return [self._offer(one) for one in transactions]
        return [None] * len(transactions)

    def _offer(self, transaction: Signed) -> NodeError | NonceTaken | None:
        try:
            offer(self._client, transaction)
        except (NodeError, NonceTaken) as error:
            return error
        return None

    def _signed(self, call: ContractCall, nonce: int, gas: int, fee: Fee) -> Signed:
        network = self._client.network
        return self._signer.sign(
            {
                "chainId": network.chain_id,
                "to": network.contract(call.contract).address,
                "data": call.encode(),
                "value": 0,
                "nonce": nonce,
                "gas": gas,
                **fee.fields(),
            }
        )

    # -- limits -------------------------------------------------------------------------------

    def _checked(self, calls: Sequence[ContractCall]) -> list[int | Refused]:
        """The gas limit of each act, or why the contract refuses it."""
        outcomes: dict[int, int | Refused] = {}
        runs: dict[int, Call] = {}
        for place, call in enumerate(calls):
            limit = self._limits.get((call.contract, call.function))
            if limit is None:
                outcomes[place] = self._estimated(call)
            else:
                outcomes[place], runs[place] = limit, self._run(call, limit)
        passed = _passed(self._client, list(runs.values()))
        for place, passes in zip(runs, passed, strict=True):
            if not passes:
                # Not refused yet: it may only need more gas than others did.
                outcomes[place] = self._estimated(calls[place])
        return [outcomes[place] for place in range(len(calls))]

    def _estimated(self, call: ContractCall) -> int | Refused:
        try:
            limit = estimate_gas(self._client, self._signer.address, call)
        except Refused as refused:
            return refused
        name = (call.contract, call.function)
        self._limits[name] = max(limit, self._limits.get(name, 0))
        return self._limits[name]

    def _run(self, call: ContractCall, limit: int) -> Call:
        address = self._client.network.contract(call.contract).address
        fields = {
            "from": "0x" + self._signer.address.hex(),
            "to": "0x" + address.hex(),
            "data": "0x" + call.encode().hex(),
            "gas": hex(limit * RUN_NUMERATOR // RUN_DENOMINATOR),
        }
        return Call("eth_call", (fields, "latest"))


def _passed(client: Client, runs: Sequence[Call]) -> list[bool]:
    """Which calls the node runs to their end; halves find the few that it does not."""
    if not runs:
        return []
    try:
        client.batch(runs)
    except NodeError:
        if len(runs) == 1:
            return [False]
        half = len(runs) // 2
        return _passed(client, runs[:half]) + _passed(client, runs[half:])
    return [True] * len(runs)
