"""The model's refreshes: one at a time, known only by their history."""

import itertools
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

COMPLETED, FAILED, RUNNING, IGNORED = "completed", "failed", "running", "ignored"


@dataclass(frozen=True, slots=True)
class Refresh:
    """One press of the button; `failure` is the message it will end with, empty for success."""

    number: int
    flow: str
    asked_at: datetime
    ends_at: datetime
    failure: str = ""
    ignored: bool = False

    def outcome(self, now: datetime) -> str:
        if self.ignored:
            return IGNORED
        if now < self.ends_at:
            return RUNNING
        return FAILED if self.failure else COMPLETED


class Refreshes:
    """Every press of the button since the start. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._all: list[Refresh] = []

    def ask(self, flow: str, now: datetime, *, takes: timedelta, failure: str = "") -> Refresh:
        """Begin a refresh; while one runs another is ignored and leaves no trace in the history."""
        with self._lock:
            busy = any(refresh.outcome(now) == RUNNING for refresh in self._all)
            ends_at = now if busy else now + takes
            refresh = Refresh(next(self._numbers), flow, now, ends_at, failure, ignored=busy)
            self._all.append(refresh)
            return refresh

    def history(self) -> list[Refresh]:
        """Newest first, without what was ignored."""
        with self._lock:
            return [refresh for refresh in reversed(self._all) if not refresh.ignored]

    def told(self, now: datetime) -> list[dict[str, Any]]:
        """All of them, oldest first, for the control door."""
        with self._lock:
            every = list(self._all)
        return [
            {
                "number": refresh.number,
                "flow": refresh.flow,
                "asked_at": refresh.asked_at.isoformat(),
                "ended_at": None if refresh.outcome(now) == RUNNING else refresh.ends_at.isoformat(),
                "outcome": refresh.outcome(now),
                "message": refresh.failure,
            }
            for refresh in every
        ]
