"""Messages as they come: to a consumer, or looked at one by one where they lie."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import pika
from pika.exceptions import AMQPError

from shared.messaging.rabbitmq.connection import Connection
from shared.messaging.rabbitmq.link import Link

ATTEMPT_HEADER = "x-attempt"
PARKED_BEFORE_HEADER = "x-parked-before"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came, and how to let go of it."""

    body: bytes
    content_type: str | None
    event_type: str | None
    event_id: str | None
    headers: dict[str, Any]
    acknowledge: Callable[[], None]
    """Safe from any thread; without effect where the channel of this delivery is gone (its tag is void then)."""
    give_back: Callable[[], None]
    """Let it come again at once, as safe. Each time counts towards the queue's delivery limit."""
    raw: pika.BasicProperties

    @property
    def attempt(self) -> int:
        """Which try this is, from 1."""
        value = self.headers.get(ATTEMPT_HEADER, 1)
        return value if isinstance(value, int) and value > 0 else 1

    @property
    def parked_before(self) -> str | None:
        """When it was last parked, where a person gave it back since."""
        return self.headers.get(PARKED_BEFORE_HEADER)

    def with_headers(self, **headers: Any) -> pika.BasicProperties:
        """Its properties for saying it again, with these headers added (underscores read as dashes)."""
        added = {key.replace("_", "-"): value for key, value in headers.items()}
        return self._again(self.headers | added)

    def anew(self, *, parked_at: str) -> pika.BasicProperties:
        """Its properties for saying it again as if for the first time: attempts and story left behind.

        Only when it was parked stays: parked once more it is other news than that parking.
        `x-death` goes too: a broker that finds its own queue in it may take the message for one that circles.
        """
        kept = {key: value for key, value in self.headers.items() if not key.startswith("x-")}
        return self._again(kept | {PARKED_BEFORE_HEADER: parked_at})

    def _again(self, headers: dict[str, Any]) -> pika.BasicProperties:
        return pika.BasicProperties(
            content_type=self.raw.content_type,
            delivery_mode=pika.DeliveryMode.Persistent.value,
            message_id=self.raw.message_id,
            correlation_id=self.raw.correlation_id,
            type=self.raw.type,
            app_id=self.raw.app_id,
            headers=headers,
        )


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer in the broker, as long as `lives` says so: the broker may end it and leave the connection."""

    lives: Callable[[], bool]
    cancel: Callable[[], None]
    """Stop the deliveries; the channel stays, so that work in hand can still be acknowledged."""


def consume(link: Link, connection: Connection, queue: str, take: Callable[[Delivery], None]) -> Consumer:
    """Give each message of `queue` to `take` (in the connection's thread), one unacknowledged at a time."""
    channel = connection.channel()
    channel.basic_qos(prefetch_count=1)

    def on_message(_channel: object, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        def acknowledge() -> None:
            if channel.is_open:
                channel.basic_ack(method.delivery_tag)

        def give_back() -> None:
            if channel.is_open:
                channel.basic_nack(method.delivery_tag, requeue=True)

        take(delivery_of(body, properties, partial(link.later, acknowledge), partial(link.later, give_back)))

    tag = channel.basic_consume(queue, on_message)

    def cancel() -> None:
        with suppress(AMQPError):
            channel.basic_cancel(tag)

    # A deleted queue cancels the consumer; a handler beyond the broker's consumer_timeout loses the channel.
    return Consumer(lambda: channel.is_open and tag in channel.consumer_tags, cancel)


@contextmanager
def held(connection: Connection, queue: str) -> Iterator[Iterator[Delivery]]:
    """The messages that lie in `queue` now, each held until acknowledged; the rest goes back at the end."""
    channel = connection.channel()
    present = channel.queue_declare(queue, passive=True).method.message_count

    def deliveries() -> Iterator[Delivery]:
        for _ in range(present):
            method, properties, body = channel.basic_get(queue)
            if method is None:
                return
            yield delivery_of(body, properties, partial(channel.basic_ack, method.delivery_tag))

    yield deliveries()
    channel.close()


def delivery_of(
    body: bytes,
    properties: pika.BasicProperties,
    acknowledge: Callable[[], None],
    give_back: Callable[[], None] = lambda: None,
) -> Delivery:
    return Delivery(
        body=body,
        content_type=properties.content_type,
        event_type=properties.type,
        event_id=properties.message_id,
        headers=dict(properties.headers or {}),
        acknowledge=acknowledge,
        give_back=give_back,
        raw=properties,
    )
