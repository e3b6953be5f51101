"""Onvio's sign-in as offices have it that moved there, up to the page that leaves Gestta's token in the browser."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators.gestta import onvio_pages as pages
from simulators.gestta.login import LOCKED, RIGHT, Account
from simulators.gestta.tokens import MESSENGER, Tokens
from simulators.gestta.wire import body_of
from simulators.ledger import mark

SESSION, PROVEN = "onvio_session", "onvio_proven"
REFUSED = "Nome de usuário ou senha incorretos"
LOCKED_OUT = "Sua conta foi bloqueada após várias tentativas de entrar"
WRONG_CODE = "O código inserido é inválido"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class OnvioBehaviour:
    """How the sign-in is today; the control door changes it at run time."""

    second_factor: bool = False
    code: str = "123456"
    """What the second factor's e-mail says."""
    captcha: bool = False
    popup: Literal["", "window", "dialog"] = ""
    """What strays before the dashboard: another window, or a box over it."""
    menu: bool = False
    """The link to Gestta hides behind the hamburger menu."""
    new_tab: bool = False
    """The link opens another window."""
    denied: bool = False
    """The account may enter Onvio, but not Gestta."""
    token_delay: Annotated[float, Field(ge=0)] = 0.3
    """So many seconds after Gestta's page opened, its tokens lie in the browser."""
    session_life: timedelta = timedelta(hours=8)

    def changed(self, values: dict[str, Any]) -> "OnvioBehaviour":
        """Raises ValueError for what is no setting or not of its type."""
        unknown = values.keys() - self.__dataclass_fields__.keys()
        if unknown:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        return replace(self, **values)


class Onvio:
    """Signs the robot's account in. Its pages lie beside Gestta's API, on the same port."""

    def __init__(self, account: Account, tokens: Tokens, clock: Callable[[], datetime]) -> None:
        self.behaviour = OnvioBehaviour()
        self._account = account
        self._tokens = tokens
        self._clock = clock
        self._proven: set[str] = set()
        self._sessions: dict[str, datetime] = {}

    def routes(self, lock_after: Callable[[], int]) -> list[Route]:
        """`lock_after`: how many wrong passwords the account bears now."""

        async def password(request: Request) -> Response:
            return await self.password(request, lock_after())

        return [
            Route("/login/", self.login, methods=["GET"]),
            Route("/auth/u/login", self.credentials, methods=["GET"]),
            Route("/auth/u/password", password, methods=["POST"]),
            Route("/auth/u/mfa", self.second_factor, methods=["GET"]),
            Route("/auth/u/mfa", self.check_code, methods=["POST"]),
            Route("/staff/", self.dashboard, methods=["GET"]),
            Route("/news", self.news, methods=["GET"]),
            Route(pages.GATE, self.gate, methods=["GET"]),
            Route("/app/", self.gestta, methods=["GET"]),
            Route("/favicon.ico", self.icon, methods=["GET"]),
        ]

    def _is_signed_in(self, request: Request) -> bool:
        begun = self._sessions.get(request.cookies.get(SESSION, ""))
        return begun is not None and self._clock() < begun + self.behaviour.session_life

    def end_sessions(self) -> None:
        """Whoever is signed in must sign in again."""
        self._sessions.clear()

    async def login(self, request: Request) -> Response:
        return RedirectResponse(pages.STAFF_HOME, 302) if self._is_signed_in(request) else HTMLResponse(pages.login())

    async def credentials(self, _request: Request) -> Response:
        return HTMLResponse(pages.credentials(captcha=self.behaviour.captcha))

    async def password(self, request: Request, lock_after: int) -> Response:
        body = await body_of(request)
        outcome = self._account.tried(body.get("username"), body.get("password"), lock_after=lock_after)
        mark(request.scope, f"onvio_{outcome}")
        if outcome != RIGHT:
            return JSONResponse({"error": LOCKED_OUT if outcome == LOCKED else REFUSED})
        if not self.behaviour.second_factor:
            return self._entered()
        proven = secrets.token_hex(8)
        self._proven.add(proven)
        response = JSONResponse({"to": "/auth/u/mfa"})
        response.set_cookie(PROVEN, proven, httponly=True)
        return response

    def _entered(self) -> Response:
        session = secrets.token_hex(16)
        self._sessions[session] = self._clock()
        response = JSONResponse({"to": pages.STAFF_HOME})
        response.set_cookie(SESSION, session, httponly=True, max_age=86_400)
        return response

    async def second_factor(self, request: Request) -> Response:
        if request.cookies.get(PROVEN) not in self._proven:
            return RedirectResponse("/auth/u/login", 302)
        return HTMLResponse(pages.second_factor())

    async def check_code(self, request: Request) -> Response:
        proven = request.cookies.get(PROVEN)
        if proven not in self._proven or (await body_of(request)).get("code") != self.behaviour.code:
            mark(request.scope, "onvio_code_refused")
            return JSONResponse({"error": WRONG_CODE})
        self._proven.discard(proven)
        return self._entered()

    async def dashboard(self, request: Request) -> Response:
        if not self._is_signed_in(request):
            return RedirectResponse("/login/#/", 302)
        behaviour = self.behaviour
        return HTMLResponse(
            pages.dashboard(
                link=f"{str(request.base_url).rstrip('/')}{pages.GATE}?product=gestta",
                menu=behaviour.menu,
                new_tab=behaviour.new_tab,
                popup=behaviour.popup,
            )
        )

    async def news(self, _request: Request) -> Response:
        return HTMLResponse(pages.news())

    async def gate(self, request: Request) -> Response:
        return RedirectResponse("/app/" if self._is_signed_in(request) else "/login/#/", 302)

    async def gestta(self, request: Request) -> Response:
        if not self._is_signed_in(request):
            return RedirectResponse("/login/#/", 302)
        if self.behaviour.denied:
            return HTMLResponse(pages.denied(), 403)
        return HTMLResponse(
            pages.gestta(
                token=self._tokens.issue().token,
                messenger=self._tokens.issue(kind=MESSENGER).token,
                delay_seconds=self.behaviour.token_delay,
            )
        )

    async def icon(self, _request: Request) -> Response:
        """What every browser asks for by itself."""
        return Response(status_code=204)
