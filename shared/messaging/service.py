"""What `run` needs to know of a service: on which facts it acts, and what it does by itself."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from shared.contracts.envelope import Envelope
from shared.contracts.events import Fact
from shared.health import Health
from shared.messaging.codec import encode
from shared.messaging.rabbitmq import Link
from shared.messaging.settle import Handler

log = structlog.get_logger()


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

    def say(self, envelope: Envelope[Fact]) -> None:
        """Publish a fact and log it. Raises `RoadClosed`, or `Transient` where the broker refused it."""
        self.link.publish(envelope)
        log.info(
            "said",
            event_type=envelope.type,
            event_id=envelope.id,
            correlationid=envelope.correlationid,
            system=envelope.data.system,
            bytes=len(encode(envelope)),
        )
