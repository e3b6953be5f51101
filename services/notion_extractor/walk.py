"""How a whole data source is read although one query ends at 10,000 rows. Decisions on the facts of each page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CAP = 10_000
PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Window:
    """One query of the walk: rows created at or after `since` (None: from the beginning)."""

    since: str | None = None

    def body(self, cursor: str | None) -> dict[str, Any]:
        """What to ask: creation time is the only order in which an edit cannot move a row."""
        body: dict[str, Any] = {
            "page_size": PAGE_SIZE,
            "sorts": [{"timestamp": "created_time", "direction": "ascending"}],
        }
        if self.since is not None:
            body["filter"] = {"timestamp": "created_time", "created_time": {"on_or_after": self.since}}
        if cursor is not None:
            body["start_cursor"] = cursor
        return body


@dataclass(frozen=True, slots=True)
class Continue:
    """Ask this window's next page."""

    cursor: str


@dataclass(frozen=True, slots=True)
class NextWindow:
    """The cap was reached: go on from here."""

    window: Window


@dataclass(frozen=True, slots=True)
class Complete:
    """That was all."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The walk cannot be trusted: nothing of it may land."""

    reason: str


Step = Continue | NextWindow | Complete | Broken


def after(
    page: Mapping[str, Any], *, window: Window, rows_in_window: int, last_created: str | None, cursors: set[str]
) -> Step:
    """What follows a page. `rows_in_window` counts this page's rows too; `cursors` are those already used.

    A page may be short although there is more; only `has_more` ends a window, and at the cap not even that is true:
    `request_status` tells, and a window of exactly 10,000 rows is not believed without it.
    """
    status = page.get("request_status")
    capped = isinstance(status, dict) and status.get("type") == "incomplete"
    if not capped and page.get("has_more"):
        cursor = page.get("next_cursor")
        if not isinstance(cursor, str) or not cursor:
            return Broken("has_more without a cursor")
        if cursor in cursors:
            return Broken("a cursor came twice: the walk would never end")
        return Continue(cursor)
    if capped or (rows_in_window and rows_in_window % CAP == 0):
        if last_created is None or last_created == window.since:
            return Broken(f"more than {CAP} rows were created in one minute ({last_created}): no window can part them")
        return NextWindow(Window(since=last_created))
    return Complete()
