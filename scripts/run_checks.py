"""Run linters, types, import rules, contract checks and tests, and sum them up in one line."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
COUNTS = re.compile(r"(\d+) (passed|failed|skipped|errors?|xfailed)")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many single checks passed, failed, and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """A command, and how its output and exit status are counted."""

    name: str
    command: Sequence[str | Path]
    tally: Callable[[int, str], Tally]


def tally_status(status: int, _output: str) -> Tally:
    """Count a command without counts of its own as one check."""
    return Tally(passed=1) if status == 0 else Tally(failed=1)


def tally_counts(status: int, output: str) -> Tally:
    """Read the last line with counts; a failure that no count shows is still a failure."""
    lines = [line for line in output.splitlines() if COUNTS.search(line)]
    found: dict[str, int] = {}
    for number, word in COUNTS.findall(lines[-1] if lines else ""):
        found[word] = int(number)
    failed = found.get("failed", 0) + found.get("error", 0) + found.get("errors", 0)
    if status != 0 and failed == 0:
        failed = 1
    passed = found.get("passed", 0) + found.get("xfailed", 0)
    return Tally(passed, failed, found.get("skipped", 0))


def static_checks() -> list[Check]:
    """Formatting, lint, types, and who may import whom."""
    return [
        Check("format", [BIN / "ruff", "format", "--check", "."], tally_status),
        Check("lint", [BIN / "ruff", "check", "."], tally_status),
        Check("types", [BIN / "mypy"], tally_status),
        Check("rooms", [BIN / "lint-imports"], tally_status),
    ]


def pytest_check(arguments: argparse.Namespace) -> Check:
    """Select the tests for this kind of run; the worker count follows the cores."""
    quick = arguments.fast or arguments.network
    markers = "not slow and not network" if quick else "not network"
    command: list[str | Path] = [BIN / "python", "-m", "pytest", "-q", "-n", "auto"]
    # Used as a program only; as a plugin it takes a second of every worker's start.
    command += ["-p", "no:schemathesis"]
    command += ["--dist", "worksteal", "-m", markers]
    if arguments.long:
        command.append("--long")
    return Check("tests", command + arguments.pytest_arguments, tally_counts)


def network_check(arguments: argparse.Namespace) -> Check:
    """Select the tests on real validators: one after the other, with the machine to themselves."""
    command: list[str | Path] = [BIN / "python", "-m", "pytest", "-v", "-m", "network"]
    return Check("network", command + arguments.pytest_arguments, tally_counts)


def contract_check(arguments: argparse.Namespace) -> Check:
    """Compile, run the Solidity tests, compare gas, lint and analyse the contracts."""
    command: list[str | Path] = [ROOT / "scripts" / "check-contracts"]
    return Check("contracts", command + (["--long"] if arguments.long else []), tally_counts)


def checks_for(arguments: argparse.Namespace) -> list[Check]:
    """Everything that this kind of run covers, quickest first."""
    checks = static_checks()
    if not arguments.fast:
        checks.append(contract_check(arguments))
    checks.append(pytest_check(arguments))
    if arguments.network:
        checks.append(network_check(arguments))
    if arguments.long:
        checks.append(Check("mutants", [ROOT / "scripts" / "mutate-contracts"], tally_counts))
    return checks


def run_check(check: Check) -> Tally:
    """Show a command's output while it runs, and count its results."""
    print(f"\033[36m── {check.name}\033[0m", flush=True)
    began = time.monotonic()
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    lines: list[str] = []
    with subprocess.Popen(
        [str(part) for part in check.command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            print(line, end="", flush=True)
    tally = check.tally(process.returncode, "".join(lines))
    colour = "31" if tally.failed else "32"
    seconds = time.monotonic() - began
    print(f"\033[{colour}m── {check.name}: {tally} ({seconds:.0f} s)\033[0m", flush=True)
    return tally


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; what is not ours goes to pytest."""
    parser = argparse.ArgumentParser(prog="./scripts/test", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="the daily loop, under a minute")
    parser.add_argument("--long", action="store_true", help="also what takes many minutes")
    parser.add_argument("--network", action="store_true", help="also real QBFT validators")
    arguments, rest = parser.parse_known_args(argv)
    arguments.pytest_arguments = rest
    return arguments


def main(argv: Sequence[str]) -> int:
    """Run all checks, whatever fails, and print the one line that counts them."""
    total = Tally()
    for check in checks_for(parse(argv)):
        total += run_check(check)
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
