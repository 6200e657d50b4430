"""Help for people at 80 columns, and completion, of every command there is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from dragon_ledger.cli.help_text import filled, make_readable
from dragon_ledger.cli.main import GROUPS
from tests.cli.command_line import CommandLine

pytestmark = pytest.mark.slow


def commands(path: tuple[str, ...], command: Any) -> Iterator[tuple[str, ...]]:
    yield path
    for name, member in getattr(command, "commands", {}).items():
        yield from commands((*path, name), member)


def every_command() -> list[tuple[str, ...]]:
    tree = ((name, import_module(module).app) for name, (module, _) in GROUPS.items())
    found = (commands((name,), typer.main.get_command(app)) for name, app in tree)
    return [(), *(path for group in found for path in group)]


@pytest.mark.parametrize("path", every_command(), ids=lambda path: " ".join(path) or "top")
def test_help_has_an_example_of_this_command_and_its_exit_statuses(
    path: tuple[str, ...], cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = cli(*path, "--help")
    words = " ".join(ended.out.split())
    assert ended.code == 0
    assert "Exit status" in words
    examples = words.partition("Example")[2]
    # `outbox` is one command in two groups: its examples are of both.
    assert " ".join(("dragon-ledger", *path)) in examples
    assert max(map(len, ended.out.splitlines())) <= 80


def test_a_paragraph_fills_the_width_and_examples_keep_their_lines() -> None:
    text = """One
    line.

    A paragraph
    over two lines.

    Examples:
      first
      second
    """
    assert (
        filled(text) == "One line.\n\nA paragraph over two lines.\n\nExamples:\n  first\n  second"
    )


def test_a_command_that_says_how_it_ends_is_left_at_that() -> None:
    app = typer.Typer()

    @app.command()
    def told() -> None:
        """Do. Exit status: 0 always."""

    command = typer.main.get_command(app)
    make_readable(command)
    assert command.epilog is None


def completed(words: str) -> list[str]:
    """What bash would offer for the last word."""
    program = Path(sys.executable).parent / "dragon-ledger"
    asked = {
        "_DRAGON_LEDGER_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    ended = subprocess.run(
        [program], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    return ended.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("dragon-ledger con", "consortium"),
        ("dragon-ledger site st", "status"),
        ("dragon-ledger api token cr", "create"),
        ("dragon-ledger review approve --key", "--keystore"),
    ],
)
def test_the_shell_completes_groups_commands_and_options(words: str, offered: str) -> None:
    assert completed(words) == [offered]
