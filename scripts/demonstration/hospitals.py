"""The hospitals: their transfers, their agents' folders, and what becomes of a transfer."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from dragon_ledger.samples.transfer import make_transfer
from dragon_ledger.site.config import DECLARATIONS, SiteChoices
from dragon_ledger.site.outbox import Entry, State
from dragon_ledger.site.setup import init_site
from dragon_ledger.site.status import read_status
from scripts.demonstration.cast import DEFECTS, HOSPITALS, Party, Places
from scripts.demonstration.processes import Troupe

POLL_SECONDS = 0.25
SUBJECTS = 3


def prepare_transfers(places: Places, given: Mapping[str, Path]) -> None:
    """Each hospital's data manager prepares a transfer; the last one's has defects.

    `given` has transfers, by partner, that are taken instead of made ones.
    """
    places.transfers.mkdir()
    with ProcessPoolExecutor(max_workers=2) as pool:
        waiting = []
        for hospital in HOSPITALS:
            if folder := given.get(hospital.partner):
                shutil.copytree(folder, places.transfers / hospital.partner)
            else:
                waiting.append(pool.submit(_transfer, places, hospital))
        for made in waiting:
            made.result()


def _transfer(places: Places, hospital: Party) -> None:
    make_transfer(
        places.transfers / hospital.partner,
        partner=hospital.partner,
        seed=hospital.seed,
        subjects=SUBJECTS,
        defects=DEFECTS if hospital == HOSPITALS[-1] else (),
    )


def site_choices(places: Places, hospital: Party, exchange: str, purpose: str) -> SiteChoices:
    """What a hospital's engineer says at `site init`."""
    return SiteChoices(
        partner=hospital.partner,
        organisation=hospital.number,
        network=str(places.network),
        exchange=exchange,
        purpose=purpose,
        token_file=str(places.token),
        password_file=str(places.password),
        poll_seconds=POLL_SECONDS,
        declarations=tuple(DECLARATIONS),
    )


def make_site(places: Places, hospital: Party, exchange: str, purpose: str) -> bytes:
    """Make an agent's folder and keys; the account that the hospital's root is to enrol."""
    folder = places.site(hospital)
    password = places.password.read_text("utf-8").strip()
    address = init_site(
        folder, site_choices(places, hospital, exchange, purpose), password, light=True
    )
    (folder / "ethics" / "approval.txt").write_text("Approved by the ethics committee.\n")
    return address


def start_agent(troupe: Troupe, places: Places, hospital: Party) -> None:
    """Start a hospital's agent as a process of its own."""
    troupe.ledger(f"agent-{hospital.number}", "site", "run", places.site(hospital))


def deliver(places: Places, hospital: Party) -> None:
    """The transfer arrives in the inbox: everything under another name first, then renamed."""
    inbox = places.site(hospital) / "inbox"
    arriving = places.site(hospital) / "arriving"
    shutil.copytree(places.transfers / hospital.partner, arriving)
    arriving.rename(inbox / "transfer-1")


def entries(places: Places, hospital: Party, kind: str) -> list[Entry]:
    """What a hospital's outbox holds of one kind of act, oldest first."""
    folder = places.site(hospital)
    if not (folder / "outbox.sqlite").exists():
        return []
    return [entry for entry in read_status(folder).entries if entry.kind == kind]


def registration(places: Places, hospital: Party) -> Entry | None:
    """The registration of the hospital's version, once it is final."""
    made = entries(places, hospital, "register")
    return made[0] if made and made[0].state is State.FINAL else None
