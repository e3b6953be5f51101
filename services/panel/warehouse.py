"""The one door to the database: a whole page in three queries of one read-only snapshot."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import ProgrammingError

from services.panel.board import Board, Figures, Freshness, Group, Task
from services.panel.quality import FIELDS, NAMES_SHOWN, Named, Problem, Quality, in_order
from shared.database.connection import transaction
from shared.errors import Outage

TASKS_SHOWN = 60
Page = TypeVar("Page")

# One pass over the view for the total, the departments and the managers.
_FIGURES = """
    SELECT grouping(department) AS all_departments, grouping(client_manager) AS all_managers,
           department, client_manager,
           count(*) FILTER (WHERE is_open) AS open,
           count(*) FILTER (WHERE is_overdue) AS overdue,
           count(*) FILTER (WHERE is_due_today) AS due_today,
           count(*) FILTER (WHERE is_open AND days_to_due BETWEEN 0 AND 7) AS due_soon,
           count(*) FILTER (WHERE is_past_legal OR (generates_fine AND is_overdue)) AS fine_risk,
           count(*) FILTER (WHERE finished_on_time IS NOT NULL AND completed_at > now() - interval '30 days') AS done,
           count(*) FILTER (WHERE finished_on_time AND completed_at > now() - interval '30 days') AS done_on_time
    FROM bi.operational_panel
    GROUP BY GROUPING SETS ((), (department), (client_manager))
"""
_TASKS = """
    SELECT title, coalesce(client_trade_name, client) AS client, department, owner, due_date, legal_due_date,
           CASE WHEN is_overdue THEN days_late END AS days_late,
           coalesce(is_past_legal, false) AS is_past_legal, coalesce(generates_fine, false) AS generates_fine, url
    FROM bi.operational_panel
    WHERE is_open AND days_to_due <= 7
    ORDER BY coalesce(is_past_legal, false) DESC, (coalesce(generates_fine, false) AND is_overdue) DESC,
             due_date, legal_due_date, task_id
    LIMIT :limit
"""
_FRESHNESS = """
    SELECT system, count(*) AS scopes, count(*) FILTER (WHERE is_stale) AS stale,
           count(*) FILTER (WHERE last_read_at IS NULL) AS unread, max(last_read_at) AS last_read_at,
           min(last_read_at) FILTER (WHERE is_stale) AS oldest_stale_at
    FROM bi.freshness
    GROUP BY system
    ORDER BY system
"""
_PROBLEMS = "SELECT problem, rows FROM ops.problems"
_NAMES = """
    SELECT problem, detail, name, url
    FROM (SELECT problem, client AS detail, name, url,
                 row_number() OVER (PARTITION BY problem ORDER BY name, client, url) AS place
          FROM ops.clients_at_odds
          UNION ALL
          SELECT 'flags_against_dates', client, title, url, row_number() OVER (ORDER BY title, client, task_id)
          FROM ops.flags_at_odds) odd
    WHERE place <= :limit
    ORDER BY problem, place
"""
_PARTS = "SELECT field, tasks, example FROM ops.parts_at_odds ORDER BY tasks DESC, field"


class Warehouse:
    """The views of bi and ops, read as `panel_reader`. Raises `Outage` where the database is away or not prepared."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def board(self, now: datetime) -> Board:
        """The page of all tasks."""
        return self._read(_board, now)

    def quality(self, now: datetime) -> Quality:
        """The analyst's page."""
        return self._read(_quality, now)

    def _read(self, page: Callable[[Connection, datetime], Page], now: datetime) -> Page:
        try:
            with transaction(self._engine) as connection:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
                return page(connection, now)
        except ProgrammingError as error:
            raise Outage("database", f"the views cannot be read: {str(error.orig).splitlines()[0]}") from error


def _board(connection: Connection, now: datetime) -> Board:
    rows = connection.execute(text(_FIGURES)).all()
    total = next(_figures(row) for row in rows if row.all_departments and row.all_managers)
    departments = [Group(row.department, _figures(row)) for row in rows if not row.all_departments]
    managers = [Group(row.client_manager, _figures(row)) for row in rows if not row.all_managers]
    tasks = connection.execute(text(_TASKS), {"limit": TASKS_SHOWN}).all()
    freshness = connection.execute(text(_FRESHNESS)).all()
    return Board(
        at=now,
        total=total,
        departments=_worst_first(departments),
        managers=_worst_first(managers),
        tasks=[Task(*row) for row in tasks],
        freshness=[Freshness(*row) for row in freshness],
    )


def _quality(connection: Connection, now: datetime) -> Quality:
    counts = connection.execute(text(_PROBLEMS)).all()
    named: dict[str, list[Named]] = {}
    for row in connection.execute(text(_NAMES), {"limit": NAMES_SHOWN + 1}):
        named.setdefault(row.problem, []).append(Named(row.name, row.detail, row.url))
    for row in connection.execute(text(_PARTS)):
        detail = f"{row.tasks}, por exemplo {row.example}"
        named.setdefault("parts_at_odds", []).append(Named(FIELDS.get(row.field, row.field), detail))
    problems = [Problem(row.problem, row.rows, named.get(row.problem, [])) for row in counts]
    return Quality(now, in_order(problems))


def _figures(row: Row[tuple[object, ...]]) -> Figures:
    return Figures(row.open, row.overdue, row.due_today, row.due_soon, row.fine_risk, row.done, row.done_on_time)


def _worst_first(groups: list[Group]) -> list[Group]:
    shown = [group for group in groups if group.figures.open]
    return sorted(shown, key=lambda group: (-group.figures.overdue, -group.figures.open, group.name or ""))
