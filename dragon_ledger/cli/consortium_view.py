"""`dragon-ledger consortium show`: the consortium as the chain has it."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from dragon_ledger.chain import events as on_chain
from dragon_ledger.chain import fold, reader
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.logs import Filter, fetch
from dragon_ledger.cli.values import flag_names, shown, shown_time
from dragon_ledger.cli.verdict_view import network_words
from dragon_ledger.records import Account, Organisation, RuleSetAcceptance

EVENTS = tuple(event for event in on_chain.EVENTS if event.contract == "Consortium")


def consortium(client: Client) -> dict[str, Any]:
    """Everything about the consortium, as JSON would have it."""
    block = client.final_block()
    events = fetch(client, [Filter(EVENTS)], block.number)
    at = block.number
    accounts = fold.accounts(events).values()
    return {
        "chain_id": client.network.chain_id,
        "network_file": (client.network.fingerprint or b"").hex() or None,
        "block": at,
        "admin": shown(reader.read(client, reader.admin(), at)),
        "required_approvals": reader.read(client, reader.required_approvals(), at),
        "root_delay": reader.read(client, reader.root_delay(), at),
        "organisations": [_organisation(one) for one in fold.organisations(events).values()],
        "accounts": [_account(one) for one in accounts if one.roles],
        "rule_sets": [_rule_set(one) for one in fold.rule_sets(events).values()],
    }


def _organisation(one: Organisation) -> dict[str, Any]:
    return {
        "number": one.number,
        "roles": flag_names(one.roles),
        "root": shown(one.root) if any(one.root) else None,
        "record": shown(one.record),
        "admitted_at": one.admitted_at,
        "suspended": one.suspended,
    }


def _account(one: Account) -> dict[str, Any]:
    return {
        "address": shown(one.address),
        "organisation": one.organisation,
        "roles": flag_names(one.roles),
        "accepted_at": one.accepted_at,
        "to": one.to,
        "compromised_since": one.compromised_since,
    }


def _rule_set(one: RuleSetAcceptance) -> dict[str, Any]:
    return {
        "digest": shown(one.digest),
        "declarations": flag_names(one.declarations),
        "from": one.valid_from,
        "to": one.valid_to,
    }


def print_consortium(found: dict[str, Any], console: Console) -> None:
    """Print it as lists; addresses and digests stay in one piece, to be copied."""
    console.print(
        f"Chain {found['chain_id']}, block {found['block']}, admin {found['admin']}. "
        f"A dataset version needs {found['required_approvals']} approval(s)."
    )
    for title in ("organisations", "accounts", "rule_sets"):
        console.print(f"\n{title.replace('_', ' ').capitalize()}", style="bold")
        for row in found[title]:
            console.print("  " + "  ".join(_part(name, value) for name, value in row.items()))
        if not found[title]:
            console.print("  none yet")
    for line in network_words(found):
        console.print(f"\n{line}")


_TIMES = {"admitted_at", "accepted_at", "to", "from", "compromised_since"}


def _part(name: str, value: Any) -> str:
    if name in _TIMES:
        value = shown_time(value)
    elif isinstance(value, bool):
        value = "yes" if value else "no"
    return f"{name.replace('_', ' ')} {'-' if value is None else value}"
