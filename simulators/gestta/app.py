"""Gestta over HTTP."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from simulators.gestta.rows import Writer, days_within, department_id, parsed
from simulators.gestta.tokens import Tokens
from simulators.ledger import note
from simulators.world.calendar import add_months, last_day, local_date
from simulators.world.model import LIVE, NOBODY, Task
from simulators.world.obligations import DEPARTMENTS
from simulators.world.world import World

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How this Gestta is today; the control door changes it at run time."""

    report_max_days: int = 100
    refuse_with: int = 401
    report_under_data: bool = False
    task_under_data: bool = False
    unite_statuses: bool = False
    """Whether a search for several statuses finds all of them; the real one finds the first only."""
    lookup_forbidden: bool = False

    def changed(self, values: dict[str, Any]) -> "Behaviour":
        return replace(self, **values)


class Gestta:
    """One office's account."""

    def __init__(
        self, world: World, tokens: Tokens, *, email: str, password: str, behaviour: Behaviour, clock: Clock
    ) -> None:
        self.world = world
        self.tokens = tokens
        self.email = email
        self.password = password
        self.behaviour = behaviour
        self.clock = clock

    def app(self) -> Starlette:
        open_to_all = [Route("/core/login", self.login, methods=["POST"])]
        behind_the_token = [
            Route("/core/company/user/me", self._guarded(self.me), methods=["GET"]),
            Route("/core/customer/task/report", self._guarded(self.report), methods=["POST"]),
            Route("/core/customer/task/search", self._guarded(self.search), methods=["POST"]),
            Route("/core/customer/task/{task_id}", self._guarded(self.task), methods=["GET"]),
        ]
        for root in ("/admin", "/core"):
            behind_the_token += [
                Route(f"{root}/customer", self._guarded(self.customers), methods=["GET"]),
                Route(f"{root}/company/user", self._guarded(self.users), methods=["GET"]),
                Route(f"{root}/company/department", self._guarded(self.departments), methods=["GET"]),
            ]
        known = open_to_all + behind_the_token
        return Starlette(routes=known, exception_handlers={404: violation, 405: violation})

    def _guarded(self, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def guarded(request: Request) -> Response:
            if not self.tokens.accepts(request.headers.get("authorization")):
                return JSONResponse({"code": "unauthorized"}, self.behaviour.refuse_with)
            response: Response = await handler(request)
            return response

        return guarded

    def _writer(self) -> Writer:
        return Writer(self.world.clients, self.world.people, self.clock())

    async def login(self, request: Request) -> Response:
        body = await _body(request)
        if body.get("email") != self.email or body.get("password") != self.password:
            return JSONResponse({"code": "unauthorized"}, 401)
        return Response(headers={"authorization": f"JWT {self.tokens.issue().token}"})

    async def me(self, _request: Request) -> Response:
        person = self.world.people[0]
        return JSONResponse(
            {
                "_id": person.id,
                "name": person.name,
                "email": person.email,
                "role": "COMPANY_ADMIN",
                "company": {"name": "Contabilidade Faz-de-Conta", "status": "PRODUCTION"},
            }
        )

    async def report(self, request: Request) -> Response:
        body = await _body(request)
        span = self._span(body)
        if span is None:
            return JSONResponse({"code": "report.invalid.dates"}, 400)
        first, last, asked = span
        if asked > timedelta(days=self.behaviour.report_max_days):
            return JSONResponse({"code": "report.period.too.long"}, 400)
        with self.world.lock:
            tasks = self.world.due_between(first, last)
            writer = self._writer()
        note(request.scope, [task.id for task in tasks])
        if not tasks:
            return Response(status_code=204)
        rows: Iterator[bytes] = writer.flats(tasks)
        if self.behaviour.report_under_data:
            rows = _wrapped(rows)
        return StreamingResponse(rows, media_type="application/json")

    def _span(self, body: dict[str, Any]) -> tuple[date, date, timedelta] | None:
        """The days asked for; the range counts even though the filter says CURRENT_MONTH."""
        dates = body.get("dates")
        if not isinstance(dates, dict):
            month = local_date(self.clock()).replace(day=1)
            return month, last_day(month), timedelta(days=31)
        start, end = parsed(dates.get("startDate")), parsed(dates.get("endDate"))
        if start is None or end is None or end < start:
            return None
        first, last = days_within(start, end)
        return first, last, end - start

    async def search(self, request: Request) -> Response:
        body = await _body(request)
        page, limit = _positive(body.get("page"), 1), _positive(body.get("limit"), 10)
        with self.world.lock:
            found = self._found(body)
            writer = self._writer()
        docs = [writer.nested(task) for task in found[(page - 1) * limit : page * limit]]
        note(request.scope, [doc["_id"] for doc in docs])
        pages = -(-len(found) // limit)
        return JSONResponse({"docs": docs, "total": len(found), "limit": limit, "page": page, "pages": pages})

    def _found(self, body: dict[str, Any]) -> list[Task]:
        world = self.world
        statuses = _texts(body.get("status"))
        if statuses and not self.behaviour.unite_statuses:
            statuses = statuses[:1]
        start, end = parsed(body.get("start_date")), parsed(body.get("end_date"))
        first, last = days_within(start, end) if start and end else (date.min, date.max)
        by_competence = body.get("date_type") == "COMPETENCE" and start is not None
        types = _texts(body.get("type"))
        customers = {index for index, c in enumerate(world.clients) if c.id in _texts(body.get("customer"))}
        people = {index for index, p in enumerate(world.people) if p.id in _texts(body.get("company_user"))}
        departments = {
            index for index in range(len(DEPARTMENTS)) if department_id(index) in _texts(body.get("company_department"))
        }
        today = local_date(self.clock())

        def fits(task: Task) -> bool:
            if by_competence:
                # COMPETENCE brings the month before the one asked for.
                month = task.competence
                if month is None or not first <= add_months(month, 1) <= last:
                    return False
            return (
                (not statuses or task.status in statuses)
                and (not types or task.type in types)
                and (not customers or task.client in customers)
                and (not people or task.owner in people)
                and (not departments or task.department in departments)
                and (body.get("os_workflow") is True or task.subtype != "WORKFLOW")
                and (body.get("no_owner") is not True or task.owner == NOBODY)
                and (body.get("overdue") is not True or (task.due < today and task.status in LIVE))
            )

        tasks = world.by_due() if by_competence else world.due_between(first, last)
        return [task for task in tasks if fits(task)]

    async def task(self, request: Request) -> Response:
        if self.behaviour.lookup_forbidden:
            return JSONResponse({"code": "forbidden"}, 403)
        with self.world.lock:
            task = self.world.tasks.get(request.path_params["task_id"])
            writer = self._writer()
        if task is None:
            return JSONResponse({"code": "customer_task.not.found"}, 404)
        note(request.scope, [task.id])
        row = writer.whole(task)
        return JSONResponse({"data": row} if self.behaviour.task_under_data else row)

    async def customers(self, request: Request) -> Response:
        rows = [
            {"_id": c.id, "name": c.name, "cnpj": c.document, "active": c.active, "external_id": None}
            | ({} if c.code is None else {"code": c.code})
            for c in self.world.clients
        ]
        active, text = request.query_params.get("active"), request.query_params.get("search", "").lower()
        if active is not None:
            rows = [row for row in rows if row["active"] is (active == "true")]
        return _listed(request, [row for row in rows if text in str(row["name"]).lower()])

    async def users(self, request: Request) -> Response:
        return _listed(
            request, [{"_id": p.id, "name": p.name, "role": p.role, "active": True} for p in self.world.people]
        )

    async def departments(self, _request: Request) -> Response:
        return JSONResponse([{"_id": department_id(index), "name": name} for index, name in enumerate(DEPARTMENTS)])


async def violation(request: Request, _error: Exception) -> Response:
    """Whatever a reader has no business calling: answered 404, and written into the ledger as such."""
    request.scope["ledger"].violation = True
    return JSONResponse({"code": "not.found"}, 404)


def _listed(request: Request, rows: list[dict[str, Any]]) -> Response:
    limit = _positive(request.query_params.get("limit"), max(1, len(rows)))
    page = _positive(request.query_params.get("page"), 1)
    pages = -(-len(rows) // limit)
    docs = rows[(page - 1) * limit : page * limit]
    note(request.scope, [row["_id"] for row in docs])
    return JSONResponse({"docs": docs, "total": len(rows), "page": page, "pages": pages, "hasNextPage": page < pages})


def _wrapped(rows: Iterator[bytes]) -> Iterator[bytes]:
    yield b'{"data":'
    yield from rows
    yield b"}"


def _positive(value: object, default: int) -> int:
    try:
        return max(1, int(str(value)))
    except ValueError:
        return default


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value] if isinstance(value, list) else []


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
