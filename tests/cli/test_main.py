from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dragon_ledger import errors
from dragon_ledger.cli.main import GROUPS, exit_code
from tests.cli.command_line import CommandLine


def test_help_names_every_group(cli: CommandLine) -> None:
    ended = cli("--help")
    assert ended.code == 0
    for name in GROUPS:
        assert name in ended.out


@pytest.mark.parametrize("name", GROUPS)
def test_every_group_has_help_and_can_be_imported(cli: CommandLine, name: str) -> None:
    ended = cli(name, "--help")
    assert ended.code == 0
    assert "Usage: dragon-ledger" in ended.out


@pytest.mark.parametrize(
    "arguments",
    [["nothing"], ["chain", "nothing"], ["chain", "deploy"], ["consortium", "admit", "300"]],
)
def test_misuse_ends_with_3(cli: CommandLine, arguments: list[str]) -> None:
    assert cli(*arguments).code == 3


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InputError("x"), 3),
        (errors.ConfigurationError("x"), 3),
        (errors.Refused("X", {}, "x"), 1),
        (errors.ProofError("x"), 1),
        (errors.NodeUnavailable("x"), 2),
        (errors.WrongChain("x"), 2),
        (errors.StaleState("x"), 2),
        (errors.InconsistentLogs("x"), 2),
        (errors.StorageError("x"), 2),
    ],
)
def test_an_error_has_its_exit_code(error: errors.LedgerError, code: int) -> None:
    assert exit_code(error) == code


def test_an_error_is_printed_in_its_own_words_without_a_traceback(cli: CommandLine) -> None:
    ended = cli("chain", "status", "--network", cli.folder / "absent.json")
    assert ended.code == 3
    assert f"{cli.folder / 'absent.json'}: cannot be read" in ended.err
    assert "Traceback" not in ended.err


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom dragon_ledger.cli.main import command\n"
        "try:\n    command(['--help'], prog_name='dragon-ledger')\nexcept SystemExit:\n    pass\n"
        "print(sorted({'httpx', 'eth_account', 'numpy', 'polars', 'h5py'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"


def test_the_installed_program_starts() -> None:
    program = Path(sys.executable).parent / "dragon-ledger"
    ended = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0
    assert "Exit status" in ended.stdout
