"""The control door: what a demo or a test orders of the outside world, and what is true in it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.asked import Refused, ids_of, life, order_of, plain, refused, values_of
from simulators.clock import WorldClock
from simulators.faults import Faults, Order
from simulators.gestta.app import Gestta
from simulators.gestta_door import GesttaDoor
from simulators.ledger import Ledger
from simulators.notion_door import NotionDoor
from simulators.portal.app import Portal
from simulators.pulse import Pulse
from simulators.slack import Slack
from simulators.world.world import World
from simulators.world_door import WorldDoor


class Control:
    """Everything that can be turned from outside."""

    def __init__(
        self,
        *,
        world: World,
        gestta: Gestta,
        notion: NotionDoor,
        slack: Slack,
        portal: Portal,
        faults: Faults,
        ledger: Ledger,
        pulse: Pulse,
        clock: WorldClock,
        urls: dict[str, str],
        databases: dict[str, str],
    ) -> None:
        self.world = world
        self.gestta = gestta
        self.notion = notion
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
                route("/ledger/minutes", "GET", self.minutes),
                route("/ledger/served", "GET", self.served),
                route("/ledger/served", "POST", self.served),
                route("/portal/settings", "POST", self.set_portal),
                route("/portal/refreshes", "GET", self.refreshes),
                route("/slack/messages", "GET", self.messages),
                route("/slack/messages", "DELETE", self.clear_messages),
                *WorldDoor(self.world, self.pulse, self.clock).routes(),
                *GesttaDoor(self.gestta).routes(),
                *self.notion.routes(),
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
        return JSONResponse(self.faults.add(await order_of(request, Order)), 201)

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

    async def minutes(self, request: Request) -> Response:
        """How many calls a system (`?system=gestta`) had in each minute."""
        return JSONResponse(self.ledger.minutes(request.query_params.get("system", "gestta")))

    async def served(self, request: Request) -> Response:
        """Every version of these rows that was served whole: when first and when last, and in which scope."""
        return plain(self.ledger.served.told(await ids_of(request)))

    async def set_portal(self, request: Request) -> Response:
        values = await values_of(request)
        for key in ("refresh_takes", "session_life"):
            if key in values:
                values[key] = life(values[key])
        self.portal.behaviour = self.portal.behaviour.changed(_checked(self.portal.behaviour, values))
        return JSONResponse(_told(self.portal.behaviour))

    async def refreshes(self, _request: Request) -> Response:
        return JSONResponse(self.portal.refreshes.told(self.clock()))

    async def messages(self, _request: Request) -> Response:
        return JSONResponse(self.slack.messages())

    async def clear_messages(self, _request: Request) -> Response:
        self.slack.clear()
        return Response(status_code=204)


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
