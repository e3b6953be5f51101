"""The BI portal over HTTP: sign-in, the model's page, and a plain report page."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators.portal import pages
from simulators.portal.refreshes import FAILED, RUNNING, Refreshes
from simulators.portal.words import WORDS
from simulators.world.calendar import BRASILIA

MODEL_ID = "00000000-0000-4000-8000-0000000000b1"
MODEL_PATH = f"/groups/me/datasets/{MODEL_ID}/details"
SESSION, SIGNING_IN = "portal_session", "portal_signing_in"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the portal is today; the control door changes it at run time."""

    refresh_takes: timedelta = timedelta(seconds=3)
    refresh_fails: str = ""
    """The message that refreshes asked for from now on end with; empty: they succeed."""
    refresh_ignored: bool = False
    """The click is answered kindly and nothing happens."""
    own_email_page: bool = False
    account_picker: bool = False
    second_factor: bool = False
    toast_seconds: float = 0
    cookie_banner: bool = False
    language: str = "pt-BR"
    session_life: timedelta = timedelta(hours=8)

    def changed(self, values: dict[str, Any]) -> "Behaviour":
        if values.get("language", self.language) not in WORDS:
            raise ValueError(f"the portal speaks {', '.join(WORDS)}")
        return replace(self, **values)


class Portal:
    """One account with one semantic model."""

    def __init__(self, *, email: str, password: str, behaviour: Behaviour, clock: Callable[[], datetime]) -> None:
        self.email = email
        self.password = password
        self.behaviour = behaviour
        self.clock = clock
        self.refreshes = Refreshes()
        self._sessions: dict[str, datetime] = {}
        self._signing_in: dict[str, str] = {}

    def app(self) -> Starlette:
        def get(path: str, handler: Callable[[Request], Any]) -> Route:
            return Route(path, handler, methods=["GET"])

        def post(path: str, handler: Callable[[Request], Any]) -> Route:
            return Route(path, handler, methods=["POST"])

        return Starlette(
            routes=[
                get("/", self.start),
                post("/singleSignOn", self.own_email),
                get("/login", self.login),
                post("/login/email", self.check_email),
                post("/login/password", self.check_password),
                get("/login/second-factor", self.second_factor),
                get("/login/second-factor/state", self.second_factor_state),
                get("/login/kmsi", self.stay_signed_in),
                post("/login/kmsi", self.enter),
                get("/groups/me/datasets/{model}/details", self.model),
                get("/groups/me/datasets/{model}/history", self.history),
                post("/groups/me/datasets/{model}/refresh", self.refresh),
                get("/page/report", self.report),
                post("/page/refresh", self.page_refresh),
            ]
        )

    @property
    def words(self) -> dict[str, str]:
        return WORDS[self.behaviour.language]

    def _signed_in(self, request: Request) -> bool:
        begun = self._sessions.get(request.cookies.get(SESSION, ""))
        return begun is not None and self.clock() < begun + self.behaviour.session_life

    def _to_sign_in(self, request: Request) -> Response:
        response: Response
        if self.behaviour.own_email_page:
            response = HTMLResponse(pages.own_email(self.words, self.behaviour.language))
        else:
            response = RedirectResponse("/login", 302)
        key = secrets.token_hex(8)
        self._signing_in[key] = request.url.path if request.url.path.startswith("/groups/") else MODEL_PATH
        response.set_cookie(SIGNING_IN, key, httponly=True)
        return response

    async def start(self, request: Request) -> Response:
        return RedirectResponse(MODEL_PATH, 302) if self._signed_in(request) else self._to_sign_in(request)

    async def own_email(self, _request: Request) -> Response:
        return RedirectResponse("/login", 303)

    async def login(self, request: Request) -> Response:
        if self.behaviour.account_picker and "other" not in request.query_params:
            return HTMLResponse(pages.account_picker(self.words, self.behaviour.language))
        return HTMLResponse(pages.sign_in(self.words, self.behaviour.language))

    async def check_email(self, request: Request) -> Response:
        asked = await _json(request)
        return JSONResponse({"ok": str(asked.get("email", "")).lower() == self.email.lower()})

    async def check_password(self, request: Request) -> Response:
        asked = await _json(request)
        known = str(asked.get("email", "")).lower() == self.email.lower() and asked.get("password") == self.password
        if not known:
            return JSONResponse({"ok": False})
        key = request.cookies.get(SIGNING_IN) or secrets.token_hex(8)
        target = self._signing_in.pop(key, MODEL_PATH)
        proven = f"proven-{secrets.token_hex(8)}"
        self._signing_in[proven] = target
        to = "/login/second-factor" if self.behaviour.second_factor else "/login/kmsi"
        response = JSONResponse({"ok": True, "to": to})
        response.set_cookie(SIGNING_IN, proven, httponly=True)
        return response

    def _proven(self, request: Request) -> bool:
        key = request.cookies.get(SIGNING_IN, "")
        return key.startswith("proven-") and key in self._signing_in

    async def second_factor(self, request: Request) -> Response:
        if not self._proven(request):
            return RedirectResponse("/login", 302)
        return HTMLResponse(pages.second_factor(self.words, self.behaviour.language, 42))

    async def second_factor_state(self, _request: Request) -> Response:
        """Approved as soon as the control door switches the second factor off."""
        return JSONResponse({"ok": not self.behaviour.second_factor, "to": "/login/kmsi"})

    async def stay_signed_in(self, request: Request) -> Response:
        if not self._proven(request) or self.behaviour.second_factor:
            return RedirectResponse("/login", 302)
        return HTMLResponse(pages.stay_signed_in(self.words, self.behaviour.language))

    async def enter(self, request: Request) -> Response:
        if not self._proven(request) or self.behaviour.second_factor:
            return RedirectResponse("/login", 303)
        target = self._signing_in.pop(request.cookies[SIGNING_IN])
        form = dict(parse_qsl((await request.body()).decode()))
        stays = form.get("answer") == self.words["yes"]
        session = secrets.token_hex(16)
        self._sessions[session] = self.clock()
        response = RedirectResponse(target, 303)
        response.set_cookie(SESSION, session, httponly=True, max_age=30 * 86_400 if stays else None)
        response.delete_cookie(SIGNING_IN)
        return response

    async def model(self, request: Request) -> Response:
        if not self._signed_in(request):
            return self._to_sign_in(request)
        behaviour = self.behaviour
        return HTMLResponse(
            pages.model(
                self.words,
                behaviour.language,
                toast_seconds=behaviour.toast_seconds,
                cookie_banner=behaviour.cookie_banner and "cookies" not in request.cookies,
            )
        )

    async def history(self, request: Request) -> Response:
        if not self._signed_in(request):
            return JSONResponse([], 401)
        now = self.clock()
        return JSONResponse(
            [
                {
                    "start": refresh.asked_at.isoformat(),
                    "end": None if refresh.outcome(now) == RUNNING else refresh.ends_at.isoformat(),
                    "status": refresh.outcome(now),
                    "message": refresh.failure if refresh.outcome(now) == FAILED else "",
                }
                for refresh in self.refreshes.history()[:60]
            ]
        )

    async def refresh(self, request: Request) -> Response:
        if not self._signed_in(request):
            return JSONResponse({}, 401)
        self._ask("powerbi")
        return JSONResponse({}, 202)

    def _ask(self, flow: str) -> None:
        behaviour = self.behaviour
        if not behaviour.refresh_ignored:
            self.refreshes.ask(flow, self.clock(), takes=behaviour.refresh_takes, failure=behaviour.refresh_fails)

    async def report(self, _request: Request) -> Response:
        now = self.clock()
        history = self.refreshes.history()
        done = next((refresh for refresh in history if refresh.outcome(now) == "completed"), None)
        status = self.words[history[0].outcome(now)] if history else self.words["completed"]
        last = done.ends_at.astimezone(BRASILIA).strftime("%d/%m/%Y %H:%M:%S") if done else "nunca"
        return HTMLResponse(pages.report(status, last))

    async def page_refresh(self, _request: Request) -> Response:
        self._ask("page")
        return RedirectResponse("/page/report", 303)


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
