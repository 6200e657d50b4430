"""`site init` refuses at once what its agent would refuse later."""

from __future__ import annotations

import getpass

import pytest

from dragon_ledger.cli.values import flag_names, parse_declaration
from dragon_ledger.records import Declaration
from dragon_ledger.site.config import SiteConfig
from tests.cli.command_line import CommandLine

ETHICS = ("--declaration", "ethics-committee-approval")


def options(cli: CommandLine, **other: object) -> list[object]:
    network = cli.folder / "network.json"
    network.touch()
    given: dict[str, object] = {
        "partner": "HOSP1",
        "organisation": 1,
        "network": network,
        "exchange": cli.folder / "documents",
        "purpose": "ab" * 32,
        "password-file": cli.password,
        **other,
    }
    return [part for name, value in given.items() for part in (f"--{name}", value)]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("partner", "HOSP 1!", "1 to 10 letters"),
        ("purpose", "abc", "64 hexadecimal digits"),
        ("network", "absent.json", "does not exist"),
        ("ethics-expires", "soon", "does not match the format"),
        ("declaration", "ethics", "expected steering-committee-or-investigator-approval"),
    ],
)
def test_a_value_that_the_agent_could_not_use_makes_nothing(
    cli: CommandLine, name: str, value: str, words: str
) -> None:
    ended = cli("site", "init", cli.folder / "site", *options(cli, **{name: value}))
    assert ended.code == 3
    assert words in " ".join(ended.err.replace("│", " ").split())
    assert not (cli.folder / "site").exists()


def test_a_declared_ethics_approval_needs_its_last_day(cli: CommandLine) -> None:
    ended = cli("site", "init", cli.folder / "site", *options(cli), *ETHICS)
    assert (ended.code, "--ethics-expires 2027-12-31" in ended.err) == (3, True)
    assert not (cli.folder / "site").exists()


def test_declarations_reach_the_configuration_under_either_name(cli: CommandLine) -> None:
    both = (*ETHICS, "--declare", "consent-on-file", "--ethics-expires", "2028-02-29")
    ended = cli("site", "init", cli.folder / "site", *options(cli), *both)
    assert ended.code == 0, ended.err
    ethics = SiteConfig.load(cli.folder / "site").ethics
    assert ethics.declarations == ("ethics-committee-approval", "consent-forms-on-file")
    assert ethics.expires.isoformat() == "2028-02-29"


def test_every_declaration_is_read_as_it_is_shown() -> None:
    for flag in Declaration:
        assert parse_declaration(flag_names(flag)) is flag


def test_without_a_terminal_a_password_is_asked_for_in_words(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", nobody)
    ended = cli("consortium", "new-key", cli.folder / "key.json")
    assert (ended.code, "--password-file" in ended.err) == (3, True)
