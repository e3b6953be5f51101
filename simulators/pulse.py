"""The world's heartbeat: so many events a minute, until it is paused or stopped."""

import threading
from collections.abc import Callable
from datetime import datetime
from time import monotonic

from simulators.world.events import advance
from simulators.world.world import World


class Pulse:
    """Lets the world go on in a thread of its own; at 0 a minute it never does."""

    def __init__(self, world: World, *, per_minute: float, clock: Callable[[], datetime]) -> None:
        self.paused = False
        self._world = world
        self._per_minute = per_minute
        self._clock = clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="world", daemon=True)

    def start(self) -> None:
        if self._per_minute > 0:
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        owed, last = 0.0, monotonic()
        while not self._stopped.wait(min(1.0, 60 / self._per_minute)):
            now = monotonic()
            owed, last = owed + (now - last) * self._per_minute / 60, now
            if self.paused:
                owed = 0
            advance(self._world, int(owed), self._clock())
            owed -= int(owed)
