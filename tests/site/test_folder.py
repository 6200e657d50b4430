"""One writer for a folder; configuration, keys, store and exchange as people damage them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from dragon_ledger.digests.manifest import FileRecord
from dragon_ledger.errors import (
    AlreadyRunning,
    ConfigurationError,
    InputError,
    ProofError,
    StorageError,
)
from dragon_ledger.records import Declaration
from dragon_ledger.site.config import DECLARATIONS, SITE_FILE, SiteChoices, SiteConfig, site_toml
from dragon_ledger.site.documents import Documents
from dragon_ledger.site.exchange import (
    ExchangeUnavailable,
    FolderExchange,
    HttpExchange,
    open_exchange,
)
from dragon_ledger.site.lock import FolderLock, holder
from dragon_ledger.site.outbox import Outbox
from dragon_ledger.site.status import read_status
from dragon_ledger.site.store import Store, sweep
from dragon_ledger.site.vault import Vault, create_vault, open_vault
from dragon_ledger.site.views import build_view, remove_view
from tests.site.running import Processes, eventually

VAULT = Vault(bytes(range(32)))
HOLD = """
import sys, time
from pathlib import Path
from dragon_ledger.site.lock import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


# -- one writer -----------------------------------------------------------------------------------


def test_a_second_process_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("first", [sys.executable, "-c", HOLD, str(tmp_path)])
        eventually(lambda: "held" in processes.log("first"), lambda: processes.log("first"))
        pid = processes.running["first"].pid
        with pytest.raises(AlreadyRunning, match=f"process {pid} "), FolderLock(tmp_path):
            pass
        assert holder(tmp_path) == pid
        processes.kill("first")
    # The lock died with its process, although the file with its number is still there.
    assert holder(tmp_path) is None
    with FolderLock(tmp_path):
        assert holder(tmp_path) is not None
    assert holder(tmp_path) is None


def test_status_of_a_folder_that_never_ran_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="`init` makes a folder"):
        read_status(tmp_path)
    (tmp_path / "outbox.sqlite").touch()
    assert read_status(tmp_path).entries == ()


def test_an_outbox_can_be_read_while_and_after_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    writer = Outbox(path)
    writer.put("a", lane="a", kind="register", act={"x": 1})
    reader = Outbox(path, read_only=True)
    assert [entry.key for entry in reader.entries()] == ["a"]
    writer.close()
    assert [entry.key for entry in Outbox(path, read_only=True).entries()] == ["a"]
    with pytest.raises(StorageError):
        reader.put("b", lane="a", kind="register", act={})


# -- configuration --------------------------------------------------------------------------------

CHOICES = SiteChoices(
    partner='Hos"p\\1',
    organisation=7,
    network="network.json",
    exchange="https://ledger.example",
    purpose="ab" * 32,
    declarations=tuple(DECLARATIONS),
)


def config_file(folder: Path, old: str = "", new: str = "") -> SiteConfig:
    text = site_toml(CHOICES)
    assert old in text
    (folder / SITE_FILE).write_text(text.replace(old, new) if old else text, encoding="utf-8")
    return SiteConfig.load(folder)


def test_what_init_writes_is_read_back_and_every_field_has_a_comment(tmp_path: Path) -> None:
    config = config_file(tmp_path)
    assert config.partner == CHOICES.partner
    assert config.connection.organisation == 7
    assert config.inbox == tmp_path / "inbox"
    assert config.ethics.flags == Declaration(15)
    assert config.ethics.expiry == 1_830_297_599  # date -u -d 2027-12-31T23:59:59Z +%s
    lines = site_toml(CHOICES).splitlines()
    fields = [number for number, line in enumerate(lines) if " = " in line and line[0] != "#"]
    assert len(fields) == 17
    undocumented = [lines[number] for number in fields if lines[number - 1][:1] != "#"]
    assert undocumented == ['data = "keys/data.json"']  # shares the comment of the line above


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("organisation = 7", "organisation = 256", "organisation"),
        ("organisation = 7", "organisation = true", "organisation"),
        ("poll_seconds = 5.0", "poll_seconds = 0", "poll_seconds"),
        ('purpose = "' + "ab" * 32, 'purpose = "abc', "purpose"),
        ("workers = 0", "worker = 0", "worker"),
        ("expires = 2027-12-31", 'expires = "2027-12-31"', "expires"),
        ("consent-forms-on-file", "consent", "declarations"),
        ("[exchange]", "[exchanges]", "exchange"),
        ("[site]", "[site", "TOML"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named) as caught:
        config_file(tmp_path, old, new)
    assert SITE_FILE in str(caught.value)


def test_a_rule_set_of_ones_own_is_a_file_beside_the_configuration(tmp_path: Path) -> None:
    assert config_file(tmp_path).rule_set == "hds-1.0"
    config = config_file(tmp_path, 'rule_set = "hds-1.0"', 'rule_set = "own.toml"')
    assert config.rule_set == str(tmp_path / "own.toml")


def test_without_an_ethics_approval_no_expiry_is_declared(tmp_path: Path) -> None:
    config = config_file(tmp_path, '"ethics-committee-approval", ', "")
    assert Declaration.ETHICS_APPROVAL not in config.ethics.flags
    assert config.ethics.expiry == 0


# -- keys and store -------------------------------------------------------------------------------


def test_a_data_key_opens_with_its_password_only(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    vault = create_vault(path, "right")
    assert path.stat().st_mode & 0o777 == 0o600
    sealed = vault.seal(b"a salt", "row 1")
    assert open_vault(path, "right").open(sealed, "row 1") == b"a salt"
    with pytest.raises(ConfigurationError, match="password"):
        open_vault(path, "wrong")
    with pytest.raises(ConfigurationError, match="exist"):
        create_vault(path, "right")
    assert open_vault(path, "right").open(sealed, "row 1") == b"a salt"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "other"}', '{"format": 3}'])
def test_a_damaged_data_key_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.json").write_text(text)
    with pytest.raises(ConfigurationError, match=r"data\.json"):
        open_vault(tmp_path / "data.json", "x")


def test_a_value_opens_only_where_it_belongs_and_as_it_was() -> None:
    sealed = VAULT.seal(b"value", "row 1")
    for wrong in (sealed[:-1], b"", bytes([sealed[0] ^ 1]) + sealed[1:]):
        with pytest.raises(StorageError):
            VAULT.open(wrong, "row 1")
    with pytest.raises(StorageError):
        VAULT.open(sealed, "row 2")
    assert VAULT.seal(b"value", "row 1") != sealed


def test_the_store_keeps_documents_sealed_and_files_as_they_are(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", VAULT)
    digest = store.put(b"a report on HOSP-0001")
    assert store.get(digest) == b"a report on HOSP-0001"
    assert not any(b"HOSP" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    source = tmp_path / "slice.dcm"
    source.write_bytes(b"pixels")
    changed = "0" * 64
    with pytest.raises(InputError, match="changed after it was checked"):
        store.put_file(source, bytes.fromhex(changed))
    assert not list((tmp_path / "store").rglob("*.part"))
    (tmp_path / "store" / "sealed" / digest.hex()).write_bytes(b"damaged")
    with pytest.raises(StorageError, match="does not open"):
        store.get(digest)


def test_what_a_killed_process_left_half_written_is_swept_away(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", VAULT)
    digest = store.put(b"whole")
    half = tmp_path / "store" / "parts" / ".abc.0000.part"
    half.write_bytes(b"half")
    view = tmp_path / "views" / ".abc.0000.part" / "a"
    view.mkdir(parents=True)
    view.chmod(0o555)
    Store(tmp_path / "store", VAULT).sweep()
    sweep(tmp_path / "views")
    assert not half.exists()
    assert not list((tmp_path / "views").iterdir())
    assert store.get(digest) == b"whole"


@pytest.mark.parametrize("path", ["../escape", "/etc/passwd", "a/../../b"])
def test_a_view_holds_no_path_that_leads_out_of_it(tmp_path: Path, path: str) -> None:
    store = Store(tmp_path / "store", VAULT)
    with pytest.raises(InputError, match="leads out"):
        build_view(tmp_path / "views", bytes(32), [FileRecord(path, 1, bytes(32))], store)
    assert not list((tmp_path / "views").iterdir())


def test_a_view_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", VAULT)
    source = tmp_path / "source"
    source.write_bytes(b"one")
    digest = bytes.fromhex(
        subprocess.run(
            ["/usr/bin/sha256sum", str(source)], capture_output=True, text=True, check=True
        ).stdout.split()[0]
    )
    store.put_file(source, digest)
    records = [FileRecord("a/b/one", 3, digest), FileRecord("a/two", 3, bytes(32))]
    with pytest.raises(StorageError):
        build_view(tmp_path / "views", bytes(32), records, store)
    assert not list((tmp_path / "views").iterdir())
    view = build_view(tmp_path / "views", bytes(32), records[:1], store)
    assert (view / "a" / "b" / "one").read_bytes() == b"one"
    remove_view(tmp_path / "views", bytes(32))
    assert not view.exists()


# -- exchange -------------------------------------------------------------------------------------


def test_a_shared_folder_is_an_exchange(tmp_path: Path) -> None:
    exchange = open_exchange("shared", None, tmp_path)
    assert isinstance(exchange, FolderExchange)
    digest = exchange.put(b"document")
    assert exchange.put(b"document") == digest
    assert exchange.get(digest) == b"document"
    assert exchange.get(bytes(32)) is None
    (tmp_path / "shared" / digest.hex()).write_bytes(b"forged")
    with pytest.raises(ProofError, match="asked for"):
        exchange.get(digest)


def test_a_share_that_is_gone_is_unavailable_not_empty(tmp_path: Path) -> None:
    (tmp_path / "shared").write_bytes(b"a file where the folder was")
    with pytest.raises(ExchangeUnavailable):
        FolderExchange(tmp_path / "shared").put(b"document")
    with pytest.raises(ConfigurationError, match="ftp"):
        open_exchange("ftp://somewhere", None, tmp_path)


class Liar(BaseHTTPRequestHandler):
    """Answers everything with the same bytes, whatever was asked."""

    def do_GET(self) -> None:
        status = 503 if self.path.endswith("00" * 32) else 200
        self.send_response(status)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"lie")

    def do_PUT(self) -> None:
        self.send_error(401)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def liar() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_an_exchange_that_lies_or_refuses_is_found_out(liar: str) -> None:
    exchange = HttpExchange(liar, "token")
    with pytest.raises(ProofError, match="asked for"):
        exchange.get(bytes([1]) * 32)
    with pytest.raises(ExchangeUnavailable, match="503"):
        exchange.get(bytes(32))
    with pytest.raises(ExchangeUnavailable, match="401"):
        exchange.put(b"document")
    with pytest.raises(ExchangeUnavailable):
        HttpExchange("http://127.0.0.1:1", None).get(bytes(32))


def test_a_failing_exchange_is_left_alone_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox, store = Outbox(tmp_path / "outbox.sqlite"), Store(tmp_path / "store", VAULT)
    shared = tmp_path / "shared"
    shared.write_bytes(b"no folder")
    documents = Documents(store, outbox, FolderExchange(shared))
    digest = documents.publish(b"document")
    with pytest.raises(ExchangeUnavailable):
        documents.push()
    assert [waiting.digest for waiting in outbox.unpublished()] == [digest]
    assert outbox.unpublished()[0].note
    shared.unlink()
    with pytest.raises(ExchangeUnavailable):
        documents.push()
    monkeypatch.setattr("dragon_ledger.site.documents.PAUSE_SECONDS", 0.0)
    documents.push()
    assert outbox.unpublished() == []
    assert (shared / digest.hex()).read_bytes() == b"document"
    assert documents.fetch(digest) == b"document"
    assert documents.fetch(bytes(32)) is None


def test_an_error_of_the_exchange_never_holds_the_token(liar: str) -> None:
    with pytest.raises(ExchangeUnavailable) as caught:
        HttpExchange(liar, "very-secret-token").put(b"document")
    assert "very-secret-token" not in str(caught.value)
    assert json.dumps(str(caught.value))
