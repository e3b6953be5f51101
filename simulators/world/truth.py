"""What is true at one moment, in the words a check compares with."""

import html
from datetime import date
from typing import Any

from simulators.world.model import NOBODY, Entry, client_key
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
    rows = []
    for task in world.due_between(first, last):
        code = world.clients[task.client].code
        key = client_key(code)
        page = pages.get(key) if key else None
        rows.append(
            {
                "task_id": task.id,
                "client_code": _text(code),
                "client_key": key,
                "title": html.unescape(task.title),
                "source_status": task.status,
                "client_trade_name": page.trade_name if page else None,
                "client_manager": page.manager if page else None,
                "client_state": page.state if page else None,
            }
        )
    return rows


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
