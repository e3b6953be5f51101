"""How a whole data source is read although one query ends at 10,000 rows. Decisions on the facts of each page."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.errors import Rejected

CAP = 10_000
PAGE_SIZE = 100
BARREN = 100
"""So many pages in a row without a row that the page before had not: the walk does not end by itself."""
ENDLESS = 10
"""A window of more than so many times the cap is none that Notion gives."""


class WalkAgain(Rejected):
    """The walk cannot go on, but may be begun anew from its first page."""


@dataclass(frozen=True, slots=True)
class Window:
    """One query of the walk: rows created at or after `since` (None: from the beginning).

    `edited_since` narrows the whole walk to rows edited at or after it.
    """

    since: str | None = None
    edited_since: str | None = None

    def body(self, cursor: str | None) -> dict[str, Any]:
        """What to ask: creation time is the only order in which an edit cannot move a row."""
        body: dict[str, Any] = {"sorts": [{"timestamp": "created_time", "direction": "ascending"}]}
        filters = [
            {"timestamp": name, name: {"on_or_after": moment}}
            for name, moment in (("last_edited_time", self.edited_since), ("created_time", self.since))
            if moment is not None
        ]
        if filters:
            body["filter"] = filters[0] if len(filters) == 1 else {"and": filters}
        if cursor is not None:
            body["start_cursor"] = cursor
        return body


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a window has come, its newest page counted."""

    rows: int = 0
    last_created: str | None = None
    barren: int = 0

    def with_page(self, results: Collection[Mapping[str, Any]], former: Collection[str]) -> "Progress":
        """After one more page; `former` are the ids of the page before it."""
        ids = {str(row.get("id")) for row in results}
        made = [row["created_time"] for row in results if isinstance(row.get("created_time"), str)]
        return Progress(
            rows=self.rows + len(results),
            last_created=made[-1] if made else self.last_created,
            barren=self.barren + 1 if ids.issubset(former) else 0,
        )


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
class Restart:
    """These cursors lead nowhere; the walk may succeed when it is begun anew."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The walk cannot be trusted and will not be another time: nothing of it may land."""

    reason: str


Step = Continue | NextWindow | Complete | Restart | Broken


def after(
    page: Mapping[str, Any], *, window: Window, progress: Progress, cursors: Collection[str], cap: int = CAP
) -> Step:
    """What follows a page. `progress` counts this page too; `cursors` are those already used.

    A page may be short although there is more; only `has_more` ends a window, and at the cap not even that is true:
    `request_status` tells, and a window of exactly the cap is not believed without it.
    """
    if not _is_capped(page) and page.get("has_more"):
        cursor = page.get("next_cursor")
        if not isinstance(cursor, str) or not cursor:
            return Restart("has_more without a cursor")
        if cursor in cursors:
            return Restart("a cursor came twice: the walk would never end")
        if progress.barren >= BARREN:
            return Restart(f"{BARREN} pages in a row brought nothing new: the walk would never end")
        if progress.rows > ENDLESS * cap:
            return Broken(f"one query brought more than {ENDLESS * cap} rows: the walk would never end")
        return Continue(cursor)
    if _is_capped(page) or (progress.rows and progress.rows % cap == 0):
        if progress.last_created is None or progress.last_created == window.since:
            return Broken(
                f"more rows were created in one minute ({progress.last_created}) than one query gives ({cap}): "
                "no window can part them"
            )
        return NextWindow(replace(window, since=progress.last_created))
    return Complete()


def _is_capped(page: Mapping[str, Any]) -> bool:
    """Whether Notion says that it cut the result. A status that nobody knows yet is no proof of completeness."""
    status = page.get("request_status")
    return isinstance(status, dict) and status.get("type", "complete") != "complete"
