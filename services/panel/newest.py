"""The newest of what is read from the database, for however many look at it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

from shared.errors import Transient
from shared.health import Health

log = structlog.get_logger()
Shown = TypeVar("Shown")
GLANCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class View(Generic[Shown]):
    """What can be shown now: the newest there is, and why it is not newer."""

    shown: Shown | None
    trouble: str | None = None


@dataclass(slots=True)
class Newest(Generic[Shown]):
    """Read at most once in the time it is kept; the last one while the database is away."""

    read: Callable[[datetime], Shown]
    """Raises `Outage`."""
    kept: timedelta
    health: Health
    now: Callable[[], datetime]
    _view: View[Shown] = field(default_factory=lambda: View(None))
    _until: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def view(self) -> View[Shown]:
        with self._lock:
            now = self.now()
            if self._until is None or now >= self._until:
                self._view = self._read(now)
                # A failure is not kept for longer than a glance.
                self._until = self.now() + (self.kept if self._view.trouble is None else min(self.kept, GLANCE))
            return self._view

    def _read(self, now: datetime) -> View[Shown]:
        try:
            newest = self.read(now)
        except Transient as outage:
            self.health.wrong("database", str(outage))
            if self._view.trouble is None:
                log.warning("the database is away, the last figures are shown with their age", reason=str(outage))
            return View(self._view.shown, str(outage))
        self.health.well("database")
        if self._view.trouble is not None:
            log.info("the database is back")
        return View(newest)
