"""One run of an extractor and nothing else, for cron: waits for its turn, reads, says what it landed, ends."""

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from shared.errors import RoadClosed, Transient
from shared.messaging.run import run
from shared.messaging.service import Every, Service

log = structlog.get_logger()


class Speaker(Protocol):
    """Who announces batches."""

    every: Every


def run_once(service: Service, speaker: Speaker, work: Callable[[], bool]) -> int:
    """Do `work` while the road is pumped; returns 0 when it says that everything was read and all of it was said."""
    result: list[bool] = []

    def once() -> None:
        try:
            complete = work()
            for envelope in speaker.every.beat() or ():
                service.link.publish(envelope)
            result.append(complete)
        except (RoadClosed, Transient) as error:
            log.warning("landed, but not all of it is said: the next start says it", reason=str(error))
        finally:
            service.stop.set()

    done = threading.Event()

    def first_time_only() -> None:
        if not done.is_set():
            done.set()
            once()

    service.does.append(Every("once", speaker.every.period, first_time_only))
    run(service)
    return 0 if result and all(result) else 1
