"""What the panel does: keep the newest board for a moment, and answer browsers with it."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.panel import board
from services.panel.board import Board, View
from shared.errors import Transient
from shared.health import Health

log = structlog.get_logger()

HERE = Path(__file__).parent
KEPT = timedelta(seconds=2)
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Reads(Protocol):
    """Where boards come from."""

    def board(self, *, now: datetime) -> Board:
        """Raises `Outage`."""


@dataclass(slots=True)
class Boards:
    """The newest board, read at most every two seconds however many look; the last one while the database is away."""

    reads: Reads
    health: Health
    now: Callable[[], datetime]
    _view: View = field(default_factory=lambda: View(None))
    _until: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def view(self) -> View:
        with self._lock:
            now = self.now()
            if self._until is None or now >= self._until:
                self._view = self._read(now)
                self._until = self.now() + KEPT
            return self._view

    def _read(self, now: datetime) -> View:
        try:
            newest = self.reads.board(now=now)
        except Transient as outage:
            self.health.wrong("database", str(outage))
            if self._view.trouble is None:
                log.warning("the database is away, the last figures are shown with their age", reason=str(outage))
            return View(self._view.board, str(outage))
        self.health.well("database")
        if self._view.trouble is not None:
            log.info("the database is back")
        return View(newest)


@dataclass(frozen=True, slots=True)
class Pages:
    """The page, and the part of it that changes."""

    boards: Boards
    templates: Environment

    def whole(self, _request: Request) -> Response:
        return HTMLResponse(self._fill("page.html"))

    def part(self, request: Request) -> Response:
        """The changing part, or 304 where the browser shows it already."""
        text = self._fill("board.html")
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return HTMLResponse(text, headers={"ETag": tag})

    def _fill(self, template: str) -> str:
        view = self.boards.view()
        return self.templates.get_template(template).render(board=view.board, banners=board.banners(view))


class WithHeaders:
    """Puts the security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self.app(scope, receive, sending)


def app(boards: Boards) -> Starlette:
    """The ASGI application: `/`, `/quadro` (the changing part) and `/static`."""
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.filters.update(when=board.when, day=board.day, number=board.number)
    pages = Pages(boards, templates)
    return Starlette(
        routes=[
            Route("/", pages.whole),
            Route("/quadro", pages.part),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        middleware=[Middleware(WithHeaders)],
    )
