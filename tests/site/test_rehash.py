"""A file that was read and looks unchanged is not read again, unless that is asked for."""

from __future__ import annotations

import os
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from dragon_ledger.quality.rules import built_in
from dragon_ledger.site.agent import open_site
from dragon_ledger.site.earlier_transfers import EarlierTransfers
from dragon_ledger.site.lineage import Lineage
from dragon_ledger.site.quality_check import QualityCheck
from tests.site.place import PASSWORD, Stage, deliver

pytestmark = pytest.mark.slow


def change_unseen(file: Path) -> None:
    """Change a byte of the pixels; size, inode and time of change stay as they were."""
    before = file.stat()
    with file.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        last = stream.read(1)[0]
        stream.seek(-1, os.SEEK_END)
        stream.write(bytes([last ^ 1]))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_only_rehash_sees_a_change_that_does_not_show(stage: Stage) -> None:
    config = stage.site(1)
    transfer = deliver(config)
    image = sorted(transfer.rglob("*.dcm"))[0]
    name = image.relative_to(transfer).as_posix()
    with open_site(config, PASSWORD) as (place, database):

        def digest(*, reread: bool) -> bytes:
            lineage = Lineage(database, place.watch)
            earlier = EarlierTransfers(database, place.store, lineage)
            check = QualityCheck(built_in(), earlier, 1, threading.Event(), reread=reread)
            return next(one.sha256 for one in check.report(transfer).files if one.path == name)

        read = digest(reread=False)
        assert read == sha256(image.read_bytes()).digest()
        change_unseen(image)
        assert digest(reread=False) == read
        assert digest(reread=True) == sha256(image.read_bytes()).digest() != read
