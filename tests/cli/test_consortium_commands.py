from __future__ import annotations

import json

import pytest

from dragon_ledger.chain import reader
from dragon_ledger.digests.documents import open_document
from tests.chain.world import World, digest, new_signer
from tests.cli.command_line import CommandLine


@pytest.mark.slow
def test_an_organisation_and_its_account_come_to_act_and_nothing_is_done_twice(
    cli: CommandLine, empty_world: World
) -> None:
    root, account = new_signer(), new_signer()
    admin = cli.acting(cli.keystore("admin", empty_world.admin))
    by_root = cli.acting(cli.keystore("root", root))
    by_account = cli.acting(cli.keystore("account", account))
    root_address, address = "0x" + root.address.hex(), "0x" + account.address.hex()
    rules = digest("rules").hex()
    steps: list[tuple[object, ...]] = [
        ("admit", 3, "--root", root_address, "--role", "site", "--name", "Hospital", *admin),
        ("accept-root", 3, *by_root),
        ("enrol", 3, address, "--role", "site", *by_root),
        ("accept", 3, *by_account),
        ("accept-rules", rules, "--declaration", "ethics-approval", *admin),
        ("end-rules", rules, *admin),
        ("suspend", 3, "--words", "a laptop was lost", *admin),
        ("resume", 3, *admin),
        ("end-account", address, *by_root),
        ("compromised", address, "--since", "2026-01-02T03:04:05+01:00", *by_root),
        ("propose-root", 3, "0x" + "07" * 20, *by_root),
        ("cancel-root", 3, *by_root),
        ("propose-admin", root_address, *admin),
        ("accept-admin", *by_root),
    ]
    for step in steps:
        ended = cli("consortium", *step)
        assert (ended.code, ended.err) == (0, ""), step
        assert "Done" in ended.out, step
        before = empty_world.client.block().number
        again = cli("consortium", *step)
        assert again.code == 0, step
        assert "Nothing was sent" in again.out, step
        assert empty_world.client.block().number == before
    state = reader.read(empty_world.client, reader.account(account.address))
    assert state.compromised_since == 1_767_319_445
    assert reader.read(empty_world.client, reader.admin()) == root.address


@pytest.mark.slow
def test_what_was_said_is_in_the_exchange_under_its_digest(cli: CommandLine, world: World) -> None:
    admin = cli.acting(cli.keystore("admin", world.admin))
    assert cli("consortium", "suspend", 2, "--words", "why not", *admin).code == 0
    (file,) = (cli.folder / "documents").iterdir()
    content = open_document(file.read_bytes(), bytes.fromhex(file.name), "consortium-statement/1")
    assert isinstance(content, dict)
    assert content["words"] == "why not"
    assert content["subject"] == "2"
    assert content["ledger"] == {
        "chain_id": world.client.network.chain_id,
        "contract": "0x" + world.client.network.contracts["Consortium"].address.hex(),
    }


@pytest.mark.usefixtures("world")
def test_a_refusal_reads_as_a_sentence_and_ends_with_1(cli: CommandLine) -> None:
    stranger = cli.acting(cli.keystore("stranger", new_signer()))
    ended = cli("consortium", "suspend", 2, *stranger)
    assert ended.code == 1
    assert "is not the consortium's admin" in ended.err
    ended = cli("consortium", "accept", 2, *stranger)
    assert ended.code == 1
    assert "has not enrolled" in ended.err


def test_show_lists_what_the_contracts_hold(cli: CommandLine, world: World) -> None:
    network = ("--network", cli.folder / "network.json")
    found = json.loads(cli("consortium", "show", "--json", *network).out)
    assert [one["number"] for one in found["organisations"]] == [1, 2, 3, 10, 20, 30]
    assert [one["organisation"] for one in found["accounts"]] == [1, 2, 3, 10, 20, 30]
    assert [one["to"] for one in found["rule_sets"]] == [None]
    printed = cli("consortium", "show", *network).out
    assert "0x" + world.roots[2].address.hex() in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("enrol", 3, "0x12", "--role", "site"), "is no address"),
        (("accept-rules", "12", "--declaration", "derogation"), "is no digest"),
        (("compromised", "0x" + "01" * 20, "--since", "yesterday"), "is no time"),
        (("enrol", 3, "0x" + "01" * 20, "--role", "king"), "king"),
    ],
)
def test_a_value_in_another_form_is_refused_with_the_form(
    cli: CommandLine, arguments: tuple[object, ...], said: str
) -> None:
    ended = cli("consortium", *arguments, "--keystore", "k.json")
    assert ended.code == 3
    assert said in ended.err


@pytest.mark.usefixtures("empty_world")
def test_paths_that_cannot_be_used_are_misuse(cli: CommandLine) -> None:
    acting = cli.acting(cli.keystore("k", new_signer()))
    (cli.folder / "file").write_text("")
    root = ("--root", "0x" + "01" * 20, "--role", "site")
    ended = cli("consortium", "admit", 3, *root, "--record", cli.folder / "absent", *acting)
    assert ended.code == 3
    inside = ("--exchange", cli.folder / "file" / "inside")
    ended = cli("consortium", "admit", 3, *root, "--name", "x", *acting, *inside)
    assert ended.code == 3
    assert "Traceback" not in ended.err
