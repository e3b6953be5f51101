"""Run a service: its subscriptions and beats, until it is told to stop.

The calling thread pumps the connection and nothing else. Each subscription has one worker thread, each beat one of
its own; beats go on while the broker is away (an extractor keeps reading), workers have nothing to do then.
"""

import queue
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import structlog

from shared import clock
from shared.contracts.envelope import Envelope, consequence, first
from shared.contracts.events import Fact, MessageParked, SourceFailed, SourceRecovered
from shared.errors import Outage, Rejected, RoadClosed, Transient
from shared.health import Health
from shared.log import clean
from shared.messaging import rabbitmq, topology
from shared.messaging.codec import decode, encode
from shared.messaging.rabbitmq import Delivery, Link
from shared.messaging.retry import Park, Retry
from shared.messaging.schedule import next_due
from shared.messaging.settle import Done, Failed, Handler, settle

log = structlog.get_logger()

DRAIN_SECONDS = 8.0
LEAVE_SECONDS = 9
GIVE_BACK_SECONDS = 1.0
REFUSED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class On:
    """A subscription: on a fact from `queue`, call its handler."""

    queue: str
    handlers: Mapping[type[Any], Handler]
    proves: tuple[str, ...] = ()
    """What a handled message shows to be reachable (`database`, `landing`): an outage of it is over then."""


@dataclass(frozen=True, slots=True)
class Every:
    """A beat: every `period`, call `beat` and say what it returns; at once when `wake` is set."""

    name: str
    period: timedelta
    beat: Callable[[], Iterable[Envelope[Fact]] | None]
    wake: threading.Event = field(default_factory=threading.Event)
    on_open: bool = False
    """Also each time the road opens."""


@dataclass(frozen=True, slots=True)
class Service:
    """Everything `run` needs to know of a service."""

    name: str
    amqp_url: str
    does: list[On | Every]
    stop: threading.Event = field(default_factory=threading.Event)
    health: Health = field(default_factory=Health)
    link: Link = field(default_factory=Link)
    exclusive: str | None = None
    """A queue to hold alone before the beats begin."""
    on_turn: Callable[[], None] = lambda: None
    """Called each time that queue is held: somebody else may have had a turn before."""
    stays_refused: bool = False
    """Whether it lives on where the broker refuses its login, trying again every 30 s: it has others to tell of it."""

    @property
    def source(self) -> str:
        return f"/services/{self.name}"


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
    workers = [_Worker(service, does) for does in service.does if isinstance(does, On)]
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


def _session(service: Service, workers: "list[_Worker]", beats: list[Every], threads: list[threading.Thread]) -> None:
    """One connection's life."""
    link = service.link
    patience = rabbitmq.SERVICE_BLOCKED_SECONDS
    with rabbitmq.session(service.amqp_url, name=service.name, blocked_seconds=patience) as connection:
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
                threads += [_thread(_Beat(service, every).work, every.name) for every in beats]
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


class _Beat:
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
                self.service.link.publish(envelope)
                _tell_said(envelope)
        except RoadClosed as closed:
            self._tell(log.info, "a beat waits for the road", str(closed))
        except (Transient, rabbitmq.BrokerRefused) as error:
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


class _Worker:
    """The thread of a subscription: one message at a time, from decoding to acknowledgement."""

    def __init__(self, service: Service, on: On) -> None:
        self.service = service
        self.on = on
        self.inbox: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._outages: set[str] = set()
        self._unproven = set(on.proves)

    def work(self) -> None:
        while (delivery := self.inbox.get()) is not None and not self.service.stop.is_set():
            try:
                self._handle(delivery)
            except RoadClosed as closed:
                log.info("a message goes back to its queue", queue=self.on.queue, reason=str(closed))
                self._give_back(delivery)
            except Exception:
                # What follows from the message could not be said or it could not be set aside. With its road in
                # order nothing would bring it back; and past the delivery limit the broker parks it.
                log.error("a message goes back to its queue", queue=self.on.queue, exc_info=True)
                self._give_back(delivery)

    def _give_back(self, delivery: Delivery) -> None:
        self.service.stop.wait(GIVE_BACK_SECONDS)
        delivery.give_back()

    def _handle(self, delivery: Delivery) -> None:
        started, now = time.monotonic(), clock.now()
        envelope: Envelope[Fact] | None = None
        try:
            envelope = decode(delivery.body, content_type=delivery.content_type)
            handler = self.on.handlers.get(type(envelope.data))
            if handler is None:
                raise Rejected(f"nobody behind {self.on.queue} handles {envelope.type}")  # noqa: TRY301
        except Rejected as error:
            outcome: Done | Failed = Failed(Park(delivery.attempt, f"Rejected: {error}"), error)
        else:
            said = envelope
            outcome = settle(
                envelope, handler, attempt=delivery.attempt, publish=lambda fact: self._say(said, fact, now)
            )
        self._carry_out(delivery, envelope, outcome, now)
        delivery.acknowledge()
        self._log(delivery, envelope, outcome, time.monotonic() - started)

    def _say(self, cause: Envelope[Fact], fact: Fact, now: datetime, *, occasion: str | None = None) -> None:
        envelope = consequence(cause, fact, source=self.service.source, time=now, occasion=occasion)
        self.service.link.publish(envelope)
        _tell_said(envelope)

    def _carry_out(
        self, delivery: Delivery, envelope: Envelope[Fact] | None, outcome: Done | Failed, now: datetime
    ) -> None:
        match outcome:
            case Done():
                self._tell_recovery()
            case Failed(then=Retry(delay=delay, attempt=attempt, reason=reason), error=error):
                if isinstance(error, Outage):
                    self._tell_outage(error)
                retry = delivery.with_headers(x_attempt=attempt, x_reason=_sayable(reason)[:500])
                self.service.link.send("", topology.retry_queue(self.on.queue, delay), delivery.body, retry)
            case Failed(then=Park(attempt=attempt, reason=reason)):
                self._park(delivery, envelope, attempt, reason, now)

    def _park(
        self, delivery: Delivery, envelope: Envelope[Fact] | None, attempt: int, reason: str, now: datetime
    ) -> None:
        reason = _sayable(reason)
        story = delivery.with_headers(
            x_reason=reason[:2000], x_attempt=attempt, x_handler=self.service.name, x_time=now.isoformat()
        )
        self.service.link.send(topology.DEAD, self.on.queue, delivery.body, story)
        if envelope is not None and isinstance(envelope.data, MessageParked):
            return
        parked = MessageParked(
            system=envelope.data.system if envelope else "warehouse",
            queue=self.on.queue,
            event_id=envelope.id if envelope else str(delivery.event_id or ""),
            event_type=envelope.type if envelope else str(delivery.event_type or ""),
            reason=reason[:500],
            attempts=attempt,
        )
        if envelope is not None:
            self._say(envelope, parked, now, occasion=delivery.parked_before)
        else:
            self._say_first(parked)

    def _tell_outage(self, error: Outage) -> None:
        self.service.health.wrong(error.what, str(error))
        if error.what not in self._outages:
            self._say_first(SourceFailed(system="warehouse", scope=error.what, reason=_sayable(str(error))))
            self._outages.add(error.what)

    def _tell_recovery(self) -> None:
        for what in self._outages | self._unproven:
            self.service.health.well(what)
            self._say_first(SourceRecovered(system="warehouse", scope=what))
            self._outages.discard(what)
            self._unproven.discard(what)

    def _say_first(self, fact: Fact) -> None:
        envelope = first(fact, source=self.service.source, time=clock.now(), event_id=str(uuid4()))
        self.service.link.publish(envelope)
        _tell_said(envelope)

    def _log(self, delivery: Delivery, envelope: Envelope[Fact] | None, outcome: Done | Failed, seconds: float) -> None:
        story: dict[str, Any] = {
            "queue": self.on.queue,
            "event_type": envelope.type if envelope else delivery.event_type,
            "event_id": envelope.id if envelope else delivery.event_id,
            "correlationid": envelope.correlationid if envelope else None,
            "attempt": delivery.attempt,
            "took_ms": round(seconds * 1000),
        }
        match outcome:
            case Done(said=said):
                log.info("handled", outcome="done", said=said, **story)
            case Failed(then=Retry(delay=delay, reason=reason)):
                log.warning("handled", outcome=f"retry in {delay}", reason=reason, **story)
            case Failed(then=Park(reason=reason), error=error):
                log.error(
                    "handled",
                    outcome="parked",
                    reason=reason,
                    exc_info=None if isinstance(error, Rejected) else error,
                    **story,
                )


def _sayable(text: str) -> str:
    """An error's words as they may leave the process: no credential, and nothing that UTF-8 cannot carry."""
    return clean(text).encode("utf-8", "backslashreplace").decode()


def _tell_said(envelope: Envelope[Fact]) -> None:
    log.info(
        "said",
        event_type=envelope.type,
        event_id=envelope.id,
        correlationid=envelope.correlationid,
        system=envelope.data.system,
        bytes=len(encode(envelope)),
    )
