"""The thread of a subscription."""

import queue
import time
from datetime import datetime
from typing import Any
from uuid import uuid4

import structlog

from shared import clock
from shared.contracts.envelope import Envelope, consequence, first
from shared.contracts.events import Fact, MessageParked, SourceFailed, SourceRecovered
from shared.errors import Outage, Rejected, RoadClosed
from shared.log import clean
from shared.messaging import topology
from shared.messaging.codec import decode
from shared.messaging.rabbitmq import Delivery
from shared.messaging.retry import Park, Retry
from shared.messaging.service import On, Service
from shared.messaging.settle import Done, Failed, settle

log = structlog.get_logger()

GIVE_BACK_SECONDS = 1.0


class Worker:
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
        self.service.say(consequence(cause, fact, source=self.service.source, time=now, occasion=occasion))

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
        self.service.say(first(fact, source=self.service.source, time=clock.now(), event_id=str(uuid4())))

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
