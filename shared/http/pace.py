"""How often a host is called: even spacing, and a pause that everybody obeys."""

import math
import threading
import time
from collections.abc import Callable

from shared.errors import Transient


class Shut(Transient):
    """Nobody may call for a long time yet: the other side asked for it."""


class Pace:
    """At most so many calls per period, evenly spaced, and a shared pause that everybody obeys.

    A call that comes late, since the answer before took longer than the gap, is made up for by earlier ones, up to
    `credit` seconds: so many calls more than even spacing has may then fall into one period. Where a pause is to last
    longer than `patience`, nobody stands and waits for its end: he is told.
    """

    def __init__(
        self,
        calls: float,
        seconds: float,
        *,
        credit: float = 0.0,
        patience: float = math.inf,
        wait: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gap = seconds / calls
        self._credit = credit
        self._patience = patience
        self._clock = clock
        self._next = clock()
        self._pauses = 0
        self._opens = self._next
        self._lock = threading.Lock()
        self._wait = wait

    def turn(self) -> None:
        """Return when it is this call's turn; a pause that begins while it waits holds it, too.

        Raises `Shut` where a pause is longer than the patience.
        """
        pauses = None
        while pauses != self._pauses:
            with self._lock:
                pauses, now = self._pauses, self._clock()
                if self._opens - now > self._patience:
                    raise _shut(self._opens - now)
                start = max(now - self._credit, self._next)
                self._next = start + self._gap
            if start > now:
                self._wait(start - now)

    def pause(self, seconds: float) -> None:
        """Nobody calls for so long: the other side asked for it."""
        with self._lock:
            self._opens = max(self._opens, self._clock() + seconds)
            self._next = max(self._next, self._opens)
            self._pauses += 1


def _shut(seconds: float) -> Shut:
    return Shut(f"we were asked to wait: no call for another {math.ceil(seconds / 60)} min", retry_after=seconds)
