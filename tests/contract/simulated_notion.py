"""Serves a simulated Notion over HTTP for the contract tests, and knows where the recordings are."""

import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from simulators.notion.app import create_app
from simulators.notion.settings import NotionSettings
from simulators.notion.workspace import Workspace

# NOTION_RECORDINGS names other recordings: a larger set of the same layout, or any folder of answers without an index.
RECORDINGS = Path(os.environ.get("NOTION_RECORDINGS", Path(__file__).parent / "recordings" / "notion"))
_INDEX = RECORDINGS / "index.json"
INDEX: Mapping[str, dict[str, Any]] = {
    entry["file"]: entry for entry in (json.loads(_INDEX.read_text("utf-8")) if _INDEX.exists() else ())
}
TOKEN = "ntn_contract"
NEWEST = "2026-03-11"
STARTED = datetime(2026, 6, 27, 17, 2, 30, tzinfo=UTC)
OLDEST_FIRST = {"sorts": [{"timestamp": "created_time", "direction": "ascending"}]}


class Clock:
    """The workspace's time, moved by hand."""

    def __init__(self, moment: datetime = STARTED) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


class Stage:
    """One running server whose app each test replaces: a server per test would cost more than the tests."""

    def __init__(self, address: str, session: requests.Session) -> None:
        self.address = address
        self._session = session
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._app is not None
        await self._app(scope, receive, send)

    def show(self, workspace: Workspace, settings: NotionSettings | None = None, **options: Any) -> None:
        """Serves this workspace from now on."""
        self._app = create_app(workspace, token=TOKEN, settings=settings or NotionSettings(), **options)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str | None = NEWEST,
        token: str | None = TOKEN,
        **options: Any,
    ) -> requests.Response:
        """One request as the connection sends it; None leaves a header out."""
        headers = {"Notion-Version": version, "Authorization": token and f"Bearer {token}"}
        kept = {name: value for name, value in headers.items() if value is not None}
        return self._session.request(method, self.address + path, json=body, headers=kept, timeout=10, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.send("POST", path, {} if body is None else body, **options)

    def walk(self, data_source_id: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Every page of a query, until has_more is false."""
        cursor: dict[str, Any] = {}
        while True:
            response = self.post(f"/v1/data_sources/{data_source_id}/query", {**body, **cursor})
            assert response.status_code == 200, response.text
            page = response.json()
            yield page
            if not page["has_more"]:
                return
            cursor = {"start_cursor": page["next_cursor"]}


@contextmanager
def opened_stage() -> Iterator[Stage]:
    """A server on a free port of this machine, closed with everything it opened."""
    # With the protocol named, asyncio turns Nagle's algorithm off: without it every small answer waits 40 ms.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    with listener, requests.Session() as session:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # so that the first request waits for the server instead of being refused
        stage = Stage(f"http://127.0.0.1:{listener.getsockname()[1]}", session)
        server = uvicorn.Server(uvicorn.Config(stage, log_level="warning", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield stage
        finally:
            server.should_exit = True
            thread.join(timeout=10)
            assert not thread.is_alive()


def recorded(file: str) -> Any:
    """The recorded body of one file."""
    return json.loads((RECORDINGS / file).read_text("utf-8"))


def recordings(kind: str) -> list[str]:
    """The files of one kind, recorded from the live API. Without an index each answer says itself what it is."""
    found = (RECORDINGS / kind).glob("*/*.json") if INDEX else RECORDINGS.rglob("*.json")
    files = sorted(str(path.relative_to(RECORDINGS)) for path in found)
    return [file for file in files if INDEX or kind_of(recorded(file)) == kind]


def kind_of(body: Any) -> str | None:
    """What an answer is; the first versions gave a database's schema where the later give a data source's."""
    what = body.get("object") if isinstance(body, dict) else None
    if what == "list":
        return "property_item" if body.get("type") == "property_item" else "query"
    if what == "database" and "properties" in body:
        return "data_source"
    return "errors" if what == "error" else what


def without(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The body without what cannot be the same twice."""
    return {key: value for key, value in body.items() if key not in names}


def fill(workspace: Workspace, source_id: str, rows: int, *, minutes_apart: int = 0) -> list[str]:
    """So many rows with a title, oldest first; returns their ids."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        workspace.create_page(source_id, {"Nome": f"n{n}"}, created_time=first + timedelta(minutes=n * minutes_apart))
        for n in range(rows)
    ]


def ids(body: Mapping[str, Any]) -> list[str]:
    """The ids of a list answer, in its order."""
    return [row["id"] for row in body["results"]]
