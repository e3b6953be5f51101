"""How a whole data source is read although one query ends at 10,000 rows. Decisions on the facts of each page."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.notion_extractor.parting import Condition, add_to_sample
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
    """One query of the walk: rows created at or after `since` (None: from the beginning) that meet all `conditions`.

    Of what it shows only the rows created before `until` are this window's: the query does not know it, so that it may
    be set while the window is being read. `edited_since` narrows to rows edited at or after it.
    """

    since: str | None = None
    until: str | None = None
    edited_since: str | None = None
    conditions: tuple[Condition, ...] = ()

    def body(self, cursor: str | None) -> dict[str, Any]:
        """What to ask: creation time is the only order in which an edit cannot move a row."""
        body: dict[str, Any] = {"sorts": [{"timestamp": "created_time", "direction": "ascending"}]}
        filters: list[Condition] = [
            {"timestamp": name, name: {"on_or_after": moment}}
            for name, moment in (("last_edited_time", self.edited_since), ("created_time", self.since))
            if moment is not None
        ]
        filters += self.conditions
        if filters:
            body["filter"] = filters[0] if len(filters) == 1 else {"and": filters}
        if cursor is not None:
            body["start_cursor"] = cursor
        return body


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a window has come, its newest page counted."""

    rows: int = 0
    first_created: str | None = None
    last_created: str | None = None
    barren: int = 0
    in_order: bool = True
    """Whether no row was created before the one that it came after."""
    sample: tuple[Mapping[str, Any], ...] = ()
    """Some of the rows, while all were created at the same time."""

    def with_page(self, results: Collection[Mapping[str, Any]], former: Collection[str]) -> "Progress":
        """After one more page; `former` are the ids of the page before it."""
        ids = {str(row.get("id")) for row in results}
        made = [row["created_time"] for row in results if isinstance(row.get("created_time"), str)]
        first = self.first_created or (made[0] if made else None)
        last = made[-1] if made else self.last_created
        stamps = made if self.last_created is None else [self.last_created, *made]
        return Progress(
            rows=self.rows + len(results),
            first_created=first,
            last_created=last,
            barren=self.barren + 1 if ids.issubset(former) else 0,
            in_order=self.in_order and stamps == sorted(stamps),
            sample=add_to_sample(self.sample, results) if first == last else (),
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
class Crowded:
    """The cap was reached, and all rows were created at `stamp`: time cannot part them."""

    stamp: str


@dataclass(frozen=True, slots=True)
class Complete:
    """That was all of this window."""


@dataclass(frozen=True, slots=True)
class Restart:
    """These cursors lead nowhere; the walk may succeed when it is begun anew."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The walk cannot be trusted and will not be another time: nothing of it may land."""

    reason: str


Step = Continue | NextWindow | Crowded | Complete | Restart | Broken


def after(
    page: Mapping[str, Any], *, window: Window, progress: Progress, cursors: Collection[str], cap: int = CAP
) -> Step:
    """What follows a page. `progress` counts this page too; `cursors` are those already used.

    A page may be short although there is more; only `has_more` ends a window, and at the cap not even that is true:
    `request_status` tells, and a window of exactly the cap is not believed without it. What follows from a row's time
    of creation is believed only while rows come in the order of it.
    """
    at_end = _has_reached(progress.last_created, window.until)
    is_capped = _is_capped(page) or not (page.get("has_more") or progress.rows == 0 or progress.rows % cap)
    if (at_end or is_capped) and not progress.in_order:
        return Broken("rows came in another order than that of their creation")
    if at_end:
        return Complete()
    if is_capped:
        return _past_the_cap(window, progress)
    if not page.get("has_more"):
        return Complete()
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


def _past_the_cap(window: Window, progress: Progress) -> Step:
    if progress.last_created is None:
        return Broken("a query ended at its cap without a row that says when it was created")
    if progress.first_created == progress.last_created:
        return Crowded(progress.last_created)
    return NextWindow(replace(window, since=progress.last_created))


def _is_capped(page: Mapping[str, Any]) -> bool:
    """Whether Notion says that it cut the result. A status that nobody knows yet is no proof of completeness."""
    status = page.get("request_status")
    return isinstance(status, dict) and status.get("type", "complete") != "complete"


def _has_reached(created: str | None, until: str | None) -> bool:
    last, end = moment(created), moment(until)
    return last is not None and end is not None and last >= end


def moment(stamp: str | None) -> datetime | None:
    """A stamp to reckon with; None for what is none, and for one without an offset."""
    try:
        found = datetime.fromisoformat(stamp or "")
    except ValueError:
        return None
    return found if found.tzinfo else None
