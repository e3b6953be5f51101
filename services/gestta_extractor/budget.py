"""How many requests an hour may still have. A decision on the times of those that were made."""

from collections import deque

from shared.errors import Transient

HOUR = 3600.0


class Spent(Transient):
    """The hour's requests are used up: what is left to read waits for the next run."""


class Budget:
    """At most so many requests in any 60 minutes (times are seconds of one monotonic clock)."""

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self._times: deque[float] = deque()
        self._rests_until = 0.0

    def rest(self, now: float, seconds: float) -> None:
        """The other side wants no request for so long."""
        self._rests_until = max(self._rests_until, now + seconds)

    def left(self, now: float) -> int:
        """Requests that may be made now."""
        if now < self._rests_until:
            return 0
        while self._times and self._times[0] <= now - HOUR:
            self._times.popleft()
        return self._requests - len(self._times)

    def take(self, now: float) -> None:
        """One request is made. Raises `Spent` where none is left."""
        if now < self._rests_until:
            raise Spent(f"Gestta wants no requests for another {self._rests_until - now:.0f} s (Retry-After)")
        if self.left(now) <= 0:
            raise Spent(f"the {self._requests} requests of this hour are used up (GESTTA_REQUESTS_PER_HOUR)")
        self._times.append(now)
