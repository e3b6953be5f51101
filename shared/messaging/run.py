"""Run a service: its subscriptions and beats, until it is told to stop.

The calling thread pumps the connection and nothing else. Each subscription has one worker thread, each beat one of
its own; beats go on while the broker is away (an extractor keeps reading), workers have nothing to do then.
"""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import structlog

from shared.errors import RoadClosed
from shared.messaging import rabbitmq
from shared.messaging.beat import Beat
from shared.messaging.service import Every, On, Service
from shared.messaging.worker import Worker

log = structlog.get_logger()

# Longer than others wait while the broker is short of memory or disk: reconnecting would gain nothing, and each time
# the message in hand would come again and count towards its queue's delivery limit.
BLOCKED_SECONDS = 600
DRAIN_SECONDS = 8.0
LEAVE_SECONDS = 9
REFUSED_SECONDS = 30.0


def stop_on_signals(stop: threading.Event) -> None:
    """SIGTERM and SIGINT set `stop`: everything that waits, waits on it. The process ends within 9 s, come what may."""

    def leave(*_: object) -> None:
        stop.set()
        # A broker that takes nothing (an alarm, a frozen host) holds the connection's thread inside pika. Nobody
        # handles SIGALRM, so it ends the process as a crash would, which everything survives.
        signal.alarm(LEAVE_SECONDS)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)


def run(service: Service) -> None:
    """Serve until `service.stop` is set; then finish what is in hand, at most 8 s, and return.

    Raises `rabbitmq.BrokerRefused` when the broker refuses the login, unless it is to stay.
    """
    workers = [Worker(service, does) for does in service.does if isinstance(does, On)]
    beats = [does for does in service.does if isinstance(does, Every)]
    threads: list[threading.Thread] = []
    service.link.stalled = partial(_tell_stall, service)
    for pause in _backoff():
        wait = pause
        try:
            _session(service, workers, beats, threads)
        except RoadClosed as closed:
            service.health.wrong("broker", str(closed))
            log.warning("the road is closed, trying again", reason=str(closed), wait_seconds=round(wait, 1))
        except rabbitmq.BrokerRefused as refused:
            if not service.stays_refused:
                raise
            wait = REFUSED_SECONDS
            _tell_refusal(service, refused)
        if service.stop.wait(0 if service.stop.is_set() else wait):
            return


def _session(service: Service, workers: list[Worker], beats: list[Every], threads: list[threading.Thread]) -> None:
    """One connection's life."""
    link = service.link
    with rabbitmq.session(service.amqp_url, name=service.name, blocked_seconds=BLOCKED_SECONDS) as connection:
        queues = tuple(w.on.queue for w in workers)
        if not rabbitmq.wait_for_topology(connection, queues, service.stop):
            return
        if service.exclusive:
            if not rabbitmq.hold(connection, service.exclusive, service.stop):
                return
            service.on_turn()
        try:
            link.opened(connection)
            consumers = [rabbitmq.consume(link, connection, w.on.queue, w.inbox.put) for w in workers]
            if not threads:
                threads += [_thread(w.work, w.on.queue) for w in workers]
                threads += [_thread(Beat(service, every).work, every.name) for every in beats]
            for every in beats:
                if every.on_open:
                    every.wake.set()
            service.health.well("start")
            service.health.well("broker")
            log.info("serving", queues=queues, beats=[every.name for every in beats])
            while not service.stop.is_set():
                rabbitmq.pump(connection)
                if not (link.is_whole and all(consumer.lives() for consumer in consumers)):
                    raise RoadClosed("the broker closed a channel and left the connection")
            for consumer in consumers:
                consumer.cancel()
            for worker in workers:
                worker.inbox.put(None)
            deadline = time.monotonic() + DRAIN_SECONDS
            while any(t.is_alive() for t in threads) and time.monotonic() < deadline:
                rabbitmq.pump(connection)
            rabbitmq.pump(connection)
            late = [t.name for t in threads if t.is_alive()]
            log.info("stopped", unfinished=late)
        finally:
            link.closed()


def _tell_refusal(service: Service, refused: rabbitmq.BrokerRefused) -> None:
    service.health.wrong("broker", str(refused))
    log.error("the broker refuses the login, trying again", reason=str(refused), wait_seconds=REFUSED_SECONDS)


def _tell_stall(service: Service, stalled: bool) -> None:
    if stalled:
        service.health.wrong("broker", "takes no messages: short of memory or disk?")
        log.warning("the broker takes no messages, what is to be said waits")
    else:
        service.health.well("broker")
        log.info("the broker takes messages again")


def _thread(work: Callable[[], None], name: str) -> threading.Thread:
    # Daemons: what does not finish within the drain is left as a crash would leave it, which everything survives.
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def _backoff() -> Iterator[float]:
    wait = 0.5
    while True:
        yield wait * random.uniform(0.7, 1.3)  # noqa: S311
        wait = min(wait * 2, 5.0)
