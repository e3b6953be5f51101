"""The thread of a beat."""

import time
from collections.abc import Callable
from typing import Any

import structlog

from shared.errors import RoadClosed, Transient
from shared.messaging.rabbitmq import BrokerRefused
from shared.messaging.schedule import next_due
from shared.messaging.service import Every, Service

log = structlog.get_logger()


class Beat:
    """The thread of a beat."""

    def __init__(self, service: Service, every: Every) -> None:
        self.service = service
        self.every = every
        self._told: tuple[str, str] | None = None
        """What was last said to be wrong: a beat may come every second, and says it once."""

    def work(self) -> None:
        period = self.every.period.total_seconds()
        due = time.monotonic()
        while not self.service.stop.is_set():
            if self._wait_until(due):
                break
            self.every.wake.clear()
            self._once()
            due = next_due(due, period, time.monotonic())

    def _wait_until(self, due: float) -> bool:
        while (left := due - time.monotonic()) > 0 and not self.every.wake.is_set():
            if self.service.stop.wait(min(left, 0.2)):
                return True
        return self.service.stop.is_set()

    def _once(self) -> None:
        try:
            for envelope in self.every.beat() or ():
                self.service.say(envelope)
        except RoadClosed as closed:
            self._tell(log.info, "a beat waits for the road", str(closed))
        except (Transient, BrokerRefused) as error:
            self.service.health.wrong(self.every.name, str(error))
            self._tell(log.warning, "a beat failed, it comes again", str(error))
        except Exception as error:  # noqa: BLE001  the thread of a beat outlives whatever happens in it
            self.service.health.wrong(self.every.name, "unknown error, see the log")
            self._tell(log.error, "a beat failed for an unknown reason, it comes again", repr(error), exc_info=error)
        else:
            self.service.health.well(self.every.name)
            if self._told is not None:
                log.info("a beat works again", beat=self.every.name)
                self._told = None

    def _tell(self, tell: Callable[..., object], words: str, reason: str, **more: Any) -> None:
        if (words, reason) != self._told:
            tell(words, beat=self.every.name, reason=reason, **more)
            self._told = (words, reason)
