"""The command `dragon-ledger`: finds the group, runs it, and turns our errors into exit codes.

Exit status: 0 done or valid, 1 not valid or refused, 2 not verifiable or unavailable, 3 misuse.
A group's module is imported only when one of its commands runs, so that `--help` and shell
completion answer at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from dragon_ledger.cli.help_text import EXIT_STATUSES, make_readable
from dragon_ledger.errors import InputError, LedgerError, ProofError, Refused

OK, NOT_VALID, NOT_VERIFIABLE, MISUSE = 0, 1, 2, 3

# Name of the group or command -> (module that exposes `app`, one line of help).
GROUPS: dict[str, tuple[str, str]] = {
    "chain": ("dragon_ledger.cli.chain", "Embedded node, deployment, check of deployed code."),
    "network": ("dragon_ledger.cli.network", "Four or more QBFT validators: create, up, status."),
    "consortium": ("dragon_ledger.cli.consortium", "Organisations, accounts, accepted rule sets."),
    "site": ("dragon_ledger.cli.site", "The site agent: transfers, versions, updates."),
    "sample-transfer": (
        "dragon_ledger.cli.sample_transfer",
        "A synthetic hospital's transfer, clean or with known defects.",
    ),
    "aggregator": ("dragon_ledger.cli.aggregator", "Runs, incoming updates, rounds."),
    "review": ("dragon_ledger.cli.review", "Read and decide on dataset versions of others."),
    "digest": ("dragon_ledger.cli.digest", "The digests of a file, by every method."),
    "verify": ("dragon_ledger.cli.verify", "The verdict on a model file."),
    "evidence": ("dragon_ledger.cli.evidence", "Bundles for a check without any node."),
    "api": ("dragon_ledger.cli.api", "The verdict service and its tokens."),
    "index": ("dragon_ledger.cli.index", "The chain's events in SQL: run, rebuild, status."),
    "release": ("dragon_ledger.cli.release", "Release a round's aggregate; withdraw a release."),
}

# Options that typer adds to each application; only the top one needs them.
_COMPLETION = {"install_completion", "show_completion"}


def exit_code(error: LedgerError) -> int:
    """The exit code that says what kind of error it was."""
    if isinstance(error, InputError):
        return MISUSE
    if isinstance(error, (Refused, ProofError)):
        return NOT_VALID
    return NOT_VERIFIABLE


def show_error(error: LedgerError) -> None:
    """Print the error's own words, in red, on standard error."""
    # Soft wrapping keeps digests and paths in one piece, to be copied.
    Console(stderr=True, soft_wrap=True).print(Text(f"{error}", style="red"))


class LazyGroup(TyperGroup):
    """The top of the command tree; knows its groups by name and imports the one that is used."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # Stand-ins with a line of help each are enough for `--help`, completion and suggestions.
        self.commands = {
            name: TyperCommand(name, help=words) for name, (_, words) in GROUPS.items()
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the group that the arguments name."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        if stand_in is None or name is None:
            return name, stand_in, rest
        command = typer.main.get_command(import_module(GROUPS[name][0]).app)
        command.name = name
        make_readable(command)
        command.params = [one for one in command.params if one.name not in _COMPLETION]
        return name, command, rest

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Parse the arguments; misuse gets its own exit code."""
        try:
            return super().make_context(*args, **kwargs)
        except TyperException as error:
            error.exit_code = MISUSE
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run the command; the edge at which our errors become words and an exit code."""
        try:
            return super().invoke(ctx)
        except TyperException as error:
            error.exit_code = MISUSE
            raise
        except LedgerError as error:
            show_error(error)
            raise typer.Exit(exit_code(error)) from error


_typer = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    epilog=EXIT_STATUSES,
    pretty_exceptions_show_locals=False,
)


@_typer.callback()
def _top() -> None:
    """Provenance ledger for federated learning on medical data.

    Each group and command has --help of its own, with an example.

    Example: dragon-ledger verify model.h5 --network network.json
    """


command = typer.main.get_command(_typer)


def app() -> None:
    """Run the command line; the entry point that the package installs."""
    command(prog_name="dragon-ledger")
