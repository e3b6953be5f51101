"""The only place that asks what time it is; everything else is told."""

import threading
from datetime import UTC, datetime, timedelta

MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    """This moment, in UTC, to the millisecond (what a fact and a landed row carry)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class ReadClock:
    """Times of reading that never go back, also when the machine's clock does (design, guarantee 3)."""

    def __init__(self, last: datetime | None = None) -> None:
        self._last = last
        self._lock = threading.Lock()

    def not_before(self, moment: datetime | None) -> None:
        """Every time given from now on is later than `moment`."""
        with self._lock:
            if moment is not None and (self._last is None or moment > self._last):
                self._last = moment

    def read(self) -> datetime:
        """The clock, or the last time given plus one millisecond, whichever is later."""
        with self._lock:
            moment = now()
            if self._last is not None and moment <= self._last:
                moment = self._last + MILLISECOND
            self._last = moment
            return moment
