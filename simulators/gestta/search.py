"""The task search: pages, and everything that is wrong with them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from simulators.gestta.behaviour import Behaviour
from simulators.gestta.rows import Writer, days_within, department_id, parsed, template_id
from simulators.gestta.style import Style
from simulators.gestta.wire import positive, rows_as, texts
from simulators.ledger import note
from simulators.world.calendar import add_months, local_date
from simulators.world.model import DONE, DOWNLOADED, GENERATES_FINE, LIVE, NOBODY, Task
from simulators.world.obligations import DEPARTMENTS
from simulators.world.world import World

Test = Callable[[Task], bool]
Row = TypeVar("Row")


def window(found: list[Row], page: int, limit: int, behaviour: Behaviour) -> tuple[list[Row], int]:
    """The tasks of a page and how many pages there are; a page but the first may begin with rows of the one before."""
    step = max(1, limit - behaviour.search_repeats)
    pages = 0 if not found else 1 + max(0, -(-(len(found) - limit) // step))
    if page > pages:
        if behaviour.search_past_end == "empty":
            return [], pages
        page = max(1, pages)
    start = (page - 1) * step
    return found[start : start + limit], pages


def enveloped(rows: list[dict[str, Any]], *, total: int, limit: int, page: int, pages: int, kind: str) -> Any:
    """One of the envelopes that the search's answer has been seen in."""
    if kind == "array":
        return rows
    if kind == "docs":
        return {"docs": rows, "total": total, "limit": limit, "page": page, "pages": pages}
    if kind == "totals":
        return {
            "docs": rows,
            "totalDocs": total,
            "limit": limit,
            "page": page,
            "totalPages": pages,
            "hasNextPage": page < pages,
        }
    return {kind: rows, "total": total}


class Search:
    """Answers searches. What was found last is kept for the next page, until anything changes."""

    def __init__(self, world: World, clock: Callable[[], datetime]) -> None:
        self._world = world
        self._clock = clock
        self._last: tuple[object, list[Task]] = (None, [])

    def answer(self, request: Request, body: dict[str, Any], behaviour: Behaviour) -> tuple[Response, Behaviour]:
        """The page, and how Gestta behaves after it: a shift that was played is one fewer to come."""
        page, limit = positive(body.get("page"), 1), positive(body.get("limit"), 10)
        if behaviour.search_limit_cap:
            limit = min(limit, behaviour.search_limit_cap)
        world = self._world
        statuses = texts(body.get("status"))
        with world.lock:
            found = self._found(body, statuses if behaviour.unite_statuses else statuses[:1])
            writer = Writer(world.clients, world.people, self._clock())
            tasks, pages = window(found, page, limit, behaviour)
            scope = "search:" + ",".join(statuses)
            note(request.scope, [task.id for task in tasks], of=scope, changed=world.changed)
            if behaviour.search_shifts and page < pages:
                behaviour = self._shifted(tasks, behaviour)
        style = Style.of(behaviour)
        rows = [style.spoilt(task.id, writer.nested(task, behaviour.search_parents)) for task in tasks]
        answer = enveloped(rows, total=len(found), limit=limit, page=page, pages=pages, kind=behaviour.search_envelope)
        return rows_as(answer), behaviour

    def _shifted(self, tasks: list[Task], behaviour: Behaviour) -> Behaviour:
        task = next((task for task in tasks if task.status in LIVE), None)
        if task is None:
            return behaviour
        with self._world.changing():
            self._world.put(task._replace(status=DONE, concluded=int(self._clock().timestamp())))
        return replace(behaviour, search_shifts=behaviour.search_shifts - 1)

    def _found(self, body: dict[str, Any], statuses: list[str]) -> list[Task]:
        sought = {name: value for name, value in body.items() if name not in ("page", "limit")}
        key = sought, statuses, self._world.edits, local_date(self._clock())
        if self._last[0] != key:
            self._last = key, self._all(body, statuses)
        return self._last[1]

    def _all(self, body: dict[str, Any], statuses: list[str]) -> list[Task]:
        world = self._world
        start, end = parsed(body.get("start_date")), parsed(body.get("end_date"))
        first, last = days_within(start, end) if start and end else (date.min, date.max)
        by_competence = body.get("date_type") == "COMPETENCE" and start is not None
        tests = [*self._among(body, statuses), *self._flags(body, local_date(self._clock()))]
        if by_competence:
            tests.append(lambda task: _a_month_before(task.competence, first, last))
        tasks = world.by_due() if by_competence else world.due_between(first, last)
        return [task for task in tasks if all(test(task) for test in tests)]

    def _among(self, body: dict[str, Any], statuses: list[str]) -> list[Test]:
        """The lists of a body: each that is not empty narrows the search."""
        world = self._world
        types, templates = texts(body.get("type")), texts(body.get("company_task"))
        customers = texts(body.get("customer"))
        clients = {index for index, client in enumerate(world.clients) if client.id in customers}
        owners = texts(body.get("company_user"))
        people = {index for index, person in enumerate(world.people) if person.id in owners}
        wanted = texts(body.get("company_department"))
        departments = {index for index in range(len(DEPARTMENTS)) if department_id(index) in wanted}
        tests: list[tuple[object, Test]] = [
            (statuses, lambda task: task.status in statuses),
            (types, lambda task: task.type in types),
            (templates, lambda task: template_id(task) in templates),
            (customers, lambda task: task.client in clients),
            (owners, lambda task: task.owner in people),
            (wanted, lambda task: task.department in departments),
        ]
        return [test for given, test in tests if given]

    def _flags(self, body: dict[str, Any], today: date) -> list[Test]:
        tests: dict[str, Test] = {
            "no_owner": lambda task: task.owner == NOBODY,
            "overdue": lambda task: task.due < today and task.status in LIVE,
            "downloaded": lambda task: bool(task.flags & DOWNLOADED),
            "not_downloaded": lambda task: not task.flags & DOWNLOADED,
            "fine": lambda task: bool(task.flags & GENERATES_FINE),
        }
        found = [test for name, test in tests.items() if body.get(name) is True]
        if body.get("os_workflow") is not True:
            found.append(lambda task: task.subtype != "WORKFLOW")
        return found


def _a_month_before(competence: date | None, first: date, last: date) -> bool:
    """COMPETENCE brings the month before the one asked for."""
    return competence is not None and first <= add_months(competence, 1) <= last
