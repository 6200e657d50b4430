"""Validators as plain processes of this machine, on loopback only: start, stop, who runs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from dragon_ledger.chain.client import identify
from dragon_ledger.chain.embedded import running_pid, stop_running
from dragon_ledger.chain.qbft.layout import Layout, Member
from dragon_ledger.chain.qbft.programs import Program
from dragon_ledger.errors import ConfigurationError, NodeUnavailable

ANSWER_SECONDS = 90.0
PAUSE_SECONDS = 0.1


def start(layout: Layout, program: Program, names: Sequence[str] = ()) -> list[Member]:
    """Start members' nodes that do not run yet, and wait until they answer.

    Args:
        layout: the network.
        program: the node program for all of them.
        names: members to start; all when empty.

    Returns:
        The members whose nodes were started.

    Raises:
        ConfigurationError: a member's node is not meant for this machine.
        NodeUnavailable: a node ended, or does not answer; with the end of its log.
    """
    wanted = _chosen(layout, names)
    for member in wanted:
        if not member.is_local:
            raise ConfigurationError(
                f"{member.name}: its node is to run at {member.host}, not as a process here"
            )
    started = [member for member in wanted if running_pid(layout.home(member)) is None]
    spawned = [(member, _spawn(layout.home(member), member, program)) for member in started]
    for member, process in spawned:
        _await(layout, member, process)
    return started


def stop(layout: Layout, names: Sequence[str] = ()) -> list[Member]:
    """Stop members' nodes in order; returns those that ran.

    Raises:
        NodeUnavailable: a process does not end.
    """
    return [member for member in _chosen(layout, names) if stop_running(layout.home(member))]


def kill(layout: Layout, name: str) -> int:
    """End a member's node as a power cut does (SIGKILL); returns its process id.

    Raises:
        NodeUnavailable: it does not run.
    """
    home = layout.home(layout.member(name))
    pid = running_pid(home)
    if pid is None:
        raise NodeUnavailable(f"{name}: its node does not run")
    os.kill(pid, signal.SIGKILL)
    while running_pid(home) == pid:
        time.sleep(PAUSE_SECONDS)
    (home / "node.pid").unlink(missing_ok=True)
    return pid


def _chosen(layout: Layout, names: Sequence[str]) -> list[Member]:
    return [layout.member(name) for name in names] or list(layout.members)


def _spawn(home: Path, member: Member, program: Program) -> subprocess.Popen[bytes]:
    program.prepare(home)
    with (home / "node.log").open("ab") as log:
        process = subprocess.Popen(
            program.command(member, home),
            cwd=home,
            env=program.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    (home / "node.pid").write_text(f"{process.pid}\n", encoding="utf-8")
    return process


def _await(layout: Layout, member: Member, process: subprocess.Popen[bytes]) -> None:
    home = layout.home(member)
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NodeUnavailable(f"{member.name}: its node ended by itself. {_log(home)}")
        try:
            found, _ = identify(member.url, timeout=2.0)
        except NodeUnavailable:
            time.sleep(PAUSE_SECONDS)
            continue
        if found == layout.chain_id:
            return
        raise NodeUnavailable(f"{member.url}: another node (chain id {found}) holds this port")
    raise NodeUnavailable(f"{member.name}: no answer in {ANSWER_SECONDS:.0f} s. {_log(home)}")


def _log(home: Path) -> str:
    lines = (home / "node.log").read_text(encoding="utf-8", errors="replace").splitlines()
    return f"The end of {home / 'node.log'}:\n" + "\n".join(lines[-5:])
