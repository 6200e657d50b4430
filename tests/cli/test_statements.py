"""What the commands seal is what `docs/spec/statements/` publishes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from dragon_ledger.digests.documents import read_envelope
from tests.chain.world import World, digest, new_signer
from tests.cli.command_line import CommandLine
from tests.cli.test_release_commands import model, releaser

__all__ = ["model", "releaser"]

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "spec" / "statements"


def conforms(file: Path) -> str:
    """Check one sealed document against its published schema; returns the schema's name."""
    envelope = read_envelope(file.read_bytes())
    schema = json.loads((SCHEMAS / f"{envelope.schema.replace('/', '-')}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(envelope.content, schema)
    assert schema["title"] == envelope.schema
    return envelope.schema


@pytest.mark.slow
def test_statements_on_the_consortium_conform(cli: CommandLine, world: World) -> None:
    admin = cli.acting(cli.keystore("admin", world.admin))
    root = cli.acting(cli.keystore("root", world.roots[2]))
    other, site = "0x" + new_signer().address.hex(), "0x" + world.members[2].address.hex()
    rules = digest("other rules").hex()
    steps: list[tuple[object, ...]] = [
        ("admit", 40, "--root", other, "--role", "reviewer", "--name", "Authority", *admin),
        ("accept-rules", rules, "--declaration", "derogation", *admin),
        ("end-rules", rules, *admin),
        ("suspend", 3, "--words", "why", *admin),
        ("resume", 3, *admin),
        ("propose-root", 2, other, *root),
        ("enrol", 2, "0x" + "05" * 20, "--role", "site", *root),
        ("end-account", site, *root),
        ("compromised", site, "--since", "2026-01-01", *root),
    ]
    for step in steps:
        assert cli("consortium", *step).code == 0
    found = [conforms(file) for file in (cli.folder / "documents").iterdir()]
    assert sorted(found) == ["consortium-statement/1"] * len(steps) + ["organisation/1"]


@pytest.mark.slow
@pytest.mark.usefixtures("world")
def test_statements_on_models_conform(
    cli: CommandLine, model: Path, releaser: list[object]
) -> None:
    released = cli("release", "create", model, *releaser)
    identifier = released.out.split(" released as ")[1].split()[0]
    assert cli("release", "withdraw", identifier, "--reason", 4, *releaser[2:]).code == 0
    found = sorted(conforms(file) for file in (cli.folder / "documents").iterdir())
    assert found == ["model-card/1", "release-statement/1", "withdrawal-statement/1"]
