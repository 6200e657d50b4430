"""Makes the folder of a site agent: keys, configuration, places for transfers and models."""

from __future__ import annotations

from pathlib import Path

from dragon_ledger.chain.accounts import Keystore
from dragon_ledger.errors import ConfigurationError
from dragon_ledger.site.config import SITE_FILE, SiteChoices, site_toml
from dragon_ledger.site.store import write_whole
from dragon_ledger.site.vault import create_vault

SITE_FOLDERS = ("inbox", "drop", "views", "ethics")


def init_site(folder: Path, choices: SiteChoices, password: str, *, light: bool = False) -> bytes:
    """Make a site's folder; the address of its new account, to be enrolled by the root.

    `light` as `Keystore.create` has it.

    Raises:
        ConfigurationError: the folder holds a configuration already.
    """
    address = init_keys(folder, SITE_FILE, site_toml(choices), password, light=light)
    for name in SITE_FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    return address


def init_keys(
    folder: Path, config_file: str, config: str, password: str, *, light: bool = False
) -> bytes:
    """Make a folder with an account, a data key and a configuration; the account's address.

    Raises:
        ConfigurationError: the folder holds a configuration already.
    """
    if (folder / config_file).exists():
        raise ConfigurationError(f"{folder / config_file}: exists; edit it, or take another folder")
    keys = folder / "keys"
    keys.mkdir(parents=True, exist_ok=True)
    keys.chmod(0o700)
    account = Keystore.create(keys / "account.json", password, light=light)
    create_vault(keys / "data.json", password)
    # Last, so that a folder with a configuration is a whole one.
    write_whole(folder / config_file, config.encode())
    return account.address
