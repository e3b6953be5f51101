"""The task report: one array for a whole range, streamed; what many reports share is written once."""

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from simulators.connection import reset, waited
from simulators.gestta.behaviour import Behaviour
from simulators.gestta.rows import Writer, days_within, parsed
from simulators.gestta.style import Style
from simulators.ledger import note
from simulators.world.calendar import last_day, local_date
from simulators.world.model import Task
from simulators.world.world import World

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Span:
    """The range of a report: its Brazilian days, and how long it is by the clock."""

    first: date
    last: date
    length: timedelta

    @property
    def scope(self) -> str:
        return f"report:{self.first}/{self.last}"


def asked_for(body: dict[str, Any], today: date) -> Span | None:
    """The days asked for; they count even though the filter says CURRENT_MONTH. None where they make no sense."""
    dates = body.get("dates")
    if not isinstance(dates, dict):
        month = today.replace(day=1)
        return Span(month, last_day(month), timedelta(days=31))
    start, end = parsed(dates.get("startDate")), parsed(dates.get("endDate"))
    if start is None or end is None or end < start:
        return None
    return Span(*days_within(start, end), end - start)


class Report:
    """Answers reports. Rows are kept compressed by day of due date, until the day, its past or the style changes."""

    def __init__(self, world: World, clock: Callable[[], datetime]) -> None:
        self._world = world
        self._clock = clock
        self._kept: dict[date, tuple[tuple[int, bool, Style], bytes]] = {}

    async def answer(
        self, request: Request, body: dict[str, Any], behaviour: Behaviour, *, stopping: Callable[[], bool]
    ) -> Response:
        now = self._clock()
        asked = asked_for(body, local_date(now))
        if asked is None:
            return JSONResponse({"code": "report.invalid.dates"}, 400)
        if asked.length > timedelta(days=behaviour.report_max_days):
            return await _too_long(request, behaviour, stopping)
        style, world = Style.of(behaviour), self._world
        with world.lock:
            writer = Writer(world.clients, world.people, now)
            days = [] if behaviour.report_date != "due" else world.days_between(asked.first, asked.last)
            others = [] if behaviour.report_date == "due" else self._others(asked, behaviour.report_date)
            tasks = [task.id for _, _, found in days for task in found] + [task.id for task in others]
            note(request.scope, tasks, of=asked.scope, changed=world.changed)
        if not tasks and not behaviour.report_strays:
            return Response(status_code=204)
        pieces = self._by_day(days, writer, style) if days else _in_chunks(others, writer, style)
        return StreamingResponse(_array(pieces, behaviour), media_type="application/json")

    def _others(self, asked: Span, which: str) -> list[Task]:
        """The tasks created or concluded in the range."""

        def falls_within(task: Task) -> bool:
            moment = task.created if which == "created" else task.concluded
            return moment > 0 and asked.first <= local_date(datetime.fromtimestamp(moment, UTC)) <= asked.last

        return [task for task in self._world.by_due() if falls_within(task)]

    def _by_day(self, days: list[tuple[date, int, list[Task]]], writer: Writer, style: Style) -> Iterator[bytes]:
        for day, edited, tasks in days:
            stamp = (edited, day < writer.today, style)
            kept = self._kept.get(day)
            if kept is not None and kept[0] == stamp:
                yield zlib.decompress(kept[1])
                continue
            text = ",\n".join(style.texts(writer, tasks)).encode()
            self._kept[day] = (stamp, zlib.compress(text, 1))
            yield text


def _in_chunks(tasks: list[Task], writer: Writer, style: Style) -> Iterator[bytes]:
    for start in range(0, len(tasks), CHUNK):
        yield ",\n".join(style.texts(writer, tasks[start : start + CHUNK])).encode()


def _array(pieces: Iterator[bytes], behaviour: Behaviour) -> Iterator[bytes]:
    yield b'{"data":[' if behaviour.report_under_data else b"["
    is_first = True
    for piece in chain(pieces, (json.dumps(stray).encode() for stray in behaviour.report_strays)):
        yield piece if is_first else b",\n" + piece
        is_first = False
    yield b"]}" if behaviour.report_under_data else b"]"


async def _too_long(request: Request, behaviour: Behaviour, stopping: Callable[[], bool]) -> Response:
    if behaviour.report_too_long == "timeout":

        async def over() -> bool:
            return stopping() or await request.is_disconnected()

        await waited(behaviour.report_timeout, over=over)
        await reset(request.scope)
        return Response(status_code=504)
    return JSONResponse({"code": "report.period.too.long"}, int(behaviour.report_too_long))
