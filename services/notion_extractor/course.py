"""The course of a walk: which windows it is made of, which of them are read side by side, and the proof. A decision.

The windows by time follow each other without a gap: the first has no beginning, each one's `until` is the next one's
`since`, the last has no end. Minutes that are too crowded for one query are parted by what their rows say.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.notion_extractor import parting
from services.notion_extractor.turn import edited_since
from services.notion_extractor.walk import (
    CAP,
    PAGE_SIZE,
    Broken,
    Complete,
    Continue,
    Crowded,
    NextWindow,
    Restart,
    WalkAgain,
    Window,
    moment,
)
from services.notion_extractor.walker import EPOCH, MINUTE, Newest, Walker, walkers
from shared.errors import Transient
from shared.landing import iso

ALONE = 10 * PAGE_SIZE
"""A source of so many rows is read by one query."""
LEAP = 50 * PAGE_SIZE
"""So many rows ahead a window is begun: so few that it should end before the cap."""
WORTH = 3 * PAGE_SIZE
"""A share of fewer rows is not worth a query of its own."""
MOST_CELLS = 500
"""A minute that needs more is none that Notion holds: a database has 250,000 rows at most."""
INSTANT = timedelta(milliseconds=1)
"""What stamps are given in, so that no row lies between a stamp and the next instant."""


class Course:
    """Give a page to `took`, ask for what `due` says; when nothing is due and nobody is on his way, all was read."""

    def __init__(self, *, gap: float, edited_since: str | None = None, cap: int = CAP) -> None:
        self._gap = gap
        self._cap = cap
        self._edited_since = edited_since
        self._todo = deque([Window(edited_since=edited_since)])
        self._last: deque[Window] = deque()
        """Read when all others have been."""
        self._ready: deque[Walker] = deque()
        self._out: list[Walker] = []
        self._told: list[dict[str, Any]] = []
        self._crowded: list[dict[str, Any]] = []
        self._cells = 0
        self._rows = 0
        self._seconds: float | None = None
        self._newest: Newest | None = None
        self._newest_at = EPOCH

    def due(self) -> Iterator[Walker | Newest]:
        """What is to be asked for now: the next page of a walker, or where the newest row is."""
        while walker := self._next():
            self._out.append(walker)
            yield walker
            if self._newest is None and self._wanted > 1:
                self._newest = Newest(self._edited_since)
                yield self._newest

    @property
    def is_over(self) -> bool:
        """Whether, when nothing is due, all was read: where the newest row is matters no more then."""
        return not self._out

    def took(self, walker: Walker | Newest, page: Mapping[str, Any], *, at: datetime, seconds: float) -> None:
        """A page came, `at` this time of the server, after so many seconds.

        Raises `WalkAgain` where the walk has to begin anew, `Transient` where it cannot be trusted.
        """
        self._seconds = seconds if self._seconds is None else 0.8 * self._seconds + 0.2 * seconds
        self._rows += len(page["results"])
        if isinstance(walker, Newest):
            created = [moment(str(row.get("created_time"))) for row in page["results"]]
            self._newest_at = max((each for each in created if each), default=EPOCH)
            return
        self._out.remove(walker)
        step = walker.took(page, self._cap)
        match step:
            case Continue():
                self._ready.append(walker)
            case Restart(reason=reason):
                raise WalkAgain(reason)
            case Broken(reason=reason):
                raise Transient(f"the walk cannot be trusted: {reason}")
            case NextWindow(window=window):
                self._tell(walker, until=window.since)
                self._todo.appendleft(window)
            case Crowded(stamp=stamp):
                self._tell(walker, until=stamp)
                self._part(walker, stamp, at)
            case Complete():
                self._tell(walker, until=walker.window.until)

    def proof(self) -> dict[str, Any]:
        """All windows, by time; when the newest row was created, where that was found out; how crowded minutes were
        parted, and since when what was edited meanwhile was read again.
        """
        windows = sorted(self._told, key=lambda told: (told["since"] or "", told["until"] or "9"))
        return {
            "windows": windows,
            "pages": sum(told["pages"] for told in windows) + (self._newest is not None),
            "rows": self._rows,
            "newest": iso(self._newest_at) if self._newest_at != EPOCH else None,
            "crowded": self._crowded,
        }

    def _next(self) -> Walker | None:
        if self._ready:
            return self._ready.popleft()
        if not self._todo and not self._out and self._last:
            self._todo.append(self._last.popleft())
        if len(self._out) >= self._wanted:
            return None
        window = self._todo.popleft() if self._todo else self._share()
        return Walker(window) if window else None

    @property
    def _wanted(self) -> int:
        return walkers(self._seconds, self._gap) if self._seconds is not None and self._rows >= ALONE else 1

    def _share(self) -> Window | None:
        """The later part of what the walker with the most before him has left, for another one."""
        walker = max(self._out, key=self._left, default=None)
        left = self._left(walker) if walker else 0.0
        share = min(left / 2, LEAP)
        if walker is None or share < WORTH:
            return None
        whole, begin = walker.window, iso(walker.when(share))
        walker.window = replace(whole, until=begin)
        return replace(whole, since=begin)

    def _left(self, walker: Walker) -> float:
        """How many rows this window may still hold; none that could be shared before its first page has come."""
        place, end = walker.place, moment(walker.window.until) or self._newest_at
        if place is None or walker.window.conditions or end - place < 2 * MINUTE:
            return 0.0
        return (end - place).total_seconds() * walker.rows_per_second

    def _part(self, walker: Walker, stamp: str, at: datetime) -> None:
        whole, time = walker.window, moment(stamp)
        asked = parting.questions(walker.progress.sample, whole.conditions)
        if time is None or not asked or self._cells > MOST_CELLS:
            why = "no property parts them" if not asked else "are still being edited, or no filter parts them"
            raise Transient(
                f"the walk cannot be trusted: more rows were created in one minute ({stamp}) than one query gives "
                f"({self._cap}), and {why}"
            )
        instant, begun = iso(time + INSTANT), iso(edited_since(at))
        parts = [
            replace(whole, since=stamp, until=instant, conditions=(*whole.conditions, *cell))
            for cell in parting.cells(asked)
        ]
        self._cells += len(parts)
        self._todo.extendleft(reversed(parts))
        self._crowded.append(
            {
                "created": stamp,
                "conditions": list(whole.conditions),
                "parted_by": [[*each.answers, *([each.unanswered] if each.unanswered else [])] for each in asked],
                "edited_since": begun,
            }
        )
        if whole.conditions:
            return
        # A row that is edited meanwhile may leave a cell that is read later for one that was read before.
        self._last.append(Window(stamp, instant, edited_since=begun))
        if whole.until != instant:
            self._todo.append(replace(whole, since=instant))

    def _tell(self, walker: Walker, *, until: str | None) -> None:
        window = walker.window
        told: dict[str, Any] = {"since": window.since, "until": until}
        if window.conditions:
            told["conditions"] = list(window.conditions)
        if window.edited_since != self._edited_since:
            told["edited_since"] = window.edited_since
        self._told.append(told | {"pages": walker.pages, "rows": walker.progress.rows})
