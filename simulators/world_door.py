"""The control door's part that moves the world and tells what is true in it."""

from datetime import date, datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.asked import Refused, day_of, ids_of, order_of, plain, values_of
from simulators.clock import WorldClock
from simulators.pulse import Pulse
from simulators.world import orders, truth
from simulators.world.calendar import local_date
from simulators.world.events import EVENTS, advance
from simulators.world.model import Task
from simulators.world.world import World


class Hour(BaseModel):
    """What time it is (without: what it is anyhow), and how many seconds pass in one."""

    model_config = ConfigDict(extra="forbid")

    now: AwareDatetime | None = None
    speed: float = Field(default=1, ge=0)


class WorldDoor:
    """Everything of the world that can be moved, and its truth."""

    def __init__(self, world: World, pulse: Pulse, clock: WorldClock) -> None:
        self.world = world
        self.pulse = pulse
        self.clock = clock

    def routes(self) -> list[Route]:
        return [
            Route("/truth", self.truth, methods=["GET"]),
            Route("/truth/gestta", self.truth_gestta, methods=["GET"]),
            Route("/truth/panel", self.truth_panel, methods=["GET"]),
            Route("/truth/tasks", self.truth_tasks, methods=["GET", "POST"]),
            Route("/truth/changes", self.truth_changes, methods=["GET"]),
            Route("/world/advance", self.advance, methods=["POST"]),
            Route("/world/pause", self.pause, methods=["POST"]),
            Route("/world/resume", self.resume, methods=["POST"]),
            Route("/world/clock", self.set_clock, methods=["POST"]),
            Route("/world/change", self.change, methods=["POST"]),
            Route("/world/delete", self.delete, methods=["POST"]),
            Route("/world/restore", self.restore, methods=["POST"]),
            Route("/world/erase", self.erase, methods=["POST"]),
            Route("/world/regenerate", self.regenerate, methods=["POST"]),
        ]

    def _moment(self) -> dict[str, Any]:
        return {"at": self.clock().isoformat(), "version": self.world.version}

    def _years(self, request: Request) -> tuple[date, date]:
        """The range asked for, or what the report is read for by default: last year to next year."""
        year = local_date(self.clock()).year
        return (
            day_of(request, "from") or date(year - 1, 1, 1),
            day_of(request, "to") or date(year + 1, 12, 31),
        )

    async def truth(self, request: Request) -> Response:
        """Both truths of one and the same moment."""
        first, last = self._years(request)
        with self.world.lock:
            told = self._moment() | {
                "tasks": truth.gestta(self.world),
                "rows": truth.panel(self.world, first, last),
            }
        return plain(told)

    async def truth_gestta(self, request: Request) -> Response:
        with self.world.lock:
            tasks = truth.gestta(self.world, day_of(request, "from"), day_of(request, "to"))
            told = self._moment() | {"tasks": tasks}
        return plain(told)

    async def truth_panel(self, request: Request) -> Response:
        first, last = self._years(request)
        with self.world.lock:
            told = self._moment() | {"rows": truth.panel(self.world, first, last)}
        return plain(told)

    async def truth_tasks(self, request: Request) -> Response:
        """What the panel must show of these ids, and which of them do not exist: quick enough for every second."""
        ids = await ids_of(request)
        with self.world.lock:
            found = truth.tasks(self.world, ids)
            told = self._moment() | {"tasks": found, "missing": [each for each in ids if each not in found]}
        return plain(told)

    async def truth_changes(self, request: Request) -> Response:
        """What became of tasks after the event `since`: who keeps its own list of ids need not ask for all."""
        since = int(request.query_params.get("since", "0"))
        with self.world.lock:
            told = self._moment() | truth.changes(self.world, since)
        return plain(told)

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

    async def set_clock(self, request: Request) -> Response:
        """`{"now": "2027-01-01T03:00:00Z", "speed": 60}`; the world's own pace does not follow it."""
        hour = await order_of(request, Hour)
        now: datetime = hour.now or self.clock()
        self.clock.set(now, hour.speed)
        return JSONResponse({"now": self.clock().isoformat(), "speed": hour.speed})

    async def change(self, request: Request) -> Response:
        """`{"ids": […], "set": {"status": "DONE"}}`, `{"due_from": …, "count": 5, "days": 95}`."""
        order = await order_of(request, orders.Change)
        with self.world.changing():
            tasks = orders.change(self.world, order, self.clock())
        return self._done(tasks)

    async def delete(self, request: Request) -> Response:
        order = await order_of(request, orders.Selection)
        with self.world.changing():
            tasks = orders.delete(self.world, order)
        return self._done(tasks)

    async def restore(self, request: Request) -> Response:
        ids = await ids_of(request)
        with self.world.changing():
            tasks = orders.restore(self.world, ids)
        return self._done(tasks)

    def _done(self, tasks: list[Task]) -> Response:
        if not tasks:
            raise Refused("no task is what was asked for")
        return JSONResponse({"ids": [task.id for task in tasks], "version": self.world.version})

    async def erase(self, request: Request) -> Response:
        """A client's month: `{"client_code": "0012", "month": "2026-12", "regenerate": false, "hold": true}`."""
        order = await order_of(request, orders.Erasure)
        with self.world.changing():
            told = orders.erase(self.world, order, self.clock())
        if told is None:
            raise Refused("no untouched generated task of that client in that month")
        return JSONResponse(told)

    async def regenerate(self, request: Request) -> Response:
        """All that was erased is generated anew; with `{"fail": true}` that step fails, and the months stay empty."""
        if (await values_of(request)).get("fail"):
            return JSONResponse({"code": "task-gen.failed"}, 500)
        with self.world.changing():
            anew = orders.regenerate(self.world, self.clock())
        return JSONResponse({"generated": [task.id for task in anew]})
