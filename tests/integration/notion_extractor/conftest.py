"""The extractor's own parts on a simulated Notion over HTTP, and on a server that answers what a test wants."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from services.notion_extractor.credentials import Credentials
from services.notion_extractor.notion_api import NotionApi, Read
from services.notion_extractor.service import Extract, Pacing
from services.notion_extractor.sheet import cells_of
from services.notion_extractor.source import Lander
from services.notion_extractor.telling import Teller
from services.notion_extractor.titles import Titles
from services.notion_extractor.tokens import Tokens
from services.notion_extractor.walk import CAP
from shared.clock import ReadClock
from shared.contracts.events import Fact, RawDataReady
from shared.extraction.announce import Announcer
from shared.extraction.news import News
from shared.extraction.record import Recorder, recall
from shared.extraction.spreadsheets import Spreadsheets
from shared.extraction.supplied import SuppliedTokens
from shared.landing import Landing, Manifest
from simulators.notion.workspace import Workspace
from tests.contract.simulated_notion import TOKEN, Stage, opened_stage

SOURCE = "/services/notion_extractor"
REGISTER = {"Código": "title", "Nome Fantasia": "rich_text"}


@dataclass(slots=True)
class Clock:
    """One time for the office, the simulated Notion and the extractor; it begins now, since batches carry real time."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC).replace(second=40, microsecond=0))

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)


class Api(NotionApi):
    """The API of a Notion whose Date is that of the test's time."""

    clock: Clock

    def schema(self, data_source_id: str) -> Read:
        return replace(super().schema(data_source_id), server_time=self.clock())


@dataclass(slots=True)
class Room:
    """An extractor with its landing; `restart` makes it anew out of what lies there."""

    url: str
    folder: Path
    clock: Clock
    sources: Sequence[str]
    token: str | None = TOKEN
    mappings: dict[str, dict[str, Any]] = field(default_factory=dict)
    every: timedelta = timedelta(hours=1)
    full_every: timedelta = timedelta(hours=24)
    requests_per_minute: float = 60_000
    cap: int = CAP
    waits: list[float] = field(default_factory=list)
    extract: Extract = field(init=False)
    announcer: Announcer = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    @property
    def landing(self) -> Landing:
        return Landing(str(self.folder / "landing"))

    def restart(self) -> None:
        landing = self.landing
        memory = recall(landing, "notion")
        reads = ReadClock(memory.last_read_at)
        self.announcer = Announcer(landing, "notion")

        def make(token: str) -> NotionApi:
            api = Api(self.url, token, requests_per_minute=60_000, reads=reads, wait=self.waits.append)
            api.clock = self.clock
            return api

        credentials = Credentials(SuppliedTokens(self.folder / "tokens", "notion"), lambda: self.token, make)
        tell = Teller(News(self.announcer, "notion", source=SOURCE, now=self.clock))
        self.extract = Extract(
            tokens=Tokens(credentials, tell, self.clock),
            sources=self.sources,
            mappings=self.mappings,
            landing=landing,
            lander=Lander(
                Recorder(landing, "notion", SOURCE, memory, reads),
                Titles(full_every=self.full_every, now=self.clock),
                cap=self.cap,
            ),
            announcer=self.announcer,
            spreadsheets=Spreadsheets(landing, cells_of),
            tell=tell,
            pacing=Pacing(self.every, self.full_every, self.requests_per_minute),
            now=self.clock,
            stop=threading.Event(),
        )

    def run(self) -> list[Fact]:
        """One run; returns what it said, batches left out."""
        self.extract.run()
        return self.said()

    def said(self) -> list[Fact]:
        return [envelope.data for envelope in self.announcer.beat() if not isinstance(envelope.data, RawDataReady)]

    def batches(self, scope: str | None = None) -> list[Manifest]:
        """Oldest first."""
        found = [m for m in self.landing.manifests("notion") if scope in (None, m.scope)]
        return found[::-1]

    def rows(self, manifest: Manifest) -> list[dict[str, Any]]:
        return [json.loads(row.text) for row in self.landing.rows(manifest.batch_ref, sha256=manifest.sha256)]


def facts(said: Sequence[Fact], kind: type[Fact]) -> list[Any]:
    """Those of one kind."""
    return [fact for fact in said if isinstance(fact, kind)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def server() -> Iterator[Stage]:
    with opened_stage() as stage:
        yield stage


@pytest.fixture
def workspace(clock: Clock) -> Workspace:
    return Workspace(7, clock)


@pytest.fixture
def register(workspace: Workspace, clock: Clock) -> tuple[str, str]:
    """A register of five clients, an hour old: its database and its data source."""
    database = workspace.create_database("Clientes", REGISTER)
    source = database.data_source_ids[0]
    for number in range(5):
        workspace.create_page(source, {"Código": str(number)}, created_time=clock() - timedelta(hours=1))
    return database.id, source


@pytest.fixture
def room(server: Stage, workspace: Workspace, clock: Clock, tmp_path: Path) -> Callable[..., Room]:
    """`room(*sources, **options)`: an extractor of these ids; `settings` is how Notion behaves."""

    def make(*sources: str, settings: Any = None, url: str | None = None, **options: Any) -> Room:
        if url is None:
            server.show(workspace, settings)
        return Room(url or server.address, tmp_path, clock, sources, **options)

    return make


Reply = Callable[[BaseHTTPRequestHandler, bytes], None]


class Tiny:
    """A server that answers by `replies`: the first whose path is the beginning of what was asked."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.asked: list[tuple[str, str, Any]] = []
        tiny = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                tiny.asked.append((self.command, self.path, json.loads(body or b"null")))
                tiny.replies[next(path for path in tiny.replies if self.path.startswith(path))](self, body)

            do_POST = do_GET  # noqa: N815  the standard library names them so

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def tiny() -> Iterator[Tiny]:
    tiny = Tiny()
    yield tiny
    tiny.close()


def reply(status: int = 200, body: Any = None, **headers: str) -> Reply:
    """An answer: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def send(handler: BaseHTTPRequestHandler, _asked: bytes) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return send


SOURCE_ID = "11111111-2222-4333-8444-555555555555"
SCHEMA = {
    "object": "data_source",
    "id": SOURCE_ID,
    "properties": {"Código": {"id": "title", "name": "Código", "type": "title", "title": {}}},
}
STAMP = "2026-11-20T10:00:00.000Z"


def error(status: int, code: str, message: str = "Said by the test.", **detail: Any) -> dict[str, Any]:
    """Notion's error object."""
    return {"object": "error", "status": status, "code": code, "message": message, "additional_data": detail}


def row(number: int, **more: Any) -> dict[str, Any]:
    """A row of the tiny source."""
    return {
        "object": "page",
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "created_time": STAMP,
        "last_edited_time": STAMP,
        "parent": {"type": "data_source_id", "data_source_id": SOURCE_ID},
        "properties": {
            "Código": {"id": "title", "type": "title", "title": [{"type": "text", "plain_text": str(number)}]}
        },
        **more,
    }


def listed(*rows: Any, cursor: str | None = None, **more: Any) -> dict[str, Any]:
    """A page of a query."""
    return {"object": "list", "results": list(rows), "next_cursor": cursor, "has_more": cursor is not None, **more}


@pytest.fixture
def source(tiny: Tiny) -> Tiny:
    """The tiny server as a Notion with one data source of two rows."""
    tiny.replies = {
        "/v1/users/me": reply(body={"object": "user", "id": "u", "type": "bot"}),
        "/v1/databases/": reply(404, error(404, "object_not_found")),
        f"/v1/data_sources/{SOURCE_ID}/query": reply(body=listed(row(1), row(2))),
        f"/v1/data_sources/{SOURCE_ID}": reply(body=SCHEMA),
    }
    return tiny


QUERY = f"/v1/data_sources/{SOURCE_ID}/query"


def in_turn(*replies: Reply) -> Reply:
    """One after the other, the last one for ever."""
    left = list(replies)

    def send(handler: BaseHTTPRequestHandler, asked: bytes) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(handler, asked)

    return send


@pytest.fixture
def waits() -> list[float]:
    """The seconds that `api` would have waited, one by one."""
    return []


@pytest.fixture
def api(source: Tiny, waits: list[float]) -> NotionApi:
    """The door to Notion, before `source`."""
    return NotionApi(source.url, "ntn_x", requests_per_minute=60_000, reads=ReadClock(), wait=waits.append)
