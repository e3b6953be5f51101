"""What is true at one moment, in the words a check compares with."""

import html
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from simulators.world.model import NOBODY, Entry, Task, client_key
from simulators.world.obligations import DEPARTMENTS
from simulators.world.world import World


def gestta(world: World, first: date | None = None, last: date | None = None) -> dict[str, dict[str, Any]]:
    """Every live task by id. Hold the world's lock."""
    tasks = world.due_between(first or date.min, last or date.max)
    return {
        task.id: {
            "title": html.unescape(task.title),
            "status": task.status,
            "due_date": task.due.isoformat(),
            "owner": None if task.owner == NOBODY else world.people[task.owner].name,
            "client_code": _text(world.clients[task.client].code),
        }
        for task in tasks
    }


def panel(world: World, first: date, last: date) -> list[dict[str, Any]]:
    """One row per task due in the range, joined to its client's page. Hold the world's lock."""
    pages = _pages(world)
    return [_row(world, pages, task) for task in world.due_between(first, last)]


def tasks(world: World, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The panel's rows of those of these tasks that exist, each with the event that last changed the task itself."""
    pages = _pages(world)
    return {
        task_id: _row(world, pages, world.tasks[task_id]) | {"version": world.version_of(task_id)}
        for task_id in ids
        if task_id in world.tasks
    }


def changes(world: World, since: int) -> dict[str, dict[str, int]]:
    """The tasks that events after that one made or changed, and those that they removed, each with its last event."""
    return {
        "changed": {task_id: version for task_id, version in world.changed.items() if version > since},
        "removed": {task_id: version for task_id, version in world.removed.items() if version > since},
    }


def _row(world: World, pages: dict[str, Entry], task: Task) -> dict[str, Any]:
    code = world.clients[task.client].code
    key = client_key(code)
    page = pages.get(key) if key else None
    return {
        "task_id": task.id,
        "client_code": _text(code),
        "client_key": key,
        "title": html.unescape(task.title),
        "source_status": task.status,
        "type": task.type,
        "subtype": task.subtype,
        "department": DEPARTMENTS[task.department],
        "owner": None if task.owner == NOBODY else world.people[task.owner].name,
        "due_date": task.due.isoformat(),
        "legal_due_date": task.legal.isoformat() if task.legal else None,
        "competence": task.competence.isoformat() if task.competence else None,
        "completed_at": datetime.fromtimestamp(task.concluded, UTC).isoformat() if task.concluded else None,
        "value": task.value,
        "client_trade_name": page.trade_name if page else None,
        "client_manager": page.manager if page else None,
        "client_state": page.state if page else None,
    }


def _pages(world: World) -> dict[str, Entry]:
    """The page that speaks for each code; where a code has two, the newest (the highest key) wins."""
    pages: dict[str, Entry] = {}
    for entry in sorted(world.register.values(), key=lambda entry: entry.key):
        key = client_key(entry.code)
        if key and not entry.trashed:
            pages[key] = entry
    return pages


def _text(code: str | int | None) -> str | None:
    return None if code is None else str(code)
