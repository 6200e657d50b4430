"""What happens before any command runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

INTERRUPT = """
import builtins, sys
from dragon_ledger.__main__ import main
real = builtins.__import__
def interrupted(name, *rest):
    if name == {module!r}:
        raise KeyboardInterrupt
    return real(name, *rest)
builtins.__import__ = interrupted
sys.argv = ["dragon-ledger", "--help"]
main()
"""


@pytest.mark.parametrize("module", ["dragon_ledger.cli.main", "typer"])
def test_ctrl_c_while_python_imports_ends_it_without_a_traceback(module: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPT.format(module=module)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_the_package_runs_as_a_module() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "dragon_ledger", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0
    assert "Usage: dragon-ledger" in ended.stdout
