"""The clock that every simulator goes by: real time, until the control door sets it."""

import threading
from collections.abc import Callable
from datetime import datetime


class WorldClock:
    """Goes on from wherever it is set, as fast as told. Threads may share it."""

    def __init__(self, base: Callable[[], datetime]) -> None:
        self._base = base
        self._lock = threading.Lock()
        self._set: tuple[datetime, datetime, float] | None = None

    def __call__(self) -> datetime:
        with self._lock:
            if self._set is None:
                return self._base()
            shown, since, speed = self._set
            return shown + (self._base() - since) * speed

    def set(self, now: datetime, speed: float = 1) -> None:
        """It is `now`, and from now on `speed` seconds pass in each (0: it stands)."""
        with self._lock:
            self._set = now, self._base(), speed
