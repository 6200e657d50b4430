"""Makes the folder of an aggregator."""

from __future__ import annotations

from pathlib import Path

from dragon_ledger.federation.config import AGGREGATOR_FILE, aggregator_toml
from dragon_ledger.site.config import SiteChoices
from dragon_ledger.site.setup import init_keys

AGGREGATOR_FOLDERS = ("incoming", "ready", "drop", "global", "initial", "requests")


def init_aggregator(
    folder: Path, choices: SiteChoices, password: str, *, light: bool = False
) -> bytes:
    """Make an aggregator's folder; the address of its new account, to be enrolled by the root.

    `light` as `Keystore.create` has it.

    Raises:
        ConfigurationError: the folder holds a configuration already.
    """
    address = init_keys(folder, AGGREGATOR_FILE, aggregator_toml(choices), password, light=light)
    for name in AGGREGATOR_FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    return address
