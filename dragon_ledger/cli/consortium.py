"""`dragon-ledger consortium`: for the admin, for organisations' roots, and for their accounts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dragon_ledger.chain import reader
from dragon_ledger.chain.accounts import Keystore, read_password
from dragon_ledger.cli.consortium_view import consortium, print_consortium
from dragon_ledger.cli.session import (
    NETWORK_DEFAULT,
    NetworkFile,
    RpcUrls,
    Session,
    acting,
    open_client,
)
from dragon_ledger.cli.values import (
    RoleName,
    flag_names,
    parse_address,
    parse_declaration,
    parse_digest,
    parse_time,
    roles_of,
    shown,
    shown_time,
)
from dragon_ledger.digests.documents import read_envelope
from dragon_ledger.digests.file import file_digest
from dragon_ledger.errors import ConfigurationError, InputError
from dragon_ledger.records import Declaration, Role
from dragon_ledger.site.config import DECLARATIONS

app = typer.Typer(
    no_args_is_help=True,
    help="Who may act, under which rules: for the consortium's admin, organisations' roots, and "
    "accounts that accept what they are offered."
    "\n\nExample: dragon-ledger consortium show --network network.json",
)

SCHEMA = "consortium-statement/1"

Number = Annotated[int, typer.Argument(min=0, max=255, help="The organisation's number.")]
Address = Annotated[bytes, typer.Argument(parser=parse_address, help="Address of the account.")]
RuleSet = Annotated[bytes, typer.Argument(parser=parse_digest, help="The rule set's digest.")]
Roles = Annotated[list[RoleName], typer.Option("--role", help="A role; repeatable.")]
Words = Annotated[str, typer.Option("--words", help="Why, in words; sealed into the statement.")]


@app.command("new-key")
def new_key(
    file: Annotated[Path, typer.Argument(help="Where to write the keystore.")],
    password_file: Annotated[
        Path | None, typer.Option(help="File (mode 0600) with the new keystore's password.")
    ] = None,
) -> None:
    """Make a key and keep it in an encrypted keystore file; prints its address.

    Example: dragon-ledger consortium new-key root.json --password-file root.password
    """
    password = read_password(password_file, "Password for the new keystore: ")
    if password_file is None and password != read_password(None, "The same again: "):
        raise ConfigurationError("the two passwords differ; nothing was written")
    address = Keystore.create(file, password).address
    Console(soft_wrap=True).print(f"{file}: account {shown(address)}")


def _why(session: Session, act: str, subject: str, words: str) -> bytes:
    return session.say_why("Consortium", SCHEMA, act, subject, words)


def _soon(session: Session) -> int:
    """What the contracts make of an end that has passed: the end of the newest block."""
    return session.client.block("latest").time + 1


# -- admin ----------------------------------------------------------------------------------------


@app.command()
@acting
def admit(
    session: Session,
    number: Number,
    root: Annotated[bytes, typer.Option(parser=parse_address, help="Address of its root.")],
    role: Roles,
    name: Annotated[str, typer.Option(help="Its name, sealed into its record.")] = "",
    record: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            readable=True,
            help="Its record, a sealed document, instead of --name.",
        ),
    ] = None,
    words: Words = "",
) -> None:
    """Admit an organisation, as the admin; its root has to accept.

    Roles are given here once. Nobody reviews its own data, and whoever aggregated a run does not
    release its model.

    Example: dragon-ledger consortium admit 3 --root 0x… --role site --name "Hospital 3"
    --keystore admin.json
    """
    state = reader.read(session.client, reader.organisation(number))
    named = reader.read(session.client, reader.root_proposal(number)).root
    roles = roles_of(role)
    if state.admitted_at and state.roles == roles and root in {state.root, named}:
        session.already(f"organisation {number} was admitted with these roles and this root.")
        return
    digest = _record(session, name, record)
    statement = _why(session, "admit", str(number), words)
    done = f"organisation {number} admitted ({flag_names(roles)}), its root has to accept"
    session.send(done, "Consortium", "admit", number, int(roles), root, digest, statement)


def _record(session: Session, name: str, record: Path | None) -> bytes:
    if record is not None:
        read_envelope(record.read_bytes())
        return file_digest(record).value
    if not name:
        raise InputError("give the organisation's --name, or its sealed --record")
    return session.seal("organisation/1", {"name": name})


@app.command()
@acting
def suspend(session: Session, number: Number, words: Words = "") -> None:
    """Stop every act of an organisation until it is resumed, as the admin.

    Example: dragon-ledger consortium suspend 3 --words "lost laptop" --keystore admin.json
    """
    if reader.read(session.client, reader.suspended()) >> number & 1:
        session.already(f"organisation {number} is suspended.")
        return
    statement = _why(session, "suspend", str(number), words)
    session.send(f"organisation {number} suspended", "Consortium", "suspend", number, statement)


@app.command()
@acting
def resume(session: Session, number: Number, words: Words = "") -> None:
    """Let a suspended organisation act again, as the admin.

    Example: dragon-ledger consortium resume 3 --keystore admin.json
    """
    admitted = reader.read(session.client, reader.organisation(number)).admitted_at
    if admitted and not reader.read(session.client, reader.suspended()) >> number & 1:
        session.already(f"organisation {number} is not suspended.")
        return
    statement = _why(session, "resume", str(number), words)
    session.send(f"organisation {number} resumed", "Consortium", "resume", number, statement)


@app.command("accept-rules")
@acting
def accept_rules(
    session: Session,
    rule_set: RuleSet,
    declaration: Annotated[
        list[Declaration],
        typer.Option(
            parser=parse_declaration,
            metavar="NAME",
            help=f"A declaration that it requires, repeatable: {', '.join(DECLARATIONS)}.",
        ),
    ],
    since: Annotated[
        int | None,
        typer.Option(
            "--from",
            parser=parse_time,
            metavar="TIME",
            help="Accepted from, such as 2027-03-01 (default: now).",
        ),
    ] = None,
    until: Annotated[
        int | None,
        typer.Option(
            "--to",
            parser=parse_time,
            metavar="TIME",
            help="Accepted until, such as 2029-03-01 (default: open).",
        ),
    ] = None,
    words: Words = "",
) -> None:
    """Accept a rule set by which quality checks may judge, as the admin.

    'dragon-ledger site rules --digest' prints the digest.

    Example: dragon-ledger consortium accept-rules 5f… --declaration ethics-committee-approval
    --declaration consent-forms-on-file --keystore admin.json
    """
    state = reader.read(session.client, reader.rule_set(rule_set))
    required = Declaration(sum(set(declaration)))
    if state.accepted_at and state.declarations == required:
        session.already(f"the rule set was accepted at {shown_time(state.accepted_at)}.")
        return
    statement = _why(session, "accept-rules", shown(rule_set), words)
    done = f"rule set {shown(rule_set)} accepted (requires {flag_names(required)})"
    arguments = (rule_set, int(required), since or 0, until or 0, statement)
    session.send(done, "Consortium", "acceptRuleSet", *arguments)


@app.command("end-rules")
@acting
def end_rules(
    session: Session,
    rule_set: RuleSet,
    at: Annotated[
        int | None,
        typer.Option(
            parser=parse_time, metavar="TIME", help="When, such as 2027-03-01 (default: now)."
        ),
    ] = None,
    words: Words = "",
) -> None:
    """End the acceptance of a rule set, as the admin; what it judged before stays judged.

    Example: dragon-ledger consortium end-rules 5f… --at 2027-01-01 --keystore admin.json
    """
    state = reader.read(session.client, reader.rule_set(rule_set))
    if state.to and state.to <= max(at or 0, _soon(session)):
        session.already(f"the rule set ends at {shown_time(state.to)}.")
        return
    statement = _why(session, "end-rules", shown(rule_set), words)
    done = f"rule set {shown(rule_set)} ended"
    session.send(done, "Consortium", "endRuleSet", rule_set, at or 0, statement)


@app.command("propose-admin")
@acting
def propose_admin(session: Session, address: Address) -> None:
    """Offer the admin's office to another address, as the admin.

    Example: dragon-ledger consortium propose-admin 0x… --keystore admin.json
    """
    if reader.read(session.client, reader.proposed_admin()) == address:
        session.already("the office is offered to this address.")
        return
    done = f"the admin's office is offered to {shown(address)}"
    session.send(done, "Consortium", "proposeAdmin", address)


@app.command("accept-admin")
@acting
def accept_admin(session: Session) -> None:
    """Take over the admin's office that was offered to this account.

    Example: dragon-ledger consortium accept-admin --keystore new-admin.json
    """
    if reader.read(session.client, reader.admin()) == session.address:
        session.already("this account is the admin.")
        return
    session.send("this account is the admin now", "Consortium", "acceptAdmin")


# -- roots ----------------------------------------------------------------------------------------


@app.command("propose-root")
@acting
def propose_root(session: Session, number: Number, address: Address, words: Words = "") -> None:
    """Propose another root: by the present root at once, by the admin after the public delay.

    Example: dragon-ledger consortium propose-root 3 0x… --keystore root.json
    """
    if reader.read(session.client, reader.root_proposal(number)).root == address:
        session.already(f"this root is proposed for organisation {number}.")
        return
    statement = _why(session, "propose-root", shown(address), words)
    done = f"root {shown(address)} proposed for organisation {number}"
    session.send(done, "Consortium", "proposeRoot", number, address, statement)


@app.command("cancel-root")
@acting
def cancel_root(session: Session, number: Number) -> None:
    """Cancel a proposed root, as the admin or the present root.

    Example: dragon-ledger consortium cancel-root 3 --keystore root.json
    """
    proposed = reader.read(session.client, reader.root_proposal(number)).root
    if not any(proposed):
        session.already(f"no root is proposed for organisation {number}.")
        return
    session.send("the proposal was cancelled", "Consortium", "cancelRoot", number)


@app.command("accept-root")
@acting
def accept_root(session: Session, number: Number) -> None:
    """Accept to be an organisation's root, with the account that was named.

    Example: dragon-ledger consortium accept-root 3 --keystore root.json
    """
    if reader.read(session.client, reader.organisation(number)).root == session.address:
        session.already(f"this account is the root of organisation {number}.")
        return
    done = f"this account is the root of organisation {number} now"
    session.send(done, "Consortium", "acceptRoot", number)


@app.command()
@acting
def enrol(
    session: Session, number: Number, address: Address, role: Roles, words: Words = ""
) -> None:
    """Offer an account a subset of the organisation's roles, as its root.

    Example: dragon-ledger consortium enrol 3 0x… --role site --keystore root.json
    """
    roles = roles_of(role)
    offer = reader.read(session.client, reader.enrolment(number, address))
    if offer.enrolled_at and offer.roles == roles and offer.root == session.address:
        session.already(f"the account was enrolled with {flag_names(roles)}.")
        return
    statement = _why(session, "enrol", shown(address), words)
    done = f"{shown(address)} enrolled with {flag_names(roles)}, it has to accept"
    session.send(done, "Consortium", "enrol", number, address, int(roles), statement)


@app.command("withdraw-enrolment")
@acting
def withdraw_enrolment(session: Session, number: Number, address: Address) -> None:
    """Take back an offer that was not accepted, as the organisation's root.

    Example: dragon-ledger consortium withdraw-enrolment 3 0x… --keystore root.json
    """
    if not reader.read(session.client, reader.enrolment(number, address)).enrolled_at:
        session.already("there is no such offer.")
        return
    done = f"the offer to {shown(address)} was taken back"
    session.send(done, "Consortium", "withdrawEnrolment", number, address)


@app.command()
@acting
def accept(session: Session, number: Number) -> None:
    """Accept an enrolment, with the account that was enrolled.

    Example: dragon-ledger consortium accept 3 --keystore agent.json
    """
    if session.account.accepted_at and session.account.organisation == number:
        session.already(f"this account acts for organisation {number}.")
        return
    roles = reader.read(session.client, reader.enrolment(number, session.address)).roles
    done = f"this account acts for organisation {number} ({flag_names(Role(roles))})"
    session.send(done, "Consortium", "accept", number, roles)


@app.command("end-account")
@acting
def end_account(
    session: Session,
    address: Address,
    at: Annotated[
        int | None,
        typer.Option(
            parser=parse_time, metavar="TIME", help="When, such as 2027-03-01 (default: now)."
        ),
    ] = None,
    words: Words = "",
) -> None:
    """Bring the end of an account forward, as its organisation's root.

    Example: dragon-ledger consortium end-account 0x… --keystore root.json
    """
    state = reader.read(session.client, reader.account(address))
    if state.to and state.to <= max(at or 0, _soon(session)):
        session.already(f"the account ends at {shown_time(state.to)}.")
        return
    statement = _why(session, "end-account", shown(address), words)
    done = f"account {shown(address)} ended"
    session.send(done, "Consortium", "endAccount", address, at or 0, statement)


@app.command()
@acting
def compromised(
    session: Session,
    address: Address,
    since: Annotated[
        int,
        typer.Option(
            parser=parse_time,
            metavar="TIME",
            help="Since when, such as 2026-11-20 or 2026-11-20T08:00 (UTC).",
        ),
    ],
    words: Words = "",
) -> None:
    """Mark an account as compromised, as its root or the admin: its later acts fail in verdicts.

    Example: dragon-ledger consortium compromised 0x… --since 2026-11-20 --keystore root.json
    """
    state = reader.read(session.client, reader.account(address))
    if state.compromised_since and state.compromised_since <= since:
        moment = shown_time(state.compromised_since)
        session.already(f"the account is marked as compromised since {moment}.")
        return
    statement = _why(session, "compromised", shown(address), words)
    done = f"account {shown(address)} is marked as compromised since {shown_time(since)}"
    session.send(done, "Consortium", "markCompromised", address, since, statement)


@app.command()
def show(
    network: NetworkFile = NETWORK_DEFAULT,
    rpc: RpcUrls = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show organisations, accounts and rule sets; needs no key.

    Example: dragon-ledger consortium show --network network.json
    """
    client = open_client(network, rpc)
    try:
        found = consortium(client)
    finally:
        client.close()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        print_consortium(found, Console(soft_wrap=True))
