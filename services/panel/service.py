"""What the panel does: answer browsers with the newest there is."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.panel import board
from services.panel.board import Board
from services.panel.newest import Newest
from services.panel.quality import Quality

HERE = Path(__file__).parent
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


@dataclass(frozen=True, slots=True)
class Pages:
    """The page, the part of it that changes, and the analyst's page."""

    boards: Newest[Board]
    qualities: Newest[Quality]
    templates: Environment

    def whole(self, _request: Request) -> Response:
        return HTMLResponse(self._board("page.html"))

    def part(self, request: Request) -> Response:
        """The changing part, or 304 where the browser shows it already."""
        text = self._board("board.html")
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return HTMLResponse(text, headers={"ETag": tag})

    def analyst(self, _request: Request) -> Response:
        view = self.qualities.view()
        banners = board.away(view.trouble, shown_of=view.shown.at if view.shown else None)
        page = self.templates.get_template("analyst.html")
        return HTMLResponse(page.render(quality=view.shown, banners=banners))

    def _board(self, template: str) -> str:
        view = self.boards.view()
        return self.templates.get_template(template).render(board=view.shown, banners=board.banners(view))


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


def app(boards: Newest[Board], qualities: Newest[Quality]) -> Starlette:
    """The ASGI application: `/`, `/quadro` (the changing part), `/analista` and `/static`."""
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.filters.update(when=board.when, day=board.day, number=board.number)
    pages = Pages(boards, qualities, templates)
    return Starlette(
        routes=[
            Route("/", pages.whole),
            Route("/quadro", pages.part),
            Route("/analista", pages.analyst),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        middleware=[Middleware(WithHeaders)],
    )
