"""The contracts' sources, for scripts that measure or change copies of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv" / "bin"


def environment(**settings: str) -> dict[str, str]:
    """Our environment with these settings, and with the virtual environment's Node."""
    return os.environ | settings | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def copy_project(folder: Path) -> None:
    """Copy what Hardhat and Foundry need to compile and test, and nothing of the caches."""
    solidity = shutil.ignore_patterns("*.py", "*.json", "*.tree", "__pycache__")
    for part in ("contracts", "tests/contracts"):
        shutil.copytree(ROOT / part, folder / part, ignore=solidity)
    (folder / "scripts").mkdir()
    for name in ("hardhat.config.js", "package.json", "scripts/solcjs"):
        shutil.copy(ROOT / name, folder / name)
    # Not beside the sources in the checkout, which Slither would take for a project of Foundry.
    shutil.move(folder / "tests" / "contracts" / "foundry.toml", folder)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")


def syntax_trees() -> dict[str, Any]:
    """Return the compiler's syntax tree of every file with code, by its name without suffix."""
    files = sorted((ROOT / "contracts").rglob("*.sol"))
    sources = {path.relative_to(ROOT).as_posix(): {"content": path.read_text()} for path in files}
    settings = {"outputSelection": {"*": {"": ["ast"]}}}
    done = subprocess.run(
        [str(ROOT / "scripts" / "solcjs"), "--standard-json"],
        input=json.dumps({"language": "Solidity", "sources": sources, "settings": settings}),
        env=environment(),
        capture_output=True,
        check=True,
        text=True,
    )
    made = json.loads(done.stdout)["sources"]
    # The interfaces are in a folder below, and have no code.
    return {Path(name).stem: made[name]["ast"] for name in sources if name.count("/") == 1}


def nodes(tree: Any, kind: str) -> Iterator[dict[str, Any]]:
    """Give every node of one kind, such as IfStatement, in a syntax tree."""
    if isinstance(tree, dict):
        if tree.get("nodeType") == kind:
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for child in tree:
            yield from nodes(child, kind)


def span(node: dict[str, Any]) -> tuple[int, int]:
    """Where a node begins and ends, in bytes of its file."""
    start, length, _ = map(int, node["src"].split(":"))
    return start, start + length
