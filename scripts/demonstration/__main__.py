"""`./scripts/demo`: a consortium at work, from four transfers to a verdict."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from dragon_ledger.chain.embedded import stop_running
from dragon_ledger.chain.network import FeeKind, Fees
from dragon_ledger.chain.qbft import processes
from dragon_ledger.chain.qbft.layout import Layout
from dragon_ledger.errors import LedgerError
from scripts.demonstration.cast import Places
from scripts.demonstration.evidence import check_alone
from scripts.demonstration.ground import Ground, embedded, given, validators
from scripts.demonstration.narration import Narrator
from scripts.demonstration.processes import DemonstrationFailed, Troupe, stop_leftovers
from scripts.demonstration.story import Story

CHECKOUT = Path(__file__).resolve().parents[2]
INTERRUPTED = 128 + signal.SIGINT


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold a folder for one demonstration: a second one would empty it under the first.

    Raises:
        DemonstrationFailed: another one is at work there.
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_name(f"{root.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemonstrationFailed(
                f"another demonstration is at work in {root}: end it with Ctrl-C in its terminal, "
                "or give this one a --folder of its own"
            ) from error
        yield


def prepare(root: Path) -> Places:
    """An empty folder; what an earlier demonstration left running on it is stopped.

    Raises:
        DemonstrationFailed: the folder holds something else.
    """
    places = Places(root)
    if root.exists() and any(root.iterdir()) and not places.logs.is_dir():
        raise DemonstrationFailed(f"{root} is no demonstration's folder, and would be emptied")
    stop_leftovers(root, places.logs)
    if places.chain.exists():
        stop_running(places.chain)
    if (places.validators / "nodes.json").exists():
        processes.stop(Layout.load(places.validators))
    if root.exists():
        _make_writable(root)
        shutil.rmtree(root)
    places.logs.mkdir(parents=True)
    places.models.mkdir()
    places.password.touch(mode=0o600)
    places.password.write_text(secrets.token_urlsafe(24) + "\n", "utf-8")
    return places


def _make_writable(root: Path) -> None:
    # Views of dataset versions are read-only, folders included.
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        folder.chmod(0o700)


@contextmanager
def stage(places: Places, options: argparse.Namespace) -> Iterator[tuple[Ground, Troupe]]:
    """The chain and the processes, all of which are stopped at the end."""
    troupe = Troupe(places.logs)
    with _chosen(places, options) as ground:
        try:
            yield ground, troupe
        finally:
            troupe.stop()


def _chosen(places: Places, options: argparse.Namespace) -> AbstractContextManager[Ground]:
    if options.network:
        binary = options.node_binary or os.environ.get("DRAGON_NODE_BINARY")
        return validators(places, Path(binary) if binary else None)
    if not options.chain_url:
        return embedded(places)
    fees = Fees(FeeKind(options.fees), None if options.funder else 0)
    return given(options.chain_url, fees, options.funder, options.funder_password_file)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./scripts/demo", description=__doc__)
    parser.add_argument("--serve", action="store_true", help="keep it all running at the end")
    parser.add_argument(
        "--folder",
        type=Path,
        default=CHECKOUT / ".dragon" / "demo",
        help="where everything is kept; emptied at the start",
    )
    parser.add_argument(
        "--transfer",
        action="append",
        default=[],
        metavar="PARTNER=FOLDER",
        help="a transfer of your own for a hospital, such as LIEGE=./transfer",
    )
    other = parser.add_argument_group("another chain than the embedded one")
    other.add_argument("--network", action="store_true", help="four QBFT validators")
    other.add_argument(
        "--node-binary",
        type=Path,
        help="for --network: Besu, or GoQuorum's geth (default: DRAGON_NODE_BINARY, then 'besu')",
    )
    other.add_argument("--chain-url", action="append", help="a node; repeatable")
    other.add_argument("--fees", default="legacy", choices=[kind.value for kind in FeeKind])
    other.add_argument("--funder", type=Path, help="keystore that pays, where gas has a price")
    other.add_argument("--funder-password-file", type=Path)
    return parser.parse_args(arguments)


def demonstrate(narrator: Narrator, root: Path, options: argparse.Namespace) -> None:
    """Tell the story in a folder, and sum it up."""
    places = prepare(root)
    code = hashlib.sha256(Path(__file__).read_bytes()).digest()
    transfers = {
        partner: Path(folder).resolve()
        for partner, _, folder in (word.partition("=") for word in options.transfer)
    }
    with stage(places, options) as (ground, troupe):
        story = Story(narrator, places, ground, troupe, code, transfers, options.serve)
        story.tell()
        if options.serve:
            story.summarise()
            story.keep_running()
    with narrator.chapter(len(narrator.timings) + 1, "With every node stopped"):
        check_alone(narrator, places)
    story.summarise()


def main(arguments: list[str]) -> int:
    """Tell the story; 0 when everything happened as it should."""
    options = parse(arguments)
    # A polite end, and a terminal that is closed, are the same as Ctrl-C: everyone is stopped.
    for polite in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(polite, signal.default_int_handler)
    narrator = Narrator()
    root = options.folder.resolve()
    try:
        with alone(root):
            demonstrate(narrator, root, options)
    except (DemonstrationFailed, LedgerError) as error:
        narrator.panel(str(error), "The demonstration failed", "red")
        return 1
    except KeyboardInterrupt:
        narrator.note("stopped; everyone that it had started has ended")
        return 0 if options.serve else INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
