"""The control door: what a demo or a test orders of the outside world, and what is true in it."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.faults import Faults, Order
from simulators.gestta.app import Gestta
from simulators.ledger import Ledger
from simulators.portal.app import Portal
from simulators.pulse import Pulse
from simulators.settings import duration
from simulators.slack import Slack
from simulators.world import truth
from simulators.world.calendar import local_date
from simulators.world.events import EVENTS, advance, erase_month, generate_anew
from simulators.world.model import client_key
from simulators.world.world import World


class Refused(Exception):
    """What was asked of the control door makes no sense; the sentence says why."""


class Control:
    """Everything that can be turned from outside."""

    def __init__(
        self,
        *,
        world: World,
        gestta: Gestta,
        slack: Slack,
        portal: Portal,
        faults: Faults,
        ledger: Ledger,
        pulse: Pulse,
        clock: Callable[[], datetime],
        urls: dict[str, str],
        databases: dict[str, str],
    ) -> None:
        self.world = world
        self.gestta = gestta
        self.slack = slack
        self.portal = portal
        self.faults = faults
        self.ledger = ledger
        self.pulse = pulse
        self.clock = clock
        self.urls = urls
        self.databases = databases

    def app(self) -> Starlette:
        def route(path: str, method: str, handler: Callable[[Request], Any]) -> Route:
            return Route(path, handler, methods=[method])

        return Starlette(
            routes=[
                route("/health", "GET", self.health),
                route("/faults", "POST", self.order_fault),
                route("/faults", "DELETE", self.clear_faults),
                route("/faults", "GET", self.list_faults),
                route("/ledger", "GET", self.calls),
                route("/ledger/summary", "GET", self.summary),
                route("/truth", "GET", self.truth),
                route("/truth/gestta", "GET", self.truth_gestta),
                route("/truth/panel", "GET", self.truth_panel),
                route("/gestta/token/expire", "POST", self.expire_tokens),
                route("/gestta/token/issue", "POST", self.issue_token),
                route("/gestta/settings", "POST", self.set_gestta),
                route("/portal/settings", "POST", self.set_portal),
                route("/portal/refreshes", "GET", self.refreshes),
                route("/world/advance", "POST", self.advance),
                route("/world/pause", "POST", self.pause),
                route("/world/resume", "POST", self.resume),
                route("/world/erase", "POST", self.erase),
                route("/world/regenerate", "POST", self.regenerate),
                route("/slack/messages", "GET", self.messages),
                route("/slack/messages", "DELETE", self.clear_messages),
            ],
            exception_handlers={Refused: refused, ValueError: refused},
        )

    async def health(self, _request: Request) -> Response:
        world = self.world
        with world.lock:
            return JSONResponse(
                {
                    "ok": True,
                    "now": self.clock().isoformat(),
                    "tasks": len(world.tasks),
                    "clients": len(world.clients),
                    "version": world.version,
                    "paused": self.pulse.paused,
                    "urls": self.urls,
                    "notion_databases": self.databases,
                }
            )

    async def order_fault(self, request: Request) -> Response:
        try:
            order = Order.model_validate_json(await request.body())
        except ValidationError as error:
            raise Refused(str(error)) from error
        return JSONResponse(self.faults.add(order), 201)

    async def clear_faults(self, _request: Request) -> Response:
        self.faults.clear()
        return Response(status_code=204)

    async def list_faults(self, _request: Request) -> Response:
        return JSONResponse(self.faults.told())

    async def calls(self, request: Request) -> Response:
        since = request.query_params.get("since")
        moment = None
        if since:
            # A plus sign in a query is a blank once decoded.
            moment = datetime.fromisoformat(since.replace(" ", "+"))
            if moment.tzinfo is None:
                raise Refused("since needs its offset, as in 2026-11-23T20:00:00Z")
        return JSONResponse(self.ledger.calls(request.query_params.get("system"), moment))

    async def summary(self, _request: Request) -> Response:
        return JSONResponse(self.ledger.summary())

    def _moment(self) -> dict[str, Any]:
        return {"at": self.clock().isoformat(), "version": self.world.version}

    def _years(self, request: Request) -> tuple[date, date]:
        """The range asked for, or what the report is read for by default: last year to next year."""
        year = local_date(self.clock()).year
        return (
            _day(request, "from") or date(year - 1, 1, 1),
            _day(request, "to") or date(year + 1, 12, 31),
        )

    async def truth(self, request: Request) -> Response:
        """Both truths of one and the same moment."""
        first, last = self._years(request)
        with self.world.lock:
            told = self._moment() | {
                "tasks": truth.gestta(self.world),
                "rows": truth.panel(self.world, first, last),
            }
        return _plain(told)

    async def truth_gestta(self, request: Request) -> Response:
        with self.world.lock:
            tasks = truth.gestta(self.world, _day(request, "from"), _day(request, "to"))
            told = self._moment() | {"tasks": tasks}
        return _plain(told)

    async def truth_panel(self, request: Request) -> Response:
        first, last = self._years(request)
        with self.world.lock:
            told = self._moment() | {"rows": truth.panel(self.world, first, last)}
        return _plain(told)

    async def expire_tokens(self, _request: Request) -> Response:
        self.gestta.tokens.expire_all()
        return Response(status_code=204)

    async def issue_token(self, request: Request) -> Response:
        life = _life(request.query_params.get("life"))
        issued = self.gestta.tokens.issue(life, request.query_params.get("kind", "core"))
        return JSONResponse({"token": issued.token, "expires_at": issued.expires_at.isoformat()})

    async def set_gestta(self, request: Request) -> Response:
        values = await _json(request)
        if "token_life" in values:
            self.gestta.tokens.life = _life(values.pop("token_life")) or self.gestta.tokens.life
        self.gestta.behaviour = self.gestta.behaviour.changed(_checked(self.gestta.behaviour, values))
        return JSONResponse(_told(self.gestta.behaviour))

    async def set_portal(self, request: Request) -> Response:
        values = await _json(request)
        for key in ("refresh_takes", "session_life"):
            if key in values:
                values[key] = _life(values[key])
        self.portal.behaviour = self.portal.behaviour.changed(_checked(self.portal.behaviour, values))
        return JSONResponse(_told(self.portal.behaviour))

    async def refreshes(self, _request: Request) -> Response:
        return JSONResponse(self.portal.refreshes.told(self.clock()))

    async def advance(self, request: Request) -> Response:
        count, kind = int(request.query_params.get("events", "1")), request.query_params.get("kind")
        if kind is not None and kind not in EVENTS:
            raise Refused(f"no such kind of event: {kind}; there are {', '.join(EVENTS)}")
        happened = advance(self.world, count, self.clock(), kind)
        return JSONResponse({"happened": happened, "version": self.world.version})

    async def pause(self, _request: Request) -> Response:
        self.pulse.paused = True
        return JSONResponse({"paused": True, "version": self.world.version})

    async def resume(self, _request: Request) -> Response:
        self.pulse.paused = False
        return JSONResponse({"paused": False, "version": self.world.version})

    async def erase(self, request: Request) -> Response:
        """A client's month: `{"client_code": "0012", "month": "2026-12", "regenerate": false}`, all optional."""
        asked = await _json(request)
        with self.world.changing():
            client, month = self._victim(asked)
            gone = erase_month(self.world, client, month)
            anew = generate_anew(self.world, gone, self.clock()) if asked.get("regenerate") else []
            if not anew:
                self.world.erased.append(gone)
            told = {
                "client_code": self.world.clients[client].code,
                "month": f"{month:%Y-%m}",
                "erased": [task.id for task in gone],
                "generated": [task.id for task in anew],
            }
        return JSONResponse(told)

    def _victim(self, asked: dict[str, Any]) -> tuple[int, date]:
        world, key = self.world, client_key(asked.get("client_code"))
        month = date.fromisoformat(f"{asked['month']}-01") if "month" in asked else None
        untouched = [task for task in world.by_due() if task.type == "RECURRENT" and task.status == "OPEN"]
        for task in untouched:
            if task.due < local_date(self.clock()) and month is None:
                continue
            if key is not None and client_key(world.clients[task.client].code) != key:
                continue
            if month is None or task.due.replace(day=1) == month:
                return task.client, task.due.replace(day=1)
        raise Refused("no untouched generated task of that client in that month")

    async def regenerate(self, _request: Request) -> Response:
        """What was erased without being generated anew, oldest first, all of it."""
        anew: list[str] = []
        with self.world.changing():
            while self.world.erased:
                gone = self.world.erased.popleft()
                anew += [task.id for task in generate_anew(self.world, gone, self.clock())]
        return JSONResponse({"generated": anew})

    async def messages(self, _request: Request) -> Response:
        return JSONResponse(self.slack.messages())

    async def clear_messages(self, _request: Request) -> Response:
        self.slack.clear()
        return Response(status_code=204)


async def refused(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


def _plain(value: object) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), media_type="application/json")


def _day(request: Request, name: str) -> date | None:
    text = request.query_params.get(name)
    return date.fromisoformat(text) if text else None


def _life(text: object) -> timedelta | None:
    if text is None:
        return None
    if isinstance(text, int | float):
        return timedelta(seconds=text)
    life = duration(text)
    if not isinstance(life, timedelta):
        raise Refused(f"not a duration (90s, 7m, 1h): {text}")
    return life


async def _json(request: Request) -> dict[str, Any]:
    body = json.loads(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise Refused("a JSON object is wanted")
    return body


def _checked(behaviour: object, values: dict[str, Any]) -> dict[str, Any]:
    """The values, if each names a setting and is of its type."""
    for name, value in values.items():
        present = getattr(behaviour, name, None)
        wanted = (int, float) if isinstance(present, float) else type(present)
        if present is None or not isinstance(value, wanted):
            raise Refused(f"no such setting, or not of its type: {name}={value!r}")
    return values


def _told(behaviour: Any) -> dict[str, Any]:
    return {
        name: value.total_seconds() if isinstance(value, timedelta) else value
        for name in behaviour.__dataclass_fields__
        for value in (getattr(behaviour, name),)
    }
