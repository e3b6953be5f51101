"""The extractor against the simulated Gestta over HTTP, with a landing of its own and a clock that can be moved."""

import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from services.gestta_extractor.access import Access
from services.gestta_extractor.credentials import Credentials
from services.gestta_extractor.gestta_api import GesttaApi
from services.gestta_extractor.kept import Kept
from services.gestta_extractor.service import Extract, Range
from shared import clock
from shared.clock import ReadClock
from shared.contracts.events import SourceRecovered
from shared.extraction.announce import Announcer
from shared.extraction.news import News
from shared.extraction.record import Recorder, recall
from shared.extraction.spreadsheets import Spreadsheets
from shared.extraction.supplied import SuppliedTokens
from shared.landing import Landing, Manifest
from shared.messaging import rabbitmq
from simulators import serve
from simulators.settings import on_free_ports
from tests.integration.gestta_extractor.token_office import EMAIL, PASSWORD, TokenOffice

SEVEN_MINUTES = timedelta(minutes=7)


class Office:
    """What a test orders of the simulated Gestta."""

    def __init__(self, simulators):
        self.url = simulators.urls["gestta"]
        self.control = simulators.urls["control"]
        self.email, self.password = "robo@escritorio.example", "senha-inventada"

    def post(self, path: str, /, **body: Any) -> Any:
        answer = requests.post(f"{self.control}{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self.control}{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def fault(self, kind: str, **more: Any) -> None:
        self.post("/faults", system="gestta", kind=kind, **more)

    def no_faults(self) -> None:
        requests.delete(f"{self.control}/faults", timeout=10).raise_for_status()

    def token(self, **query: str) -> str:
        answer = requests.post(f"{self.control}/gestta/token/issue", params=query, timeout=10)
        return str(answer.json()["token"])

    def tasks(self) -> dict[str, dict[str, Any]]:
        """Every task that exists now."""
        return dict(self.get("/truth/gestta")["tasks"])

    def calls(self, path: str = "") -> list[dict[str, Any]]:
        return [call for call in self.get("/ledger?system=gestta") if call["path"].startswith(path)]


@dataclass
class Reader:
    """One process's worth of the extractor."""

    office: Office
    landing: Landing
    extract: Extract
    announcer: Announcer
    ahead: timedelta = timedelta(0)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, *, whole: bool = False) -> list[Manifest]:
        """One run, seven minutes after the last; returns what it landed, in order."""
        self.ahead += SEVEN_MINUTES
        before = {m.batch_ref for m in self.landing.manifests("gestta")}
        self.extract._whole = whole
        self.extract.run()
        return [m for m in reversed(list(self.landing.manifests("gestta"))) if m.batch_ref not in before]

    def facts(self) -> list[Any]:
        """What is said of everything but batches and good news, since the last look."""
        said = [e.data for e in self.announcer.beat()]
        return [f for f in said if f.TYPE != "raw_data.ready.v1" and not isinstance(f, SourceRecovered)]

    def rows(self, manifest: Manifest) -> dict[str, dict[str, Any]]:
        found = self.landing.rows(manifest.batch_ref, sha256=manifest.sha256)
        return {row.row_id: json.loads(row.text) for row in found}


@pytest.fixture
def office(simulators):
    return Office(simulators)


@pytest.fixture
def reader(office, tmp_path):
    return reader_of(office, tmp_path)


@pytest.fixture
def restarted(office, tmp_path):
    """The process that comes after `reader`, with nothing but the landing to remember by."""

    def start(before: Reader, **range_: Any) -> Reader:
        after = reader_of(office, tmp_path, **range_)
        after.ahead = before.ahead
        return after

    return start


def reader_of(
    office: Office, folder: Path, *, token: str | None = None, first: int = 0, last: int = 0, requests_per_hour=400_000
) -> Reader:
    landing = Landing(str(folder / "landing"))
    memory = recall(landing, "gestta")
    reads = ReadClock(memory.last_read_at)
    api = GesttaApi(office.url, requests_per_hour=requests_per_hour, reads=reads, wait=lambda _seconds: None)
    announcer = Announcer(landing, "gestta")
    reader: Reader

    def now() -> datetime:
        return clock.now() + reader.ahead

    news = News(announcer, "gestta", source="/services/gestta_extractor", now=now)
    given = office.token(life="9000d") if token is None else token
    credentials = Credentials(
        login=None,
        opens=api.me,
        supplied=SuppliedTokens(folder / "tokens", "gestta"),
        from_settings=lambda: given or None,
        kept=Kept(folder / "tokens" / "gestta.token.kept"),
    )
    stop = threading.Event()
    extract = Extract(
        api=api,
        access=Access(api, credentials, news, now=now, warning=timedelta(hours=2)),
        recorder=Recorder(landing, "gestta", "/services/gestta_extractor", memory, reads),
        announcer=announcer,
        spreadsheets=Spreadsheets(landing),
        news=news,
        range=Range(first, last, 3, SEVEN_MINUTES, requests_per_hour, ""),
        now=now,
        stop=stop,
        wait=lambda _seconds: None,
    )
    reader = Reader(office, landing, extract, announcer, stop=stop)
    return reader


@pytest.fixture
def token_office(amqp_url, tmp_path):
    """An office whose extractor runs as a process, by itself once an hour; its account is marked, and in the end its
    secrets are looked for in everything that was shown."""
    rabbitmq.declare(amqp_url)
    settings = on_free_ports(tasks_per_quarter=60, clients=20, gestta_email=EMAIL, gestta_password=SecretStr(PASSWORD))
    with serve.start(settings) as simulators:
        environment = {
            "AMQP_URL": amqp_url,
            "LANDING_URL": str(tmp_path / "landing"),
            "TOKENS_DIR": str(tmp_path / "tokens"),
            "GESTTA_API_URL": simulators.urls["gestta"],
            "GESTTA_TOKEN_FILE": str(tmp_path / "gestta_token"),
            "GESTTA_EVERY": "1h",
            "GESTTA_FROM": "0",
            "GESTTA_TO": "0",
            "GESTTA_REQUESTS_PER_HOUR": "100000",
        }
        office = TokenOffice(simulators, tmp_path, amqp_url, environment)
        office.token_file.touch()
        yield office
        for process in office.running:
            process.kill()
            process.wait()
    office.hears(object)
    shown = office.shown()
    assert [secret[:12] for secret in office.secrets if secret in shown] == []
