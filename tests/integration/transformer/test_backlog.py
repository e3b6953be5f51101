"""`bi.backlog_by_day` beside its meaning in plain words: whatever the history says, every day of it, without a hole."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared.clock import now

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
NOT_OPEN = ("done", "set_aside", "cancelled")
KEPT = 90
MINUTES_BACK = 100 * 24 * 60
INSERT = """
INSERT INTO operacional.task_history (source, task_id, valid_from, valid_to, status, due_date, completed_at, department)
VALUES ('gestta', :task_id, :valid_from, :valid_to, :status, :due_date, :completed_at, :department)
"""


@dataclass(frozen=True, slots=True)
class Line:
    """Of the history."""

    task_id: str
    valid_from: datetime
    valid_to: datetime | None
    status: str
    due_date: date | None
    completed_at: datetime | None
    department: str | None


def day_of(moment: datetime) -> date:
    return moment.astimezone(SAO_PAULO).date()


def holds_at_the_end_of(line: Line, day: date) -> bool:
    return day_of(line.valid_from) <= day and (line.valid_to is None or day_of(line.valid_to) > day)


def concluded_on(line: Line, lines: list[Line]) -> date | None:
    """The day for which this line counts as a conclusion: none where a later one tells of the same."""
    if line.status != "done" or line.completed_at is None:
        return None
    day = day_of(line.completed_at)
    if line.valid_to is None:
        return day
    later = [one for one in lines if one.status == "done" and one.valid_from >= line.valid_to]
    told_again = any(
        one.valid_from == line.valid_to or (one.completed_at and day_of(one.completed_at) == day) for one in later
    )
    return None if told_again or day_of(line.valid_to) <= day else day


def expected(lines: list[Line], today: date) -> dict[date, Counter[Any]]:
    """Per day, how many of each department are open, overdue and done."""
    first = max(today - timedelta(days=KEPT), min(day_of(line.valid_from) for line in lines))
    found: dict[date, Counter[Any]] = {}
    for offset in range((today - first).days + 1):
        day = first + timedelta(days=offset)
        counts = found[day] = Counter()
        for line in lines:
            if line.status not in NOT_OPEN and holds_at_the_end_of(line, day):
                counts[line.department, "open"] += 1
                counts[line.department, "overdue"] += line.due_date is not None and line.due_date < day
            counts[line.department, "done"] += day == concluded_on(
                line, [one for one in lines if one.task_id == line.task_id]
            )
    return found


@st.composite
def story(draw: st.DrawFn, task_id: str) -> list[Line]:
    """One task: lines that follow one another, some of them after a gap, the last of them perhaps ended."""
    backs = sorted(draw(st.lists(st.integers(1, MINUTES_BACK), min_size=1, max_size=5, unique=True)), reverse=True)
    lines = []
    this_moment = now()

    def ago(minutes: int) -> datetime:
        return this_moment - timedelta(minutes=minutes)

    for start, end in zip(backs, [*backs[1:], None], strict=True):
        until = draw(st.integers(end or 0, start - 1) if draw(st.booleans()) else st.just(end))
        lines.append(
            Line(
                task_id,
                ago(start),
                None if until is None else ago(until),
                draw(st.sampled_from(["open", "blocked", "done", "set_aside"])),
                draw(st.none() | st.integers(-110, 5).map(lambda days: day_of(now()) + timedelta(days=days))),
                draw(st.none() | st.integers(0, MINUTES_BACK).map(ago)),
                draw(st.sampled_from([None, "Fiscal", "Pessoal"])),
            )
        )
    return lines


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from("abc"), min_size=1, unique=True).flatmap(lambda ids: st.tuples(*map(story, ids))))
def test_every_day_since_the_first_task_has_what_the_history_says_of_it(office, stories):
    lines = [line for one in stories for line in one]
    with office.engine.begin() as connection:
        connection.execute(text("DELETE FROM operacional.task_history"))
        connection.execute(text(INSERT), [asdict(line) for line in lines])
    rows = office.rows("SELECT * FROM bi.backlog_by_day")
    wanted = expected(lines, day_of(now()))
    for department in {row["department"] for row in rows}:
        assert sorted(row["day"] for row in rows if row["department"] == department) == list(wanted)
    counted: dict[date, Counter[Any]] = {day: Counter() for day in wanted}
    for row in rows:
        counted[row["day"]].update({(row["department"], name): row[name] for name in ("open", "overdue", "done")})
    assert counted == wanted


def test_a_day_on_which_no_task_is_open_has_its_row(office):
    noon = now().replace(hour=15, minute=0, second=0, microsecond=0)

    def read(days: int, status: str, **other: Any) -> None:
        office.bring([{"id": "a", "name": "T", "status": status} | other], read_at=noon - timedelta(days=days))

    read(6, "DISCONSIDERED")
    read(4, "OPEN")
    read(3, "DISCONSIDERED")
    read(1, "OPEN")
    today = day_of(now())
    rows = office.rows("SELECT day, open FROM bi.backlog_by_day ORDER BY day")
    shown = {(today - row["day"]).days: row["open"] for row in rows}
    assert {n: shown[n] for n in shown if n} == {6: 0, 5: 0, 4: 1, 3: 0, 2: 0, 1: 1}
