"""One window of a walk on its way, and how many of them the pace needs side by side. Decisions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from services.notion_extractor.walk import Continue, Progress, Step, Window, after, moment

WALKERS = 8
"""So many windows are read side by side at most."""
SLACK = 1.25
"""Answers take now longer, now shorter than on average."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def walkers(answer_seconds: float, gap: float) -> int:
    """How many must ask side by side so that a question is put every `gap` seconds although answers take longer."""
    return max(1, min(WALKERS, math.ceil(answer_seconds * SLACK / gap)))


@dataclass(frozen=True, slots=True)
class Newest:
    """Asks for the row that was created last: how far there is something to share."""

    edited_since: str | None

    @property
    def body(self) -> dict[str, Any]:
        newest_first = {"timestamp": "created_time", "direction": "descending"}
        return Window(edited_since=self.edited_since).body(None) | {"sorts": [newest_first], "page_size": 1}


@dataclass(slots=True, eq=False)
class Walker:
    """A window on its way; one question at a time."""

    window: Window
    progress: Progress = field(default_factory=Progress)
    cursor: str | None = None
    pages: int = 0
    rows_per_second: float = 0.0
    """In time of creation, as dense as its newest page."""
    _cursors: set[str] = field(default_factory=set)
    _former: set[str] = field(default_factory=set)

    @property
    def body(self) -> dict[str, Any]:
        return self.window.body(self.cursor)

    @property
    def place(self) -> datetime | None:
        """Until when it has read."""
        return moment(self.progress.last_created or self.window.since)

    def when(self, rows: float) -> datetime:
        """The minute in which, as dense as they are, it will have read so many rows more."""
        reached = (self.place or EPOCH) + timedelta(seconds=rows / self.rows_per_second)
        return reached - (reached - EPOCH) % MINUTE + MINUTE

    def took(self, page: Mapping[str, Any], cap: int) -> Step:
        """The page counted; returns the step that follows."""
        results = page["results"]
        self.pages += 1
        self.progress = self.progress.with_page(results, self._former)
        self._former = {str(row.get("id")) for row in results}
        self.rows_per_second = _density(results)
        step = after(page, window=self.window, progress=self.progress, cursors=self._cursors, cap=cap)
        if isinstance(step, Continue):
            self.cursor = step.cursor
            self._cursors.add(step.cursor)
        return step


def _density(results: Sequence[Mapping[str, Any]]) -> float:
    """Rows per second of creation; stamps are of minutes."""
    times = [time for row in results if (time := moment(str(row.get("created_time"))))]
    if len(times) < 2:
        return 0.0
    return len(times) / max(times[-1] - times[0], MINUTE).total_seconds()
