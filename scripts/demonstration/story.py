"""The story in the order in which a consortium lives it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dragon_ledger.chain.accounts import Signer
from dragon_ledger.chain.client import Client
from dragon_ledger.chain.network import Network
from dragon_ledger.quality.rules import built_in
from dragon_ledger.records import Declaration
from scripts.demonstration import auditing, evidence, founding, hospitals, training
from scripts.demonstration.cast import (
    AGGREGATOR,
    DEFECTS,
    EVERYONE,
    HOSPITALS,
    RELEASER,
    REVIEWER,
    Party,
    Places,
)
from scripts.demonstration.ground import Ground
from scripts.demonstration.narration import Narrator
from scripts.demonstration.people import Desk
from scripts.demonstration.processes import DemonstrationFailed, Troupe
from scripts.demonstration.service import Service, ledger, start_service

CONSENT_WITHDRAWN = 1  # a reason code: `dragon-ledger review revoke --help` lists them
VICTIM = HOSPITALS[1]
FALLEN = HOSPITALS[2]


@dataclass
class Story:
    """Everyone's doings, chapter by chapter; each chapter leaves what the next one needs."""

    narrator: Narrator
    places: Places
    ground: Ground
    troupe: Troupe
    code_digest: bytes
    transfers: Mapping[str, Path]
    serves: bool
    versions: dict[int, bytes] = field(default_factory=dict)
    purpose: bytes = b""
    run: bytes = b""
    service: Service = field(init=False)
    desk: Desk = field(init=False)

    def tell(self) -> None:
        """All chapters."""
        chapters = (
            ("A consortium and its chain", self.found),
            ("Four transfers, one with defects", self.transfer),
            ("Each site agent checks and registers", self.register),
            ("The reviewing authority decides", self.review),
            ("Federated training, three rounds, one power cut", self.train),
            ("The release", self.release),
            ("The auditor asks", self.audit),
            ("The auditor takes evidence away", self.take_away),
            ("A dataset version is revoked", self.revoke),
        )
        for number, (title, chapter) in enumerate(chapters, start=1):
            with self.narrator.chapter(number, title):
                chapter()

    def found(self) -> None:
        """Deploy, admit, enrol; start the service."""
        narrator, places = self.narrator, self.places
        names = ["admin", *(f"root-{party.number}" for party in EVERYONE)]
        names += [f"account-{party.number}" for party in founding.people()]
        with narrator.working(f"{len(names)} keystores, each with its own key"):
            keys = founding.make_keys(places, names)
        narrator.done(self.ground.words)
        with narrator.working("four contracts deployed, network.json written"):
            client = founding.deploy_contracts(places, self.ground, keys["admin"])
            self.ground.fund(client, [key.address for key in keys.values()])
        self.service = start_service(self.troupe, places)
        narrator.done(f"service and exchange on {self.service.url}")
        with narrator.working("sites' and aggregator's folders, with keys of their own"):
            agents = self._make_folders()
        with narrator.working("seven organisations admitted; each root enrols its own accounts"):
            self._admit(client, keys, agents)
        narrator.note(", ".join(f"{party.number} {party.name}" for party in EVERYONE))
        self.desk = Desk(narrator, places, self.service.url, self.service.token)

    def _make_folders(self) -> dict[int, bytes]:
        purpose = self.places.root / "purpose.json"
        printed = ledger("aggregator", "purpose", training.PURPOSE, purpose)
        self.purpose = bytes.fromhex(printed.split()[-1].removeprefix("0x"))
        self.service.hand_over(self.purpose, purpose.read_bytes())
        url, digest = self.service.url, self.purpose.hex()
        agents = {
            party.number: hospitals.make_site(self.places, party, url, digest)
            for party in HOSPITALS
        }
        agents[AGGREGATOR.number] = training.make_aggregator(self.places, url)
        return agents

    def _admit(self, client: Client, keys: dict[str, Signer], agents: dict[int, bytes]) -> None:
        self.ground.fund(client, list(agents.values()))
        needed = Declaration.STEERING_APPROVAL | Declaration.ETHICS_APPROVAL
        founding.accept_rule_set(client, keys["admin"], built_in().digest.value, int(needed))
        for party in EVERYONE:
            root = keys[f"root-{party.number}"]
            founding.admit(client, keys["admin"], party, root)
            if person := keys.get(f"account-{party.number}"):
                founding.enrol(client, party, root, person.address)
                founding.accept(client, party, person)
            if agent := agents.get(party.number):
                founding.enrol(client, party, root, agent)
        client.close()
        self._agents_accept()

    def _agents_accept(self) -> None:
        folders = {party: self.places.site(party) for party in HOSPITALS}
        folders[AGGREGATOR] = self.places.aggregator
        for party, folder in folders.items():
            founding.accept_with_keystore(self.places, party, folder / "keys" / "account.json")

    def transfer(self) -> None:
        """Data managers prepare transfers, which arrive in the inboxes."""
        with self.narrator.working("CT phantoms, Table 3 and six SDTM domains for each hospital"):
            hospitals.prepare_transfers(self.places, self.transfers)
        for hospital in HOSPITALS:
            files = sum(1 for path in (self.places.transfers / hospital.partner).rglob("*.dcm"))
            self.narrator.says(hospital.name, f"{files} CT slices and six tables")
        self.narrator.note(f"in the last one: {', '.join(DEFECTS)}")

    def register(self) -> None:
        """Each agent, a process of its own, takes its transfer in by itself."""
        for hospital in HOSPITALS:
            hospitals.start_agent(self.troupe, self.places, hospital)
            hospitals.deliver(self.places, hospital)
        for hospital in HOSPITALS:
            self._registered(hospital)

    def _registered(self, hospital: Party) -> None:
        self.troupe.wait_until(
            f"{hospital.name}'s version is registered",
            lambda: hospitals.registration(self.places, hospital) is not None,
        )
        entry = hospitals.registration(self.places, hospital)
        if entry is None:
            raise DemonstrationFailed(f"{hospital.name}'s registration is final no more")
        version = bytes.fromhex(str(entry.act["version"]))
        self.versions[hospital.number] = version
        outcome = "passed" if entry.act["qc_passed"] else "FAILED the check, and says so"
        self.narrator.says(hospital.name, f"version {version.hex()[:10]}… registered: {outcome}")

    def review(self) -> None:
        """The reviewer fetches each report by its digest, reads it, and decides."""
        for hospital in HOSPITALS[:-1]:
            version = self.versions[hospital.number].hex()
            self.desk.acts(REVIEWER, ["review", "approve", version, "--yes"])
            self.narrator.done(f"{hospital.name}'s version approved")
        version = self.versions[HOSPITALS[-1].number].hex()
        self.desk.is_refused(
            REVIEWER,
            f"approval of {HOSPITALS[-1].name}'s version",
            ["review", "approve", version, "--yes"],
        )

    def train(self) -> None:
        """Three rounds by themselves; in the second one an agent loses its power."""
        training.write_plan(self.places, self.purpose, self.code_digest)
        self.run = training.open_run(self.troupe, self.places)
        self.narrator.done(f"run {self.run.hex()[:10]}… is open, plan {training.PLAN!r}")
        for number in range(1, training.ROUNDS + 1):
            self._round(number)
        last = HOSPITALS[-1]
        refused = training.refused_updates(self.places, last)
        if len(refused) != training.ROUNDS:
            raise DemonstrationFailed(f"{last.name}: {len(refused)} of 3 updates were refused")
        self.narrator.refused(f"{last.name}'s updates, kept in its outbox", refused[-1])

    def _round(self, number: int) -> None:
        power_fails = number == 2  # noqa: PLR2004 (the second round)
        if power_fails:
            self.ground.hold()
        training.train_round(self.troupe, self.places, self.versions, number)
        if power_fails:
            killed = training.kill_between_sending_and_receipt(
                self.troupe, self.places, VICTIM, self.ground
            )
            self.narrator.says(VICTIM.name, f"agent {killed} killed after sending; started again")
        training.wait_for_round(self.troupe, self.places, number)
        self.narrator.done(f"round {number} closed")
        if power_fails:
            self._once(number)

    def _once(self, number: int) -> None:
        commits = training.commits_on_chain(self.places, self.run, number, VICTIM)
        if commits != 1:
            raise DemonstrationFailed(f"{VICTIM.name}: {commits} commits in round {number}")
        self.narrator.done(f"{VICTIM.name}'s update of round {number} is on chain exactly once")

    def release(self) -> None:
        """Two attempts that must fail, and the release."""
        published = self.places.aggregator / "global" / training.PLAN / str(training.ROUNDS)
        model = self.places.models / "model.h5"
        shutil.copyfile(published / "model.h5", model)
        card = self.places.root / "model-card.json"
        card.write_text(json.dumps({"name": "COVID opacity", "use": "demonstration"}), "utf-8")
        words: list[str | Path] = ["release", "create", model, "--model-card", card]
        self.desk.is_refused(AGGREGATOR, "release by the aggregator's own organisation", words)
        other = self.places.models / "other.h5"
        auditing.change_last_bit(model, other)
        explicit = ["--run", self.run.hex(), "--round", str(training.ROUNDS)]
        attempt: list[str | Path] = ["release", "create", other, "--model-card", card, *explicit]
        self.desk.is_refused(RELEASER, "release of another model than the aggregate", attempt)
        self.desk.acts(RELEASER, words)
        self.narrator.done(f"the aggregate of round {training.ROUNDS} is released")

    def audit(self) -> None:
        """Three files: the released one, the same content otherwise written, one bit changed."""
        model = self.places.models / "model.h5"
        rewritten = self.places.models / "rewritten.h5"
        auditing.rewrite(model, rewritten)
        self.expect("the released file", model, "valid")
        self.expect("the same model, rewritten", rewritten, "valid")
        self.expect("one weight changed in its last bit", self.places.models / "other.h5", None)

    def take_away(self) -> None:
        """One file for a check without any node."""
        evidence.take_away(self.narrator, self.places, self.service)

    def expect(self, name: str, model: Path, answer: str | None) -> None:
        """Ask the service; None stands for any answer but valid."""
        head = self.node_height()
        self.troupe.wait_until("the service has read the chain", lambda: self.service.knows(head))
        verdict = self.service.verdict_on(model)
        auditing.show_verdict(self.narrator, name, verdict)
        found = verdict["answer"]
        if (answer or found) != found or (answer is None and found == "valid"):
            raise DemonstrationFailed(f"the verdict on {name} is {found}, expected {answer}")

    def node_height(self) -> int:
        """Number of the newest block."""
        client = Client(Network.load(self.places.network))
        try:
            return client.block().number
        finally:
            client.close()

    def revoke(self) -> None:
        """The verdict on the released model changes by itself."""
        version = self.versions[FALLEN.number].hex()
        words = ["review", "revoke", version, "--reason", str(CONSENT_WITHDRAWN)]
        self.desk.acts(REVIEWER, words)
        self.narrator.done(f"{FALLEN.name}'s version {version[:10]}… is revoked")
        self.expect("the released file", self.places.models / "model.h5", "not valid")

    def summarise(self) -> None:
        """What happened, how long it took, and how to go on."""
        seconds = time.monotonic() - self.narrator.began
        parts = "\n".join(
            f"{number:>2}  {title:<50} {took:5.1f} s"
            for number, (title, took) in enumerate(self.narrator.timings, start=1)
        )
        self.narrator.panel(f"{parts}\n\nall of it in {seconds:.0f} s", "What you saw", "green")
        self._go_on()

    def _go_on(self) -> None:
        narrator, places, url = self.narrator, self.places, self.service.url
        narrator.heading("Go on")
        narrator.command("source", ".venv/bin/activate")
        asked = ("dragon-ledger", "verify", places.models / "model.h5", "--network", places.network)
        if not self.serves:
            narrator.command(*asked, "--bundle", evidence.bundle_of(places))
            narrator.plain("./scripts/demo --serve     # all of it again, kept running; then:")
        narrator.command(*asked)
        narrator.command("dragon-ledger", "review", "list", "--network", places.network)
        narrator.command("dragon-ledger", "site", "status", places.site(HOSPITALS[-1]))
        narrator.note(
            f"the service, while it runs: {url}/   its documentation: {url}/docs"
            if self.serves
            else f"the service was at {url}/, its documentation at {url}/docs: --serve keeps it"
        )
        narrator.note(f"reports, logs and everything else: {places.root}")

    def keep_running(self) -> None:
        """Wait for Ctrl-C with everyone at work."""
        now = datetime.now(UTC).strftime("%H:%M UTC")
        self.narrator.says("Everyone", f"at work since {now}; {self.service.url}; Ctrl-C ends it")
        while True:
            time.sleep(1)
