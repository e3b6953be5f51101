"""The connection's budget: so many requests in each fixed window, spent in any pattern."""

import math
from collections.abc import Callable

from simulators.notion.errors import rate_limited


class RateWindow:
    """Counts requests per window of the clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._window = -1
        self._spent = 0

    def spend(self, allowed: int | None, seconds: float) -> None:
        """Counts one request. Raises NotionError 429 with the seconds left where the window's budget is spent."""
        if allowed is None:
            return
        now = self._clock()
        window = int(now // seconds)
        if window != self._window:
            self._window, self._spent = window, 0
        if self._spent >= allowed:
            raise rate_limited(max(1, math.ceil((window + 1) * seconds - now)))
        self._spent += 1
